"""What a proxy in front says of a request: believed of those that the operator named, only."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from litestar.types import HTTPScope

_FOR = b"x-forwarded-for"
_PROTO = b"x-forwarded-proto"


class Forwarded:
    """Finds out where a request came from, and how.

    Args:
        trusted: Addresses and networks of proxies. ValueError for what is neither.
    """

    def __init__(self, trusted: Collection[str]) -> None:
        self._trusted = [ipaddress.ip_network(entry, strict=False) for entry in trusted]

    def apply(self, scope: HTTPScope) -> None:
        """Put the client's address and the scheme into the scope, if a trusted proxy tells them."""
        client = scope["client"]
        if not self._trusted or client is None or not self._is_trusted(client[0]):
            return
        told = _lines(scope, _FOR)
        # Each proxy adds whom it was asked by: from the right, the first stranger is the client.
        # What stands before it may be anybody's invention.
        for address in reversed(told):
            if not _is_address(address):
                break
            scope["client"] = (address, 0)
            if not self._is_trusted(address):
                break
        schemes = _lines(scope, _PROTO)
        if schemes and schemes[-1] in {"http", "https"}:
            scope["scheme"] = schemes[-1]

    def _is_trusted(self, text: str) -> bool:
        if not _is_address(text):
            return False
        address = ipaddress.ip_address(text)
        return any(address in network for network in self._trusted)


def _lines(scope: HTTPScope, name: bytes) -> list[str]:
    given = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
    return [part.strip().lower() for part in ",".join(given).split(",") if part.strip()]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
