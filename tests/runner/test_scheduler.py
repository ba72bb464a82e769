"""Timers go by the time that passes, whatever somebody does to the clock."""

from __future__ import annotations

import threading
import time as real_time
from datetime import datetime, timedelta, tzinfo
from typing import Any

import apscheduler.schedulers.base
import pytest

from jobtracker_core.runner import scheduler
from jobtracker_core.runner.scheduler import Timers


class Wall:
    """The wall's clock, which can be set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.set_by = 0.0
        wall = self

        class Shifted(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return datetime.now(tz) + timedelta(seconds=wall.set_by)

        class Time:
            monotonic = staticmethod(real_time.monotonic)

            @staticmethod
            def time() -> float:
                return real_time.time() + wall.set_by

        monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Shifted)
        monkeypatch.setattr(scheduler, "datetime", Shifted)
        monkeypatch.setattr(scheduler, "time", Time)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(monkeypatch)


class Calls:
    """Counts calls, to be waited for."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()

    def call(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def reach(self, count: int, seconds: float = 60) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, seconds)


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_set_stops_no_timer(wall: Wall, hours: int) -> None:
    calls = Calls()
    jumps: list[float] = []
    with Timers(jumps.append) as timers:
        timers.every(0.1, calls.call)
        assert calls.reach(3)
        wall.set_by = hours * 3600
        # One more may be on its way; many are not.
        assert calls.reach(calls.count + 10)
    # Where nothing moves for seconds between two looks at a clock, that is a little jump as well.
    (jump,) = (seconds for seconds in jumps if abs(seconds) > 1800)
    assert jump == pytest.approx(hours * 3600, abs=60)


def test_without_the_guard_a_clock_that_is_set_back_stops_them(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: it is the guard that keeps them going."""
    monkeypatch.setattr(scheduler, "_JUMP_S", float("inf"))
    calls = Calls()
    with Timers() as timers:
        timers.every(0.1, calls.call)
        assert calls.reach(3)
        wall.set_by = -3 * 3600
        assert not calls.reach(calls.count + 10, seconds=3)


def test_a_timer_that_is_late_is_called_once() -> None:
    calls = Calls()
    gate = threading.Event()

    def slow() -> None:
        calls.call()
        gate.wait(60)

    with Timers() as timers:
        timers.every(0.05, slow)
        assert calls.reach(1)
        assert not calls.reach(2, seconds=0.5), "never twice at once"
        gate.set()
        assert calls.reach(4)
