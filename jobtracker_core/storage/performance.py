"""How collecting did over some days: found, new, durations and requests, by source and day."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.tables import FINAL_STATES, collectors
from jobtracker_core.storage.tables import collector_runs as runs

LOOKED_AT: Final = 50_000
"""So many of the newest runs are looked at: a run every three minutes for ninety days."""

_BAD: Final = frozenset({RunState.FAILED, RunState.SUSPECT})
_SLOWEST: Final = 0.95


class Figures(Struct, frozen=True, kw_only=True):
    """What some runs did together.

    Attributes:
        runs: Those that have ended, and did begin.
        bad: Those of them that failed or are suspect.
        seen, new, changed: Postings.
        requests: 0 where a collector does its own HTTP.
        new_per_request: The yield; None without requests.
        median_s, slowest_s: Of their durations in seconds, the one that half of them stay below,
            and the one that 19 of 20 do; None without runs.
    """

    runs: int
    bad: int
    seen: int
    new: int
    changed: int
    requests: int
    bytes_in: int
    new_per_request: float | None
    median_s: float | None
    slowest_s: float | None


class DayFigures(Figures, frozen=True, kw_only=True):
    """The same of one day, by the clock of the asked-for place."""

    day: date


class SourceFigures(Figures, frozen=True, kw_only=True):
    """The same of one collector; `days` has each day, those without runs too."""

    source: str
    days: tuple[DayFigures, ...]


class Performance(Struct, frozen=True, kw_only=True):
    """How collecting did.

    Attributes:
        since, until: The first and the last day.
        days: All sources together; each day, those without runs too.
        complete: False where there were more runs than are looked at: the oldest are missing.
    """

    since: date
    until: date
    days: tuple[DayFigures, ...]
    sources: tuple[SourceFigures, ...]
    complete: bool


class _Ended(Struct, frozen=True, kw_only=True):
    source: str
    state: RunState
    started_at: datetime
    finished_at: datetime
    seen: int
    new: int
    changed: int
    requests: int
    bytes_in: int


def measure(db: Database, *, days: int, zone: tzinfo, source: str | None = None) -> Performance:
    """Return the figures of the last `days` days, today included; one walk of an index."""
    with db.read() as conn:
        today = now(conn).astimezone(zone).date()
        first = today - timedelta(days=days - 1)
        since = datetime.combine(first, datetime.min.time(), tzinfo=zone)
        found = _statement(source).limit(LOOKED_AT + 1)
        rows = [to_struct(row, _Ended) for row in conn.execute(found).mappings()]
    complete = len(rows) <= LOOKED_AT or rows[-1].finished_at < since
    ended = [row for row in rows[:LOOKED_AT] if row.finished_at >= since]
    calendar = [first + timedelta(days=number) for number in range(days)]
    return Performance(
        since=first,
        until=today,
        days=_days(ended, calendar, zone),
        sources=tuple(
            SourceFigures(
                source=name,
                days=_days(mine, calendar, zone),
                **_figures(mine),
            )
            for name, mine in sorted(_by_source(ended).items())
        ),
        complete=complete,
    )


def _statement(source: str | None) -> sa.Select[tuple[object, ...]]:
    found = (
        sa.select(
            collectors.c.name.label("source"),
            *(runs.c.state, runs.c.started_at, runs.c.finished_at),
            runs.c.jobs_seen.label("seen"),
            runs.c.jobs_new.label("new"),
            runs.c.jobs_changed.label("changed"),
            runs.c.http_requests.label("requests"),
            runs.c.bytes_in,
        )
        .join(collectors, collectors.c.id == runs.c.collector_id)
        .where(runs.c.state.in_(FINAL_STATES), runs.c.started_at.is_not(None))
        .order_by(runs.c.id.desc())
    )
    return found if source is None else found.where(collectors.c.name == source)


def _by_source(ended: Iterable[_Ended]) -> dict[str, list[_Ended]]:
    found: dict[str, list[_Ended]] = {}
    for run in ended:
        found.setdefault(run.source, []).append(run)
    return found


def _days(
    ended: Iterable[_Ended], calendar: Sequence[date], zone: tzinfo
) -> tuple[DayFigures, ...]:
    found: dict[date, list[_Ended]] = {}
    for run in ended:
        found.setdefault(run.finished_at.astimezone(zone).date(), []).append(run)
    return tuple(DayFigures(day=day, **_figures(found.get(day, []))) for day in calendar)


def _figures(ended: Sequence[_Ended]) -> dict[str, Any]:
    took = sorted((run.finished_at - run.started_at).total_seconds() for run in ended)
    new = sum(run.new for run in ended)
    requests = sum(run.requests for run in ended)
    return {
        "runs": len(ended),
        "bad": sum(run.state in _BAD for run in ended),
        "seen": sum(run.seen for run in ended),
        "new": new,
        "changed": sum(run.changed for run in ended),
        "requests": requests,
        "bytes_in": sum(run.bytes_in for run in ended),
        "new_per_request": round(new / requests, 4) if requests else None,
        "median_s": _nth(took, 0.5),
        "slowest_s": _nth(took, _SLOWEST),
    }


def _nth(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest value that so large a share of all does not exceed."""
    return ordered[math.ceil(len(ordered) * share) - 1] if ordered else None
