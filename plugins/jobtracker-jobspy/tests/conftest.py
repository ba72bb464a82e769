"""Runs against practice sites, and proxies that stand between python-jobspy and a server."""

from __future__ import annotations

import http.client
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
import trustme

from jobtracker_core import CollectorSettings, JobCollector, JobTracker, Settings
from jobtracker_core.contract.host import Proxy
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.execute import Result, execute
from jobtracker_core.runner.session import Task
from jobtracker_core.testing.practice import PracticeSite, Reply, Seen
from jobtracker_jobspy.practice import BDJobsSite, HelloWorkSite

NOW = datetime.now(UTC)
"""python-jobspy looks at the machine's clock, so the practice sites do too."""

Answer = Callable[[Seen], Reply]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxies of whoever runs the tests are none of theirs."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class ProxiedHost(DryHost):
    """A dry host with one proxy, or none."""

    def __init__(self, url: str | None = None) -> None:
        super().__init__()
        self.url = url

    def proxy(self, *, failed: int | None = None, cause: str = "proxy") -> Proxy | None:
        """Return the proxy."""
        return None if self.url is None else Proxy(id=1, label="test", url=self.url)


class Ran:
    """A run on a dry host, and how it went."""

    def __init__(self, host: ProxiedHost, result: Result, clock: JumpClock) -> None:
        self.host = host
        self.result = result
        self.clock = clock

    @property
    def end(self) -> tuple[str, str | None]:
        """State and class of error."""
        return self.result.outcome.state.value, self.result.outcome.error_class

    @property
    def message(self) -> str:
        """What is told of the end."""
        return self.result.outcome.message or ""

    def events(self, level: str) -> list[str]:
        """The log's lines of one level."""
        return [event for at, event, _ in self.host.events if at == level]


@pytest.fixture
def run() -> Callable[..., Ran]:
    """Run a collector against an address, or through a proxy."""

    def run_(
        collector: type[JobCollector[Any, Any]],
        base_url: str | None = None,
        query: CommonQuery | None = None,
        *,
        proxy: str | None = None,
        ca_cert: str | None = None,
        cursor: str | None = None,
    ) -> Ran:
        info = collector.info
        settings: CollectorSettings = info.settings(  # type: ignore[call-arg]
            base_url=base_url, ca_cert=ca_cert
        )
        task = Task(
            collector=collector, settings=settings, query=query or info.query(), cursor=cursor
        )
        host, clock = ProxiedHost(proxy), JumpClock(NOW)
        with closing(CurlTransport()) as transport:
            return Ran(host, execute(task, host, transport=transport, clock=clock), clock)

    return run_


@pytest.fixture
def bdjobs() -> Iterator[BDJobsSite]:
    """A practice site with 330 postings: five paid ones and seven pages."""
    with BDJobsSite() as site:
        yield site


@pytest.fixture
def hellowork() -> Iterator[HelloWorkSite]:
    """A practice site with 330 postings: eleven pages, all full."""
    with HelloWorkSite() as site:
        yield site


@pytest.fixture
def open_tracker(tmp_path: Path) -> Iterator[Callable[..., JobTracker]]:
    """Open an installation where one collector's site is at an address; waits take no time."""
    opened: list[JobTracker] = []

    def open_(name: str, base_url: str) -> JobTracker:
        # The rate is kept in the database, whose time no test moves.
        settings = Settings(
            data_dir=tmp_path,
            plugins=("jobspy",),
            collectors={name: {"base_url": base_url, "per_minute": 60_000}},
        )
        tracker = JobTracker(settings, clock=JumpClock(NOW))
        opened.append(tracker)
        tracker.collectors.set_enabled(name, True)
        return tracker

    yield open_
    for tracker in opened:
        tracker.close()


class ScriptedSite(PracticeSite):
    """Answers by a function of the test."""

    faults: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    def answer(self, request: Seen) -> Reply:
        """See PracticeSite."""
        return self._answer(request)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], ScriptedSite]]:
    """Serve what a function answers."""
    running: list[ScriptedSite] = []

    def serve_(answer: Answer) -> ScriptedSite:
        running.append(ScriptedSite(answer).start())
        return running[-1]

    yield serve_
    for site in running:
        site.stop()


class Forwarder(ThreadingHTTPServer):
    """A forwarding proxy that takes every request to one server, whatever host it is for.

    Attributes:
        asked: The addresses that were asked for.
    """

    daemon_threads = True

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Forward)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Forward(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Forwarder

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        parts = urlsplit(self.path)
        connection = http.client.HTTPConnection(self.server.target)
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Interceptor(ThreadingHTTPServer):
    """A proxy that ends the encryption with certificates of its own, and answers itself.

    Attributes:
        asked: Host, method and path of what was asked for inside.
    """

    daemon_threads = True

    def __init__(self, answer: Answer, authority: trustme.CA) -> None:
        self.answer = answer
        self.authority = authority
        self.asked: list[tuple[str, str, str]] = []
        super().__init__(("127.0.0.1", 0), _Intercept)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: what can fail here is a client that went away."""


class _Intercept(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Interceptor
    host = ""

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            return  # the client went away
        finally:
            self.connection.close()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_CONNECT(self) -> None:
        self.host = self.path.rpartition(":")[0]
        self.send_response(200)
        self.end_headers()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.authority.issue_cert(self.host).configure_cert(context)
        try:
            inside = context.wrap_socket(self.connection, server_side=True)
        except OSError:  # the client does not trust us: one test's very point
            self.close_connection = True
            return
        self.connection = self.request = inside
        self.rfile, self.wfile = inside.makefile("rb"), inside.makefile("wb")
        self.close_connection = False

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def _reply(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.host, self.command, parts.path))
        reply = self.server.answer(
            Seen(method=self.command, path=parts.path, query={}, headers={}, body=body)
        )
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()


@pytest.fixture
def listen() -> Iterator[Callable[[Any], Any]]:
    """Start a proxy."""
    running: list[ThreadingHTTPServer] = []

    def listen_(server: ThreadingHTTPServer) -> ThreadingHTTPServer:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        running.append(server)
        return server

    yield listen_
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def forward(listen: Any) -> Callable[[str], Forwarder]:
    """Start a forwarding proxy before a server."""
    return lambda target: listen(Forwarder(target))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> trustme.CA:
    """A certificate authority for these tests alone."""
    return trustme.CA()


@pytest.fixture
def ca_cert(authority: trustme.CA, tmp_path: Path) -> str:
    """The file that makes it trusted."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def intercept(listen: Any, authority: trustme.CA) -> Callable[[Answer], Interceptor]:
    """Start a proxy that answers in the name of every site."""
    return lambda answer: listen(Interceptor(answer, authority))


@pytest.fixture
def recordings() -> Path:
    """The folder with real answers of real sites."""
    folder = os.environ.get("JOBTRACKER_RECORDINGS")
    if not folder:
        pytest.skip("JOBTRACKER_RECORDINGS names no folder")
    return Path(folder) / "blocked"
