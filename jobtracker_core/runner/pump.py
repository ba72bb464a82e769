"""Turns due ticks into runs. Any number of processes may do it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from jobtracker_core.runner import schedule
from jobtracker_core.storage import searches, ticks
from jobtracker_core.storage.engine import Database


class Pumped(Struct, frozen=True, kw_only=True):
    """What one turn did.

    Attributes:
        ticked: By the number of the search: what became of its tick.
        unusable: Searches whose schedule cannot be used, with the reason; they do not run.
    """

    ticked: Mapping[int, ticks.Ticked]
    unusable: Mapping[int, str]


def pump(db: Database, *, stop: Callable[[], bool] = lambda: False) -> Pumped:
    """Deal with every search whose tick has come, each in a transaction of its own.

    Once `stop` says so, the rest is left to another scheduler: after a standstill there may be
    minutes of them.
    """
    found, now = searches.due(db)
    ticked: dict[int, ticks.Ticked] = {}
    unusable: dict[int, str] = {}
    for search in found:
        if stop():
            break
        try:
            if search.last_tick_at is not None and search.last_tick_at > now:
                ahead = schedule.next_tick(search.schedule, now)
                ticks.turn_back(db, search, next_tick_at=ahead)
                continue
            due = schedule.plan(search, now)
        except schedule.ScheduleError as error:
            unusable[search.id] = str(error)
            continue
        done = None if due is None else ticks.tick(db, search, due)
        if done is not None:
            ticked[search.id] = done
    return Pumped(ticked=ticked, unusable=unusable)
