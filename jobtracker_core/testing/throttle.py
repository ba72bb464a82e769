"""The pace of requests on a clock of one's own, by the generic cell rate algorithm (GCRA).

For tests: a run's own pace is kept in the database, by `storage.rates`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from jobtracker_core.contract.host import Grant

_SWEEP_AT_LEAST = 64


class Throttle:
    """Grants requests so that no span of T seconds holds more than `rate * T + burst` of them.

    It keeps one number per key: the moment at which the key's allowance is whole again. Keys whose
    moment has passed are as good as unknown and are dropped now and then, so memory is bounded by
    the keys in use. Safe to call from several threads.

    Args:
        clock: Seconds that never go backwards, such as `time.monotonic`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._whole_at: dict[str, float] = {}
        self._sweep_at = _SWEEP_AT_LEAST
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Number of keys that are remembered."""
        return len(self._whole_at)

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        """Grant one request under `key`, or tell how many seconds to wait before asking again.

        A grant with `wait` > 0 grants nothing and reserves nothing. A rate may differ from call to
        call; what was granted before counts at the rate of its own time. Raises `ValueError` for a
        rate that is not above 0 or a burst below 1.
        """
        if not per_minute > 0 or burst < 1:
            raise ValueError(f"a rate of {per_minute} per minute with a burst of {burst}")
        interval = 60.0 / per_minute
        with self._lock:
            now = self._clock()
            whole_at = max(now, self._whole_at.get(key, now))
            wait = whole_at - (burst - 1) * interval - now
            if wait > 0:
                return Grant(wait=wait)
            self._whole_at[key] = whole_at + interval
            if len(self._whole_at) >= self._sweep_at:
                self._sweep(now)
            return Grant()

    def _sweep(self, now: float) -> None:
        self._whole_at = {key: moment for key, moment in self._whole_at.items() if moment > now}
        self._sweep_at = max(_SWEEP_AT_LEAST, 2 * len(self._whole_at))
