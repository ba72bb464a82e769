from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobtracker_core.http.address import Hosts, clean_url, is_secret, read_address, remove_emails
from jobtracker_core.http.exchange import BadAddress

HOSTS = Hosts(("jobs.example", "*.apply.example", "odd.example:8443"), "http://127.0.0.1:8000/base")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://jobs.example/a", True),
        ("http://JOBS.example", True),
        ("https://jobs.example:443/", True),
        ("https://jobs.example:8443/", False),
        ("https://www.jobs.example/", False),
        ("https://evil-jobs.example/", False),
        ("https://jobs.example.evil.example/", False),
        ("https://a.apply.example/", True),
        ("https://a.b.apply.example/", True),
        ("https://apply.example/", False),
        ("https://evilapply.example/", False),
        ("https://odd.example:8443/", True),
        ("https://odd.example/", False),
        ("http://127.0.0.1:8000/elsewhere", True),
        ("http://127.0.0.1:8001/", False),
        ("http://127.0.0.1/", False),
        ("http://localhost:8000/", False),
    ],
)
def test_hosts_are_exact_or_subdomains_and_the_operators_own(url, allowed):
    assert HOSTS.allow(read_address(url)) is allowed


def test_without_an_operators_address_there_is_none():
    hosts = Hosts(("jobs.example",), None)
    assert not hosts.is_base(read_address("http://jobs.example/"))
    assert not hosts.allow(read_address("http://127.0.0.1:8000/"))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "ftp://jobs.example/",
        "javascript:alert(1)",
        "//jobs.example/",
        "/relative",
        "",
        "https://",
        "https:///path",
        "https://user@jobs.example/",
        "https://user:pass@jobs.example/",
        "https://evil.example@jobs.example/",
        "https://jobs.example\\@evil.example/",
        "https://evil.example\\.jobs.example/",
        "https://jobs.example\n.evil.example/",
        "https://jobs.example\t/",
        "https://jobs example/",
        "https://jöbs.example/",
        "https://jobs.example:99999/",
        "https://jobs.example:x/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://jobs.example./",
        "https://.apply.example/",
        "https://a..apply.example/",
        "https://jobs.example%00.evil.example/",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises(BadAddress):
        read_address(url)


@pytest.mark.parametrize(
    ("url", "params", "sent"),
    [
        ("https://Jobs.Example", None, "https://jobs.example/"),
        ("https://jobs.example/a#part", None, "https://jobs.example/a"),
        ("https://jobs.example/a b?q=é", None, "https://jobs.example/a%20b?q=%C3%A9"),
        (
            "https://jobs.example/a%20b?q=%C3%A9&r=1+2",
            None,
            "https://jobs.example/a%20b?q=%C3%A9&r=1+2",
        ),
        ("https://jobs.example/?a=1", {"b": "2"}, "https://jobs.example/?a=1&b=2"),
        ("https://jobs.example/?a=1", {"a": "2"}, "https://jobs.example/?a=1&a=2"),
        ("https://jobs.example/", {}, "https://jobs.example/"),
        (
            "https://jobs.example/#x",
            {"q": 'a b&c=d/é+"{}'},
            "https://jobs.example/?q=a%20b%26c%3Dd%2F%C3%A9%2B%22%7B%7D",
        ),
        ("http://[::1]:80/", None, "http://[::1]:80/"),
    ],
)
def test_addresses_are_quoted_once_and_parameters_come_behind(url, params, sent):
    assert read_address(url, params).url == sent


@given(st.text(max_size=40))
def test_whatever_is_accepted_is_plain_ascii_at_the_host_that_was_checked(text):
    for url in (f"https://jobs.example{text}", f"https://{text}", text):
        try:
            address = read_address(url)
        except BadAddress:
            continue
        assert address.url.isascii()
        assert all(33 <= ord(character) < 127 for character in address.url)
        assert read_address(address.url) == address


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *(
            (name, True)
            for name in ("token", "key", "api_key", "API-Key", "auth", "session", "sig")
        ),
        *(
            (name, True)
            for name in ("password", "passwd", "access_token", "X-CSRF-Token", "oauth2")
        ),
        *((name, True) for name in ("Authorization", "Cookie", "client_secret", "PHPSESSIONID")),
        *(
            (name, False)
            for name in ("q", "keywords", "author", "page", "jk", "jobkey", "location")
        ),
        *((name, False) for name in ("Accept", "Referer", "x-nextjs-data", "design", "passage")),
    ],
)
def test_names_of_secrets(name, secret):
    assert is_secret(name) is secret


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://jobs.example/a?q=b&page=2#x", "https://jobs.example/a?q=b&page=2"),
        ("https://u:p@jobs.example/", "https://jobs.example/"),
        (
            "https://jobs.example/?q=a%20b&api%5Fkey=abc&Token=d&e=",
            "https://jobs.example/?q=a%20b&api%5Fkey=[removed]&Token=[removed]&e=",
        ),
        ("/next?sig=1&x", "/next?sig=[removed]&x"),
        ("https://jobs.example/u/anna@mail.example", "https://jobs.example/u/[removed]"),
        ("https://jobs.example/?to=anna%40mail.example", "https://jobs.example/?to=[removed]"),
        ("https://jobs.example/?to=a%2540b.example", "https://jobs.example/?to=[removed]"),
        ("https://[broken", "[removed]"),
    ],
)
def test_what_is_kept_of_an_address(url, kept):
    assert clean_url(url) == kept
    assert clean_url(kept) == kept


@pytest.mark.parametrize(
    "written", ["a%EF%BC%A0b.example", "a&#64;b.example", "a&#x40;b.example", "a@b%2Eexample"]
)
def test_encoded_addresses_go_from_headers(written):
    assert remove_emails(f"to {written} x") == "to [removed] x"


@pytest.mark.parametrize("part", ["a", "a@", "%25", "a@a.", "&amp;"])
def test_long_texts_are_searched_quickly(part):
    begun = time.process_time()
    remove_emails(part * (64 * 1024 // len(part)))
    assert time.process_time() - begun < 3


def test_a_collectors_own_hosts_are_one_site():
    hosts = Hosts(("board.example", "www.board.example", "*.board.example"), None)
    for host in ("board.example", "www.board.example", "de.board.example"):
        assert hosts.site_of(read_address(f"https://{host}/jobs")) == "board.example"
    assert hosts.site == "board.example"


@pytest.mark.parametrize(
    ("base_url", "site"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("https://mirror.example/board", "mirror.example"),
        ("https://board.example:443", "board.example"),
        ("https://www.board.example/", "board.example"),
    ],
)
def test_another_address_of_the_operators_is_a_site_of_its_own(base_url, site):
    hosts = Hosts(("board.example", "www.board.example"), base_url)
    assert hosts.site == hosts.site_of(read_address(base_url)) == site
