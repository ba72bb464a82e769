"""A server in a thread of this process, on an address of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn

from jobtracker_core.server.compose import create_app
from jobtracker_core.tracker import JobTracker


@contextlib.contextmanager
def serving(tracker: JobTracker) -> Iterator[str]:
    """Serve the whole app while the block runs; gives its address, such as http://127.0.0.1:1."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Takes connections from now on: whoever comes before the loop runs waits in the backlog.
        server = uvicorn.Server(
            uvicorn.Config(create_app(tracker), log_config=None, lifespan="on", ws="none")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()
