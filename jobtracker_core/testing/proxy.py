"""A proxy on loopback that sees what a collector with its own HTTP asks for.

Whatever host is asked, the practice site answers. TLS ends here, with certificates of an authority
that exists for one bench only; so the collector needs a setting `ca_cert`, or plain http.
"""

from __future__ import annotations

import base64
import http.client
import secrets
import socket
import ssl
import struct
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from msgspec import Struct

from jobtracker_core.testing.practice import CHALLENGE, RETRY_AFTER, PracticeSite

MARK: Final = "x-through-proxy"
"""Header on all that comes to the practice site through the proxy."""

USER, PASSWORD = "kit", "throw-away"

PROXY_FAULTS: Final = {
    "reset": "a connection that is reset",
    "proxy_login": "407 from the proxy",
    "challenge": "403 with a browser challenge",
    "rate_limit": "429 with Retry-After",
}
"""Faults that the proxy can show, and what each does."""


class Passed(Struct, frozen=True, kw_only=True):
    """A request that went through. `host` is `host[:port]`, the port only where it is unusual."""

    scheme: str
    host: str
    method: str
    path: str


class InterceptProxy:
    """Starts with `start()` or `with`. Needs trustme once something speaks TLS to it."""

    def __init__(self, site: PracticeSite) -> None:
        self.site = site
        self.mark = secrets.token_hex(8)
        self.fault: str | None = None
        self.after = 0
        """Requests that are let through before the fault strikes."""
        self._passed: list[Passed] = []
        self._struck = 0
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="jobtracker-proxy-")
        self._authority: Any = None
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """The proxy's address, with a user's name and password, as pools have them."""
        if self._server is None:
            raise RuntimeError("the proxy is not running: call start()")
        return f"http://{USER}:{PASSWORD}@127.0.0.1:{self._server.server_address[1]}"

    @property
    def ca_cert(self) -> Path:
        """File with the certificate of the throw-away authority."""
        path = Path(self._folder.name) / "ca.pem"
        if not path.exists():
            self._make_authority().cert_pem.write_to_path(path)
        return path

    @property
    def passed(self) -> list[Passed]:
        """All requests so far."""
        with self._lock:
            return list(self._passed)

    @property
    def struck(self) -> int:
        """Requests that the fault fell on."""
        return self._struck

    def fail(self, name: str | None, *, after: int = 0) -> None:
        """Show a fault on all requests but the first `after`; None takes it back."""
        if name is not None and name not in PROXY_FAULTS:
            raise ValueError(f"no fault {name!r}; there are {', '.join(PROXY_FAULTS)}")
        with self._lock:
            self.fault, self.after, self._struck = name, after, 0

    def forget(self) -> None:
        """Empty the list of requests."""
        with self._lock:
            self._passed.clear()

    def start(self) -> Self:
        """Listen, in threads of its own."""
        self._server = _Server(self)
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="practice-proxy",
            daemon=True,
        ).start()
        return self

    def stop(self) -> None:
        """Stop listening, hang up, and remove the authority."""
        server, self._server = self._server, None
        if server is not None:
            server.end()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    # -- for its threads

    def take(self, passed: Passed) -> str | None:
        """Note a request; return the fault that it is to suffer."""
        with self._lock:
            self._passed.append(passed)
            if self.fault is None:
                return None
            if self.after:
                self.after -= 1
                return None
            self._struck += 1
            return self.fault

    def context_for(self, host: str) -> ssl.SSLContext:
        """Return a server's context with a certificate for a host."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._make_authority().issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]

    def _make_authority(self) -> Any:
        if self._authority is None:
            import trustme  # noqa: PLC0415  (only the extra `testing` brings it)

            self._authority = trustme.CA()
        return self._authority


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, proxy: InterceptProxy) -> None:
        self.proxy = proxy
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def end(self) -> None:
        self.shutdown()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was quicker
        self.server_close()  # waits for the threads of all connections

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: what can fail here is a client that went away, or trusts us not."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    tunnel: str | None = None

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.server.open.discard(self.connection)
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: `InterceptProxy.passed` is the log."""

    def do_CONNECT(self) -> None:
        if not self._may_pass():
            return
        host, _, port = self.path.rpartition(":")
        if self.server.proxy.fault == "reset" and not self.server.proxy.after:
            self.server.proxy.take(Passed(scheme="https", host=host, method="CONNECT", path=""))
            self._reset()
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        self.tunnel = host if port == "443" else self.path
        context = self.server.proxy.context_for(host.strip("[]"))
        self.server.open.discard(self.connection)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.server.open.add(self.connection)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def do_HEAD(self) -> None:
        self._forward()

    def _forward(self) -> None:
        if self.tunnel is None and not self._may_pass():
            return
        parts = urlsplit(self.path)
        host = self.tunnel or parts.netloc
        path = parts.path or "/"
        passed = Passed(
            scheme="https" if self.tunnel else "http",
            host=host,
            method=self.command,
            path=path,
        )
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.proxy.take(passed)
        match fault:
            case "reset":
                self._reset()
            case "proxy_login":
                self._say(407, b"", "text/plain", {"Proxy-Authenticate": 'Basic realm="kit"'})
            case "challenge":
                self._say(403, CHALLENGE, "text/html", {"cf-mitigated": "challenge"})
            case "rate_limit":
                wait = {"Retry-After": str(RETRY_AFTER)}
                self._say(429, b'{"error": "Too many requests"}', "application/json", wait)
            case _:
                self._ask_site(host, f"{path}?{parts.query}" if parts.query else path, body)

    def _ask_site(self, host: str, target: str, body: bytes) -> None:
        hop = {"host", "connection", "proxy-connection", "proxy-authorization", "content-length"}
        headers = {k: v for k, v in self.headers.items() if k.lower() not in hop}
        headers |= {"Host": host, MARK: self.server.proxy.mark}
        if body:
            headers["Content-Length"] = str(len(body))
        connection = http.client.HTTPConnection(
            urlsplit(self.server.proxy.site.base_url).netloc, timeout=30
        )
        try:
            connection.request(self.command, target, body or None, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self._reset()  # as the site did
            return
        finally:
            connection.close()
        skipped = {"connection", "content-length", "content-type", "date", "server"}
        kept = {k: v for k, v in response.getheaders() if k.lower() not in skipped}
        self._say(response.status, content, response.headers.get("content-type", ""), kept)

    def _say(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _may_pass(self) -> bool:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Proxy-Authorization") == f"Basic {expected}":
            return True
        self._say(407, b"", "text/plain", {"Proxy-Authenticate": 'Basic realm="kit"'})
        return False

    def _reset(self) -> None:
        # Lingering for zero seconds makes the close a reset instead of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
