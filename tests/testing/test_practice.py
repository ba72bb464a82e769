from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from jobtracker_core.testing.practice import (
    COMMON_FAULTS,
    MOVED_TO,
    RETRY_AFTER,
    PracticeSite,
    Reply,
    Seen,
)


class Echo(PracticeSite):
    faults = frozenset({"shout"})
    details_path = "/details/*"

    def change(self, n: int) -> list[str]:
        return [str(number) for number in range(n)]

    def answer(self, request: Seen) -> Reply:
        if request.path == "/bug":
            raise KeyError("a bug in the site")
        word = request.query.get("word", "")
        if "shout" in request.faults:
            word = word.upper()
        return Reply.json({"word": word, "body": request.body.decode(), "method": request.method})


@pytest.fixture
def site() -> Iterator[Echo]:
    with Echo(seed=3, postings=12) as running:
        yield running


def ask(site: PracticeSite, target: str, **kwargs) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(site.base_url).netloc, timeout=60)
    try:
        connection.request(kwargs.pop("method", "GET"), target, **kwargs)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read()
    finally:
        connection.close()


def status(site: PracticeSite, target: str = "/") -> int:
    return ask(site, target)[0]


def test_answers_on_loopback(site):
    assert urlsplit(site.base_url).hostname == "127.0.0.1"
    code, headers, body = ask(site, "/x?word=caf%C3%A9")
    assert (code, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == {"word": "café", "body": "", "method": "GET"}


def test_posts_have_bodies(site):
    _, _, body = ask(site, "/x", method="POST", body=b"hello")
    assert json.loads(body) == {"word": "", "body": "hello", "method": "POST"}
    assert site.requests[0].body == b"hello"


def test_remembers_what_was_asked(site):
    ask(site, "/a?page=1&page=2&empty=", headers={"X-Mark": "yes"})
    ask(site, "/b/c")
    first, second = site.requests
    assert (first.method, first.path) == ("GET", "/a")
    assert first.query == {"page": "2", "empty": ""}
    assert first.headers["x-mark"] == "yes"
    assert second.path == "/b/c"
    assert (site.count(), site.count("/b/*"), site.count("/nothing")) == (2, 1, 0)
    site.forget()
    assert site.requests == []


def test_seed_and_size_are_kept(site):
    assert (site.seed, site.postings) == (3, 12)


def test_a_free_port_of_ones_own(site):
    with Echo() as other:
        assert other.base_url != site.base_url
        port = urlsplit(other.base_url).port or 0
    with Echo(port=port) as again:
        assert urlsplit(again.base_url).port == port


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("rate_limit", 429),
        ("challenge", 403),
        ("challenge_200", 200),
        ("unauthorized", 401),
        ("server_error", 500),
        ("moved", 308),
    ],
)
def test_statuses(site, fault, code):
    site.fail(fault)
    assert status(site) == code
    site.heal()
    assert status(site) == 200


def test_rate_limits_say_how_long(site):
    site.fail("rate_limit")
    assert ask(site, "/")[1]["retry-after"] == str(RETRY_AFTER)


@pytest.mark.parametrize("fault", ["challenge", "challenge_200"])
def test_challenges_look_like_one(site, fault):
    site.fail(fault)
    _, headers, body = ask(site, "/")
    assert headers["content-type"] == "text/html"
    assert b"<title>Just a moment...</title>" in body


def test_moves_lead_to_another_host(site):
    site.fail("moved")
    assert ask(site, "/somewhere?x=1")[1]["location"] == f"{MOVED_TO}/somewhere"


def test_a_reset_comes_before_any_answer(site):
    site.fail("reset")
    with pytest.raises(ConnectionResetError):
        ask(site, "/")
    assert site.count() == 1


