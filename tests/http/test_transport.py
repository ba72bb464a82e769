from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest

from jobtracker_core.contract.errors import Transient
from jobtracker_core.http.transport import BODY_CAP, BadAddress, CurlTransport, Request, TooLarge

ENCODINGS = ("gzip", "deflate", "br", "zstd")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def get(url: str, **headers: str) -> Request:
    return Request(method="GET", url=url, headers=tuple(headers.items()))


def fail(transport, url: str, *, timeout: float = 10) -> tuple[str, str]:
    with pytest.raises(Transient) as caught:
        transport.send(get(url), timeout=timeout)
    return str(caught.value.error_class), str(caught.value)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def test_an_answer_keeps_status_repeated_headers_and_body(site, transport):
    url = site.answer(
        "/a?b=c", b"caf\xc3\xa9", status=404, headers=[("X-A", "1"), ("X-A", "2"), ("X-E", "")]
    )
    site.pages["/a"] = site.pages.pop("/a?b=c")
    answer = transport.send(get(url, Referer="http://x.example/", Empty=""), timeout=10)
    assert (answer.status, answer.url, answer.content) == (404, url, b"caf\xc3\xa9")
    assert [value for name, value in answer.headers if name == "x-a"] == ["1", "2"]
    assert answer.header("x-e") == ""
    assert answer.header("missing") is None
    assert 0 < answer.elapsed < 10
    (seen,) = site.seen
    assert (seen.method, seen.target) == ("GET", "/a?b=c")
    assert seen.headers["referer"] == "http://x.example/"
    assert seen.headers["empty"] == ""
    assert seen.headers["accept-encoding"] == "gzip, deflate, br, zstd"


def test_a_header_of_the_browser_can_be_taken_out(site, transport):
    url = site.answer("/")
    transport.send(get(url), timeout=10)
    transport.send(Request(method="GET", url=url, headers=(("Sec-Fetch-Mode", None),)), timeout=10)
    first, second = site.seen
    assert first.headers.keys() - second.headers.keys() == {"sec-fetch-mode"}


def test_cookies_are_kept_and_no_header_of_one_request_leaks_into_the_next(site, transport):
    url = site.answer("/", headers=[("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/")])
    answer = transport.send(get(url, Accept="text/x"), timeout=10)
    assert [value for name, value in answer.headers if name == "set-cookie"] == [
        "a=1; Path=/",
        "b=2; Path=/",
    ]
    transport.send(get(url), timeout=10)
    first, second = site.seen
    assert "cookie" not in first.headers
    assert set(second.headers["cookie"].split("; ")) == {"a=1", "b=2"}
    assert second.headers["accept"] != "text/x"


def test_cookies_are_not_shared_between_transports(site, make_transport):
    url = site.answer("/", headers=[("Set-Cookie", "a=1")])
    make_transport().send(get(url), timeout=10)
    make_transport().send(get(url), timeout=10)
    assert "cookie" not in site.seen[1].headers


@pytest.mark.parametrize("body", [b"", b"{}", b"\x00zero\x00", b"x" * 2_000_000])
def test_a_post_sends_its_body_as_it_is(site, transport, body):
    url = site.answer("/", b"ok")
    request = Request(
        method="POST", url=url, headers=(("Content-Type", "application/x"),), body=body
    )
    assert transport.send(request, timeout=10).content == b"ok"
    (seen,) = site.seen
    assert (seen.method, seen.body) == ("POST", body)
    assert seen.headers["content-type"] == "application/x"
    assert "expect" not in seen.headers


def test_a_get_after_a_post_has_no_body(site, transport):
    url = site.answer("/", b"ok")
    transport.send(Request(method="POST", url=url, body=b"abc"), timeout=10)
    transport.send(get(url), timeout=10)
    assert [(seen.method, seen.body) for seen in site.seen] == [("POST", b"abc"), ("GET", b"")]


