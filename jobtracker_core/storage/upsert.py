"""Writing a page of postings: hash first, so that the usual re-crawl rewrites nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.run import JobRef
from jobtracker_core.storage import closings, index_writes, new_jobs, sightings
from jobtracker_core.storage.companies import find_or_create
from jobtracker_core.storage.errors import Busy
from jobtracker_core.storage.index_tokens import COLUMNS
from jobtracker_core.storage.merge import Kind, Row, merge, observed
from jobtracker_core.storage.page import Page, read_hashes
from jobtracker_core.storage.statements import (
    insert_or_replace,
    locked_ids,
    one_of_named,
    packed,
)
from jobtracker_core.storage.tables import job_changes, job_texts, jobs

_INDEXED = frozenset(COLUMNS)


class Written(Struct, frozen=True, kw_only=True):
    """What a page did. Each posting is counted in exactly one of the four.

    Attributes:
        new: Jobs stored for the first time, in the page's order.
        changed: Ids of known jobs of which something differs now.
        unchanged: Known jobs of which nothing differs, and those that come back after they were
            dismissed and deleted: they are stored, and stay hidden.
        completed: Known jobs that got their first details, contradicting nothing.
    """

    new: tuple[JobRef, ...]
    changed: tuple[int, ...]
    unchanged: int
    completed: int


def write_page(
    conn: Connection,
    *,
    source: str,
    kind: Kind,
    records: Sequence[Record],
    run_id: int | None,
    now: datetime,
    read_at: datetime | None = None,
) -> Written:
    """Store a page in the caller's write transaction; commit it with the run's counters.

    `read_at` is for a page of the past (a replay): when its site gave it. What was seen is then
    dated so, and known jobs are not counted as seen once more: the run that read it has done that.
    Of a posting that stands twice on the page, the last one holds. Two writers whose pages overlap
    do not deadlock, and every posting is `new` for exactly one of them: both lock companies, then
    insert jobs, then lock known jobs, then sightings, each in sorted order.
    """
    page = Page(
        source=source,
        kind=kind,
        run_id=run_id,
        now=now,
        read_at=read_at or now,
        is_past=read_at is not None,
        records={record.source_id: record for record in records},
    )
    if not page.records:
        return Written(new=(), changed=(), unchanged=0, completed=0)
    stored = read_hashes(conn, page, sorted(page.records))
    same = {key: row.id for key, row in stored.items() if _is_same(page, key, row)}
    unknown = [key for key in page.records if key not in stored]
    pending = [record for key, record in page.records.items() if key not in same]
    company_ids = find_or_create(conn, pending, now)
    inserted = new_jobs.insert(conn, page, unknown, company_ids)
    lost = inserted.lost
    if lost:
        # Another writer stored them since the first look; now they are known like all others.
        stored |= read_hashes(conn, page, lost)
        same |= {key: stored[key].id for key in lost if _is_same(page, key, stored[key])}
    differing = {row.id: key for key, row in stored.items() if key not in same}
    confirmed = sorted(same.values()) if kind == "detail" else []
    doubtful = [] if page.is_past or kind == "detail" else _listed_again(page, stored, same)
    _lock(conn, [*differing, *confirmed, *doubtful])
    outcomes = _update(conn, page, differing, company_ids)
    _confirm_details(conn, page, confirmed)
    closings.doubt(conn, doubtful, at=page.now)
    if not page.is_past:
        _sight(conn, page, {key: row.id for key, row in stored.items()})
    return Written(
        new=inserted.shown,
        changed=tuple(job_id for job_id, outcome in outcomes.items() if outcome == "changed"),
        unchanged=list(outcomes.values()).count("unchanged") + len(same) + inserted.hidden,
        completed=list(outcomes.values()).count("completed"),
    )


def _is_same(page: Page, key: str, row: Any) -> bool:
    record = page.records[key]
    if row.hash != record.content_hash:
        return False
    # A list that says "open" as it always did knows less than the detail page that saw the end;
    # the same detail page seen again is the latest word on it.
    return (
        page.kind == "list" or record.closed is None or record.closed == (row.closed_at is not None)
    )


def _listed_again(page: Page, stored: Mapping[str, Any], same: Mapping[str, int]) -> list[int]:
    """Return closed jobs that stand on the list as they did when they were open."""
    return [
        job_id
        for key, job_id in same.items()
        if stored[key].closed_at is not None and not page.records[key].closed
    ]


def _update(
    conn: Connection,
    page: Page,
    differing: Mapping[int, str],
    company_ids: Mapping[str, int],
) -> dict[int, str]:
    """Merge postings whose hash differs into what is stored; return the outcome of each."""
    if not differing:
        return {}
    outcomes: dict[int, str] = {}
    rows: dict[tuple[str, ...], list[Row]] = {}
    texts: list[Row] = []
    history: list[Row] = []
    indexed: dict[int, Row] = {}
    for stored in _read_whole(conn, sorted(differing)):
        record = page.records[differing[stored["id"]]]
        fields = observed(record, company_ids.get(record.company_key or ""))
        result = merge(stored, page.kind, record, fields, page.read_at)
        outcomes[stored["id"]] = result.outcome
        if result.changes:
            result.update["changed_at"] = page.now
        if result.outcome != "unchanged":
            result.update["version"] = stored["version"] + 1
        whole = stored | result.update
        if not _INDEXED.isdisjoint(result.update) or "description" in result.texts:
            indexed[stored["id"]] = whole
        names = tuple(sorted(result.update))
        row = {"b_id": stored["id"], **{f"b_{name}": result.update[name] for name in names}}
        rows.setdefault(names, []).append(row)
        # The raw item alone is no reason to write.
        if result.texts and result.outcome != "unchanged":
            kept = {name: stored[name] for name in ("description", "raw")}
            texts.append({"job_id": stored["id"], **kept, **result.texts})
        if result.changes:
            history.append(
                {
                    "job_id": stored["id"],
                    "run_id": page.run_id,
                    "at": page.now,
                    "kind": page.kind,
                    "changes": result.changes,
                }
            )
    _apply(conn, rows, texts, history)
    index_writes.change(conn, indexed, at=page.now)
    return outcomes


def _apply(
    conn: Connection,
    rows: Mapping[tuple[str, ...], Sequence[Row]],
    texts: Sequence[Row],
    history: Sequence[Row],
) -> None:
    # Only what differs: SQLite would take all others out of their indexes and put them back.
    for names, alike in rows.items():
        conn.execute(_update_job(names), alike)
    if texts:
        conn.execute(insert_or_replace(conn, job_texts, "job_id"), texts)
    if history:
        conn.execute(sa.insert(job_changes), history)


def _lock(conn: Connection, ids: list[int]) -> None:
    # A statement of its own: one that waited for a lock sees other tables as they were before.
    if ids and conn.dialect.name == "postgresql":
        conn.execute(locked_ids("postgresql", jobs.c.id), {"ids": sorted(ids)})


def _read_whole(conn: Connection, ids: list[int]) -> list[Row]:
    dialect = conn.dialect.name
    found = conn.execute(_select_whole(dialect), {"ids": packed(dialect, ids)})
    rows = [dict(row) for row in found.mappings()]
    if len(rows) != len(ids):
        raise Busy("jobs of this page were deleted while it was written", "Try the page again.")
    return rows


def _confirm_details(conn: Connection, page: Page, ids: list[int]) -> None:
    if ids:
        dialect = conn.dialect.name
        conn.execute(_confirm(dialect), {"b_read_at": page.read_at, "ids": packed(dialect, ids)})


def _sight(conn: Connection, page: Page, known: Mapping[str, int]) -> None:
    # A page that says that the posting has ended is no sight of it.
    ids = sorted(
        job_id
        for key, job_id in known.items()
        if page.kind == "list" or not page.records[key].closed
    )
    again = page.kind == "list"
    sightings.see_again(conn, ids, at=page.now, run_id=page.run_id, again=again)


# The statements of a page, each made once: the detail page of one posting runs nearly all of them,
# and making them took most of its time.


@cache
def _select_whole(dialect: str) -> sa.Select[Any]:
    return (
        sa.select(jobs, job_texts.c.description, job_texts.c.raw)
        .select_from(jobs.outerjoin(job_texts))
        .where(one_of_named(dialect, jobs.c.id, "ids"))
        .order_by(jobs.c.id)
    )


@lru_cache(maxsize=128)
def _update_job(names: tuple[str, ...]) -> sa.Update:
    values = {name: sa.bindparam(f"b_{name}", type_=jobs.c[name].type) for name in names}
    return sa.update(jobs).where(jobs.c.id == sa.bindparam("b_id")).values(values)


@cache
def _confirm(dialect: str) -> sa.Update:
    return (
        sa.update(jobs)
        .where(one_of_named(dialect, jobs.c.id, "ids"))
        .values(details_at=sa.bindparam("b_read_at"), details_tried_at=None, details_due=False)
    )
