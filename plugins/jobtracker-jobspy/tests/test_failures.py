"""The table of failures: each row, and the texts that python-jobspy 1.4.1 really gives."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from jobspy.bdjobs import BDJobs as TheirBDJobs
from jobspy.google import Google as TheirGoogle
from jobspy.model import Scraper, ScraperInput
from jobspy.ziprecruiter import ZipRecruiter as TheirZipRecruiter

from jobtracker_core import (
    BadQuery,
    Blocked,
    ConfigError,
    LayoutChanged,
    RateLimited,
    Transient,
)
from jobtracker_core.testing.practice import Reply
from jobtracker_jobspy.failures import FAILURES, Failure, error_of, meaning_of, tidy

CURL = "Failed to perform, curl: "
POOL = "HTTPSConnectionPool(host='api.bdjobs.com', port=443): "
RETRIES = POOL + "Max retries exceeded with url: /Jobs (Caused by "

EXAMPLES = {
    "response status code 403 (blocked: use a proxy)": "blocked",
    "response status code 406 (recaptcha required): the address is rate limited": "blocked",
    "response status code 999": "blocked",
    "response status code 429 (blocked: use a proxy)": "limited",
    "a challenge in place of postings": "blocked",
    "a demand to be slower in place of postings": "limited",
    "response status code 401": "auth",
    "response status code 407": "proxy",
    "response status code 408": "http_4xx",
    "response status code 503": "http_5xx",
    "response status code 301": "parse",
    "response status code 404": "parse",
    "location 'Atlantis, '' not found' not found": "place",
    RETRIES + "ProxyError('Unable to connect to proxy', OSError('Tunnel failed: 407')))": "proxy",
    "Please check proxy URL. It is malformed and could be missing the host.": "proxy_url",
    "Proxy URL had unsupported scheme foo, should use http:// or https://": "proxy_url",
    CURL + "(7) Unsupported proxy scheme for 'foo://127.0.0.1:9'.": "proxy_url",
    CURL + "(5) Unsupported proxy syntax in 'http://': No host part in the URL.": "proxy_url",
    "Missing dependencies for SOCKS support.": "socks",
    "Could not find a suitable TLS CA certificate bundle, invalid path: /x.pem": "ca_cert",
    RETRIES + "NameResolutionError(\"Failed to resolve 'api.bdjobs.com'\"))": "dns",
    POOL + "Read timed out. (read timeout=15)": "timeout",
    RETRIES + "ConnectTimeoutError('Connection to api.bdjobs.com timed out.'))": "timeout",
    RETRIES + "SSLError(SSLCertVerificationError(1, 'certificate verify failed')))": "tls",
    RETRIES + "NewConnectionError('[Errno 111] Connection refused'))": "connect",
    "('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))": "network",
    "('Connection broken: IncompleteRead(3 bytes read, 9 more expected)', …)": "network",
    CURL + "(5) Could not resolve proxy: gate.example.": "proxy",
    CURL + "(56) CONNECT tunnel failed, response 407.": "proxy",
    CURL + "(6) Could not resolve host: www.bayt.com.": "dns",
    CURL + "(7) Failed to connect to 127.0.0.1 port 9 after 0 ms.": "connect",
    CURL + "(28) Operation timed out after 15001 milliseconds.": "timeout",
    CURL + "(77) error adding trust anchors from file: ca.pem.": "ca_cert",
    CURL + "(60) SSL certificate problem: unable to get local issuer certificate.": "tls",
    CURL + "(52) Empty reply from server.": "network",
    "Expecting value: line 1 column 1 (char 0)": "decode",
    "2 validation errors for JobSearch\ndata\n  Field required [type=missing]": "parse",
    "no jobKeysMap or jobCards or jobCount in the page": "parse",
    "API error: [{'message': 'Something went wrong'}]": "parse",
    "no job data returned": "parse",
    "list index out of range": "parse",
}


def first_row(text: str) -> Failure | None:
    return next((row for row in FAILURES if re.search(row.pattern, text)), None)


@pytest.mark.parametrize(("text", "meaning"), EXAMPLES.items())
def test_each_text_has_its_meaning(text: str, meaning: str) -> None:
    assert meaning_of(text) == meaning


def test_every_row_has_an_example() -> None:
    assert {first_row(text) for text in EXAMPLES} == {*FAILURES, None}


@pytest.mark.parametrize(
    ("text", "cls", "error_class"),
    [
        ("response status code 403 (blocked: use a proxy)", Blocked, "blocked"),
        ("response status code 429 (blocked: use a proxy)", RateLimited, "http_429"),
        ("response status code 401", LayoutChanged, "auth"),
        ("response status code 502", Transient, "http_5xx"),
        ("response status code 408", Transient, "http_4xx"),
        ("response status code 302", LayoutChanged, "parse"),
        ("location 'X' not found", BadQuery, "validation"),
        ("Missing dependencies for SOCKS support.", ConfigError, "config"),
        ("Proxy URL had unsupported scheme foo, should use http://", ConfigError, "config"),
        (CURL + "(77) error setting certificate file.", ConfigError, "config"),
        (CURL + "(28) Connection timed out.", Transient, "timeout"),
        (CURL + "(6) Could not resolve host: x.", Transient, "dns"),
        (CURL + "(60) SSL certificate problem.", Transient, "tls"),
        (CURL + "(97) proxy handshake.", Transient, "proxy"),
        (CURL + "(18) end of response.", Transient, "network"),
        ("Extra data: line 1 column 3 (char 2)", LayoutChanged, "decode"),
        ("'NoneType' object is not subscriptable", LayoutChanged, "parse"),
    ],
)
def test_errors_are_of_the_class_that_the_core_acts_on(
    text: str, cls: type[Exception], error_class: str
) -> None:
    error = error_of(text, source="bayt", proxied=False)
    assert type(error) is cls
    assert error.error_class == error_class


@pytest.mark.parametrize(("proxied", "error_class"), [(True, "proxy"), (False, "network")])
def test_who_cannot_be_reached_is_the_proxy_where_there_is_one(
    proxied: bool, error_class: str
) -> None:
    error = error_of(CURL + "(7) Failed to connect", source="bayt", proxied=proxied)
    assert error.error_class == error_class


def test_texts_are_told_without_the_answers_values() -> None:
    text = (
        "1 validation error for Job\nmail\n  Input should be a valid string "
        "[type=string_type, input_value={'mail': 'a@b.example'}, input_type=dict]\n"
        "    For further information visit https://errors.pydantic.dev/2/v/string_type"
    )
    assert tidy(text) == "1 validation error for Job mail Input should be a valid string"


def test_a_proxy_s_password_is_not_told() -> None:
    told = str(error_of("Failed to parse: http://me:secret@gate:x", source="x", proxied=True))
    assert told == "x: Failed to parse: http://gate:x"


# -- as they come from python-jobspy itself


def say(scraper: Scraper, **words: Any) -> str:
    assert scraper.scrape(ScraperInput.model_validate(words)) == []
    assert scraper.error is not None
    return scraper.error


@pytest.fixture(params=[TheirBDJobs, TheirZipRecruiter], ids=["requests", "curl"])
def aimed(request: Any) -> Callable[[str], Scraper]:
    def aim(url: str) -> Scraper:
        scraper: Any = request.param()
        scraper.base_url = scraper.search_url = url
        return cast("Scraper", scraper)

    return aim


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (403, "blocked"),
        (429, "limited"),
        (401, "auth"),
        (407, "proxy"),
        (425, "http_4xx"),
        (500, "http_5xx"),
        (404, "parse"),
    ],
)
def test_statuses(status: int, meaning: str, aimed: Any, serve: Any) -> None:
    site = serve(lambda _: Reply(status=status))
    assert meaning_of(say(aimed(site.base_url))) == meaning


def test_nobody_there(aimed: Any, closed_port: int) -> None:
    assert meaning_of(say(aimed(f"http://127.0.0.1:{closed_port}"))) == "connect"


def test_no_such_host(aimed: Any) -> None:
    assert meaning_of(say(aimed("http://jobs.practice.invalid"))) == "dns"


def test_no_encryption(aimed: Any, serve: Any) -> None:
    url = serve(lambda _: Reply()).base_url.replace("http:", "https:")
    assert meaning_of(say(aimed(url))) == "tls"


def test_a_stranger_s_certificate(aimed: Any, intercept: Any) -> None:
    proxy = intercept(lambda _: Reply())
    told = say(aimed("https://jobs.practice.invalid"), proxies=[proxy.url])
    assert meaning_of(told) == "tls"


def test_a_proxy_that_is_gone(aimed: Any, closed_port: int) -> None:
    proxy = f"http://127.0.0.1:{closed_port}"
    told = say(aimed("https://jobs.practice.invalid"), proxies=[proxy])
    assert error_of(told, source="x", proxied=True).error_class == "proxy"


def test_a_proxy_that_refuses(aimed: Any, serve: Any) -> None:
    proxy = serve(lambda _: Reply(status=407)).base_url  # it knows no CONNECT either
    told = say(aimed("https://jobs.practice.invalid"), proxies=[proxy])
    assert meaning_of(told) == "proxy"


def test_a_bad_bundle_of_certificates(aimed: Any, intercept: Any, tmp_path: Any) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("no certificates\n")
    proxy = intercept(lambda _: Reply()).url
    told = say(aimed("https://jobs.practice.invalid"), proxies=[proxy], ca_cert=bundle)
    assert meaning_of(told) == "ca_cert"


def test_another_kind_of_answer(aimed: Any, serve: Any) -> None:
    site = serve(lambda _: Reply.html("<h1>Welcome</h1>"))
    assert meaning_of(say(aimed(site.base_url))) in ("decode", "parse")


def test_google_s_own_wording(serve: Any) -> None:
    scraper = TheirGoogle()
    scraper.url = serve(lambda _: Reply.html("<h1>Welcome</h1>")).base_url
    assert say(scraper, search_term="x") == "no job data returned"
    scraper.url = serve(lambda _: Reply(status=429)).base_url
    assert meaning_of(say(scraper, search_term="x")) == "limited"
