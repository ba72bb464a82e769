"""A clock that is wrong is told of, once, and never believed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from frozen import FrozenTime
from jobtracker_core.runner.clockwatch import ClockWatch


class WrongClock:
    """A machine's clock, off the database's at will; `answer_s` is how long that takes to answer."""

    def __init__(self, right: FrozenTime) -> None:
        self._right = right
        self.off = timedelta(0)
        self.seconds = 100.0
        self.answer_s = 0.0

    def now(self) -> datetime:
        return self._right.at + self.off

    def monotonic(self) -> float:
        before, self.seconds = self.seconds, self.seconds + self.answer_s
        return before

    def wait(self, seconds: float) -> None:
        self.seconds += seconds


class Told:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        self.lines.append((level, event))

    def take(self) -> list[tuple[str, str]]:
        lines, self.lines = self.lines, []
        return lines


@pytest.fixture
def clock(frozen: FrozenTime) -> WrongClock:
    return WrongClock(frozen)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def watch(frozen: FrozenTime, clock: WrongClock, told: Told) -> ClockWatch:
    return ClockWatch(frozen.db, clock, told)


@pytest.mark.parametrize("minutes", [5, -5])
def test_a_skew_is_told_once_and_so_is_its_end(watch, clock, told, minutes) -> None:
    watch.look()
    assert watch.skew_s == 0
    assert told.take() == []
    clock.off = timedelta(minutes=minutes)
    for lines in ([("warning", "clock skew")], []):
        watch.look()
        assert watch.skew_s == -60 * minutes
        assert told.take() == lines
    clock.off *= 2
    watch.look()
    assert told.take() == [("warning", "clock skew")]
    clock.off = timedelta(0)
    for lines in ([("info", "clock skew over")], []):
        watch.look()
        assert told.take() == lines


def test_a_slow_answer_is_no_skew(watch, clock, told) -> None:
    clock.off, clock.answer_s = timedelta(seconds=-4), 8
    watch.look()
    assert told.take() == []
    clock.answer_s = 1
    watch.look()
    assert told.take() == [("warning", "clock skew")]
