"""Whether anything has been written since a moment ago, without asking what.

What was read at one version of the data still holds as long as the version is the same. Read the
version first and the data then: what is written in between is in the data, or moves the version.

Writers that may have changed what lists show say so: on SQLite by a number in the file, which each
look reads in some microseconds, and on PostgreSQL by a notice, for which a thread listens. For
writers that say nothing, both databases tell whether anybody has written at all: that moves the
version too, within a second. Where no answer is heard, there is no version.
"""

from __future__ import annotations

import itertools
import math
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from jobtracker_core.storage import sqlite
from jobtracker_core.storage.announcing import DATA_CHANNEL
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.wakeup import Listening

STALE_S: Final = 1.0
"""Seconds after which what somebody else wrote has moved the version, whatever happens."""

CHECK_S: Final = 0.4
"""Seconds between two questions to the server, so that one may be late."""

UNSAID_S: Final = 0.9
"""The same on SQLite, where a look takes no time to speak of."""

IDLE_S: Final = 10.0
"""Seconds without a look after which nobody listens any more."""

_OPENINGS = itertools.count(1)
"""What another connection counted says nothing: no two of them give the same version."""

Clock = Callable[[], float]


class DataVersion(Protocol):
    """The version of what is stored. Safe to share between threads."""

    def current(self) -> int | None:
        """Return the version, at once; None where nobody can vouch for one now.

        It has moved with all that this process has written through its `Database`, and with what
        others had committed a second ago.
        """
        ...

    def close(self) -> None:
        """Give up the connection."""
        ...


def open_data_version(db: Database, *, clock: Clock = time.monotonic) -> DataVersion:
    """Describe the version of a database; the first look connects to it."""
    return _OfFile(db, clock) if db.dialect == "sqlite" else _OfServer(db, clock)


class _OfFile:
    """Asks SQLite at each look."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._version = next(_OPENINGS) << 32
        self._said = self._commits = 0
        self._looked_at = -math.inf
        self._moves_at = math.inf

    def current(self) -> int | None:
        with self._lock:
            try:
                self._look()
            except sqlite3.Error:
                self._drop()
                return None
            return self._version

    def _look(self) -> None:
        if self._connection is None:
            if self._db.path is None:
                raise ValueError("only a SQLite database is asked this way")
            self._connection = sqlite.connect_reader(self._db.path)
            # Whoever asks is the thread that all requests go through.
            self._connection.execute("PRAGMA busy_timeout=0")
            self._move()
        moment = self._clock()
        # This first: a commit between the two is then seen by the next look.
        commits = self._ask("data_version")
        said = self._ask("user_version")
        if commits != self._commits:
            # Whatever was committed, it was not there yet at the last look.
            self._moves_at = min(self._moves_at, self._looked_at + UNSAID_S)
        if said != self._said or moment >= self._moves_at:
            self._move()
        self._said, self._commits, self._looked_at = said, commits, moment

    def _move(self) -> None:
        self._version += 1
        self._moves_at = math.inf

    def _ask(self, name: str) -> int:
        assert self._connection is not None  # noqa: S101  (for the types: it was opened)
        number: int = self._connection.execute(f"PRAGMA {name}").fetchone()[0]
        return number

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        with self._lock:
            self._drop()


class _OfServer:
    """Listens in a thread of its own, as long as somebody looks."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._lock = threading.Lock()
        self._heard = next(_OPENINGS) << 32
        self._good_until = 0.0
        self._looked_at = 0.0
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._listening: Listening | None = None

    def current(self) -> int | None:
        moment = self._looked_at = self._clock()
        if self._thread is None:
            self._start()
        # The time first: a version that is read too late is only newer.
        return self._heard + self._db.written.count if moment < self._good_until else None

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(
                    target=self._follow, name="jobtracker-data-version", daemon=True
                )
                self._thread.start()

    def _follow(self) -> None:
        listening = seen = None
        try:
            listening = self._listening = Listening(self._db, DATA_CHANNEL)
            while self._is_wanted():
                asked_at = self._clock()
                # It is the same for two questions only if both would read the same.
                snapshot = listening.ask("SELECT pg_current_snapshot()::text")
                if snapshot is None:
                    self._good_until = 0.0
                else:
                    if snapshot != seen:
                        self._heard += 1
                    self._good_until = asked_at + STALE_S
                seen = snapshot
                self._hear(listening, asked_at + CHECK_S)
        finally:
            self._good_until = 0.0
            with self._lock:
                self._listening = self._thread = None
            if listening is not None:
                listening.close()

    def _hear(self, listening: Listening, until: float) -> None:
        while not self._stopped and (left := until - self._clock()) > 0:
            if listening.wait(left):
                self._heard += 1

    def _is_wanted(self) -> bool:
        return not self._stopped and self._clock() < self._looked_at + IDLE_S

    def close(self) -> None:
        with self._lock:
            self._stopped = True
            thread = self._thread
            if self._listening is not None:
                self._listening.wake()
        if thread is not None:
            thread.join(timeout=STALE_S)
