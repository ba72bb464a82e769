"""Which Host headers are ours: a name that anybody can point here must not reach the data."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable

_HOST = re.compile(rb"(\[[0-9a-fA-F:.]+\]|[^:\[\]/@\s]+)(:[0-9]{1,5})?")


def _name(entry: str) -> str:
    """Return a host's name without its port, which does not count; raises ValueError."""
    match = re.fullmatch(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(:[0-9]{1,5})?", entry.lower())
    if match is None:
        raise ValueError(f"{entry!r} is no host name, address or network")
    return match[1]


class Hosts:
    """The hosts that a server answers to: this machine's own names and addresses, and more.

    Args:
        allowed: More names, addresses and networks; "*" is every host. ValueError for others.
    """

    def __init__(self, allowed: Collection[str]) -> None:
        self._any = "*" in allowed
        self._names = {"localhost"}
        self._networks = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
        for entry in set(allowed) - {"*"}:
            try:
                network = ipaddress.ip_network(entry.strip("[]"), strict=False)
            except ValueError:
                self._names.add(_name(entry))
            else:
                self._networks.append(network)

    def refuse(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Say whether a request with these headers was meant for somebody else."""
        given = [value for name, value in headers if name.lower() == b"host"]
        match = _HOST.fullmatch(given[0]) if len(given) == 1 else None
        if match is None:
            return True
        if self._any:
            return False
        host = match[1].decode("latin-1").lower()
        try:
            address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return host not in self._names
        return not any(address in network for network in self._networks)
