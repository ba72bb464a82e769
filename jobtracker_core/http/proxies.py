"""The way that a run's requests take: straight to the site, or through one proxy after another."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from jobtracker_core.contract.errors import ErrorClass, Transient
from jobtracker_core.contract.host import Proxy, RunHost
from jobtracker_core.http.exchange import Answer, Request, Transport

PROXY_SCHEMES: Final = ("http", "https", "socks5", "socks5h", "socks4", "socks4a")
"""With a final `h` or `a` the proxy resolves the site's name."""

Through = Callable[[Proxy], Transport]
"""Opens a transport, with no cookies yet, whose requests all go through a proxy."""

_FAILED_ON_THE_WAY: frozenset[ErrorClass] = frozenset({"proxy", "tls", "timeout", "network"})
"""Causes for which a request is tried through the next proxy: no whole answer of the site came."""

_SHORT = 3
"""Characters of a password that says nothing by itself."""

_FORM = "write SCHEME://[USER:PASSWORD@]HOST:PORT"
_HINT = f"{_FORM[0].upper()}{_FORM[1:]}, other marks in USER and PASSWORD as %XX."


class BadProxy(ValueError):  # noqa: N818  (what is wrong is the address)
    """A proxy that cannot be kept. The message names the field and never holds credentials.

    Attributes:
        hint: One sentence: what the user does next.
    """

    def __init__(self, message: str, hint: str = _HINT) -> None:
        super().__init__(message)
        self.hint = hint


def check_proxy(url: str) -> str:
    """Return a proxy's address, cleaned of spaces around it; raises BadProxy."""
    url = url.strip()
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in PROXY_SCHEMES:
        said = f"{scheme!r} is none" if separator else "it has no scheme"
        raise BadProxy(f"url: a proxy's scheme is one of {', '.join(PROXY_SCHEMES)}; {said}")
    login, _, place = rest.rpartition("@")
    if not place.isascii():
        raise BadProxy(f"url: a host's name is written in plain letters (xn--…); {_FORM}")
    if set(login) & set("@/?#\\") or not url.isascii() or not url.isprintable() or " " in url:
        raise BadProxy(f"url: the user or the password holds marks that must be quoted; {_FORM}")
    try:
        parts = urlsplit(f"{scheme.lower()}://{place}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadProxy(f"url: host and port cannot be read; {_FORM}") from None
    if re.search(r"%(?![0-9a-fA-F]{2})", login):
        raise BadProxy(f"url: a % in the user or the password is no %XX; {_FORM}")
    if not host or not port or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise BadProxy(f"url: it takes a host and a port, and nothing behind them; {_FORM}")
    return f"{scheme.lower()}://{rest.rstrip('/')}"


def secrets_of(url: str) -> tuple[str, ...]:
    """Return the parts of a proxy's address that must not be shown, the longest first.

    A password that is part of any other word is hidden only together with its user: blanking it
    everywhere would show it.
    """
    login = urlsplit(url).netloc.rpartition("@")[0]
    password = login.partition(":")[2]
    return tuple(part for part in (login, password if len(password) > _SHORT else "") if part)


class Route:
    """Sends a run's requests. For one thread.

    A run stays with one proxy as long as that works; another one is a new visitor, without cookies.
    Where the host names a proxy, nothing ever goes out around it.

    Args:
        host: Names the proxies.
        direct: For a run without proxies; whoever made it closes it.
        through: Opens a transport through a proxy; the route closes what it opened.
    """

    def __init__(self, host: RunHost, direct: Transport, through: Through | None) -> None:
        self._host = host
        self._direct = direct
        self._through = through
        self._proxy: Proxy | None = None
        self._opened: Transport | None = None
        self._asked = False

    @property
    def proxy(self) -> Proxy | None:
        """The proxy that the run goes through now."""
        return self._proxy

    def take(self) -> Proxy | None:
        """Return the run's proxy, None if it needs none; raises `Transient` if none is left."""
        if not self._asked:
            self._proxy = self._host.proxy()
            self._asked = True
        return self._proxy

    def send(self, request: Request, *, timeout: float) -> Answer:
        """Send a request as `Transport.send` does."""
        return self._transport().send(request, timeout=timeout)

    def is_at_fault(self, error: Transient) -> bool:
        """Say whether a failure may be the proxy's, so that another one is worth trying."""
        return self._proxy is not None and error.error_class in _FAILED_ON_THE_WAY

    def leave(self, cause: ErrorClass) -> None:
        """Go on through another proxy; raises `Transient` if none is left."""
        left = self._proxy
        if left is None:
            return
        self.close()
        self._proxy, self._asked = None, False
        found = self._host.proxy(failed=left.id, cause=cause)
        if found is not None and found.id == left.id:
            raise Transient(f"no proxy but {left.label}, which failed", error_class="proxy")
        self._proxy, self._asked = found, True

    def close(self) -> None:
        """Close the connections to the proxy. May be called twice."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _transport(self) -> Transport:
        proxy = self.take()
        if proxy is None:
            return self._direct
        if self._opened is None:
            if self._through is None:
                raise RuntimeError("the run has a proxy, and nobody said how to go through one")
            self._opened = self._through(proxy)
        return self._opened
