"""Whether this machine's clock can be believed: leases and ticks go by the database's."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.inline import LogSink
from jobtracker_core.storage.engine import Database

TOLERATED_S: Final = 2.0
"""Seconds by which two clocks may differ."""


class ClockWatch:
    """Compares a clock with the database's. For one thread.

    Attributes:
        skew_s: Seconds that the database's clock was ahead at the last look, less than none where
            it was behind; None before the first.
    """

    def __init__(self, db: Database, clock: Clock, on_log: LogSink) -> None:
        self._db = db
        self._clock = clock
        self._on_log = on_log
        self._told: float | None = None
        self.skew_s: float | None = None

    def look(self) -> None:
        """Measure, and log what is new and not tolerable. Raises StorageError."""
        before, here = self._clock.monotonic(), self._clock.now()
        there = self._db.present()
        took = self._clock.monotonic() - before
        # Read somewhere between: nobody knows where.
        ahead = (there - here - timedelta(seconds=took / 2)).total_seconds()
        self.skew_s = ahead
        self._note_skew(ahead, doubt=took / 2)

    def _note_skew(self, ahead: float, *, doubt: float) -> None:
        if abs(ahead) - doubt > TOLERATED_S:
            if self._told is None or abs(ahead - self._told) - doubt > TOLERATED_S:
                self._told = ahead
                fields = {"database_ahead_s": round(ahead, 1), "hint": "Set this machine's clock."}
                self._on_log("warning", "clock skew", fields)
        elif self._told is not None and abs(ahead) + doubt <= TOLERATED_S:
            self._told = None
            self._on_log("info", "clock skew over", {"database_ahead_s": round(ahead, 1)})
