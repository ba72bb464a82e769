"""Addresses: which may be asked, and what of them may be kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote, unquote_plus, urlencode, urlsplit, urlunsplit

from msgspec import Struct

from jobtracker_core.http.exchange import BadAddress

REMOVED: Final = "[removed]"
"""Stands in a capture where a secret stood."""

# What may stand in an address unquoted; "%" because quoted parts are left as they are.
_UNQUOTED = "%:/?#[]@!$&'()*+,;=~|"
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*")
_DEFAULT_PORT = {"http": 80, "https": 443}

_SECRET_PART = re.compile(
    r"token|secret|passw|passphrase|session|signature|credential|cookie|csrf|xsrf|jwt|oauth"
    r"|apikey|accesskey|privatekey|appkey|clientkey|subscriptionkey|authorization"
)
_SECRET_WHOLE = frozenset({"auth", "key", "pass", "pwd", "sig", "sid", "otp", "code", "nonce"})
# Bounded: a search from each character of a long word to its end would cost its square.
_EMAIL = re.compile(
    r"[\w.%+-]{1,64}(?:[@＠]|%(?:25){0,9}(?:40|EF%(?:25){0,9}BC%(?:25){0,9}A0)|"
    r"&(?:amp;){0,9}(?:#0{0,9}64|#x0{0,9}40|commat);)[\w-]{1,63}(?:(?:\.|%(?:25){0,9}2E)[\w-]{1,63})+",
    re.IGNORECASE,
)


class ForbiddenHost(BadAddress):
    """A collector asked for an address outside the hosts it named: a bug in the plugin."""


class Address(Struct, frozen=True, kw_only=True):
    """A checked http(s) address. `url` is quoted and has no fragment; `host` is in lower case."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def site(self) -> str:
        """`host[:port]`, the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"


class Hosts:
    """Where a collector may go.

    Args:
        patterns: Hosts, exact or `*.example.org` (which is every subdomain, not `example.org`
            itself), on their scheme's own port; or `host:port` for another one.
        base_url: The operator's address of the site; exactly its host and port are added.
    """

    def __init__(self, patterns: Collection[str], base_url: str | None) -> None:
        self._patterns = tuple(pattern.lower() for pattern in patterns)
        self._base_address = None if base_url is None else read_address(base_url)

    def allow(self, address: Address) -> bool:
        """Say whether an address may be asked."""
        return self.is_base(address) or self._is_own(address)

    def site_of(self, address: Address) -> str:
        """Return what a rate limit counts: all the collector's own hosts are one site."""
        if self._is_own(address):
            return self._patterns[0].removeprefix("*.")
        return address.site

    @property
    def site(self) -> str:
        """The site that a run talks to: the operator's own address, if one is given."""
        if self._base_address is not None and not self._is_own(self._base_address):
            return self._base_address.site
        return self._patterns[0].removeprefix("*.")

    @property
    def rate_key(self) -> str:
        """The rate limit of that site."""
        return f"site:{self.site}"

    @property
    def rate_keys(self) -> frozenset[str]:
        """All the rate limits that requests to these hosts can count under."""
        return frozenset({self.rate_key, f"site:{self._patterns[0].removeprefix('*.')}"})

    def rate_key_of(self, address: Address) -> str:
        """Return the rate limit that requests to an address count under."""
        return f"site:{self.site_of(address)}"

    def _is_own(self, address: Address) -> bool:
        return any(
            address.site.endswith(pattern[1:])
            if pattern.startswith("*.")
            else address.site == pattern
            for pattern in self._patterns
        )

    def is_base(self, address: Address) -> bool:
        """Say whether an address is at the operator's own host and port."""
        base = self._base_address
        return base is not None and (address.host, address.port) == (base.host, base.port)

    def __str__(self) -> str:
        return ", ".join(self._patterns) or "none"


def read_address(url: str, params: Mapping[str, str] | None = None) -> Address:
    """Check an address, quote what browsers quote, and add `params` behind its own query.

    Raises `BadAddress` for other schemes than http(s), for user names in it, and for hosts that
    two parsers could read in two ways.
    """
    try:
        parts = urlsplit(quote(url, safe=_UNQUOTED))
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadAddress(f"not an address: {error}") from error
    if parts.scheme not in _DEFAULT_PORT:
        raise BadAddress(f"only http and https are spoken, not {parts.scheme or 'a path alone'}")
    if "@" in parts.netloc:
        raise BadAddress(f"an address with a user name in it, at {host}")
    if not _HOST.fullmatch(host):
        raise BadAddress(f"not a host's name: {host!r} (write international names as xn--…)")
    added = urlencode(params or {}, quote_via=quote)
    query = "&".join(part for part in (parts.query, added) if part)
    path = parts.path or "/"
    return Address(
        url=urlunsplit((parts.scheme, parts.netloc.lower(), path, query, "")),
        scheme=parts.scheme,
        host=host,
        port=_DEFAULT_PORT[parts.scheme] if port is None else port,
        path=path,
    )


def is_secret(name: str) -> bool:
    """Say whether a parameter or header of that name holds what must not be kept."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return plain in _SECRET_WHOLE or _SECRET_PART.search(plain) is not None


def clean_url(url: str) -> str:
    """Return an address without fragment, user name, secret parameters and e-mail addresses.

    Works on relative addresses too, and changes nothing in what it has cleaned before.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return REMOVED
    query = "&".join(_clean_parameter(part) for part in parts.query.split("&"))
    _, _, netloc = parts.netloc.rpartition("@")
    return remove_emails(urlunsplit((parts.scheme, netloc, parts.path, query, "")))


def remove_emails(text: str) -> str:
    """Return a text without e-mail addresses, quoted ones included."""
    return _EMAIL.sub(REMOVED, text)


def _clean_parameter(part: str) -> str:
    name, equals, value = part.partition("=")
    return f"{name}={REMOVED}" if equals and value and is_secret(unquote_plus(name)) else part
