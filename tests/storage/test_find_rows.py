"""However words and conditions meet, a search reads a small part of the jobs.

What the ways are chosen by is made smaller here, as the table is: as if it held a million.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.contract.posting import Remote, Seniority
from jobtracker_core.storage import (
    find,
    find_few,
    find_marks,
    find_postgresql,
    find_rows,
    find_sqlite,
    indexing,
    search,
    tallies,
)
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.index_tables import job_index, job_index_fts
from jobtracker_core.storage.queue_tables import index_queue
from jobtracker_core.storage.tables import companies, job_sightings, jobs
from jobtracker_core.storage.tracking_tables import applications, job_tags, tags

ROWS = 8_000
LATE = 100
MOST = 2_500
"""Rows that a list of ten and its tally may read together."""

OLD = datetime(2026, 1, 1, tzinfo=UTC)
SMALLER: dict[Any, dict[str, int]] = {
    find: {"CHECKED": 20, "LOOKED_AT": 60},
    find_few: {"FEW": 60},
    find_marks: {"MARKED": 300, "NEAR": 60, "_COMMON": 3},
    find_postgresql: {
        "FIRST": 20,
        "WALKED": 60,
        "_MOST_BY_INDEX": 300,
        "_LONGEST_WALK": 400,
        "_NEWEST": 60,
        "_AT_ONCE": 60,
    },
    find_rows: {"FEWEST": 10, "_CHECKED_AT_ONCE": 20},
    find_sqlite: {
        "WALKED": 60,
        "_MOST_SORTED": 300,
        "_SMALLEST": 20,
        "_LARGEST": 200,
        "_FIRST_LOOK": 10,
        "_LAST_LOOK": 200,
        "_LOOKED_AT": 30,
        "_MOST_LOOKED_AT": 150,
    },
    tallies: {"WORDS_TALLY_LIMIT": 60, "_ENOUGH": 20},
}
QUERIES: dict[str, int] = {
    "common": ROWS,
    "half": ROWS // 2,
    "common half": ROWS // 2,
    "half other": 0,
    "common -half": ROWS // 2,
    "half -common": 0,
    "rare": 8,
    "common rare": 8,
    "rare half": 8,
    "rare other": 0,
    "common -rare": ROWS - 8,
    "rare OR nothing": 8,
    "rare OR half": ROWS // 2,
    "nothing": 0,
    "title:rare": 0,
    "common is:closed": 8,
    "half is:closed": 8,
    "other is:closed": 0,
    "common -is:open": 8,
    "rare OR is:closed": 16,
    "common is:dismissed": 8,
    "other is:dismissed": 0,
    "common is:applied": 8,
    "half status:offer": 8,
    "other status:offer": 0,
    "common status:draft": 0,
    "half tag:few": 8,
    "other tag:few": 0,
    "common tag:none": 0,
    "common posted:<7d": 8,
    "other posted:<7d": 0,
    "common posted:>7d": ROWS - 8,
    "common source:few": 8,
    "other source:few": 0,
    "comm*": ROWS,
    "c*": ROWS,
    "c* h*": ROWS // 2,
    "rare c*": 8,
    "rar*": 8,
    "other rar*": 0,
    "is:closed": 8,
    "is:dismissed": 8,
    "is:applied": 8,
    "tag:few": 8,
    "posted:<7d": 8,
    "tag:few OR is:applied OR (is:closed is:open)": 16,
    "half (tag:few OR is:applied)": 16,
    "country:IS": 8,
    "country:NO": 0,
    "country:NO OR country:IS": 8,
    "country:IS is:open": 8,
    "employment:volunteer": 0,
    "rare OR country:IS": 16,
    # All have both words, and none has them in this order.
    '"in the"': 0,
    '"in the" common': 0,
    '"in the" source:few': 0,
    "half source:few": 8,
    "half source:many": ROWS // 2 - 8 - LATE // 2,
    # All of them have come of late.
    "half source:late": LATE // 2,
    "rare source:late": 0,
    "rare source:many": 8,
}
FILTERS: dict[str, tuple[dict[str, Any], int]] = {
    "company": ({"text": "common", "company_id": 1}, 8),
    "no company": ({"text": "common", "company_id": 7}, 0),
    "new": ({"text": "common", "new_since": OLD + timedelta(days=1)}, 8),
    "new, no words": ({"new_since": OLD + timedelta(days=1)}, 8),
    "closed": ({"text": "half", "closed": True}, 8),
    "closed, no words": ({"closed": True}, 8),
    "dismissed": ({"text": "half", "dismissed": "only"}, 8),
    "level, no words": ({"seniority": Seniority.EXECUTIVE}, 8),
    "kind, no words": ({"remote": Remote.HYBRID}, 0),
    "level, by pay": ({"seniority": Seniority.EXECUTIVE, "sort": "pay"}, 8),
    "level, by day": ({"text": "seniority:executive", "sort": "posted"}, 8),
    "tag": ({"text": "half", "tag": "few"}, 8),
    "application": ({"text": "half", "has_application": True}, 8),
    "posted, no words": ({"posted_since": datetime.now(UTC) - timedelta(days=7)}, 8),
    "run": ({"text": "common", "changed_by_run": 3}, 0),
    "by pay, words": ({"sort": "pay", "text": "half"}, ROWS // 2),
    "by pay, few": ({"sort": "pay", "text": "rare"}, 8),
    "by pay, phrase": ({"sort": "pay", "text": '"in the"'}, 0),
    "by day, few": ({"sort": "posted", "text": "rare"}, 8),
    "by day, few without words": ({"sort": "posted", "tag": "few"}, 8),
    "by day, phrase": ({"sort": "posted", "text": '"in the"'}, 0),
}
STEP = ROWS // 8


def place(number: int, kind: int) -> bool:
    """Tell whether a job is one of the eight of a kind, which lie far from each other."""
    return number % STEP == 2 * kind


def source(number: int) -> str:
    """Return where a job comes from."""
    if number > ROWS - LATE:
        return "late"
    return "few" if place(number, 1) else "many"


@pytest.fixture
def large(db: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Jobs of two words at least, of which few are anything else."""
    for module, names in SMALLER.items():
        for name, value in names.items():
            monkeypatch.setattr(module, name, value)
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = [
        {
            "id": number,
            "source": source(number),
            "source_id": str(number),
            "url": f"https://jobs.example/{number}",
            "title": "common",
            "company_id": 1 if place(number, 2) else None,
            "first_seen_at": OLD + timedelta(days=2 if place(number, 3) else 0),
            "changed_at": OLD,
            "closed_at": OLD if place(number, 4) else None,
            "dismissed_at": OLD if place(number, 5) else None,
            "posted_at": now - timedelta(days=2 if place(number, 6) else 30, seconds=-number),
            "pay_year_min": 20_000.0 + number,
            "country": "IS" if place(number, 10) else "DE",
            "seniority": "executive" if place(number, 10) else None,
        }
        for number in range(1, ROWS + 1)
    ]
    with db.write() as conn:
        conn.execute(
            sa.insert(companies),
            {"id": 1, "key": "a", "name": "A", "created_at": OLD, "updated_at": OLD},
        )
        conn.execute(sa.insert(jobs), rows)
        conn.execute(
            sa.insert(job_sightings), [{"job_id": row["id"], "last_seen_at": OLD} for row in rows]
        )
        applied = [row["id"] for row in rows if place(row["id"], 7)]
        conn.execute(
            sa.insert(applications),
            [
                {"uid": str(number), "job_id": number, "title": "t", "status": "offer"}
                | dict.fromkeys(("moved_at", "created_at", "updated_at"), OLD)
                for number in applied
            ],
        )
        conn.execute(sa.insert(tags), {"id": 1, "key": "few", "name": "few", "created_at": OLD})
        conn.execute(
            sa.insert(job_tags),
            [{"job_id": row["id"], "tag_id": 1} for row in rows if place(row["id"], 8)],
        )
        _index(conn, rows)
    if db.dialect == "postgresql":
        with db.unbound() as execute:
            for table in ("jobs", "job_index", "job_sightings", "applications", "job_tags"):
                execute(f"ANALYZE {table}")
    return db