def test_a_body_that_breaks_off(site):
    whole = ask(site, "/?word=abcdefgh")[2]
    site.fail("broken_off")
    with pytest.raises(http.client.IncompleteRead) as raised:
        ask(site, "/?word=abcdefgh")
    assert raised.value.partial == whole[: len(whole) // 2]


def test_a_truncated_body_is_a_whole_answer(site):
    whole = ask(site, "/?word=abcdefgh")[2]
    site.fail("truncated")
    code, headers, body = ask(site, "/?word=abcdefgh")
    assert (code, body) == (200, whole[: len(whole) // 2])
    assert headers["content-length"] == str(len(body))


def test_slow_bodies_drip_until_the_site_stops():
    class Slow(Echo):
        drip_bytes = 1
        drip_seconds = 3600.0

    with Slow() as site:
        site.fail("slow")
        connection = socket.create_connection(
            ("127.0.0.1", urlsplit(site.base_url).port or 0), timeout=60
        )
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while not received.endswith(b"\r\n\r\n{"):
            received += connection.recv(65536)
        assert received.count(b"{") == 1
    with connection:
        assert connection.recv(65536) == b""


def test_faults_are_chosen_by_path_query_and_count(site):
    site.fail("server_error", path="/api/*", query={"page": "2"}, after=1, times=2)
    wanted = "/api/jobs?page=2"
    others = ["/api/jobs?page=1", "/home?page=2", "/api/jobs"]
    assert [status(site, target) for target in others] == [200, 200, 200]
    assert [status(site, wanted) for _ in range(5)] == [200, 500, 500, 200, 200]


def test_a_fault_without_times_lasts(site):
    site.fail("server_error")
    assert [status(site) for _ in range(4)] == [500] * 4


def test_a_sites_own_fault_reaches_its_answer(site):
    site.fail("shout", times=1)
    assert json.loads(ask(site, "/?word=hey")[2])["word"] == "HEY"
    assert json.loads(ask(site, "/?word=hey")[2])["word"] == "hey"
    assert [request.faults for request in site.requests] == [{"shout"}, frozenset()]


def test_a_sites_own_fault_and_a_common_one_together(site):
    site.fail("shout")
    site.fail("truncated")
    assert ask(site, "/?word=hey")[2].startswith(b'{"word":"HEY"')


def test_an_unknown_fault_is_refused(site):
    with pytest.raises(ValueError, match=r"no fault 'typo'; there are .*shout.*truncated"):
        site.fail("typo")


def test_every_common_fault_does_something(site):
    plain = ask(site, "/?word=abcdefgh")
    for fault in COMMON_FAULTS.keys() - {"slow"}:
        site.heal()
        site.fail(fault)
        try:
            struck = ask(site, "/?word=abcdefgh")
        except (http.client.IncompleteRead, ConnectionResetError):
            continue
        assert struck[::2] != plain[::2], fault


def test_a_bug_in_a_site_is_raised_at_the_end():
    site = Echo().start()
    code, _, body = ask(site, "/bug")
    assert code == 500
    assert b"KeyError" in body
    with pytest.raises(RuntimeError, match="Echo could not answer") as raised:
        site.stop()
    assert isinstance(raised.value.__cause__, KeyError)


def test_stopping_cuts_idle_connections_and_leaves_no_thread():
    before = set(threading.enumerate())
    site = Echo().start()
    idle = http.client.HTTPConnection(urlsplit(site.base_url).netloc, timeout=60)
    idle.request("GET", "/")
    idle.getresponse().read()
    site.stop()
    assert idle.sock is not None
    assert idle.sock.recv(1) == b""
    idle.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive()
    site.stop()


def test_only_a_running_site_has_an_address():
    site = Echo()
    with pytest.raises(RuntimeError, match="not running"):
        _ = site.base_url
    with site, pytest.raises(RuntimeError, match="running already"):
        site.start()


def test_many_at_once(site):
    answers: list[str] = []

    def visit(number: int) -> None:
        answers.append(json.loads(ask(site, f"/?word={number}")[2])["word"])

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=int) == [str(number) for number in range(20)]
    assert site.count() == 20


def test_details_asked_are_counted_by_address(site):
    for target in ("/details/1", "/details/1", "/details/2?word=a", "/other"):
        ask(site, target)
    assert site.details_asked() == {"/details/1?": 2, "/details/2?word=a": 1}
