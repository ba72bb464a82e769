"""Timers: what a worker does over and over beside its runs. The only import of APScheduler.

Its jobs are kept in memory and belong to one process. What must happen once for all processes is
decided in the database, by whatever the timers call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

_THREADS = 3
_LOGGER = "apscheduler.scheduler.timers"


class Timers:
    """Calls functions at intervals, each in one thread at a time. A context manager.

    One that takes longer than its interval, or that was kept from running, is called once and not
    for every time that passed. They must not raise.
    """

    def __init__(self) -> None:
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
        self._scheduler.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._scheduler.shutdown(wait=True)
