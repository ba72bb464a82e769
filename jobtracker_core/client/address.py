"""A server's address, as a person gives it."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from msgspec import Struct

from jobtracker_core.client.errors import BadServer, PlainHttp

_PORTS = {"http": 80, "https": 443}
_LONGEST = 2_000
_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_HOST = re.compile(r"[A-Za-z0-9._-]+")


class Server(Struct, frozen=True, kw_only=True):
    """Where a server answers.

    Attributes:
        host: In lower case; an IPv6 address without its brackets.
        prefix: What stands before `/api/v1` in paths, without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def url(self) -> str:
        """The address in one spelling, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.prefix}"

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, so that nobody between can listen."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_server(text: str, *, plain_http: bool = False) -> Server:
    """Read a server's address, `http(s)://HOST[:PORT][/PREFIX]`.

    Args:
        text: The address.
        plain_http: The token may be sent over plain HTTP to another machine.

    Raises:
        BadServer: It is none. What may be a password is not quoted.
        PlainHttp: Others could read the token on its way.
    """
    text = text.strip()
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > _LONGEST:
        raise BadServer("it holds characters that no address has")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadServer("its host or its port is none") from None
    if parts.scheme not in _PORTS or not host:
        raise BadServer("it takes http:// or https://, and a host")
    if "@" in parts.netloc:
        raise BadServer("there is a user in it; the server knows you by your token")
    if "?" in text or "#" in text:
        raise BadServer("it ends before `?` and `#`")
    if not (_HOST.fullmatch(host) or _is_ipv6(host)) or not _PATH.fullmatch(parts.path):
        raise BadServer("it holds characters that no address has")
    prefix = parts.path.rstrip("/").removesuffix("/api/v1")
    if any(part in {".", ".."} for part in prefix.split("/")):
        raise BadServer("its path leads up or nowhere")
    server = Server(
        scheme=parts.scheme,
        host=host,
        port=_PORTS[parts.scheme] if port is None else port,
        prefix=prefix,
    )
    if server.scheme == "http" and not server.is_here and not plain_http:
        raise PlainHttp(server.url)
    return server


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
