"""From a run's being wanted to the first request of its collector.

A worker waits in a thread, and looks by itself once a minute only, so that it has to be woken. What
is timed begins before `enqueue`, and ends when the practice site, which is in this process, gets
the first request. In turn with it: the same collector started by hand in this process, and the
start of a process that asks the same site without any queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Self

from jobtracker_core import JobTracker, Settings
from jobtracker_core.runner.clock import SystemClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.limits import RunLimits
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.supervisor import run_in_child
from jobtracker_core.testing.practice import Reply, Seen
from jobtracker_hiringcafe import HiringCafe, HiringCafeQuery
from jobtracker_hiringcafe.practice import HiringCafeSite
from tests.benchmarks.ratio import Ratio

_ASKS_EVERY_S = 60.0
_PER_MINUTE = 60_000


class _Site(HiringCafeSite):
    """A site that knows when it was asked."""

    def __init__(self) -> None:
        super().__init__(postings=1)
        self.asked: list[float] = []

    def serve(self, seen: Seen) -> tuple[Reply, Any]:
        self.asked.append(time.perf_counter())
        return super().serve(seen)

    def first(self, act: Callable[[], object]) -> float:
        """Return the seconds from the beginning of what is done to the first request."""
        self.asked.clear()
        begun = time.perf_counter()
        act()
        return self.asked[0] - begun


def measure(url: str, *, rounds: int) -> list[Ratio]:
    """Compare a run from the queue with one by hand, and with its process alone."""
    with _Site() as site:
        settings = Settings(
            data_dir=Path(),
            database_url=url,
            plugins=("hiringcafe",),
            poll_interval=_ASKS_EVERY_S,
            collectors={"hiringcafe": {"base_url": site.base_url, "per_minute": _PER_MINUTE}},
        )
        task = Task(
            collector=HiringCafe,
            settings=HiringCafe.info.settings(base_url=site.base_url, per_minute=_PER_MINUTE),
            query=HiringCafeQuery(),
        )
        with JobTracker(settings) as tracker:
            tracker.collectors.set_enabled("hiringcafe", True)
            dialect = tracker.database.dialect
            with _Works(tracker) as works:
                kinds: dict[str, Callable[[], object]] = {
                    "woken": works.run_one,
                    "by hand": lambda: tracker.collect("hiringcafe", {}),
                    "alone": lambda: _alone(task),
                }
                taken: dict[str, list[float]] = {name: [] for name in kinds}
                begun: list[float] = []
                for number in range(rounds + 1):
                    for name, act in kinds.items():
                        seconds = site.first(act)
                        if number:  # the first one of each warms up
                            taken[name].append(seconds)
                    if number:
                        begun.append(works.begun_after)
    woken, by_hand, alone = (median(taken[name]) for name in ("woken", "by hand", "alone"))
    share = median(begun) / woken
    return [
        Ratio(
            name=f"{dialect}: wake to first request / process alone",
            value=woken / alone,
            detail=f"{woken * 1000:.3g} ms against {alone * 1000:.3g} ms; "
            f"{share:.0%} until it is claimed and prepared, the rest is the process",
        ),
        Ratio(
            name=f"{dialect}: wake to first request / in this process",
            value=woken / by_hand,
            detail=f"{woken * 1000:.3g} ms against {by_hand * 1000:.3g} ms by hand",
        ),
    ]


class _Works:
    """A worker at work. `begun_after` is how long the last run took from its wish to its process."""

    def __init__(self, tracker: JobTracker) -> None:
        self._tracker = tracker
        self._ended = threading.Event()
        self._ready = threading.Event()
        self._at = 0.0
        self.begun_after = 0.0
        self._worker = tracker.worker(slots=1, on_log=self._hear)
        self._thread = threading.Thread(target=self._worker.run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.stop()
        self._thread.join()

    def run_one(self) -> None:
        """Put a run into the queue, and wait for its end."""
        self._ended.clear()
        self._at = time.perf_counter()
        self._tracker.runs.enqueue("hiringcafe", {})
        assert self._ended.wait(30)

    def _hear(self, _level: str, event: str, _fields: Any) -> None:
        if event == "worker started":
            self._ready.set()
        elif event == "run started":
            self.begun_after = time.perf_counter() - self._at
        elif event == "run ended":
            self._ended.set()


def _alone(task: Task) -> None:
    run_in_child(
        task, DryHost(), RunLimits(), plugin="hiringcafe", label="benchmark", clock=SystemClock()
    )