def _index(conn: Connection, rows: list[dict[str, Any]]) -> None:
    words = {
        row["id"]: [
            "common",
            "half" if row["id"] % 2 == 0 else "other",
            *(["rare"] if place(row["id"], 9) else []),
            *("the", "in"),
        ]
        for row in rows
    }
    facets = {
        row["id"]: [
            *("=all", f"=source:{row['source']}", f"=country:{row['country'].lower()}"),
            *(["=seniority:executive"] if row["seniority"] else []),
        ]
        for row in rows
    }
    if conn.dialect.name == "postgresql":
        conn.execute(
            sa.insert(job_index),
            [
                {"job_id": number, "words": " ".join(f"'{w}'" for w in [*found, *facets[number]])}
                for number, found in words.items()
            ],
        )
        return
    conn.execute(
        sa.insert(job_index_fts),
        [
            {"rowid": number, "body": " ".join(found), "facets": " ".join(facets[number])}
            | dict.fromkeys(("title", "company", "skills", "place"), "")
            for number, found in words.items()
        ],
    )


_READ = sa.text(
    "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))"
    " FROM pg_stat_xact_user_tables"
)


@contextmanager
def counted(db: Database) -> Iterator[list[int]]:
    """Give the rows that were read meanwhile: as steps of SQLite's machine, ten for each."""
    found: list[int] = []
    with db.reading(), db.read() as conn:
        if db.dialect == "postgresql":
            before = conn.execute(_READ).scalar_one()
            yield found
            found.append(int(conn.execute(_READ).scalar_one() - before))
            return
        hundreds = 0

        def note() -> None:
            nonlocal hundreds
            hundreds += 1

        driver: Any = conn.connection.driver_connection
        driver.set_progress_handler(note, 100)
        try:
            yield found
        finally:
            driver.set_progress_handler(None, 0)
        found.append(10 * hundreds)


