"""Comparing two things fairly: in turn, several times, by their medians."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median

from msgspec import Struct


class Ratio(Struct, frozen=True, kw_only=True):
    """`value` times as long as what it is compared with."""

    name: str
    value: float
    detail: str


def compare(
    name: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int,
    unit: str,
    times: int = 1,
) -> Ratio:
    """Time both in turn; return the ratio of the medians. One round of each warms up first.

    Args:
        name: What is compared with what.
        ours: One go of ours.
        theirs: One go of what it is compared with.
        rounds: So many rounds are timed.
        unit: What one go does.
        times: Goes in one round, for what takes less than some milliseconds.
    """
    _time(ours, 1)
    _time(theirs, 1)
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for function, seconds in zip((ours, theirs), taken, strict=True):
            seconds.append(_time(function, times))
    mine, other = median(taken[0]), median(taken[1])
    return Ratio(
        name=name,
        value=mine / other,
        detail=f"{mine * 1000:.3g} ms against {other * 1000:.3g} ms, {unit}",
    )


def _time(function: Callable[[], object], times: int) -> float:
    # What an earlier measurement left behind is not to be swept within this one.
    gc.collect()
    start = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - start) / times