def test_it_looks_like_a_browser_only_if_it_is_to(site, make_transport):
    url = site.answer("/")
    make_transport().send(get(url), timeout=10)
    make_transport(impersonate=None).send(get(url), timeout=10)
    chrome, plain = site.seen
    assert "Chrome/" in chrome.headers["user-agent"]
    assert "upgrade" not in chrome.headers
    assert "Chrome" not in plain.headers.get("user-agent", "")


def test_an_unknown_browser_is_refused_at_once():
    with pytest.raises(ValueError, match="cannot impersonate 'netscape4'"):
        CurlTransport(impersonate="netscape4")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_bodies_are_unpacked(site, transport, pack_zeros, encoding):
    url = site.answer("/", pack_zeros(encoding, 100_000), headers=[("Content-Encoding", encoding)])
    assert transport.send(get(url), timeout=10).content == bytes(100_000)


@pytest.mark.fault(
    "F30",
    done="Small bodies unpacked to huge ones, in each encoding.",
    holds="Reading stopped at the cap.",
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_is_cut_at_the_cap(site, transport, pack_zeros, encoding):
    packed = pack_zeros(encoding, 200_000_000)
    assert len(packed) < 250_000
    url = site.answer("/", packed, headers=[("Content-Encoding", encoding)])
    with pytest.raises(TooLarge, match="larger than 10,485,760 bytes") as caught:
        transport.send(get(url), timeout=20)
    assert caught.value.received <= BODY_CAP
    assert transport.send(get(site.answer("/next", b"ok")), timeout=10).content == b"ok"


MEASURE = """
import sys
from pathlib import Path
from jobtracker_core.http.transport import CurlTransport, Request, TooLarge

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])

transport = CurlTransport()
transport.send(Request(method="GET", url=sys.argv[1]), timeout=10)
before = peak()
for url in sys.argv[2:]:
    try:
        transport.send(Request(method="GET", url=url), timeout=20)
    except TooLarge:
        print("too large", end=" ")
print(peak() - before)
"""


@pytest.mark.fault(
    "F30",
    done="A process read bombs and bodies without end.",
    holds="Its memory stayed within 64 MB of where it began.",
)
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_bombs_and_endless_bodies_take_little_memory(site, pack_zeros):
    urls = [
        site.answer(
            f"/{encoding}",
            pack_zeros(encoding, 200_000_000),
            headers=[("Content-Encoding", encoding)],
        )
        for encoding in ENCODINGS
    ]
    urls.append(site.drip("/endless", HEAD + b"\r\n", every=0, chunk=bytes(1_000_000)))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, site.answer("/small", b"ok"), *urls],
        capture_output=True,
        text=True,
        timeout=25,
        check=True,
    )
    assert done.stdout.count("too large") == len(urls)
    assert int(done.stdout.split()[-1]) < 60_000  # kB; any one of them whole would be 200 MB


def test_the_cap_itself_still_fits(site, make_transport):
    transport = make_transport(body_cap=1000)
    url = site.answer("/fits", b"x" * 1000)
    assert len(transport.send(get(url), timeout=10).content) == 1000
    with pytest.raises(TooLarge):
        transport.send(get(site.answer("/over", b"x" * 1001)), timeout=10)


@pytest.mark.fault(
    "F25",
    done="A body came drop by drop.",
    holds="The request ended at its deadline.",
)
def test_a_slow_drip_ends_at_the_deadline(site, transport):
    url = site.drip("/", HEAD + b"\r\n", every=0.1, chunk=b"x")
    started = time.monotonic()
    cause, _ = fail(transport, url, timeout=1.0)
    assert cause == "timeout"
    assert time.monotonic() - started >= 0.9