def test_jobs_like_another_are_found_by_the_indexes(large: Database) -> None:
    with large.write() as conn:
        same = {"title": "A Nurse", "company": "Acme"}
        conn.execute(sa.update(jobs).where(jobs.c.id.in_([5, 6])).values(**same))
        conn.execute(sa.insert(index_queue), [{"job_id": n, "at": OLD} for n in (5, 6)])
    indexing.work_off(large)
    with counted(large) as read:
        found = search.alike(large, url="https://jobs.example/77", title="a NURSE", company="ACME")
    assert [job.id for job in found] == [77, 6, 5]
    assert read[0] < MOST // 4


def test_no_search_reads_most_of_the_jobs(large: Database) -> None:
    asked: dict[str, tuple[dict[str, Any], int]] = {
        **{text: ({"text": text}, number) for text, number in QUERIES.items()},
        **FILTERS,
    }
    wrong: list[str] = []
    for name, (filters, number) in asked.items():
        given = {"dismissed": "all", **filters}
        with counted(large) as read:
            found = search.list_jobs(large, limit=10, **given)
            total = tallies.tally(large, **given)
        is_right = len(found.items) == min(10, number)
        about = total.estimate or total.total
        if not is_right or not number * 2 // 3 <= about <= number * 3 // 2:
            wrong.append(f"{name}: {len(found.items)} listed, {total} of {number}")
        if read[0] > MOST:
            wrong.append(f"{name}: {read[0]} rows read")
    assert not wrong, "\n".join(wrong)


def test_what_never_comes_together_is_walked_over_once(large: Database) -> None:
    with large.write() as conn:
        conn.execute(sa.update(jobs).where(jobs.c.id % 2 == 1).values(company="Odd"))
    given: dict[str, Any] = {"text": "half", "company": "odd", "limit": 10, "dismissed": "all"}
    with counted(large) as read:
        assert search.list_jobs(large, **given).items == ()
    # Nobody has an index for a part of a name. SQLite compares it in some twenty steps.
    assert read[0] < ROWS * (3 if large.dialect == "postgresql" else 30)


@pytest.mark.parametrize("sort", ["pay", "posted"])
def test_an_order_is_a_walk_along_an_index(large: Database, sort: Any) -> None:
    first: dict[str, Any] = {"sort": sort, "limit": 10, "dismissed": "all"}
    with counted(large) as read:
        page = search.list_jobs(large, **first)
        behind = search.list_jobs(large, after=page.after, **first)
        back = search.list_jobs(large, before=behind.before, **first)
        few = search.list_jobs(large, sort=sort, limit=10, pay_from=20_000.0 + ROWS - 4)
    assert back.items == page.items
    assert len(behind.items) == 10
    assert [job.id for job in few.items] == [*range(ROWS, ROWS - 5, -1)]
    assert read[0] < MOST // 5


def test_a_beginning_that_many_words_have_is_put_together_for_no_list(large: Database) -> None:
    asked: dict[str, int] = {
        "c*": ROWS,
        "c* h*": ROWS // 2,
        "c* half": ROWS // 2,
        "c* is:closed": 8,
        "c* h* is:closed": 8,
        "c* o* is:closed": 0,
        "-c* is:closed": 0,
        "c* tag:few": 8,
        "half -c*": 0,
        "-h* -o*": 0,
        "other -h*": ROWS // 2,
    }
    statements: list[str] = []
    wrong: list[str] = []
    with large.reading(), large.read() as conn:
        driver: Any = conn.connection.driver_connection
        if large.dialect == "sqlite":
            driver.set_trace_callback(statements.append)
        for text, number in asked.items():
            for sort in ("arrival", "posted", "pay"):
                statements.clear()
                found = search.list_jobs(large, text=text, sort=sort, dismissed="all", limit=10)
                if len(found.items) != min(10, number):
                    wrong.append(f"{text} by {sort}: {len(found.items)} of {number}")
                wrong += [f"{text} by {sort}: {one}" for one in statements if '" *' in one]
        if large.dialect == "sqlite":
            driver.set_trace_callback(None)
    assert not wrong, "\n".join(wrong)
