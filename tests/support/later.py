"""A clock for tests of deadlines: what they measure begins when something has happened."""

from __future__ import annotations

from collections.abc import Callable

from jobtracker_core.runner.clock import SystemClock


class LaterClock(SystemClock):
    """The machine's own time, in which some of it has passed at once when `when` is true.

    So a test needs no deadline that a busy machine may miss before it has come to what is tested.
    """

    def __init__(self, seconds: float, when: Callable[[], object]) -> None:
        self._seconds = seconds
        self._when = when
        self._passed = 0.0

    def monotonic(self) -> float:
        """Return seconds that jump once."""
        if not self._passed and self._when():
            self._passed = self._seconds
        return super().monotonic() + self._passed
