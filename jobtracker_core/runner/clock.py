"""Time, as something that tests can replace."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What a run knows of time."""

    def now(self) -> datetime:
        """Return the present, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never jump, for durations and deadlines."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass. May return early; the caller looks at `monotonic()`."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the present, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


class JumpClock:
    """A clock whose waits take no time: it jumps. For replays and tests."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._passed = 0.0

    def now(self) -> datetime:
        """Return the start and what was waited since."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Return the seconds waited."""
        return self._passed

    def wait(self, seconds: float) -> None:
        """Jump ahead."""
        self._passed += seconds
