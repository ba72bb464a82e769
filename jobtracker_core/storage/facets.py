"""How the jobs of a list are spread over the values of what it can be filtered by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Unpack, cast

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage import find, find_plan
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.index_tokens import pay_band
from jobtracker_core.storage.job_filters import Filters
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.tallies import WORDS_TALLY_LIMIT, estimated

FacetName = Literal["source", "company", "remote", "employment", "seniority", "pay", "age"]

COUNTED: Final = 5_000
"""So many of the latest jobs of a list are looked at where its text holds no words."""

_ENOUGH: Final = 500

MOST_VALUES: Final = 20
"""Of one facet."""

AGES: Final[dict[str, timedelta]] = {f"{days}d": timedelta(days=days) for days in (1, 7, 30, 90)}

_OWN: Final = ("source", "remote", "employment", "seniority")
_COLUMNS: Final = (
    *(jobs.c.source, jobs.c.company, jobs.c.remote, jobs.c.employment, jobs.c.seniority),
    *(jobs.c.pay_year_min, jobs.c.pay_year_max, jobs.c.posted_at),
)


class FacetValue(Struct, frozen=True, kw_only=True):
    """One value, and how many jobs of the list have it."""

    value: str
    count: int


class Facet(Struct, frozen=True, kw_only=True):
    """What the jobs of a list have of one kind.

    Attributes:
        name: `pay` by where a band of pay per year begins, in whatever currency; `age` by how long
            ago they were posted, where `7d` counts those of `1d` too.
        values: At most 20, the most frequent first, but for `pay` and `age`, which rise. A list
            that is filtered by this very facet is counted as if it were not.
        estimated: Whether the counts are only about right, as they are of many jobs.
    """

    name: FacetName
    values: tuple[FacetValue, ...]
    estimated: bool


def facets(db: Database, **filters: Unpack[Filters]) -> tuple[Facet, ...]:
    """Count the jobs of a list by all facets; raises SearchError.

    Exactly up to `COUNTED` jobs, or 1,000 where the text holds words; beyond, the latest of them
    stand for all.
    """
    own = [name for name in _OWN if cast("dict[str, Any]", filters).get(name) is not None]
    with db.read() as conn:
        present = now(conn)
        found = _count(conn, filters, present)
        for name in own:
            rest = cast("Filters", {**filters, name: None})
            found[name] = _count(conn, rest, present)[name]
    return tuple(found.values())


def _count(conn: Connection, filters: Filters, present: datetime) -> dict[str, Facet]:
    plan = find_plan.plan(filters, present)
    most = WORDS_TALLY_LIMIT if find.has_words(plan) else COUNTED
    sample = find.sample(conn, plan, most, enough=_ENOUGH)
    rows = conn.execute(sa.select(*_COLUMNS).where(one_of(conn, jobs.c.id, sample.ids))).all()
    is_part = sample.reached is not None
    factor = estimated(conn, sample) / max(len(rows), 1) if is_part else 1
    values = {
        "source": _frequent(row.source for row in rows),
        "company": _frequent(row.company for row in rows),
        "remote": _frequent(row.remote for row in rows),
        "employment": _frequent(kind for row in rows for kind in row.employment or ()),
        "seniority": _frequent(row.seniority for row in rows),
        "pay": _pay(rows),
        "age": _ages(rows, present),
    }
    return {
        name: Facet(
            name=cast("FacetName", name),
            values=tuple(
                FacetValue(value=value, count=max(1, round(count * factor)))
                for value, count in counted
            ),
            estimated=is_part,
        )
        for name, counted in values.items()
    }


def _frequent(values: Iterable[str | None]) -> list[tuple[str, int]]:
    counted = Counter(value for value in values if value is not None)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_VALUES]


def _pay(rows: Sequence[Any]) -> list[tuple[str, int]]:
    bands = (pay_band(row.pay_year_max, row.pay_year_min) for row in rows)
    counted = Counter(band for band in bands if band is not None)
    return [(str(band), count) for band, count in sorted(counted.items())]


def _ages(rows: Sequence[Any], present: datetime) -> list[tuple[str, int]]:
    posted = [row.posted_at for row in rows if row.posted_at is not None]
    counted = [
        (name, sum(moment > present - age for moment in posted)) for name, age in AGES.items()
    ]
    return [(name, count) for name, count in counted if count]
