"""Addresses of servers."""

from __future__ import annotations

import pytest

from jobtracker_core.client.address import read_server
from jobtracker_core.client.errors import BadServer, NoToken, PlainHttp
from jobtracker_core.client.tracker import check_token, connect


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://Jobs.Example/", "https://jobs.example"),
        ("HTTPS://jobs.example:443", "https://jobs.example"),
        (" https://jobs.example:8443/home/jobs/ ", "https://jobs.example:8443/home/jobs"),
        ("https://jobs.example/home/api/v1", "https://jobs.example/home"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_an_address_has_one_spelling(text: str, url: str) -> None:
    assert read_server(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        *("", "jobs.example", "ftp://jobs.example", "https://", "https:///x", "https://x:99999"),
        *("https://x:y", "https://ada:hunter2@jobs.example", "https://ada@jobs.example"),
        *(
            "https://jobs.example/?a=hunter2",
            "https://jobs.example/#hunter2",
            "https://jöbs.example",
        ),
        *(
            "https://jobs.example/a b",
            "https://jobs.example\r\nX: hunter2",
            "https://jobs.exam\x00",
        ),
        *("https://jobs.example/../x", "https://jobs.example\\@evil.example", "https://[::1"),
        *("https://a_b$.example", "https://jobs.example/%0d%0a{x}", "x" * 5_000),
    ],
)
def test_what_is_no_address_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(BadServer) as wrong:
        read_server(text)
    assert "hunter2" not in str(wrong.value)
    assert wrong.value.hint


@pytest.mark.parametrize("host", ["jobs.example", "192.168.1.5", "localhost.example", "[fe80::1]"])
def test_a_token_goes_in_the_clear_to_this_machine_alone(host: str) -> None:
    with pytest.raises(PlainHttp, match="everybody on the way can read the token"):
        connect(f"http://{host}", token="jt_x")
    assert read_server(f"http://{host}", plain_http=True).url == f"http://{host}"


@pytest.mark.parametrize("token", ["", "  \n", "jt_a b", "jt_\r\nX-Evil: 1", "jt_ü"])
def test_what_can_be_no_token_is_not_sent(token: str) -> None:
    with pytest.raises(NoToken) as wrong:
        connect("https://jobs.example", token=token)
    assert "Evil" not in str(wrong.value)
    assert check_token(" jt_x\n") == "jt_x"
