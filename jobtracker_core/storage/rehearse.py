"""What pages would change, found out without changing it.

The pages are really written, in a transaction that is rolled back. The page write alone knows its
rules (what a detail page gave is safe from lists, `None` erases nothing, hashes first); saying them
a second time here, for a look that does not write, would be right only until they change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice, zip_longest
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.host import Batch, Record
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.merge import Kind, Row, observed, shown
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import job_texts, jobs
from jobtracker_core.storage.upsert import write_page

_AT_ONCE = 500
"""Postings of one trial: it holds locks, on SQLite the only one there is."""


class FieldDifference(Struct, frozen=True, kw_only=True):
    """A field that would differ.

    Attributes:
        kind: `changed`: another value; `added`: none is stored yet; `lost`: a value is stored, and
            the pages that gave it do not give any now. What is lost stays stored.
    """

    field: str
    kind: Literal["changed", "added", "lost"]
    old: Any
    new: Any


class JobDifference(Struct, frozen=True, kw_only=True):
    """A stored job that would differ."""

    job_id: int
    source_id: str
    title: str
    fields: tuple[FieldDifference, ...]


class Rehearsal(Struct, frozen=True, kw_only=True):
    """What pages would do. Each posting on them is in exactly one of the three.

    Attributes:
        new: Those that are not stored.
        differing: Stored ones of which a field would differ or is lost.
        unchanged: How many are stored as the pages say.
    """

    new: tuple[PostingRef, ...]
    differing: tuple[JobDifference, ...]
    unchanged: int


_Seen = tuple[Kind, Record]


def rehearse(
    db: Database, *, source: str, batches: Sequence[Batch], read_at: datetime
) -> Rehearsal:
    """Compare what is stored with what it would be after these pages; nothing is stored.

    `read_at` is when the site gave them. Takes locks as page writes do, some hundred postings at a
    time.
    """
    seen: dict[str, list[_Seen]] = {}
    for batch in batches:
        for record in batch.records:
            seen.setdefault(record.source_id, []).append((batch.kind, record))
    new: list[PostingRef] = []
    differing: list[JobDifference] = []
    for keys in _chunks(list(seen)):
        with db.trial() as conn:
            before = _read(conn, source, keys)
            _write(conn, source, [seen[key] for key in keys], read_at)
            after = _read(conn, source, keys)
        for key in keys:
            row = after[key]
            if key not in before:
                new.append(PostingRef(source_id=key, url=row["url"], title=row["title"]))
            elif fields := _differences(before[key], row, seen[key]):
                differing.append(
                    JobDifference(
                        job_id=row["id"], source_id=key, title=before[key]["title"], fields=fields
                    )
                )
    return Rehearsal(
        new=tuple(new),
        differing=tuple(differing),
        unchanged=len(seen) - len(new) - len(differing),
    )


def _chunks(keys: list[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk


def _read(conn: Connection, source: str, keys: list[str]) -> dict[str, Row]:
    found = conn.execute(
        sa.select(jobs, job_texts.c.description)
        .select_from(jobs.outerjoin(job_texts))
        .where(jobs.c.source == source, one_of(conn, jobs.c.source_id, keys))
    )
    return {row["source_id"]: dict(row) for row in found.mappings()}


def _write(
    conn: Connection, source: str, postings: Sequence[Sequence[_Seen]], read_at: datetime
) -> None:
    """Write what was seen of each posting in its order, all postings side by side."""
    for step in zip_longest(*postings):
        kinds: tuple[Kind, ...] = ("list", "detail")
        for kind in kinds:
            write_page(
                conn,
                source=source,
                kind=kind,
                records=[one[1] for one in step if one is not None and one[0] == kind],
                run_id=None,
                now=read_at,
                read_at=read_at,
            )


def _differences(before: Row, after: Row, seen: Sequence[_Seen]) -> tuple[FieldDifference, ...]:
    lost = _lost(before, seen)
    were, are = shown(before), shown(after)
    found = []
    for field, old in were.items():
        new = are[field]
        kind: Literal["changed", "added", "lost"]
        if old != new:
            kind = "added" if old is None else "changed"
        elif field in lost:
            kind, new = "lost", None
        else:
            continue
        found.append(FieldDifference(field=field, kind=kind, old=old, new=new))
    return tuple(found)


def _lost(before: Mapping[str, Any], seen: Sequence[_Seen]) -> set[str]:
    """Return the fields that the pages which gave them give no longer.

    A posting that has ended is often all that its own page says; and whether it has is the word of
    whoever looked last, which may have been after these pages.
    """
    gave: dict[Kind, set[str]] = {}
    for kind, record in seen:
        if not (kind == "detail" and record.closed):
            gave.setdefault(kind, set()).update(observed(record, None))
    owners: dict[str, Kind] = dict.fromkeys(before["detail_fields"] or (), "detail")
    return {
        field
        for field, value in shown(before).items()
        if field != "closed"
        and value not in (None, [])
        and field not in gave.get(owner := owners.get(field, "list"), {field})
        and (owner == "detail" or field not in gave.get("detail", ()))
    }
