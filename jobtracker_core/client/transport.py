"""The only place that opens a connection to a server of ours.

No collector's site is ever asked through it: there are no proxies, no pace and no disguise here,
and a redirect is an answer like any other, so that the token goes to one host alone.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final, Protocol, cast

from msgspec import Struct

from jobtracker_core.client.address import Server
from jobtracker_core.client.errors import Lost, NotJobTracker, Unreached

CONNECT_S: Final = 10.0
BIGGEST: Final = 32 * 1024 * 1024
"""Bytes of an answer that is held in memory."""

_PIECE: Final = 64 * 1024
_IDLE_S: Final = 3.0
"""Seconds after which a connection is not used again: servers close them after five."""

_MOST_KEPT: Final = 8


class Request(Struct, frozen=True, kw_only=True):
    """What is sent. `path` begins behind the server's prefix."""

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None

    def __repr__(self) -> str:
        # Its headers hold the token, and what is sent may be a secret as well.
        return f"Request({self.method} {self.path})"


class Answer(Struct, frozen=True, kw_only=True):
    """What came back; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire(Protocol):
    """Sends requests to one server."""

    def send(self, request: Request, *, timeout: float) -> Answer:
        """Send a request and return the whole answer, which must come within so many seconds.

        Raises Unreached where nothing was sent, Lost where it was, and NotJobTracker for what is
        no HTTP or too big.
        """
        ...

    def stream(self, request: Request, *, timeout: float) -> Iterator[bytes | Answer]:
        """Send a request and yield the lines of a good answer as they come, or a bad one.

        Each piece must come within so many seconds. Raises what `send` raises.
        """
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class HttpWire:
    """Keeps connections open for the next request. Safe to share between threads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._kept: list[_Connection] = []

    def send(self, request: Request, *, timeout: float) -> Answer:
        """Send a request and return the whole answer; see `Wire`."""
        with self._sent(request, timeout) as (connection, response):
            body = _read(response, self._server.url)
            connection.is_clean = not response.will_close
            return _answer(response, body)

    def stream(self, request: Request, *, timeout: float) -> Iterator[bytes | Answer]:
        """Send a request and yield the lines of the answer; see `Wire`."""
        with self._sent(request, timeout) as (connection, response):
            if response.status != HTTPStatus.OK:
                yield _answer(response, _read(response, self._server.url))
                return
            rest = b""
            for piece in _pieces(response):
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
                if len(rest) > BIGGEST:
                    raise _too_big(self._server.url)
                connection.allow(timeout)
            if rest:
                yield rest

    def close(self) -> None:
        """Close the connections that wait for another request."""
        with self._lock:
            kept, self._kept = self._kept, []
        for connection in kept:
            connection.close()

    @contextlib.contextmanager
    def _sent(
        self, request: Request, timeout: float
    ) -> Iterator[tuple[_Connection, http.client.HTTPResponse]]:
        connection = self._take()
        url = self._server.url
        try:
            connection.allow(timeout)
            yield connection, connection.ask(self._server.prefix, request)
        except TimeoutError as error:
            raise Lost(
                f"{url} has not answered within {timeout:g} s",
                "Look whether it was done, then try again.",
            ) from error
        except http.client.IncompleteRead as error:
            raise _lost(url, "the answer was cut off") from error
        except OSError as error:  # RemoteDisconnected is one, without a text of the system's
            raise _lost(url, error.strerror or "the connection was lost") from error
        except (http.client.HTTPException, ValueError) as error:
            raise NotJobTracker(
                f"what answers at {url} does not speak HTTP as a JobTracker does",
                "Check the address and its port; a server with TLS has https://.",
            ) from error
        finally:
            self._put(connection)

    def _take(self) -> _Connection:
        while True:
            with self._lock:
                kept = self._kept.pop() if self._kept else None
            if kept is None:
                tls = self._tls if self._server.scheme == "https" else None
                return _Connection(self._server, tls)
            if kept.is_usable():
                kept.is_clean = False
                return kept
            kept.close()

    def _put(self, connection: _Connection) -> None:
        connection.used_at = time.monotonic()
        if connection.is_clean:
            with self._lock:
                if len(self._kept) < _MOST_KEPT:
                    self._kept.append(connection)
                    return
        connection.close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # The certificates that this machine trusts, or those of SSL_CERT_FILE.
        return ssl.create_default_context()


class _Connection:
    """One connection; `is_clean` says that its last answer was read to the end."""

    def __init__(self, server: Server, tls: ssl.SSLContext | None) -> None:
        if tls is not None:
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                server.host, server.port, timeout=CONNECT_S, context=tls
            )
        else:
            self._http = http.client.HTTPConnection(server.host, server.port, timeout=CONNECT_S)
        self._http.auto_open = 0
        self.is_clean = False
        self.used_at = 0.0
        try:
            self._http.connect()
        except ssl.SSLCertVerificationError as error:
            self._http.close()
            raise Unreached(
                f"{server.url}: its certificate is not to be trusted: {error.verify_message}",
                "If it is your own, name the file of its authority in SSL_CERT_FILE.",
            ) from error
        except ssl.SSLError as error:
            self._http.close()
            raise Unreached(
                f"{server.url}: no TLS: {error.reason or 'the handshake failed'}",
                "Check the address and its port; a server without TLS has http://.",
            ) from error
        except OSError as error:
            self._http.close()
            said = "no answer" if isinstance(error, TimeoutError) else error.strerror
            raise Unreached(
                f"there is no connection to {server.url}: {said or error}",
                "Check the address, and whether the server runs.",
            ) from error
        self._timed = _TimedSocket(self._http.sock)
        self._http.sock = cast("socket.socket", self._timed)

    def allow(self, seconds: float) -> None:
        """Give what follows so many seconds from now, however it drips in."""
        self._timed.until = time.monotonic() + seconds

    def ask(self, prefix: str, request: Request) -> http.client.HTTPResponse:
        self._http.request(
            request.method, prefix + request.path, body=request.body, headers=request.headers
        )
        return self._http.getresponse()

    def is_usable(self) -> bool:
        """Say whether the server has left it open, as far as can be known."""
        if time.monotonic() - self.used_at > _IDLE_S:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self._timed.fileno(), selectors.EVENT_READ)
            return not selector.select(0)

    def close(self) -> None:
        self._http.close()


class _TimedSocket:
    """A socket whose reads and writes all end by `until`: its own timeout is for one of them."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self.until = 0.0

    def limit(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._inner.settimeout(left)

    def sendall(self, data: Any) -> None:
        self.limit()
        self._inner.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self, self._inner.makefile("rb", buffering=0)))

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, timed: _TimedSocket, inner: io.RawIOBase) -> None:
        self._timed = timed
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._timed.limit()
        return cast("io.FileIO", self._inner).readinto(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body as it comes; raises IncompleteRead if it ends too early."""
    while piece := response.read1(_PIECE):
        yield piece
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    response.close()  # so that the connection takes another request


def _read(response: http.client.HTTPResponse, url: str) -> bytes:
    body = bytearray()
    for piece in _pieces(response):
        body += piece
        if len(body) > BIGGEST:
            raise _too_big(url)
    return bytes(body)


def _answer(response: http.client.HTTPResponse, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(status=response.status, headers=headers, body=body)


def _lost(url: str, said: str) -> Lost:
    return Lost(f"{url}: {said}", "Look whether it was done, then try again.")


def _too_big(url: str) -> NotJobTracker:
    return NotJobTracker(
        f"the answer of {url} has more than {BIGGEST >> 20} MB",
        "Check the address; ask for fewer rows at a time.",
    )
