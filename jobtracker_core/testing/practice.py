"""Practice sites: small servers on loopback that speak a job site's protocol, faults included.

A site is a subclass with two methods, `answer()` and `change()`. It is found through the
entry-point group `jobtracker.practice` and made with `(*, seed, postings, port)`:

    class ExampleSite(PracticeSite):
        faults = frozenset({"drift", "endless", "bad_items", "empty_page"})

        def answer(self, request):
            hits = [] if "empty_page" in request.faults else self.page(request.query)
            return Reply.json({"jobs": hits})

        def change(self, n):
            return [self.rename(number) for number in range(n)]

    with ExampleSite(postings=50) as site:
        site.fail("rate_limit", path="/api/*", after=3, times=1)
        ...  # point the collector's setting `base_url` at site.base_url
        assert site.count("/api/*") == 4
"""

from __future__ import annotations

import abc
import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from msgspec import Struct, structs

COMMON_FAULTS = {
    "rate_limit": "429 with Retry-After",
    "challenge": "403 with a browser challenge",
    "challenge_200": "the same challenge page, as if it were an answer",
    "unauthorized": "401",
    "server_error": "500",
    "moved": "308 to another host",
    "reset": "the connection is reset before anything is sent",
    "broken_off": "the connection ends in the middle of the body",
    "truncated": "a whole answer whose body is cut in half",
    "slow": "the body arrives in drips",
}
"""Faults that every practice site has, and what each does."""

MOVED_TO = "https://moved.practice.invalid"
"""Where the fault `moved` sends everybody: a host that cannot exist."""

RETRY_AFTER = 120
"""Seconds that the fault `rate_limit` asks for."""

CHALLENGE = b"""<!DOCTYPE html><html lang="en"><head><title>Just a moment...</title></head>
<body><noscript>Enable JavaScript and cookies to continue</noscript>
<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>"""
_STOP_SECONDS = 5.0


class Seen(Struct, frozen=True, kw_only=True):
    """A request as it arrived. `query` holds the last value of each name, decoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    faults: frozenset[str] = frozenset()
    """The site's own faults that this answer is to show; the common ones are not named here."""


