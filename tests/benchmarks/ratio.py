"""Comparing two things fairly: in turn, several times, by their medians."""

from __future__ import annotations

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
    name: str, ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int, unit: str
) -> Ratio:
    """Time both in turn; return the ratio of the medians. One round of each warms up first."""
    ours()
    theirs()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for function, taken in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            function()
            taken.append(time.perf_counter() - start)
    mine, other = median(times[0]), median(times[1])
    return Ratio(
        name=name,
        value=mine / other,
        detail=f"{mine * 1000:.1f} ms against {other * 1000:.1f} ms, {unit}",
    )
