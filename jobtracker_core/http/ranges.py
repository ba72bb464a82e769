"""Which addresses a request that a user aims may reach.

By a table of our own: Python's differs from version to version.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, Literal

from msgspec import Struct

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

USUAL_PORTS: Final = frozenset({80, 443, 8080, 8443})
"""Ports that may be asked at; others only where they are allowed together with their host."""

Kind = Literal["public", "private", "never"]

_PRIVATE: Final[dict[str, str]] = {
    "10.0.0.0/8": "a private network",
    "172.16.0.0/12": "a private network",
    "192.168.0.0/16": "a private network",
    "127.0.0.0/8": "this machine",
    "100.64.0.0/10": "a carrier's network",
    "::1/128": "this machine",
    "fc00::/7": "a private network",
}
_NEVER: Final[dict[str, str]] = {
    "169.254.0.0/16": "link-local, where clouds answer with credentials",
    "168.63.129.16/32": "a cloud's metadata",
    "100.100.100.200/32": "a cloud's metadata",
    "0.0.0.0/8": "no host's",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "for documentation",
    "192.88.99.0/24": "reserved",
    "198.18.0.0/15": "for benchmarks",
    "198.51.100.0/24": "for documentation",
    "203.0.113.0/24": "for documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "fd00:ec2::/32": "a cloud's metadata",
    "fd20:ce::/32": "a cloud's metadata",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
    "2001::/23": "reserved for protocols, or a tunnel",
    "2001:db8::/32": "for documentation",
    "3fff::/20": "for documentation",
}
_KINDS: Final[tuple[tuple[Kind, dict[str, str]], ...]] = (
    ("private", _PRIVATE),
    ("never", _NEVER),
)
# Longest first: what is named one by one goes before what it lies in.
_TABLE: Final = sorted(
    (
        (ipaddress.ip_network(network), kind, what)
        for kind, table in _KINDS
        for network, what in table.items()
    ),
    key=lambda row: -row[0].prefixlen,
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})

_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]@?#\\]+)(?::(?P<port>\d{1,5}))?")
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_HIGHEST_PORT = 65_535


class Verdict(Struct, frozen=True):
    """What an address is.

    Attributes:
        kind: `public` may be reached, `private` where the operator allows it, `never` never.
        what: In words, for errors.
    """

    kind: Kind
    what: str = ""


def judge(address: Address) -> Verdict:
    """Say what an address is; addresses within others are looked at as well."""
    if isinstance(address, IPv6Address):
        if address in _MAPPED:
            return judge(IPv4Address(int(address) & 0xFFFF_FFFF))
        inner = _within(address)
        if inner is not None and (said := judge(inner)).kind != "public":
            # Nobody names a machine of their own network in this way.
            return Verdict("never", f"{said.what} ({inner}) in disguise")
    for network, kind, what in _TABLE:
        if address.version == network.version and address in network:
            return Verdict(kind, what)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6 and address not in _NAT64:
        return Verdict("never", "reserved")
    return Verdict("public")


def _within(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a gateway or tunnel would send to."""
    number = int(address)
    if address in _NAT64 or (number >> 32) & 0xFFFF_FFFF in _ISATAP:
        return IPv4Address(number & 0xFFFF_FFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address((number >> 80) & 0xFFFF_FFFF)
    return None


class Allowed:
    """The private places that an operator opened.

    Args:
        places: Hosts, addresses and networks, each with `:PORT` for a port that is not among the
            usual ones; an IPv6 address with a port stands in brackets. Raises ValueError.
    """

    def __init__(self, places: Collection[str] = ()) -> None:
        self._networks: list[tuple[Network, int | None]] = []
        self._hosts: list[tuple[str, int | None]] = []
        for place in places:
            host, port = _split(place)
            network = _network(host)
            if network is not None:
                self._networks.append((network, port))
            elif _NAME.fullmatch(host):
                self._hosts.append((host, port))
            else:
                raise ValueError(place)

    def opens(self, host: str, address: Address, port: int) -> bool:
        """Say whether a private address may be reached at a port, by the name it was asked by."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        at = [
            at
            for network, at in self._networks
            if network.version == address.version and address in network
        ]
        at += [at for name, at in self._hosts if name == host]
        return any(port == own or (own is None and port in USUAL_PORTS) for own in at)


def _split(place: str) -> tuple[str, int | None]:
    place = place.strip().lower()
    try:
        ipaddress.ip_network(place, strict=False)
    except ValueError:
        match = _PLACE.fullmatch(place)
        if match is None:
            raise ValueError(place) from None
        port = None if match["port"] is None else int(match["port"])
        if port is not None and not 0 < port <= _HIGHEST_PORT:
            raise ValueError(place) from None
        return match["host"].strip("[]"), port
    return place, None


def _network(host: str) -> Network | None:
    try:
        return ipaddress.ip_network(host, strict=False)
    except ValueError:
        return None
