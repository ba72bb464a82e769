"""A hostile site on loopback, and stand-ins for the client's surroundings."""

from __future__ import annotations

import os
import random
import socket
import ssl
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from jobtracker_core.contract.errors import Cancelled, CancelReason, ErrorClass, Transient
from jobtracker_core.contract.host import Ack, Batch, Grant, Progress, Proxy
from jobtracker_core.contract.info import Limits
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.http.client import Client
from jobtracker_core.http.exchange import Answer, Request
from jobtracker_core.http.proxies import Route
from jobtracker_core.http.transport import CurlTransport

SELF_SIGNED = Path(__file__).with_name("self_signed.pem")
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Seen(msgspec.Struct, frozen=True):
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen(self.command, self.path, headers, body))
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self.connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        else:
            self.close_connection = True
            page(self.connection)

    do_POST = do_GET  # noqa: N815  (the server calls it so)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Site(ThreadingHTTPServer):
    """Pages are functions that write bytes on the socket; each ends its connection."""

    def __init__(self, *, tls: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Callable[[socket.socket], None]] = {}
        self.seen: list[Seen] = []
        self.stopped = threading.Event()
        self.errors: list[BaseException] = []
        self._context: ssl.SSLContext | None = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(SELF_SIGNED)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_port}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._context is None:
            super().finish_request(request, client_address)
            return
        with self._context.wrap_socket(
            request, server_side=True, do_handshake_on_connect=False
        ) as secure:
            secure.do_handshake()
            super().finish_request(secure, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let clients hang up; what else goes wrong fails the test."""
        import sys

        error = sys.exception()
        if error is not None and not isinstance(error, (ConnectionError, ssl.SSLError)):
            self.errors.append(error)

    def say(self, path: str, *chunks: bytes) -> str:
        """Answer with these bytes and hang up."""

        def page(connection: socket.socket) -> None:
            for chunk in chunks:
                connection.sendall(chunk)

        self.pages[path] = page
        return f"{self.url}{path}"

    def answer(
        self,
        path: str,
        body: bytes = b"",
        *,
        status: int = 200,
        headers: Sequence[tuple[str, str]] = (),
    ) -> str:
        """Answer properly."""
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        return self.say(path, "\r\n".join([*lines, "", ""]).encode() + body)

    def drip(self, path: str, head: bytes, *, every: float, chunk: bytes) -> str:
        """Send `chunk` again and again until the client or the test ends."""

        def page(connection: socket.socket) -> None:
            connection.sendall(head)
            while not self.stopped.wait(every):
                connection.sendall(chunk)

        self.pages[path] = page
        return f"{self.url}{path}"

    def reset(self, path: str, before: bytes) -> str:
        """Break the connection off with a reset after some bytes."""

        def page(connection: socket.socket) -> None:
            connection.sendall(before)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        self.pages[path] = page
        return f"{self.url}{path}"


@pytest.fixture
def make_site() -> Iterator[Callable[..., Site]]:
    sites: list[tuple[Site, threading.Thread]] = []

    def make(*, tls: bool = False) -> Site:
        site = Site(tls=tls)
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        sites.append((site, thread))
        return site

    yield make
    for site, thread in sites:
        site.stopped.set()
        site.shutdown()
        thread.join()
        site.server_close()
    assert [error for site, _ in sites for error in site.errors] == []


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture
def make_transport(make_site: Callable[..., Site]) -> Iterator[Callable[..., CurlTransport]]:
    # Needs the sites, so that connections are closed before their servers.
    made: list[CurlTransport] = []

    def make(**options: Any) -> CurlTransport:
        made.append(CurlTransport(**options))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def transport(make_transport: Callable[..., CurlTransport]) -> CurlTransport:
    return make_transport()


class Script:
    """A transport that plays answers and errors in order, and notes what it was sent."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.plays: deque[Answer | Exception] = deque()
        self.sent: list[Request] = []
        self.timeouts: list[float] = []

    def add(
        self,
        content: bytes = b"",
        *,
        status: int = 200,
        error: Exception | None = None,
        **headers: str,
    ) -> None:
        """Queue an answer (`_` in header names is `-`) or an error."""
        pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.plays.append(
            error or Answer(status=status, url="", headers=pairs, content=content, elapsed=0.25)
        )

    def send(self, request: Request, *, timeout: float) -> Answer:
        self._world.events.append("send")
        self.sent.append(request)
        self.timeouts.append(timeout)
        play = self.plays.popleft()
        if isinstance(play, Exception):
            raise play
        return play

    def close(self) -> None:
        """Nothing is open."""


class World:
    """A run's host, clock and wish to stop, all in one. Time passes only in pauses."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.pauses: list[float] = []
        self.grants: deque[float | Grant] = deque()
        self.slowed: list[tuple[str, ErrorClass, float | None]] = []
        self.pool: list[Proxy] | None = None
        self.failed: list[tuple[int, ErrorClass]] = []
        self.acquired: list[tuple[str, float, int]] = []
        self.logged: list[tuple[str, str, Mapping[str, object]]] = []
        self.moment = START
        self.left: float | None = None
        self.reason: CancelReason | None = None

    def now(self) -> datetime:
        return self.moment

    def check(self) -> None:
        self.events.append("check")
        if self.reason is not None:
            raise Cancelled(self.reason)

    def pause(self, seconds: float) -> None:
        self.events.append("pause")
        self.pauses.append(seconds)
        self.moment += timedelta(seconds=seconds)
        if self.reason is not None:
            raise Cancelled(self.reason)

    def remaining(self) -> float | None:
        return self.left

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        self.events.append("acquire")
        self.acquired.append((key, per_minute, burst))
        next_one = self.grants.popleft() if self.grants else 0.0
        return next_one if isinstance(next_one, Grant) else Grant(wait=next_one)

    def slow_down(self, key: str, *, cause: ErrorClass, retry_after: float | None = None) -> None:
        self.events.append("slow down")
        self.slowed.append((key, cause, retry_after))

    def proxy(self, *, failed: int | None = None, cause: ErrorClass = "proxy") -> Proxy | None:
        if self.pool is None:
            return None
        if failed is not None:
            self.failed.append((failed, cause))
            self.pool = [proxy for proxy in self.pool if proxy.id != failed]
        if not self.pool:
            raise Transient("none is left", error_class="proxy")
        return self.pool[0]

    def log(
        self,
        level: Literal["debug", "info", "warning"],
        event: str,
        fields: Mapping[str, object],
    ) -> None:
        self.logged.append((level, event, fields))

    def deliver(self, batch: Batch) -> Ack:
        raise NotImplementedError

    def details_wanted(
        self, refs: Sequence[PostingRef], *, rechecks: int = 0
    ) -> Sequence[PostingRef]:
        raise NotImplementedError

    def progress(self, progress: Progress) -> None:
        raise NotImplementedError

    def cancelled(self) -> CancelReason | None:
        return self.reason


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def script(world: World) -> Script:
    return Script(world)


@pytest.fixture
def make_client(world: World, script: Script) -> Callable[..., Client]:
    def make(**options: Any) -> Client:
        direct = options.pop("transport", script)
        defaults: dict[str, Any] = {
            "route": Route(world, direct, options.pop("through", None)),
            "hosts": ("jobs.example", "*.jobs.example"),
            "base_url": None,
            "limits": Limits(timeout=20),
            "per_minute": 20.0,
            "host": world,
            "check": world.check,
            "pause": world.pause,
            "now": world.now,
            "random": random.Random(1),
            "remaining": world.remaining,
        }
        return Client(**{**defaults, **options})

    return make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()


class _Bits:
    """Writes numbers bit by bit, lowest bit first, as Brotli does."""

    def __init__(self) -> None:
        self._value = 0
        self._length = 0

    def put(self, value: int, width: int) -> None:
        self._value |= value << self._length
        self._length += width

    def bytes(self) -> bytes:
        return self._value.to_bytes((self._length + 7) // 8, "little")


def _brotli_zeros(size: int) -> bytes:
    """Make a Brotli stream (RFC 7932) of zero bytes, each meta-block one command without codes."""
    largest, base = 1 << 24, 22594
    bits = _Bits()
    bits.put(0, 1)  # window of 64 kB
    while size:
        length = min(size, largest)
        bits.put(0, 1)  # not the last
        nibbles = max(4, ((length - 1).bit_length() + 3) // 4)
        bits.put(nibbles - 4, 2)
        bits.put(length - 1, nibbles * 4)
        bits.put(
            0, 1 + 3 + 2 + 4 + 2 + 2
        )  # compressed, one block type each, no postfix, one tree each
        for symbol, width in ((0, 8), (504, 10), (0, 6)):  # literals, commands, distances
            bits.put(1, 2)  # a simple code
            bits.put(0, 2)  # of one symbol
            bits.put(symbol, width)
        bits.put(length - base, 24)  # command 504: insert `base` + 24 bits, copy 2 (never reached)
        size -= length
    bits.put(3, 2)  # the last, and empty
    return bits.bytes()


def _zstd_zeros(size: int) -> bytes:
    """Make a Zstandard frame (RFC 8878) of zero bytes in run-length blocks."""
    frame = bytearray(b"\x28\xb5\x2f\xfd\x00\x38")
    while size:
        length = min(size, 128 * 1024)
        size -= length
        frame += (length << 3 | 1 << 1 | (size == 0)).to_bytes(3, "little") + b"\x00"
    return bytes(frame)


def _deflate_zeros(size: int, *, gzip: bool) -> bytes:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if gzip else 15)
    block = bytes(1024 * 1024)
    parts = [packer.compress(block) for _ in range(size // len(block))]
    return b"".join([*parts, packer.compress(bytes(size % len(block))), packer.flush()])


@pytest.fixture(scope="session")
def pack_zeros() -> Callable[[str, int], bytes]:
    """Compress that many zero bytes in an encoding's own way."""
    made: dict[tuple[str, int], bytes] = defaultdict()

    def pack(encoding: str, size: int) -> bytes:
        key = (encoding, size)
        if key not in made:
            made[key] = {
                "gzip": lambda: _deflate_zeros(size, gzip=True),
                "deflate": lambda: _deflate_zeros(size, gzip=False),
                "br": lambda: _brotli_zeros(size),
                "zstd": lambda: _zstd_zeros(size),
            }[encoding]()
        return made[key]

    return pack


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder with real answers of real sites."""
    folder = os.environ.get("JOBTRACKER_RECORDINGS")
    if not folder:
        pytest.skip("JOBTRACKER_RECORDINGS is not set")
    return Path(folder)
