"""The heartbeat of a run: it keeps the lease while the collector is busy."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from jobtracker_core.storage import runs
from jobtracker_core.storage.claims import LEASE_S, Claim
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import LeaseLost, StorageError

MARGIN: Final = 1 / 12
"""Share of the lease (5 s of 60) in which nothing is written any more: clocks differ."""

_BEATS: Final = 4
"""Renewals within the time of one lease."""

_STOP_S = 5.0


class Heartbeat:
    """Renews a run's lease from a thread and a connection of its own. A context manager.

    It is trusted until the lease's length, less a margin, after the *start* of the last call that
    renewed it, by a clock that never jumps: a slow round trip cannot stretch the lease. Past that
    moment nothing may be written, whatever the database says later.

    Args:
        db: Where the run's row is; the thread opens another connection to it.
        claim: The right to the run.
        since: `monotonic()` before the run was claimed.
        lease_s: Seconds of the lease.
        monotonic: Seconds that never jump. Real time, even where the run's own clock is not.
    """

    def __init__(
        self,
        db: Database,
        claim: Claim,
        *,
        since: float,
        lease_s: float = LEASE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._claim = claim
        self._lease_s = lease_s
        self._monotonic = monotonic
        self._trusted_until = since + lease_s * (1 - MARGIN)
        self._lost: LeaseLost | None = None
        self._cancelled = threading.Event()
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self._run, name=f"heartbeat of run {claim.run_id}", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        # One that hangs in the database ends with its call, and an ended run cannot be renewed.
        self._thread.join(_STOP_S)

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked for the run to be stopped."""
        return self._cancelled.is_set()

    @property
    def lease_s(self) -> float:
        """Seconds that each renewal gives."""
        return self._lease_s

    def check(self) -> float:
        """Return the present by the clock; raise LeaseLost if the run may no longer be ours."""
        moment = self._monotonic()
        with self._lock:
            if self._lost is not None:
                raise self._lost
            if moment < self._trusted_until:
                return moment
        raise LeaseLost(
            f"run {self._claim.run_id} could not renew its lease in time: the database did not "
            "answer, or this process stood still",
            "Nothing more of it was stored; start the search again if no other worker goes on.",
        )

    def renewed(self, since: float) -> None:
        """Note that a transaction which began at `since` has renewed the lease."""
        with self._lock:
            until = since + self._lease_s * (1 - MARGIN)
            self._trusted_until = max(self._trusted_until, until)

    def beat(self, db: Database) -> bool:
        """Renew once; return whether to go on. A database that does not answer is asked again."""
        since = self._monotonic()
        try:
            if runs.beat(db, self._claim, lease_s=self._lease_s):
                self._cancelled.set()
        except LeaseLost as error:
            with self._lock:
                self._lost = error
            return False
        except StorageError:
            return True
        self.renewed(since)
        return True

    def _run(self) -> None:
        db = self._db.another()
        try:
            # Connecting takes more answers of the server than a renewal: now there is time for it.
            with contextlib.suppress(StorageError):  # the first renewal connects, then
                db.present()
            # Counted from the beginning of a call: one that took its time is followed by the next.
            pause = every = self._lease_s / _BEATS
            while not self._end.wait(pause):
                since = self._monotonic()
                if not self.beat(db):
                    return
                pause = max(every - (self._monotonic() - since), 0.0)
        finally:
            db.close()
