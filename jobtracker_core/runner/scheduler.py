"""Timers: what a worker does over and over beside its runs. The only import of APScheduler.

Its jobs are kept in memory and belong to one process. What must happen once for all processes is
decided in the database, by whatever the timers call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

_THREADS = 3

JUMP_S: Final = 2.0
"""Seconds by which the clock must leave the time that really passed to count as set."""

_LOOK_S: Final = 1.0


class Timers:
    """Calls functions at intervals, each in one thread at a time. A context manager.

    One that takes longer than its interval, or that was kept from running, is called once and not
    for every time that passed. They must not raise. The intervals are of time that really passes:
    when the clock is set, all are called at once and go on from there.

    Args:
        on_jump: Called with the seconds by which the clock was set, below 0 if it was set back.
    """

    def __init__(self, on_jump: Callable[[float], object] = lambda _: None) -> None:
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(_THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        self._on_jump = on_jump
        self._end = threading.Event()
        self._guard = threading.Thread(target=self._watch_clock, name="clock guard", daemon=True)

    def every(
        self, seconds: float, function: Callable[[], object], *, jitter: float | None = None
    ) -> None:
        """Call a function every so many seconds, the first time at once.

        `jitter` moves each call by up to so many seconds, so that processes do not meet.
        """
        self._scheduler.add_job(
            function,
            IntervalTrigger(seconds=seconds, jitter=jitter, timezone=UTC),
            next_run_time=datetime.now(UTC),
        )

    def __enter__(self) -> Self:
        self._scheduler.start()
        self._guard.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._guard.join()
        self._scheduler.shutdown(wait=True)

    def _watch_clock(self) -> None:
        # The scheduler goes by the wall's clock: set back by an hour, it would sleep that hour.
        ahead = time.time() - time.monotonic()
        while not self._end.wait(_LOOK_S):
            before, ahead = ahead, time.time() - time.monotonic()
            if abs(ahead - before) > JUMP_S:
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))
                self._on_jump(ahead - before)