@pytest.mark.fault(
    "F25",
    done="A site fell silent before its headers, within them and within the body.",
    holds="The request ended at its deadline.",
)
@pytest.mark.parametrize("before", [b"", HEAD, HEAD + b"Content-Length: 5\r\n\r\n"])
def test_a_site_that_falls_silent_ends_at_the_deadline(site, transport, before):
    url = site.drip("/", before, every=60, chunk=b"")
    assert fail(transport, url, timeout=0.4)[0] == "timeout"


def test_no_time_at_all_is_not_endless_time(site, transport):
    url = site.drip("/", b"", every=60, chunk=b"")
    assert fail(transport, url, timeout=0.0)[0] == "timeout"


@pytest.mark.fault(
    "F28",
    done="An answer broke off or contradicted its own length.",
    holds="It was an error, never a shorter page.",
)
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="another protocol"),
        pytest.param(HEAD + b"Content-Length: 10\r\n\r\nshort", id="short body"),
        pytest.param(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", id="no last chunk"
        ),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc", id="cut in a chunk"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", id="bad chunk size"),
        pytest.param(HEAD + b"Content-Length: -3\r\n\r\nabc", id="negative length"),
        pytest.param(
            HEAD + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!", id="no gzip"
        ),
        pytest.param(
            HEAD + b"Content-Encoding: br\r\nContent-Length: 7\r\n\r\nnot br!", id="no br"
        ),
    ],
)
def test_half_an_answer_is_never_a_success(site, transport, reply):
    cause, message = fail(transport, site.say("/", reply))
    assert cause == "network"
    assert "127.0.0.1" in message


@pytest.mark.fault(
    "F29",
    done="A site sent headers without end.",
    holds="The request ended with an error.",
)
def test_endless_headers_are_cut_off(site, transport):
    with pytest.raises(TooLarge, match="headers"):
        transport.send(get(site.say("/", HEAD + b"X: " + b"y" * 2_000_000)), timeout=10)


def test_a_reset_in_the_body_is_an_error(site, transport):
    url = site.reset("/", HEAD + b"Content-Length: 100\r\n\r\nabc")
    assert fail(transport, url)[0] == "network"


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\n folded: first\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=\xff\xfe\r\nX-\xe9: \xff\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["folded", "not utf-8", "early hints"],
)
def test_odd_headers_do_not_break_the_reading(site, transport, reply):
    url = site.say("/", reply)
    for _ in range(2):
        try:
            answer = transport.send(get(url), timeout=10)
        except Transient:
            continue
        assert (answer.status, answer.content) == (200, b"ok")
        assert answer.header("link") is None


@pytest.mark.parametrize("location", ["/b", "file:///etc/hostname", "http://127.0.0.1:9/"])
def test_redirects_are_not_followed(site, transport, location):
    url = site.answer("/", status=302, headers=[("Location", location)])
    answer = transport.send(get(url), timeout=10)
    assert (answer.status, answer.header("location"), answer.content) == (302, location, b"")
    assert len(site.seen) == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/",
        "/etc/hostname",
        "http://",
        "",
    ],
)
def test_other_schemes_are_refused_before_anything_is_sent(transport, url):
    with pytest.raises(BadAddress):
        transport.send(get(url), timeout=10)


def test_curl_itself_is_told_to_speak_http_only(site, transport, monkeypatch):
    monkeypatch.setattr(
        "jobtracker_core.http.transport._check_address", lambda url: ("file", "nowhere")
    )
    with pytest.raises(Transient, match=r"[Pp]rotocol"):
        transport.send(get("file:///etc/hostname"), timeout=10)


def test_a_line_break_in_a_header_is_refused(site, transport):
    with pytest.raises(ValueError, match="line break"):
        transport.send(get(site.answer("/"), Accept="a\r\nX-Smuggled: 1"), timeout=10)
    assert site.seen == []


def test_the_environments_proxies_are_ignored(site, make_site, transport, monkeypatch):
    trap = make_site()
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.setenv(name, trap.url)
    assert transport.send(get(site.answer("/", b"ok")), timeout=10).content == b"ok"
    assert trap.seen == []


