"""Proxies' addresses, and what the client does when one fails."""

from __future__ import annotations

import pytest

from jobtracker_core.contract.errors import Blocked, RateLimited, Transient
from jobtracker_core.contract.host import Grant, Proxy
from jobtracker_core.http.client import LONGEST_COOLING
from jobtracker_core.http.proxies import BadProxy, check_proxy, secrets_of

URL = "https://jobs.example/list"


@pytest.fixture
def pool(world):
    """Three proxies."""
    world.pool = [Proxy(id=n, label=f"p{n}", url=f"http://p{n}.example:80") for n in (1, 2, 3)]
    return world.pool


@pytest.fixture
def ways(world, script):
    """Transports through proxies, in the order they were opened; all play the script."""

    class Ways:
        def __init__(self) -> None:
            self.opened: list[str] = []
            self.closed = 0
            self.sent: list[str] = []

        def __call__(self, proxy):
            self.opened.append(proxy.label)
            ways = self

            class Way:
                def send(self, request, *, timeout):
                    ways.sent.append(proxy.label)
                    return script.send(request, timeout=timeout)

                def close(self):
                    ways.closed += 1

            return Way()

    return Ways()


class Unused:
    """The direct way, on which nothing may go."""

    def send(self, request, *, timeout):
        raise AssertionError("a request went out directly")

    def close(self):
        """Nothing is open."""


@pytest.fixture
def client(make_client, ways):
    return make_client(transport=Unused(), through=ways)


# --- addresses


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://gate.example:8000", "http://gate.example:8000"),
        (" HTTPS://u:p@gate.example:8443/ ", "https://u:p@gate.example:8443"),
        ("socks5://u%40home:p%3A@127.0.0.1:1080", "socks5://u%40home:p%3A@127.0.0.1:1080"),
        ("socks5h://[::1]:9", "socks5h://[::1]:9"),
    ],
)
def test_an_address_is_kept(given, kept) -> None:
    assert check_proxy(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "gate.example:8000",
        "ftp://canary:canary@gate.example:8000",
        "http://canary:canary@gate.example",
        "http://canary:can@ry@gate.example:80",
        "http://canary:can/ry@gate.example:80",
        "http://canary:can ry@gate.example:80",
        "http://canary:canäry@gate.example:80",
        "http://canary:canary@gate.example:eighty",
        "http://canary:canary@gate.example:99999",
        "http://canary:canary@gate.example:80/path",
        "http://canary:canary@gate.example:80?x=1",
        "http://canary:canary@:80",
        "",
    ],
)
def test_a_bad_address_is_refused_without_being_shown(given) -> None:
    with pytest.raises(BadProxy, match=r"^url: ") as caught:
        check_proxy(given)
    said = f"{caught.value}{caught.value!r}{caught.value.hint}"
    assert "can" not in said.replace("cannot", "")
    if "://" not in given or given.startswith("ftp"):
        assert "http, https, socks5, socks5h" in said


def test_what_of_an_address_is_secret() -> None:
    assert secrets_of("http://user:secret@h:1") == ("user:secret", "secret")
    # Blanking a letter or two everywhere would show them.
    assert secrets_of("http://u:p@h:1") == ("u:p",)
    assert secrets_of("http://u@h:1") == ("u",)
    assert secrets_of("http://h:1") == ()


# --- going through them


def test_a_run_stays_with_its_proxy(client, script, pool, ways, world) -> None:
    for _ in range(3):
        script.add()
        client.get(URL)
    assert (ways.opened, ways.sent) == (["p1"], ["p1"] * 3)
    assert [fields["proxy"] for _, _, fields in world.logged] == ["p1"] * 3


@pytest.mark.parametrize("cause", ["proxy", "tls", "timeout", "network"])
def test_what_is_lost_on_the_way_goes_through_the_next_one(
    client, script, pool, ways, world, cause
) -> None:
    script.add(error=Transient("lost", error_class=cause))
    script.add(error=Transient("lost", error_class=cause))
    script.add(b"fine")
    assert client.get(URL).content == b"fine"
    assert ways.sent == ["p1", "p2", "p3"]
    assert world.failed == [(1, cause), (2, cause)]
    assert ways.closed == 2
    assert world.events.count("acquire") == client.requests == 3
    assert [fields["attempt"] for _, _, fields in world.logged] == [1, 1, 1]


def test_a_proxy_that_wants_another_login_has_failed(client, script, pool, ways, world) -> None:
    script.add(status=407)
    script.add()
    client.get(URL)
    assert world.failed == [(1, "proxy")]


def test_when_none_is_left_it_ends_and_nothing_goes_out_directly(
    client, script, pool, ways, world
) -> None:
    for _ in range(3):
        script.add(error=Transient("refused", error_class="proxy"))
    with pytest.raises(Transient, match="none is left") as caught:
        client.get(URL)
    assert caught.value.error_class == "proxy"
    assert ways.sent == ["p1", "p2", "p3"]
    with pytest.raises(Transient, match="none is left"):
        client.get(URL)
    assert len(ways.sent) == 3


