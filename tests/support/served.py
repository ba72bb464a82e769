"""The server as a process of its own, always at the same address, that can be killed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx
import psutil
import uvicorn

from crews import wait_until
from jobtracker_core.cli.serve import listen, url_of
from jobtracker_core.server.compose import create_app
from jobtracker_core.server.protocol import BoundedProtocol
from jobtracker_core.storage.engine import Database
from jobtracker_core.tracker import JobTracker
from keys import KEY
from nursery import Nursery, kill
from tcp_postgres import free_port


class Served:
    """`jobtracker serve`; by default without a worker. A context manager that starts it.

    Attributes:
        url: Its address, without a last slash.
        up: Set while it answers.
    """

    def __init__(
        self,
        nursery: Nursery,
        database: str,
        folder: Path,
        *,
        worker: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Describe a server that keeps its files in `folder`; `env` is more of its environment."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.up = threading.Event()
        self._nursery = nursery
        self._log = folder / f"server-{self.port}.log"
        self._arguments = ["serve", "--listen", f"127.0.0.1:{self.port}"]
        self._arguments += [] if worker else ["--no-worker"]
        self._env = {
            "PATH": os.environ["PATH"],
            "JOBTRACKER_CONFIG": "",
            "JOBTRACKER_DATABASE_URL": database,
            "JOBTRACKER_DATA_DIR": str(folder),
            "JOBTRACKER_SECRET_KEY": KEY,
            "JOBTRACKER_PLUGINS": "hiringcafe",
            **(env or {}),
        }
        self._process: psutil.Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._process is not None:
            self.kill()

    def launch(self) -> None:
        """Start it and do not wait for it."""
        self._process = self._nursery.start(self._arguments, env=self._env, log=self._log)

    def wait(self, *, seconds: float = 60) -> None:
        """Wait until it answers."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while True:
            try:
                httpx.get(f"{self.url}/healthz", timeout=60)
            except httpx.TransportError:
                waits = self._process.is_running() and time.monotonic() < deadline
                assert waits, self._log.read_text()[-4000:]
                time.sleep(0.01)
            else:
                self.up.set()
                return

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch()
        self.wait()

    @contextmanager
    def frozen(self, db: Database) -> Iterator[None]:
        """Let it stand still in the block, as on a machine that sleeps; `db` is its database."""
        process = self._process
        assert process is not None
        with db.write():  # of a file there is one lock: it does not stand still with that
            process.suspend()
            wait_until(lambda: process.status() == psutil.STATUS_STOPPED)
        try:
            yield
        finally:
            process.resume()

    def kill(self) -> None:
        """End it at once (kill -9)."""
        assert self._process is not None
        self.up.clear()
        kill(self._process)
        self._process = None


@contextmanager
def served_here(tracker: JobTracker) -> Iterator[str]:
    """Serve an installation from a thread of this process; gives its address."""
    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(
            create_app(tracker), log_config=None, http=BoundedProtocol, ws="none", lifespan="on"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield url_of(listener).rstrip("/")
        finally:
            server.should_exit = True
            thread.join()
