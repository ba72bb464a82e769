"""The whole way: a practice site, the real plugin, the real client, a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_core.runner.clock import SystemClock
from jobtracker_hiringcafe.practice import HiringCafeSite
from keys import KEY


class QuickClock(SystemClock):
    """Real time, but waits are over at once: back-off and second looks cost nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.waited

    def wait(self, seconds: float) -> None:
        self.waited += seconds


@pytest.fixture
def quick_clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
def site() -> Iterator[HiringCafeSite]:
    with HiringCafeSite(postings=90) as site:
        yield site


@pytest.fixture
def open_tracker(db_url: str, tmp_path: Path) -> Iterator[Callable[..., JobTracker]]:
    """Open an installation whose HiringCafe is a practice site."""
    opened: list[JobTracker] = []

    def open_(base_url: str, **changes: Any) -> JobTracker:
        settings = Settings(
            data_dir=tmp_path,
            database_url=db_url,
            plugins=("hiringcafe",),
            secret_key=(KEY,),
            collectors={"hiringcafe": {"base_url": base_url, "per_minute": 60_000}},
        )
        tracker = JobTracker(settings, **changes)
        opened.append(tracker)
        tracker.collectors.set_enabled("hiringcafe", True)
        return tracker

    yield open_
    for tracker in opened:
        tracker.close()
