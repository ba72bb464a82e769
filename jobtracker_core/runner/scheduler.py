"""Timers: what a worker does over and over beside its runs. The only import of APScheduler.

Its jobs are kept in memory and belong to one process. What must happen once for all processes is
decided in the database, by whatever the timers call.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

_THREADS = 4
_LOGGER = "apscheduler.scheduler.timers"

_LOOK_S: Final = 1.0
_JUMP_S: Final = 2.0
"""A step of the clock by more than this is a jump; less than that is how clocks are set right."""


class Timers:
    """Calls functions at intervals, each in one thread at a time. A context manager.

    One that takes longer than its interval, or that was kept from running, is called once and not
    for every time that passed. They must not raise. A clock that is set back does not hold them up:
    whoever waits for a moment by the clock would wait that much longer.

    Args:
        on_jump: Called with the seconds that the machine's clock has jumped by.
    """

    def __init__(self, on_jump: Callable[[float], None] = lambda _: None) -> None:
        self._on_jump = on_jump
        self._end = threading.Event()
        self._watch = threading.Thread(target=self._watch_the_clock, name="clock", daemon=True)
        # That a call is left out while the one before still runs is as it should be: no warnings.
        logger = logging.getLogger(_LOGGER)
        logger.setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            logger=logger,
            executors={"default": ThreadPoolExecutor(_THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )

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
        # Before anything waits: whatever happens to the clock from now on is seen.
        self._ahead = time.time() - time.monotonic()
        self._scheduler.start()
        self._watch.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._watch.join()
        self._scheduler.shutdown(wait=True)

    def _watch_the_clock(self) -> None:
        while not self._end.wait(_LOOK_S):
            before, self._ahead = self._ahead, time.time() - time.monotonic()
            if abs(self._ahead - before) > _JUMP_S:
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))
                self._on_jump(self._ahead - before)
