"""Sites that never end, never answer or unpack without bound, read by a run in its own process."""

from __future__ import annotations

import functools
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest
from msgspec.structs import replace

from jobtracker_core import CollectorSettings, RunState


@functools.cache
def bomb() -> bytes:
    """200 MB in 200 kB."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(200)) + packer.flush()


class Site(BaseHTTPRequestHandler):
    """Answers by the path's first word."""

    protocol_version = "HTTP/1.1"
    closing = threading.Event()

    def do_GET(self) -> None:
        try:
            getattr(self, self.path.strip("/"))()
        except OSError:
            self.close_connection = True

    def head(self, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def silence(self) -> None:
        self.closing.wait(20)
        self.close_connection = True

    def drip(self) -> None:
        self.head(("Content-Length", "100000"))
        while not self.closing.wait(0.1):
            self.wfile.write(b"x")
            self.wfile.flush()

    def endless(self) -> None:
        self.head(("Connection", "close"))
        while not self.closing.is_set():
            self.wfile.write(b"x" * 65_536)

    def bomb(self) -> None:
        self.head(("Content-Encoding", "gzip"), ("Content-Length", str(len(bomb()))))
        self.wfile.write(bomb())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of such a site."""
    bomb()  # made beforehand: a request has one second
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        Site.closing.set()
        server.shutdown()


@pytest.mark.fault(
    "F25",
    done="A site accepted and never answered, sent one byte at a time, or sent without end.",
    holds="The request ended at its deadline or at the cap, and memory did not grow.",
)
@pytest.mark.fault(
    "F29",
    done="A site sent a body without end.",
    holds="The run failed as too_large at the cap, and memory did not grow.",
)
@pytest.mark.fault(
    "F30",
    done="A site sent 200 kB that unpack to 200 MB.",
    holds="The run failed as too_large at the cap, and memory did not grow.",
)
@pytest.mark.parametrize(
    ("path", "state", "error_class"),
    [
        ("silence", RunState.FAILED, "timeout"),
        ("drip", RunState.FAILED, "timeout"),
        ("endless", RunState.FAILED, "too_large"),
        ("bomb", RunState.FAILED, "too_large"),
    ],
)
def test_each_ends_within_its_time_and_its_memory(
    supervised, site, path, state, error_class
) -> None:
    # The smallest memory there is; a body kept whole would not fit.
    supervised.settings = CollectorSettings(base_url=site)
    before = psutil.Process().memory_info().rss
    result = supervised.run(f"{site}/{path}")
    assert (result.outcome.state, result.outcome.error_class) == (state, error_class)
    assert result.counts.http_requests == (3 if error_class == "timeout" else 1)
    assert supervised.seconds < 15
    assert supervised.left() == []
    assert psutil.Process().memory_info().rss - before < 50 * 1024 * 1024


@pytest.mark.fault(
    "F25",
    done="A site never answered, and the run's time was shorter than its tries.",
    holds="The run ended at its own limit of time.",
)
def test_a_site_that_never_answers_does_not_outlast_the_run(supervised, site) -> None:
    supervised.settings = CollectorSettings(base_url=site)
    supervised.limits = replace(supervised.limits, runtime_s=2.5)
    result = supervised.run(f"{site}/silence")
    assert result.outcome.error_class == "runtime_limit"
    assert result.outcome.state is not RunState.SUCCEEDED
    assert supervised.seconds < 12
    assert supervised.left() == []
