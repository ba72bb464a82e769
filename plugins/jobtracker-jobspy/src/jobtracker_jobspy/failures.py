"""What python-jobspy says went wrong, as the class of error that it stands for.

Its scrapers never raise for a site's failure: `Scraper.fail()` keeps a text, mostly that of the
exception it swallowed. So the texts here are those of python-jobspy 1.4.1 (`check_status` in
`jobspy/util.py` and each scraper's `scrape()`), of requests and urllib3 (BDJobs, Google), of curl
(all others) and of pydantic.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from jobtracker_core import (
    BadQuery,
    Blocked,
    CollectError,
    ConfigError,
    LayoutChanged,
    RateLimited,
    Transient,
)

Meaning = Literal[
    "blocked",
    "limited",
    "auth",
    "proxy",
    "proxy_url",
    "connect",
    "dns",
    "tls",
    "ca_cert",
    "socks",
    "timeout",
    "network",
    "http_4xx",
    "http_5xx",
    "place",
    "decode",
    "parse",
]
"""`connect` is a peer that cannot be reached: the proxy, where there is one, else the site."""


class Failure(Struct, frozen=True, kw_only=True):
    """A row of the table. `pattern` is searched for anywhere in the text."""

    pattern: str
    meaning: Meaning


def _row(meaning: Meaning, pattern: str) -> Failure:
    return Failure(pattern=pattern, meaning=meaning)


_CURL = r"Failed to perform, curl: "

FAILURES = (
    # jobspy/util.py check_status(); jobspy/naukri scrape() and jobspy/google for their own wording
    _row("blocked", r"^response status code (?:403|406|451|999)\b"),
    _row("limited", r"^response status code 429\b"),
    # evidence.py, of an answer with status 200
    _row("blocked", r"^a challenge in place of postings$"),
    _row("limited", r"^a demand to be slower in place of postings$"),
    _row("auth", r"^response status code 401\b"),
    _row("proxy", r"^response status code 407\b"),
    _row("http_4xx", r"^response status code (?:408|425)\b"),
    _row("http_5xx", r"^response status code 5\d\d\b"),
    _row("parse", r"^response status code \d+\b"),
    # jobspy/glassdoor _search_variables()
    _row("place", r"^location '.*' not found$"),
    # requests and urllib3, through RequestsRotating
    _row("proxy", r"ProxyError|Unable to connect to proxy|Tunnel connection failed"),
    _row("proxy_url", r"Please check proxy URL|Proxy URL had unsupported scheme"),
    _row("socks", r"Missing dependencies for SOCKS support"),
    _row("ca_cert", r"Could not find a suitable TLS CA certificate|NO_CERTIFICATE_OR_CRL_FOUND"),
    _row("dns", r"NameResolutionError|Failed to resolve|getaddrinfo failed"),
    _row("timeout", r"ConnectTimeoutError|Read timed out|[Cc]onnect(?:ion)? timed? ?out"),
    _row("tls", r"SSLError|SSLCertVerificationError|CERTIFICATE_VERIFY_FAILED"),
    _row("connect", r"NewConnectionError|Failed to establish a new connection"),
    _row("network", r"Connection aborted|ConnectionResetError|RemoteDisconnected"),
    _row("network", r"Connection broken|IncompleteRead|ended prematurely"),
    # curl, through TLSRotating
    _row("proxy_url", _CURL + r"\(\d+\) Unsupported proxy (?:scheme|syntax)"),
    _row("proxy", _CURL + r"\((?:5|97)\)"),
    _row("proxy", _CURL + r".*(?:CONNECT tunnel failed|Proxy CONNECT aborted)"),
    _row("dns", _CURL + r"\(6\)"),
    _row("connect", _CURL + r"\(7\)"),
    _row("timeout", _CURL + r"\(28\)"),
    _row("ca_cert", _CURL + r"\(77\)"),
    _row("tls", _CURL + r"\((?:35|51|53|54|58|59|60|66|80|83|90|91)\)"),
    _row("network", _CURL + r"\(\d+\)"),
    # answers that could not be read: json and orjson, pydantic, jobspy/ziprecruiter page_values(),
    # scrape() of jobspy/glassdoor, _get_initial_cursor_and_jobs() of jobspy/google
    _row("decode", r"line \d+ column \d+ \(char \d+\)"),
    _row("parse", r"^\d+ validation errors? for \w+"),
    _row("parse", r"^no [\w ]+ in the page$"),
    _row("parse", r"^API error: "),
    _row("parse", r"^no job data returned$"),
)
"""The first row that fits holds. What none fits is an exception of the reading code."""

_TIDY = re.compile(
    r"\s*\[type=[^\]]*\]"  # pydantic quotes the answer's values
    r"|\s*For further information visit \S+|\s*See https://curl\S+.*"
    r"|(?<=//)[^/@\s]+@"  # a proxy's name and password
)
_LONGEST = 300


def meaning_of(text: str) -> Meaning:
    """Return what a text stands for.

    Of what the network and the site's status can say, the table knows all; an unknown text is that
    of an exception while an answer was read, so the answer has changed.
    """
    return next((row.meaning for row in FAILURES if re.search(row.pattern, text)), "parse")


def error_of(text: str, *, source: str, proxied: bool) -> CollectError:  # noqa: PLR0911  (a line each)
    """Return the error to raise.

    Args:
        text: `Scraper.error`.
        source: Whom it is from, for the message.
        proxied: The request went through a proxy: then the peer that cannot be reached is that.
    """
    said = f"{source}: {tidy(text)}"
    meaning = meaning_of(text)
    match meaning:
        case "blocked":
            return Blocked(said)
        case "limited":
            return RateLimited(said)
        case "place":
            return BadQuery("location", f"{tidy(text)}; write it as the site does, or a larger one")
        case "ca_cert":
            return ConfigError("ca_cert", f"is no bundle of certificates ({tidy(text)})")
        case "proxy_url":
            return ConfigError("proxy_pool", f"python-jobspy cannot use this proxy ({tidy(text)})")
        case "socks":
            return ConfigError("proxy_pool", "for SOCKS proxies python-jobspy needs PySocks here")
        case "connect":
            return Transient(said, error_class="proxy" if proxied else "network")
        case "auth":
            return LayoutChanged(source, f"closed to guests: {tidy(text)}", error_class="auth")
        case "parse" | "decode":
            return LayoutChanged(source, tidy(text), error_class=meaning)
        case _:
            return Transient(said, error_class=meaning)


def tidy(text: str) -> str:
    """Return a text on one line, without values of the answer and without a proxy's password."""
    return " ".join(_TIDY.sub("", text).split())[:_LONGEST]
