"""How often a token or an address may ask: counted in the database, paid for in advance."""

from __future__ import annotations

import threading
from typing import Final

from jobtracker_core.storage.errors import NotWritable
from jobtracker_core.tracker import JobTracker

PREPAID: Final = 20
"""Requests that a process takes leave for at once, so that not each of them is a write."""

_PREPAID_S: Final = 0.1
"""Where this many seconds' worth is more than that, so much."""

BURST_S: Final = 15
"""Seconds' worth of requests that may come at once."""

_MOST_KEYS: Final = 10_000


class Pace:
    """The limit on requests of one process. Safe to share between threads.

    Over all processes, no minute holds more than the setting says, a quarter of it on top, and
    what each process has paid for in advance.
    """

    def __init__(self, tracker: JobTracker) -> None:
        self._tracker = tracker
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}

    def spend(self, key: str) -> bool:
        """Count a request if it is paid for already; the database is not asked."""
        if self._tracker.settings.api_requests_per_minute == 0:
            return True
        with self._lock:
            left = self._left.get(key, 0)
            if left:
                self._left[key] = left - 1
            return left > 0

    def take(self, key: str) -> float | None:
        """Count a request; return None, or the seconds to wait. Raises StorageError."""
        if self.spend(key):
            return None
        per_minute = self._tracker.settings.api_requests_per_minute
        prepaid = max(PREPAID, round(per_minute * _PREPAID_S / 60))
        blocks = per_minute / prepaid
        burst = max(1, round(blocks * BURST_S / 60))
        try:
            wait = self._tracker.throttle.allow(key, blocks, burst)
        except NotWritable:
            # On a full disk nothing can be counted, and reading must still work.
            return None
        if wait is None:
            with self._lock:
                if len(self._left) >= _MOST_KEYS:
                    self._left.clear()
                self._left[key] = self._left.get(key, 0) + prepaid - 1
        return wait
