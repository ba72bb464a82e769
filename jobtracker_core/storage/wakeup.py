"""Being told that there may be something to do, instead of asking all the time."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.storage import sqlite
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import StorageError

CHANNEL = "jt_runs"
POLL_S = 0.05
"""Seconds between two looks at a SQLite file; one look takes some microseconds."""

_RECONNECT_S = 1.0


class Wakeup(Protocol):
    """Waits for changes. For one thread; only `wake` is for others and for signal handlers.

    It is a hint, never a promise: ask the queue after every wait, however it ended.
    """

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True as soon as something may have changed."""
        ...

    def wake(self) -> None:
        """End a wait, the present one or the next."""
        ...

    def close(self) -> None:
        """Give up the connection."""
        ...


def announce(conn: Connection) -> None:
    """Tell waiting workers, once the transaction commits, that there may be something to do."""
    # On SQLite a commit is itself what others see.
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))


def open_wakeup(db: Database) -> Wakeup:
    """Begin to watch; what happens from now on is seen by the next `wait`."""
    return _Polling(db) if db.dialect == "sqlite" else Listening(db, CHANNEL)


class _Polling:
    """Looks whether another connection has committed."""

    def __init__(self, db: Database) -> None:
        if db.path is None:
            raise ValueError("only a SQLite database is polled")
        self._connection = sqlite.connect_reader(db.path)
        self._woken = threading.Event()
        self._version = self._read()

    def _read(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def wait(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while True:
            version = self._read()
            if version != self._version or self._woken.is_set():
                self._version = version
                self._woken.clear()
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._woken.wait(min(left, POLL_S))

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._connection.close()


class Listening:
    """Listens on a connection of its own, and subscribes again after it was lost.

    Args:
        db: On PostgreSQL.
        channel: What others announce on.
    """

    def __init__(self, db: Database, channel: str) -> None:
        self._db = db
        self._channel = channel
        self._announced = False
        self._connection: Any = None
        self._sender, self._receiver = socket.socketpair()
        for end in (self._sender, self._receiver):
            end.setblocking(False)
        self._try_again_at = 0.0
        self._subscribe()

    def ask(self, question: str) -> Any:
        """Put a question of one value to the server; None while there is no connection to it.

        What was announced until then is announced to the next wait.
        """
        from psycopg import Error  # noqa: PLC0415

        if self._connection is None:
            return None
        try:
            (answer,) = self._connection.execute(question).fetchone()
            # It came with the answer, and wakes nobody any more.
            self._announced |= bool(list(self._connection.notifies(timeout=0)))
        except Error:
            self._drop()
            return None
        return answer

    def wait(self, timeout: float) -> bool:
        """Wait for what is announced; see `Wakeup`."""
        deadline = time.monotonic() + timeout
        if self._announced:
            self._announced = False
            return True
        while True:
            due = self._connection is None and time.monotonic() >= self._try_again_at
            if due and self._subscribe():
                # What was announced meanwhile was announced to nobody.
                return True
            left = deadline - time.monotonic()
            if self._connection is None:
                left = min(left, self._try_again_at - time.monotonic())
            if self._heard(max(left, 0)):
                return True
            if time.monotonic() >= deadline:
                return False

    def _heard(self, timeout: float) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._receiver, selectors.EVENT_READ)
            if self._connection is not None:
                selector.register(self._connection.fileno(), selectors.EVENT_READ)
            ready = {key.fd for key, _ in selector.select(timeout)}
        heard = False
        if self._receiver.fileno() in ready:
            self._receiver.recv(4096)
            heard = True
        if self._connection is not None and self._connection.fileno() in ready:
            heard = self._drain() or heard
        return heard

    def _drain(self) -> bool:
        from psycopg import Error  # noqa: PLC0415  (on SQLite it is never loaded)

        try:
            return bool(list(self._connection.notifies(timeout=0)))
        except Error:
            self._drop()
            return True

    def _subscribe(self) -> bool:
        from psycopg import Error  # noqa: PLC0415

        try:
            self._connection = self._db.dedicated()
            self._connection.execute(f"LISTEN {self._channel}")
        except (StorageError, Error):
            self._drop()
            return False
        return True

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._try_again_at = time.monotonic() + _RECONNECT_S

    def wake(self) -> None:
        """End a wait."""
        # A full buffer holds enough wakes already.
        with contextlib.suppress(BlockingIOError):
            self._sender.send(b"\0")

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._sender.close()
        self._receiver.close()