def test_every_request_goes_through_the_proxy_whatever_the_environment_says(
    site, make_site, make_transport, monkeypatch
):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("NO_PROXY", "*")
    proxy = make_site()
    url = site.answer("/", b"direct")
    proxy.pages[url] = proxy.pages[proxy.answer("/", b"through").removeprefix(proxy.url)]
    assert make_transport(proxy=proxy.url).send(get(url), timeout=10).content == b"through"
    assert [seen.target for seen in proxy.seen] == [url]
    assert site.seen == []


@pytest.mark.fault(
    "F27",
    done="A proxy did not accept connections.",
    holds="The error named the proxy, and the site was not asked directly.",
)
def test_a_dead_proxy_is_the_proxys_fault_and_is_not_gone_around(site, make_transport, closed_port):
    transport = make_transport(proxy=f"http://user:hunter2@127.0.0.1:{closed_port}")
    cause, message = fail(transport, site.answer("/"))
    assert cause == "proxy"
    assert "hunter2" not in message
    assert site.seen == []


def test_a_proxy_that_refuses_the_tunnel_is_the_proxys_fault(make_site, make_transport):
    # Its handler knows no CONNECT, so it answers 501.
    transport = make_transport(proxy=make_site().url)
    assert fail(transport, "https://site.example/")[0] == "proxy"


@pytest.mark.parametrize("place", ["127.0.0.1:99999", "127.0.0.1:x"])
def test_what_curl_says_of_a_bad_proxy_does_not_tell_its_login(make_transport, place):
    transport = make_transport(proxy=f"http://canary-user:canary-word@{place}")
    with pytest.raises(Transient) as caught:
        transport.send(get("http://site.example/"), timeout=10)
    assert caught.value.error_class == "proxy"
    told = "".join(traceback.format_exception(caught.value))
    assert "canary" not in told


def test_a_proxy_without_a_known_scheme_is_refused():
    with pytest.raises(ValueError, match="socks5"):
        CurlTransport(proxy="user:hunter2@127.0.0.1:8080")


def test_a_refused_connection_is_the_networks_fault(transport, closed_port):
    assert fail(transport, f"http://127.0.0.1:{closed_port}/")[0] == "network"


def test_an_unknown_name_is_the_resolvers_fault(transport):
    assert fail(transport, "http://nonexistent.invalid/")[0] == "dns"


def test_tls_to_a_plain_port_fails(site, transport):
    url = site.answer("/").replace("http:", "https:")
    assert fail(transport, url)[0] == "tls"


def test_a_self_signed_certificate_is_refused(make_site, transport):
    site = make_site(tls=True)
    cause, message = fail(transport, site.answer("/", b"ok"))
    assert cause == "tls"
    assert re.search("certificate", message, re.IGNORECASE)
    assert site.seen == []


ASK = """
import sys
from jobtracker_core.http.transport import CurlTransport, Request
print(CurlTransport().send(Request(method="GET", url=sys.argv[1]), timeout=10).content.decode())
"""


@pytest.mark.parametrize(
    ("host", "output"), [("127.0.0.1", "ok\n"), ("localhost", "")], ids=["its host", "another host"]
)
def test_a_trusted_certificate_is_good_for_its_host_only(make_site, host, output):
    site = make_site(tls=True)
    url = site.answer("/", b"ok").replace("127.0.0.1", host)
    certificate = Path(__file__).with_name("self_signed.pem")
    done = subprocess.run(
        [sys.executable, "-c", ASK, url],
        env={**os.environ, "SSL_CERT_FILE": str(certificate)},
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )
    assert done.stdout == output
    assert (done.returncode == 0) is bool(output), done.stderr


def test_a_closed_transport_says_so_and_closes_twice(site, make_transport):
    transport = make_transport()
    transport.close()
    transport.close()
    with pytest.raises(RuntimeError, match="closed"):
        transport.send(get(site.answer("/")), timeout=10)