class Reply(Struct, frozen=True, kw_only=True):
    """What a site answers."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}

    @classmethod
    def json(cls, value: Any, *, status: int = 200) -> Reply:
        """Answer with a value as JSON."""
        return cls(status=status, body=msgspec.json.encode(value))

    @classmethod
    def html(cls, text: str, *, status: int = 200) -> Reply:
        """Answer with a page."""
        return cls(status=status, body=text.encode(), content_type="text/html; charset=utf-8")


class Fault(Struct, kw_only=True):
    """A fault that was asked for; `after` and `times` are counted down."""

    name: str
    path: str
    query: Mapping[str, str]
    after: int
    times: int | None

    def strikes(self, request: Seen) -> bool:
        """Say whether this request is to suffer, and count it."""
        wanted = fnmatchcase(request.path, self.path) and all(
            request.query.get(name) == value for name, value in self.query.items()
        )
        if not wanted or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class PracticeSite(abc.ABC):
    """A job site on `127.0.0.1`, made from a seed. Starts with `start()` or `with`.

    `answer()` is called from many threads at once; hold `self.lock` where it changes the site.
    """

    faults: ClassVar[frozenset[str]] = frozenset()
    """Names of faults that `answer()` itself shows, where it finds them in `request.faults`.

    `drift`, `endless` and `bad_items` belong to every site: see docs/reference/testing.md.
    """

    details_path: ClassVar[str | None] = None
    """Shell pattern of the paths that details are asked under, for sites that have details."""

    drip_bytes: ClassVar[int] = 64
    drip_seconds: ClassVar[float] = 0.2

    def __init__(self, *, seed: int = 1, postings: int = 330, port: int = 0) -> None:
        self.seed = seed
        self.postings = postings
        self.lock = threading.RLock()
        self._requests: list[Seen] = []
        self._active: list[Fault] = []
        self._failures: list[Exception] = []
        self._port = port
        self._server: _Server | None = None

    @abc.abstractmethod
    def answer(self, request: Seen) -> Reply:
        """Return the site's answer. What it raises becomes a 500 and is raised by `stop()`."""

    def change(self, n: int) -> list[str]:
        """Alter N postings so that their list entries differ; return their ids."""
        raise NotImplementedError(f"{type(self).__name__} cannot change {n} postings")

    # -- life

    @property
    def base_url(self) -> str:
        """Where it listens, without a final slash."""
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__} is not running: call start()")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> Self:
        """Listen, in threads of its own. Port 0 takes any free one."""
        if self._server is not None:
            raise RuntimeError(f"{type(self).__name__} is running already")
        self._server = _Server(self, self._port)
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name=f"practice-{type(self).__name__}",
            daemon=True,
        ).start()
        return self

    def stop(self) -> None:
        """Close all connections; raise the first error of `answer()`, if there was one."""
        server, self._server = self._server, None
        if server is None:
            return
        server.end()
        if self._failures:
            raise RuntimeError(f"{type(self).__name__} could not answer") from self._failures[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    # -- what was asked

    @property
    def requests(self) -> list[Seen]:
        """All requests so far, in the order of their arrival."""
        with self.lock:
            return list(self._requests)

    def count(self, path: str = "*") -> int:
        """Count the requests whose path fits a shell pattern."""
        return sum(fnmatchcase(request.path, path) for request in self.requests)

    def details_asked(self) -> Counter[str]:
        """Count how often each posting's details were asked for, by address."""
        return Counter(
            f"{request.path}?{urlencode(request.query)}"
            for request in self.requests
            if self.details_path is not None and fnmatchcase(request.path, self.details_path)
        )

    def forget(self) -> None:
        """Empty the list of requests."""
        with self.lock:
            self._requests.clear()

    # -- faults

    def fail(
        self,
        name: str,
        *,
        path: str = "*",
        query: Mapping[str, str] | None = None,
        after: int = 0,
        times: int | None = None,
    ) -> None:
        """Show a fault on the requests that fit.

        Args:
            name: One of `COMMON_FAULTS` or of the site's own `faults`.
            path: Shell pattern for the request's path.
            query: Query parameters that must have these values.
            after: So many fitting requests are answered well first.
            times: So many are struck then; None is for ever.
        """
        known = self.faults | COMMON_FAULTS.keys()
        if name not in known:
            raise ValueError(f"no fault {name!r}; there are {', '.join(sorted(known))}")
        with self.lock:
            self._active.append(
                Fault(name=name, path=path, query=query or {}, after=after, times=times)
            )

    def heal(self) -> None:
        """Take all faults back."""
        with self.lock:
            self._active.clear()

    # -- answering

    def serve(self, request: Seen) -> tuple[Reply, str | None]:
        """Note a request; return its answer, and the common fault that its sending is to show."""
        with self.lock:
            struck = [fault.name for fault in self._active if fault.strikes(request)]
            request = structs.replace(request, faults=frozenset(struck) & self.faults)
            self._requests.append(request)
        common = next((name for name in struck if name in COMMON_FAULTS), None)
        if reply := _instead(common, request):
            return reply, None
        try:
            reply = self.answer(request)
        except Exception as error:  # noqa: BLE001  (raised again by stop())
            self._failures.append(error)
            return Reply.html(f"practice site failed: {error!r}", status=500), None
        if common == "truncated":
            return structs.replace(reply, body=reply.body[: len(reply.body) // 2]), None
        return reply, common


def _instead(fault: str | None, request: Seen) -> Reply | None:
    if fault == "rate_limit":
        reply = Reply.json({"error": "Too many requests"}, status=429)
        return structs.replace(reply, headers={"Retry-After": str(RETRY_AFTER)})
    if fault in ("challenge", "challenge_200"):
        headers = {"cf-mitigated": "challenge"} if fault == "challenge" else {}
        status = 403 if fault == "challenge" else 200
        return Reply(status=status, body=CHALLENGE, content_type="text/html", headers=headers)
    if fault == "unauthorized":
        return Reply.json({"error": "Unauthorized."}, status=401)
    if fault == "server_error":
        return Reply.html("<h1>Internal Server Error</h1>", status=500)
    if fault == "moved":
        return Reply(status=308, headers={"Location": MOVED_TO + request.path})
    return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, site: PracticeSite, port: int) -> None:
        self.site = site
        self.ending = threading.Event()
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(("127.0.0.1", port), _Handler)

    def opened(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.add(connection)
        if self.ending.is_set():
            _hang_up(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def end(self) -> None:
        """Stop listening, cut what is open, and wait until its threads are through."""
        self.ending.set()
        self.shutdown()
        self.server_close()
        with self._changed:
            for connection in self._open:
                _hang_up(connection)
            self._changed.wait_for(lambda: not self._open, timeout=_STOP_SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: what can fail here is a client that went away."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was quicker


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.server.closed(self.connection)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: `PracticeSite.requests` is the log."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Seen(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        reply, fault = self.server.site.serve(request)
        if fault == "reset":
            self._reset()
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if fault == "slow":
            self._drip(reply.body)
        elif fault == "broken_off":
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(reply.body)

    def _reset(self) -> None:
        # Lingering for zero seconds makes the close a reset instead of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.wfile.close()
        self.connection.close()

    def _drip(self, body: bytes) -> None:
        site = self.server.site
        for start in range(0, len(body), site.drip_bytes):
            self.wfile.write(body[start : start + site.drip_bytes])
            if self.server.ending.wait(site.drip_seconds):
                self.close_connection = True
                return
