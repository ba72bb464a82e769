"""A clock that is wrong is told of, once, and never believed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from jobtracker_core.runner.clockwatch import ClockWatch


class WrongClock:
    """A machine's clock that is set at will; `answer_s` is how long the database takes."""

    def __init__(self) -> None:
        self.off = timedelta(0)
        self.seconds = 100.0
        self.answer_s = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    def monotonic(self) -> float:
        # Time passes as it does outside, and an answer takes what it takes.
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
        return [line for line in lines if line[1] != "clock jump"]


@pytest.fixture
def clock() -> WrongClock:
    return WrongClock()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def watch(db, clock, told) -> ClockWatch:
    return ClockWatch(db, clock, told)


@pytest.mark.parametrize("minutes", [5, -5])
def test_a_skew_is_told_once_and_so_is_its_end(watch, clock, told, minutes) -> None:
    watch.look()
    assert abs(watch.skew_s) < 1
    assert told.take() == []
    clock.off = timedelta(minutes=minutes)
    for lines in ([("warning", "clock skew")], []):
        watch.look()
        assert abs(watch.skew_s + 60 * minutes) < 1
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


@pytest.mark.parametrize("seconds", [3600, -3600, 1])
def test_a_jump_is_told(watch, clock, told, seconds, monkeypatch) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(seconds=clock.seconds) + clock.off)
    watch.look()
    clock.wait(15)
    watch.look()
    clock.wait(15)
    clock.off = timedelta(seconds=seconds)
    told.lines.clear()
    watch.look()
    jumps = [line for line in told.lines if line[1] == "clock jump"]
    assert jumps == ([("warning", "clock jump")] if abs(seconds) > 2 else [])
