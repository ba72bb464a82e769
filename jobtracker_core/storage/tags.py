"""Tags on jobs and on applications, and the note on a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.exc import IntegrityError

from jobtracker_core.storage import touched, versions
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Duplicate, NotFound, Stale
from jobtracker_core.storage.rows import plain, to_struct
from jobtracker_core.storage.statements import insert_or_ignore, one_of
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.tracking_tables import (
    application_tags,
    applications,
    job_notes,
    job_tags,
    tags,
)

Tagged = Literal["job", "application"]

_LINKS: dict[Tagged, tuple[Table, Table, str]] = {
    "job": (jobs, job_tags, "job_id"),
    "application": (applications, application_tags, "application_id"),
}


class Tag(Struct, frozen=True, kw_only=True):
    """A tag, with how many jobs and applications carry it. Case does not tell tags apart."""

    id: int
    name: str
    jobs: int
    applications: int


class Note(Struct, frozen=True, kw_only=True):
    """What a person wrote on a job; `version` grows with each change."""

    job_id: int
    text: str
    version: int
    created_at: datetime
    updated_at: datetime


def list_all(db: Database) -> tuple[Tag, ...]:
    """Return all tags by name."""
    with db.read() as conn:
        return tuple(to_struct(row, Tag) for row in conn.execute(_counted()).mappings())


def rename(db: Database, tag_id: int, name: str) -> Tag:
    """Give a tag another name wherever it is; raises NotFound and Duplicate."""
    with db.write() as conn:
        versions.find(conn, tags, "tag", tag_id)
        key = name.casefold()
        other = conn.execute(
            sa.select(tags.c.id).where(tags.c.key == key, tags.c.id != tag_id)
        ).scalar()
        if other is not None:
            raise Duplicate(f"there is a tag {name!r} already (tag {other})", "Use that one.")
        try:
            conn.execute(sa.update(tags).where(tags.c.id == tag_id).values(key=key, name=name))
        except IntegrityError as error:
            taken = f"a tag {name!r} was made at this moment"
            raise Duplicate(taken, "Use that one.") from error
        row = conn.execute(_counted().where(tags.c.id == tag_id)).mappings().one()
        return to_struct(row, Tag)


def delete(db: Database, tag_id: int) -> None:
    """Take a tag off everything and forget it; raises NotFound."""
    with db.write() as conn:
        versions.find(conn, tags, "tag", tag_id)
        tagged = sa.select(job_tags.c.job_id).where(job_tags.c.tag_id == tag_id)
        touched.keep(conn, jobs.c.id.in_(tagged))
        conn.execute(sa.delete(tags).where(tags.c.id == tag_id))


def of(db: Database, kind: Tagged, number: int) -> tuple[str, ...]:
    """Return the tags of a job or an application by name; raises NotFound."""
    with db.read() as conn:
        versions.find(conn, _LINKS[kind][0], kind, number)
        return _names(conn, kind, number)


def add(db: Database, kind: Tagged, number: int, names: Sequence[str]) -> tuple[str, ...]:
    """Put tags on a job or an application, making those that are new; return all it has then.

    Raises:
        NotFound: There is no such job or application.
    """
    table, links, column = _LINKS[kind]
    with db.write() as conn:
        versions.find(conn, table, kind, number)
        ids = _find_or_create(conn, names)
        if ids:
            rows = [{column: number, "tag_id": tag_id} for tag_id in ids]
            conn.execute(insert_or_ignore(conn, links, column, "tag_id"), rows)
        return _names(conn, kind, number)


def take_off(db: Database, kind: Tagged, number: int, names: Sequence[str]) -> tuple[str, ...]:
    """Take tags off a job or an application; return what it has then. Others are not missed.

    Raises:
        NotFound: There is no such job or application.
    """
    table, links, _ = _LINKS[kind]
    with db.write() as conn:
        versions.find(conn, table, kind, number)
        named = sa.select(tags.c.id).where(one_of(conn, tags.c.key, _keys(names)))
        _unlink(conn, kind, number, links.c.tag_id.in_(named))
        return _names(conn, kind, number)


def put(db: Database, kind: Tagged, number: int, names: Sequence[str]) -> tuple[str, ...]:
    """Make these the tags of a job or an application, and no others; raises NotFound."""
    _, links, column = _LINKS[kind]
    with db.write() as conn:
        versions.find(conn, _LINKS[kind][0], kind, number)
        ids = _find_or_create(conn, names)
        _unlink(conn, kind, number, links.c.tag_id.not_in(ids))
        if ids:
            rows = [{column: number, "tag_id": tag_id} for tag_id in ids]
            conn.execute(insert_or_ignore(conn, links, column, "tag_id"), rows)
        return _names(conn, kind, number)


def _unlink(conn: Connection, kind: Tagged, number: int, which: ColumnElement[bool]) -> None:
    table, links, column = _LINKS[kind]
    mine = (links.c[column] == number) & which
    if table is jobs:
        touched.keep(conn, jobs.c.id.in_(sa.select(links.c[column]).where(mine)))
    conn.execute(sa.delete(links).where(mine))


def note_of(db: Database, job_id: int) -> Note | None:
    """Return the note on a job, None where there is none; raises NotFound for the job."""
    with db.read() as conn:
        versions.find(conn, jobs, "job", job_id)
        row = _note(conn, job_id)
        return None if row is None else to_struct(row, Note)


def write_note(
    db: Database, job_id: int, text: str | None, *, expected_version: int | None = None
) -> Note | None:
    """Write the note on a job in place of what it was; None or an empty text takes it away.

    Raises:
        NotFound: There is no such job.
        Stale: The note is no longer at `expected_version`; 0 stands for no note.
    """
    with db.write() as conn:
        # The job's row is what two writers of a first note wait for.
        versions.hold(conn, jobs, "job", job_id)
        before = _note(conn, job_id)
        current = 0 if before is None else before["version"]
        if expected_version is not None and expected_version != current:
            raise Stale(f"the note on job {job_id}", expected=expected_version, current=current)
        moment = now(conn)
        if not text:
            if before is not None:
                touched.keep(conn, jobs.c.id == job_id)
            conn.execute(sa.delete(job_notes).where(job_notes.c.job_id == job_id))
            return None
        if before is not None:
            row = versions.save(conn, job_notes, before, {"text": text}, moment)
        else:
            stamps = {"created_at": moment, "updated_at": moment}
            row = {"job_id": job_id, "text": text, "version": 1, **stamps}
            conn.execute(sa.insert(job_notes).values(row))
        return to_struct(row, Note)


def _note(conn: Connection, job_id: int) -> dict[str, Any] | None:
    row = conn.execute(sa.select(job_notes).where(job_notes.c.job_id == job_id)).mappings().first()
    return None if row is None else plain(row)


def _keys(names: Sequence[str]) -> list[str]:
    return sorted({name.casefold() for name in names})


def _find_or_create(conn: Connection, names: Sequence[str]) -> list[int]:
    spelled = {name.casefold(): name for name in reversed(names)}
    if not spelled:
        return []
    keys = sorted(spelled)
    rows = [{"key": key, "name": spelled[key], "created_at": now(conn)} for key in keys]
    conn.execute(insert_or_ignore(conn, tags, "key"), rows)
    found = conn.execute(sa.select(tags.c.id).where(one_of(conn, tags.c.key, keys))).scalars()
    ids = sorted(found)
    if len(ids) != len(keys):
        raise NotFound("a tag was deleted while it was put on", "Try again.")
    return ids


def _names(conn: Connection, kind: Tagged, number: int) -> tuple[str, ...]:
    _, links, column = _LINKS[kind]
    names = (
        sa.select(tags.c.name)
        .join(links, links.c.tag_id == tags.c.id)
        .where(links.c[column] == number)
        .order_by(tags.c.key)
    )
    return tuple(conn.execute(names).scalars())


def _counted() -> sa.Select[Any]:
    counts = [
        sa.select(sa.func.count())
        .where(links.c.tag_id == tags.c.id)
        .correlate(tags)
        .scalar_subquery()
        .label(label)
        for links, label in ((job_tags, "jobs"), (application_tags, "applications"))
    ]
    return sa.select(tags.c.id, tags.c.name, *counts).order_by(tags.c.key)
