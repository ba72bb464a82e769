"""Hearing that a running run is to be stopped, sooner than its next heartbeat would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jobtracker_core.storage import endings
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.engine import Database


class Cancellations:
    """The runs of one worker, and which of them somebody asked to be stopped.

    Whoever is woken by the database looks; each run has a flag of its own. Safe between threads.
    """

    def __init__(self) -> None:
        self._flags: dict[int, threading.Event] = {}
        self._lock = threading.Lock()

    @contextmanager
    def of(self, claim: Claim) -> Iterator[threading.Event]:
        """Give the flag of a run that this worker has, as long as it has it."""
        flag = threading.Event()
        with self._lock:
            self._flags[claim.run_id] = flag
        try:
            yield flag
        finally:
            with self._lock:
                # A later attempt of the same run may be in another slot already.
                if self._flags.get(claim.run_id) is flag:
                    del self._flags[claim.run_id]

    def look(self, db: Database) -> None:
        """Ask the database once for all of them, if there are any. Raises StorageError."""
        with self._lock:
            unaware = [number for number, flag in self._flags.items() if not flag.is_set()]
        wanted = endings.to_be_cancelled(db, unaware)
        with self._lock:
            for number in wanted & self._flags.keys():
                self._flags[number].set()
