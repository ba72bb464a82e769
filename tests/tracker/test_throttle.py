"""Limits on requests, shared by all processes."""

from __future__ import annotations

from collections.abc import Callable

from frozen import FrozenTime
from jobtracker_core.tracker import JobTracker


def test_a_burst_and_then_the_rate(tracker: JobTracker, time: FrozenTime) -> None:
    allow = tracker.throttle.allow
    assert [allow("token:1", 60, 3) for _ in range(3)] == [None] * 3
    assert allow("token:1", 60, 3) == 1.0
    assert allow("token:2", 60, 3) is None
    time.advance(seconds=1)
    assert allow("token:1", 60, 3) is None
    assert allow("token:1", 60, 3) == 1.0


def test_a_sites_rate_is_another_thing(tracker: JobTracker) -> None:
    from jobtracker_core.storage import rates

    assert tracker.throttle.allow("site:board.example", 60, 1) is None
    granted = rates.acquire(tracker.database, "site:board.example", per_minute=60, burst=1)
    assert granted.wait == 0


def test_two_processes_share_a_limit(db_url: str, processes: Callable[..., list[str]]) -> None:
    script = """
from jobtracker_core import JobTracker, Settings
tracker = JobTracker(Settings(database_url=url, plugins=()))
tracker.database
go()
print(sum(tracker.throttle.allow("ip:192.0.2.1", 0.01, 30) is None for _ in range(60)))
"""
    assert sum(map(int, processes(script, db_url, 2))) == 30
