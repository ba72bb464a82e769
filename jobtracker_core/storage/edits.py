"""Jobs that a person enters, changes and deletes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.host import Record
from jobtracker_core.storage import index_writes, snapshots, touched, versions
from jobtracker_core.storage.companies import find_or_create
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Duplicate
from jobtracker_core.storage.merge import PAY, TEXTS, Row, observed
from jobtracker_core.storage.rows import plain
from jobtracker_core.storage.statements import insert_or_replace
from jobtracker_core.storage.tables import job_texts, jobs
from jobtracker_core.storage.upsert import write_page

EDITABLE = (
    *("title", "url", "company", "places", "remote", "employment", "seniority", "skills"),
    *("language", "pay", "posted_at", "apply_url", "closed", "description"),
)
"""What a person can set of a job; each is set, or left to what is collected, as a whole."""

_COLUMNS = {
    "company": ("company", "company_id"),
    "places": ("place", "city", "region", "country", "latitude", "longitude", "places"),
    "pay": tuple(f"pay_{name}" for name in PAY),
    "posted_at": ("posted_at", "posted_precision"),
    "closed": ("closed_at",),
}


Outcome = Literal["new", "changed", "unchanged"]


class Stored(Struct, frozen=True, kw_only=True):
    """What became of a posting that was given: `unchanged` also of one that is kept hidden."""

    job_id: int
    outcome: Outcome


def create(db: Database, source: str, record: Record) -> Stored:
    """Store a posting that must not be there yet; raises Duplicate, which names the job."""
    with db.write() as conn:
        stored = _write(conn, source, record)
        if stored.outcome != "new":
            raise Duplicate(
                f"{source} has a stored job {record.source_id!r} already: it is job "
                f"{stored.job_id}",
                f"Change job {stored.job_id}, or dismiss it.",
            )
        return stored


def upsert(db: Database, source: str, record: Record) -> Stored:
    """Store a posting as a collector's page would: fields that a person edited stay."""
    with db.write() as conn:
        return _write(conn, source, record)


def _write(conn: Connection, source: str, record: Record) -> Stored:
    written = write_page(
        conn, source=source, kind="list", records=[record], run_id=None, now=now(conn)
    )
    if written.new:
        return Stored(job_id=written.new[0].id, outcome="new")
    key = sa.and_(jobs.c.source == source, jobs.c.source_id == record.source_id)
    job_id = conn.execute(sa.select(jobs.c.id).where(key)).scalar_one()
    # What says that no run has written it, the next run that sees it writes over.
    touched.keep(conn, key)
    changed = written.changed or written.completed
    return Stored(job_id=job_id, outcome="changed" if changed else "unchanged")


def edit(
    db: Database,
    job_id: int,
    record: Record,
    *,
    fields: Collection[str],
    release: Collection[str] = (),
    expected_version: int | None = None,
) -> None:
    """Set fields of a job to what a record says; nothing that is collected changes them any more.

    Args:
        db: The database.
        job_id: The job.
        record: What it is to be; only `fields` of it count, and None empties.
        fields: Those of `EDITABLE` that are set.
        release: Those that follow the site again, from the next time that it is read.
        expected_version: None is any.

    Raises:
        NotFound: It is not there.
        Stale: It is no longer at `expected_version`.
    """
    with db.write() as conn:
        before = versions.hold(conn, jobs, "job", job_id, expected_version)
        moment = now(conn)
        values, texts = _values(conn, before, record, fields, moment)
        edited = set(before["edited"] or ()).difference(release).union(fields)
        # An empty list stays of fields that were released: see `touched`.
        values["edited"] = None if not edited and before["edited"] is None else sorted(edited)
        if set(release) & set(before["edited"] or ()):
            # Else the site's next page, being the same as its last one, would not be looked at.
            values |= {"list_hash": None, "detail_hash": None}
            values["details_due"] = before["details_at"] is not None
        text_differs = bool(texts) and _write_texts(conn, job_id, texts)
        saved = versions.save(
            conn, jobs, before, values, moment, stamp="changed_at", differs=text_differs
        )
        if saved["version"] != before["version"]:
            index_writes.change(conn, {job_id: saved}, at=moment)


def _values(
    conn: Connection, before: Row, record: Record, fields: Collection[str], moment: datetime
) -> tuple[Row, Row]:
    """Return the columns of the job and of its texts that the fields set."""
    company_ids = find_or_create(conn, [record], moment) if "company" in fields else {}
    said = observed(record, company_ids.get(record.company_key or ""))
    values: Row = {}
    for name in fields:
        if name == "closed":
            values["closed_at"] = (before["closed_at"] or moment) if record.closed else None
        elif name in said:
            values |= said[name].columns
        else:
            values |= dict.fromkeys(_COLUMNS.get(name, (name,)))
    texts = {name: values.pop(name) for name in TEXTS if name in values}
    return values, texts


def _write_texts(conn: Connection, job_id: int, texts: Row) -> bool:
    """Write the texts of a job; say whether they differ from what they were."""
    row = conn.execute(sa.select(job_texts).where(job_texts.c.job_id == job_id)).mappings().first()
    kept = {"description": None, "raw": None} if row is None else plain(row)
    if all(kept[name] == text for name, text in texts.items()):
        return False
    conn.execute(insert_or_replace(conn, job_texts, "job_id"), {**kept, "job_id": job_id, **texts})
    return True


def delete(db: Database, job_id: int, *, expected_version: int | None = None) -> None:
    """Delete a job with its texts, history, tags and note; raises NotFound and Stale.

    Its applications stay, each with a snapshot; so do its events, and its dismissal if there is
    one. If it is collected again, it is a new job, and hidden if it was dismissed.
    """
    with db.write() as conn:
        versions.hold(conn, jobs, "job", job_id, expected_version)
        snapshots.take_of_job(conn, job_id, now(conn))
        conn.execute(sa.delete(jobs).where(jobs.c.id == job_id))
