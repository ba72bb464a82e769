"""A server of this very process, on a port of its own, for clients that speak real HTTP."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import uvicorn

from jobtracker_core.cli.serve import listen, url_of
from jobtracker_core.server.protocol import BoundedProtocol
from jobtracker_core.tracker import JobTracker
from standing import app_of


@contextlib.contextmanager
def serving(tracker: JobTracker, *, prefix: str = "") -> Iterator[str]:
    """Serve an installation while the block runs; gives its address without a slash at its end."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        app_of(tracker, prefix),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        http=BoundedProtocol,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < until
            time.sleep(0.01)
        yield url_of(listener).rstrip("/") + prefix
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()
        assert not thread.is_alive()
