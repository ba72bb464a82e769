"""The one way for requests whose address a user chose: nothing inside is reached by them.

A name is resolved here, every address that it has is judged, and the connection goes to exactly
those: a name that means another address a moment later leads nowhere else. Each redirect is looked
at in the same way.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

from msgspec import Struct, structs

from jobtracker_core.contract.errors import Transient
from jobtracker_core.http import ranges
from jobtracker_core.http.address import Address, read_address
from jobtracker_core.http.exchange import Answer, BadAddress, Request, Transport
from jobtracker_core.http.ranges import USUAL_PORTS, Allowed, judge

MOST_REDIRECTS: Final = 3

_MOVED: Final = frozenset({301, 302, 303})
_MOVED_AS_IT_IS: Final = frozenset({307, 308})
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")
_PROXY_PORTS: Final = {"http": 80, "https": 443}
_SOCKS_PORT: Final = 1080

Resolve = Callable[[str, int], Sequence[str]]
"""Returns all addresses of a name; raises OSError. It may wait as long as the system's does."""


class Refused(BadAddress):
    """An address that is not asked. `hint` says what an operator can do about it."""

    hint = "Take another address."


class PrivateAddress(Refused):
    """It leads into a network that strangers do not see."""

    hint = "If it is meant, an operator allows its host in the setting allow_private_addresses."


class Target(Struct, frozen=True, kw_only=True):
    """An address that may be asked, and the machines that it may be asked of."""

    address: Address
    machines: tuple[str, ...]

    @property
    def pin(self) -> str:
        """The same for the transport: nothing is resolved again."""
        return _pin(self.address.host, self.address.port, self.machines)


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for all addresses of a name; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


class Guard:
    """Looks at addresses, and sends requests to those that pass. Safe to share between threads.

    Args:
        allowed: The private places that may be reached all the same.
        resolver: Finds the addresses of names.
    """

    def __init__(self, allowed: Allowed | None = None, *, resolver: Resolve = resolve) -> None:
        self._allowed = allowed or Allowed()
        self._resolve = resolver

    def check(self, url: str) -> Target:
        """Return where a request to an address would go; raises Refused and BadAddress."""
        if "\\" in url or not url.isprintable() or " " in url:
            raise Refused("a backslash, a space or a control character is no part of an address")
        address = read_address(url)
        if _ENDS_IN_A_NUMBER.fullmatch(address.host) and not _is_ip(address.host):
            raise Refused(f"{address.host}: an IPv4 address is written as four decimal numbers")
        machines = self._machines(address.host, address.port)
        for machine in machines:
            self._judge(address, machine)
        return Target(address=address, machines=machines)

    def fetch(
        self,
        request: Request,
        *,
        timeout: float,
        proxy: str | None = None,
        redirects: int = MOST_REDIRECTS,
    ) -> Answer:
        """Send a request and follow redirects, each only if its address passes; no cookies.

        Args:
            request: On the way to another host it loses all its headers, and where HTTP says so
                its body.
            timeout: Seconds for all of it; resolving a name may take longer.
            proxy: A proxy to go through, which resolves names itself: they are judged by what they
                mean here, and the proxy's own address is judged as well.
            redirects: How many are followed; of 0, one is an answer like any other.

        Raises:
            Refused: The address, or one that it led to, is not asked.
            Transient: No complete answer came.
            TooLarge: The answer did not end.
        """
        deadline = time.monotonic() + timeout
        for left in range(redirects, -1, -1):
            target = self.check(request.url)
            answer = self._send(request, deadline - time.monotonic(), target.pin, proxy)
            further = _redirect(request, answer) if redirects else None
            if further is None:
                return answer
            if left:
                request = further
        raise Refused(f"more than {redirects} redirects")

    def fetch_site(self, request: Request, *, timeout: float, proxy: str) -> Answer:
        """Send a request for an address that no user chose; only the proxy's is judged.

        Raises Refused, Transient and TooLarge.
        """
        return self._send(request, timeout, "", proxy)

    def _send(self, request: Request, timeout: float, pin: str, proxy: str | None) -> Answer:
        pins = [pin, "" if proxy is None else self._proxy_pin(proxy)]
        if timeout <= 0:
            raise Transient("no time was left for another request", error_class="timeout")
        # Servers and workers judge addresses, and hardly ever ask one: 8 MB of theirs.
        from jobtracker_core.http.transport import CurlTransport  # noqa: PLC0415

        transport: Transport = CurlTransport(proxy=proxy, pins=tuple(filter(None, pins)))
        with contextlib.closing(transport):
            return transport.send(request, timeout=timeout)

    def _proxy_pin(self, proxy: str) -> str:
        """Return the pin of a proxy; it may be in a private network, as they often are."""
        parts = urlsplit(proxy)
        host = parts.hostname or ""
        port = parts.port or _PROXY_PORTS.get(parts.scheme, _SOCKS_PORT)
        machines = self._machines(host, port)
        for machine in machines:
            if (said := judge(_ip(machine))).kind == "never":
                raise Refused(f"the proxy's address {machine} is {said.what}")
        return _pin(host, port, machines)

    def _machines(self, host: str, port: int) -> tuple[str, ...]:
        if _is_ip(host):
            return (host,)
        try:
            found = tuple(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise Refused(f"{host}: its address was not found") from error
        if not found:
            raise Refused(f"{host}: it has no address")
        return found

    def _judge(self, address: Address, machine: str) -> None:
        ip = _ip(machine)
        said = judge(ip)
        shown = address.host if address.host == machine else f"{address.host} ({machine})"
        if said.kind == "private":
            if not self._allowed.opens(address.host, ip, address.port):
                raise PrivateAddress(f"{shown}, port {address.port}: it is {said.what}")
        elif said.kind == "never":
            raise Refused(f"{shown}: it is {said.what}")
        elif address.port not in USUAL_PORTS:
            usual = ", ".join(map(str, sorted(USUAL_PORTS)))
            raise Refused(f"{shown}: port {address.port} is none of {usual}")


def _redirect(request: Request, answer: Answer) -> Request | None:
    """Return the request that an answer leads to, if it does."""
    location = answer.header("location")
    if location is None or answer.status not in _MOVED | _MOVED_AS_IT_IS:
        return None
    url = urljoin(request.url, location)
    before, after = urlsplit(request.url), urlsplit(url)
    if (before.scheme, after.scheme) == ("https", "http"):
        raise Refused(f"{before.hostname} leads from https to http")
    further = structs.replace(request, url=url)
    if (before.scheme, before.netloc) != (after.scheme, after.netloc):
        further = structs.replace(further, headers=())
    if answer.status in _MOVED:
        further = structs.replace(further, method="GET", body=None)
    return further


def _pin(host: str, port: int, machines: Sequence[str]) -> str:
    if _is_ip(host):
        return ""
    told = ",".join(f"[{machine}]" if ":" in machine else machine for machine in machines)
    return f"{host}:{port}:{told}"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _ip(machine: str) -> ranges.Address:
    try:
        return ipaddress.ip_address(machine.partition("%")[0])
    except ValueError:
        raise Refused(f"{machine!r} is no address of a machine") from None
