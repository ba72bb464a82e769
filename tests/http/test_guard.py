"""Requests whose address a user chose reach nothing inside."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import pytest

from jobtracker_core.http.exchange import BadAddress, Request
from jobtracker_core.http.guard import Guard, PrivateAddress, Refused
from jobtracker_core.http.ranges import Allowed, judge

PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1")
INSIDE = (
    *("127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("100.64.0.1", "100.127.255.255", "169.254.0.1", "169.254.169.254", "169.254.170.2"),
    *("168.63.129.16", "100.100.100.200", "0.0.0.0", "0.1.2.3", "192.0.0.1", "192.0.2.1"),
    *("192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::2", "::127.0.0.1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::"),
    *("2002:a9fe:a9fe::1", "2002:c0a8:101::", "2001::1", "2001:0:53aa:64c:0:0:80ff:fffe"),
    *("2001:db8::1", "3fff::1", "fc00::1", "fd12:3456::1", "fd00:ec2::254", "fd20:ce::254"),
    *("fe80::1", "febf::1", "fec0::1", "ff02::1", "100::1", "5f00::1", "4000::1", "8000::"),
    *("2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1"),
)
DISGUISED = (
    *("http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://127.1/"),
    *("http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://127.0.0.01/", "http://127.0.1/"),
    *("http://[::ffff:7f00:1]/", "http://localhost:80/", "http://8.8.8.8.0x1/"),
    *("http://user@8.8.8.8/", "http://8.8.8.8@127.0.0.1/", "http://8.8.8.8\\@127.0.0.1/"),
    *("http:\\\\127.0.0.1/", "http://8.8.8.8\t/", "http://[fe80::1%25eth0]/", "http://127.0.0.1./"),
    *("file:///etc/passwd", "gopher://8.8.8.8/", "ftp://8.8.8.8/", "//8.8.8.8/", "8.8.8.8", ""),
    *("http://8.8.8.8:22/", "http://8.8.8.8:5432/", "http://8.8.8.8:99999/", "http://①②⑦.0.0.1/"),
)


def names(**known: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    return lambda host, _port: known[host.replace(".", "_")]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert Guard().check(f"https://{host}/a").machines == (address,)


@pytest.mark.parametrize("address", INSIDE)
def test_inside_is_refused_as_an_address_and_behind_a_name(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Refused):
        Guard().check(f"http://{host}/")
    guard = Guard(resolver=lambda *_: ["8.8.8.8", address])
    with pytest.raises(Refused):
        guard.check("http://name.example/")


@pytest.mark.parametrize("url", DISGUISED)
def test_other_spellings_and_forms_are_refused(url: str) -> None:
    with pytest.raises(BadAddress):
        Guard().check(url)


def test_the_tables_are_long_enough() -> None:
    assert len(set(INSIDE)) + len(set(DISGUISED)) >= 60


@pytest.mark.parametrize(
    ("place", "url", "opened"),
    [
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://10.1.2.3:5000/", False),
        ("10.0.0.0/8:5000", "http://10.1.2.3:5000/", True),
        ("10.0.0.0/8:5000", "http://10.1.2.3/", False),
        ("nas.home:5000", "http://nas.home:5000/", True),
        ("NAS.home", "http://nas.home/", True),
        ("nas.home", "http://192.168.1.9/", False),
        ("192.168.1.9", "http://nas.home/", True),
        ("[::1]:81", "http://[::1]:81/", True),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/", True),
        ("169.254.169.254", "http://169.254.169.254/", False),
        ("0.0.0.0/0", "http://168.63.129.16/", False),
        ("0.0.0.0/0", "http://192.168.1.9/", True),
        ("127.0.0.1", "http://[64:ff9b::7f00:1]/", False),
    ],
)
def test_what_an_operator_opens(place: str, url: str, opened: bool) -> None:
    guard = Guard(Allowed([place]), resolver=names(nas_home=["192.168.1.9"]))
    with contextlib.nullcontext() if opened else pytest.raises(Refused):
        guard.check(url)


@pytest.mark.parametrize("place", ["", "http://x", "a b", "x:0", "x:70000", "10.0.0.0/99", "[x]"])
def test_what_is_no_place(place: str) -> None:
    with pytest.raises(ValueError):
        Allowed([place])


def test_a_private_address_says_what_an_operator_can_do() -> None:
    with pytest.raises(PrivateAddress) as refused:
        Guard().check("http://192.168.1.1/")
    assert "allow_private_addresses" in refused.value.hint
    assert str(refused.value) == "192.168.1.1, port 80: it is a private network"


def test_a_name_without_an_address() -> None:
    def lost(*_: object) -> Sequence[str]:
        raise OSError("no such name")

    for guard in (Guard(resolver=lost), Guard(resolver=lambda *_: [])):
        with pytest.raises(Refused, match=r"name\.example"):
            guard.check("http://name.example/")


@pytest.fixture
def here(site) -> Callable[..., Guard]:
    """A guard for which `name.example` is the practice site."""

    def guard(*answers: Sequence[str], places: Sequence[str] = ()) -> Guard:
        turns = iter(answers or [["127.0.0.1"]] * 9)
        allowed = Allowed([f"name.example:{site.server_port}", *places])
        return Guard(allowed, resolver=lambda *_: next(turns))

    return guard


def get(site, path: str) -> Request:
    return Request(
        method="GET", url=f"http://name.example:{site.server_port}{path}", headers=(("X-A", "1"),)
    )


def test_the_connection_goes_where_the_look_went(site, here) -> None:
    """The name is nowhere but in our resolver: only the pin can have led there."""
    site.answer("/a", b"here")
    answer = here(["127.0.0.1"]).fetch(get(site, "/a"), timeout=10)
    assert (answer.status, answer.content) == (200, b"here")
    assert site.seen[0].headers["host"] == f"name.example:{site.server_port}"


def test_a_name_that_changes_its_address_between_two_requests_is_refused(site, here) -> None:
    site.answer("/a", b"here")
    guard = here(["127.0.0.1"], ["169.254.169.254"])
    assert guard.fetch(get(site, "/a"), timeout=10).status == 200
    with pytest.raises(Refused, match="cloud"):
        guard.fetch(get(site, "/a"), timeout=10)
    assert len(site.seen) == 1


def redirect(site, path: str, to: str, status: int = 302) -> None:
    site.answer(path, b"", status=status, headers=[("Location", to)])


def test_redirects_are_followed_three_times(site, here) -> None:
    for step in range(4):
        redirect(site, f"/{step}", f"/{step + 1}")
    site.answer("/4", b"end")
    assert here().fetch(get(site, "/1"), timeout=10).content == b"end"
    with pytest.raises(Refused, match="more than 3"):
        here().fetch(get(site, "/0"), timeout=10)
    assert here().fetch(get(site, "/0"), timeout=10, redirects=0).status == 302


@pytest.mark.parametrize(
    "to",
    [
        *("http://127.0.0.1:1/", "http://169.254.169.254/latest/", "file:///etc/passwd"),
        *("//10.0.0.1/", "http://2130706433/", "http://8.8.8.8:22/", "gopher://x/"),
    ],
)
def test_a_redirect_inside_is_refused(site, here, to: str) -> None:
    redirect(site, "/a", to)
    with pytest.raises(BadAddress):
        here().fetch(get(site, "/a"), timeout=10)
    assert len(site.seen) == 1


def test_another_host_gets_no_headers(site, here) -> None:
    redirect(site, "/a", f"http://127.0.0.1:{site.server_port}/b")
    site.answer("/b", b"there")
    guard = here(places=[f"127.0.0.1:{site.server_port}"])
    assert guard.fetch(get(site, "/a"), timeout=10).content == b"there"
    assert [seen.headers.get("x-a") for seen in site.seen] == ["1", None]


def test_a_proxy_at_the_metadata_address_is_refused() -> None:
    request = Request(method="GET", url="https://8.8.8.8/")
    for proxy in ("http://169.254.169.254:80", "socks5://[fe80::1]:1080"):
        for fetch in (Guard().fetch, Guard().fetch_site):
            with pytest.raises(Refused, match="the proxy's address"):
                fetch(request, timeout=1, proxy=proxy)


def test_a_mapped_address_is_judged_as_what_it_means() -> None:
    import ipaddress

    assert judge(ipaddress.ip_address("::ffff:8.8.8.8")).kind == "public"
    assert judge(ipaddress.ip_address("::ffff:10.0.0.1")).kind == "private"
