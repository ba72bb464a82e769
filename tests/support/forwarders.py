"""Real proxies on loopback: HTTP and SOCKS5, with and without a login, that die on request."""

from __future__ import annotations

import base64
import socket
import ssl
import struct
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

Death = Literal["refuses", "silent", "wants_login", "cuts", "resets", "advertises"]

Tls = Literal["untrusted", "none"]
"""What a proxy has to offer at an `https` address: a certificate that nobody knows, or no TLS."""

MARK = "x-passed"
"""The header that an HTTP forwarder adds; a request without it came around it."""


class Forwarder:
    """A proxy on a port of its own. `death` is what it does after `lives` requests.

    Attributes:
        passed: Requests that it was asked to pass on.
    """

    def __init__(
        self,
        *,
        name: str = "one",
        death: Death | None = None,
        lives: int = 0,
        login: str | None = None,
        socks: bool = False,
        tls: Tls | None = None,
    ) -> None:
        self.name = name
        self.death = death
        self.lives = lives
        self.login = login
        self.socks = socks
        self.tls = tls
        self.passed = 0
        self._ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        """Its address, with the login if it wants one."""
        scheme = "socks5h" if self.socks else "https" if self.tls else "http"
        login = f"{self.login}@" if self.login else ""
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        if self.death == "refuses" and self.lives == 0:
            self._stop_listening()
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended.set()
        self._stop_listening()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _stop_listening(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            if self.socks:
                self._socks(connection)
            elif self.tls == "untrusted":
                with _untrusted().wrap_socket(connection, server_side=True) as secured:
                    self._http(secured)
            elif self.tls == "none":
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            else:
                self._http(connection)
        self._open.discard(connection)

    def _dies(self) -> Death | None:
        self.passed += 1
        return self.death if self.passed > self.lives else None

    # -- HTTP: absolute addresses only, one request a connection

    def _http(self, connection: socket.socket) -> None:
        head, body = _read_head(connection)
        if not head:
            return
        lines = head.decode("latin-1").split("\r\n")
        if self.login is not None:
            wanted = "basic " + base64.b64encode(self.login.encode()).decode()
            given = [v for k, v in _headers(lines) if k == "proxy-authorization"]
            if [value.lower() for value in given] != [wanted.lower()]:
                connection.sendall(_WANTS_LOGIN)
                return
        death = self._dies()
        if death == "wants_login":
            connection.sendall(_WANTS_LOGIN)
        elif death == "silent":
            self._ended.wait()
        elif death == "refuses":
            self._refuse(connection)
        elif death == "resets":
            _reset(connection)
        elif death == "advertises":
            connection.sendall(_ADVERTISEMENT)
        else:
            lengths = [int(v) for k, v in _headers(lines) if k == "content-length"]
            body += _exactly(connection, sum(lengths) - len(body))
            self._pass_on(connection, lines, body, cut=death == "cuts")

    def _refuse(self, connection: socket.socket) -> None:
        """Listen no more; this connection is answered with a reset."""
        self._stop_listening()
        _reset(connection)

    def _pass_on(
        self, connection: socket.socket, lines: list[str], body: bytes, *, cut: bool
    ) -> None:
        method, url, _ = lines[0].split(" ")
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        kept = [f"{k}: {v}" for k, v in _headers(lines) if k not in _HOP]
        kept += [f"{MARK}: {self.name}", "connection: close"]
        request = "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "", ""])
        with _connect(parts.hostname or "", parts.port or 80) as site:
            site.sendall(request.encode("latin-1") + body)
            answer = b"".join(iter(lambda: site.recv(65536), b""))
        if cut:
            head, _, whole = answer.partition(b"\r\n\r\n")
            answer = head + b"\r\n\r\n" + whole[: len(whole) // 2]
        connection.sendall(answer)

    # -- SOCKS5 (RFC 1928 and 1929), names resolved here

    def _socks(self, connection: socket.socket) -> None:
        _, count = _exactly(connection, 2)
        methods = _exactly(connection, count)
        method = 2 if self.login is not None else 0
        if method not in methods:
            connection.sendall(b"\x05\xff")
            return
        connection.sendall(bytes([5, method]))
        if self.login is not None and not self._socks_login(connection, self.login):
            return
        if self._dies() == "refuses":
            self._refuse(connection)
            return
        _, _, _, kind = _exactly(connection, 4)
        host = (
            socket.inet_ntoa(_exactly(connection, 4))
            if kind == 1
            else _exactly(connection, _exactly(connection, 1)[0]).decode()
        )
        (port,) = struct.unpack("!H", _exactly(connection, 2))
        with _connect(host, port) as site:
            connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=_pump, args=(site, connection), daemon=True)
            back.start()
            _pump(connection, site)
            back.join(5)

    def _socks_login(self, connection: socket.socket, login: str) -> bool:
        _, length = _exactly(connection, 2)
        user = _exactly(connection, length).decode()
        word = _exactly(connection, _exactly(connection, 1)[0]).decode()
        right = f"{user}:{word}" == login
        connection.sendall(b"\x01\x00" if right else b"\x01\x01")
        return right


_HOP = {"proxy-authorization", "proxy-connection", "connection"}
_WANTS_LOGIN = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
_PAGE = (
    b"<!doctype html><html><head><title>Your proxy plan has expired</title></head><body>"
    b"<h1>Upgrade now!</h1><p>10 GB of fresh addresses for $9.99.</p>"
    b'<ul><li><a href="https://ads.example/1">Premium</a></li></ul></body></html>'
)
_ADVERTISEMENT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(_PAGE), _PAGE)
)


def _untrusted() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parents[1] / "http" / "self_signed.pem")
    return context


def _connect(host: str, port: int) -> socket.socket:
    """Connect to a site; names that nobody else can resolve are those of this machine."""
    return socket.create_connection(("127.0.0.1" if host.endswith(".invalid") else host, port))


def _headers(lines: list[str]) -> list[tuple[str, str]]:
    pairs = [line.partition(":") for line in lines[1:] if line]
    return [(name.strip().lower(), value.strip()) for name, _, value in pairs]


def _read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    """Read up to the end of the headers; return them, and what came of the body with them."""
    read = b""
    while b"\r\n\r\n" not in read:
        chunk = connection.recv(65536)
        if not chunk:
            return b"", b""
        read += chunk
    head, _, body = read.partition(b"\r\n\r\n")
    return head, body


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _exactly(connection: socket.socket, count: int) -> bytes:
    read = b""
    while len(read) < count:
        chunk = connection.recv(count - len(read))
        if not chunk:
            raise ConnectionError("the client hung up")
        read += chunk
    return read


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
