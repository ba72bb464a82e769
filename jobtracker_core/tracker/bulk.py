"""One thing done to many rows: one transaction, one row of the audit log, one result per row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

from msgspec import Struct

from jobtracker_core.plugins.discovery import Unavailable, UnknownCollector
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.storage.errors import Duplicate, NotAllowed, NotFound, Stale
from jobtracker_core.storage.queue import Enqueued
from jobtracker_core.tracker.change import Change
from jobtracker_core.tracker.collectors import CollectorOff
from jobtracker_core.tracker.stored import Installation

MOST: Final = 500
"""Rows of one call: it holds the write lock for all of them."""

Problem = Literal["not_found", "duplicate", "stale", "not_allowed", "cannot_run"]

_PROBLEMS: dict[type[Exception], Problem] = {
    NotFound: "not_found",
    Duplicate: "duplicate",
    Stale: "stale",
    NotAllowed: "not_allowed",
    **dict.fromkeys((CollectorOff, UnknownCollector, Unavailable, ScheduleError), "cannot_run"),
}


class BulkItem(Struct, frozen=True, kw_only=True):
    """What became of one row: `problem` and `detail` are None where it was done.

    Attributes:
        run_id: The run that a search was started with, or the one in its way; else None.
    """

    id: int
    problem: Problem | None = None
    detail: str | None = None
    run_id: int | None = None


class BulkResult(Struct, frozen=True, kw_only=True):
    """What became of each row, in the order in which they were named."""

    done: int
    failed: int
    items: tuple[BulkItem, ...]


def check_number(field: str, ids: Sequence[int]) -> None:
    """Raise FormError if there are none, or too many for one call."""
    if not 0 < len(ids) <= MOST:
        raise FormError({field: f"takes 1 to {MOST} numbers, not {len(ids)}"})


def each(
    tracker: Installation,
    action: str,
    ids: Sequence[int],
    act: Callable[[Change, int], object],
    **facts: object,
) -> BulkResult:
    """Do something to each row; where it cannot be done, the others are not held up.

    What `act` returns counts where it is what was put into the queue. A number that stands there
    twice counts once. Anything but what is wrong with a row itself
    takes all of it back.

    Raises:
        FormError: There are none, or too many.
    """
    wanted = list(dict.fromkeys(ids))
    check_number("ids", wanted)
    kind = action.partition(".")[0]
    with tracker.change(action, f"{kind}:{','.join(map(str, wanted))}"[:200]) as change:
        items = tuple(_one(change, number, act) for number in wanted)
        done = sum(item.problem is None for item in items)
        change.note(done=done, failed=len(items) - done, **facts)
        result = BulkResult(done=done, failed=len(items) - done, items=items)
        return change.made(result, change.target)


def _one(change: Change, number: int, act: Callable[[Change, int], object]) -> BulkItem:
    try:
        made = act(change, number)
    except tuple(_PROBLEMS) as error:
        said = (str(error), getattr(error, "hint", None))
        detail = ". ".join(part for part in said if part)
        return BulkItem(id=number, problem=_PROBLEMS[type(error)], detail=detail)
    return BulkItem(id=number, run_id=made.run_id if isinstance(made, Enqueued) else None)