def test_what_the_site_answers_is_its_own_fault(client, script, pool, ways, world) -> None:
    for status in (500, 502, 500):
        script.add(status=status)
    with pytest.raises(Transient):
        client.get(URL)
    script.add(error=Transient("no such host", error_class="dns"))
    script.add()
    client.get(URL)
    assert set(ways.sent) == {"p1"}
    assert world.failed == []


def test_a_refusal_through_a_proxy_is_told_of_that_proxy(client, script, pool, world) -> None:
    script.add(status=403)
    with pytest.raises(Blocked) as caught:
        client.get(URL)
    client.tell(caught.value)  # as the run does at its end
    assert world.failed == [(1, "blocked")]
    assert world.slowed == []


def test_a_host_that_names_the_same_proxy_again_ends_it(client, script, world, ways) -> None:
    world.proxy = lambda **_: Proxy(id=1, label="p1", url="http://p1.example:80")
    script.add(error=Transient("refused", error_class="proxy"))
    with pytest.raises(Transient, match="no proxy but p1"):
        client.get(URL)
    assert ways.sent == ["p1"]


def test_a_proxy_without_a_way_through_it_is_no_direct_connection(make_client, pool) -> None:
    with pytest.raises(RuntimeError, match="nobody said how"):
        make_client(transport=Unused()).get(URL)


# --- refusals, and sites that are left alone


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (429, {}, ("http_429", None)),
        (429, {"retry_after": "17"}, ("http_429", 17.0)),
        (429, {"retry_after": "-5"}, ("http_429", None)),
        (429, {"retry_after": "soon"}, ("http_429", None)),
        (503, {"retry_after": "17"}, ("http_429", 17.0)),
        (403, {}, ("blocked", None)),
        (999, {}, ("blocked", None)),
        (302, {"location": "/login"}, ("blocked", None)),
    ],
)
def test_a_refusal_is_told_once(make_client, script, world, status, headers, told) -> None:
    client = make_client()
    script.add(status=status, **headers)
    with pytest.raises((RateLimited, Blocked)) as caught:
        client.get(URL)
    client.tell(caught.value)
    in_other_words = Blocked("as the collector puts it")
    in_other_words.__cause__ = caught.value
    client.tell(in_other_words)
    assert world.slowed == [("site:jobs.example", *told)]


def test_a_collectors_own_refusal_is_told_of_its_site(make_client, world) -> None:
    client = make_client(base_url="http://127.0.0.1:8000")
    client.tell(RateLimited("slower", retry_after=9))
    client.tell(RateLimited("slower", retry_after="later"))  # type: ignore[arg-type]
    client.tell(Blocked("a wall"))
    client.tell(ValueError("a bug"))
    client.tell(Transient("a bad day"))
    assert world.slowed == [
        ("site:127.0.0.1:8000", "http_429", 9),
        ("site:127.0.0.1:8000", "http_429", None),
        ("site:127.0.0.1:8000", "blocked", None),
    ]


def test_a_busy_site_is_told_and_asked_again_when_everybody_may(make_client, script, world) -> None:
    client = make_client()
    script.add(status=503)
    script.add(b"fine")
    world.grants.extend([0.0, Grant(wait=30.0, cooling=True), 0.0])
    assert client.get(URL).content == b"fine"
    assert world.slowed == [("site:jobs.example", "http_5xx", None)]
    assert any(30 <= pause <= 39 for pause in world.pauses)


def test_a_short_cooling_is_waited_for(make_client, script, world) -> None:
    world.grants.append(Grant(wait=LONGEST_COOLING, cooling=True))
    script.add()
    make_client().get(URL)
    assert LONGEST_COOLING <= world.pauses[0] <= LONGEST_COOLING * 1.3


def test_a_long_one_ends_the_run_with_nothing_sent_and_nothing_told(
    make_client, script, world
) -> None:
    client = make_client()
    world.grants.append(Grant(wait=90.0, cooling=True))
    with pytest.raises(RateLimited, match=r"until 2026-03-01 12:01:30 UTC") as caught:
        client.get(URL)
    assert caught.value.retry_after == 90
    client.tell(caught.value)
    assert (script.sent, world.slowed, client.requests) == ([], [], 0)


def test_the_echo_of_a_refusal_is_of_its_class(make_client, script, world) -> None:
    client = make_client()
    world.grants.append(Grant(wait=90.0, cooling=True, cause="blocked"))
    with pytest.raises(RateLimited, match="refused this program as a robot") as caught:
        client.get(URL)
    assert caught.value.error_class == "blocked"
    client.tell(caught.value)
    assert world.slowed == []


def test_the_paces_own_wait_is_never_too_long(make_client, script, world) -> None:
    world.grants.append(Grant(wait=900.0))
    script.add()
    make_client(per_minute=0.06).get(URL)
    assert 900 <= world.pauses[0] <= 900 * 1.3


def test_a_collector_with_its_own_http_waits_for_its_turn(make_client, world) -> None:
    client = make_client(base_url="http://127.0.0.1:8000")
    world.grants.extend([2.0, 0.0])
    client.take_turn()
    assert [key for key, _, _ in world.acquired] == ["site:127.0.0.1:8000"] * 2
    assert client.requests == 1
