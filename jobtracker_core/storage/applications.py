"""Applications: what a person applies to, and how far that has come."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import UNSET, Struct, UnsetType, structs
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from jobtracker_core.storage import snapshots, timeline, touched, versions
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Duplicate
from jobtracker_core.storage.fields import Day, Line, Link, Moment, Name, Prose, Title
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.snapshots import Snapshot
from jobtracker_core.storage.tables import companies, jobs
from jobtracker_core.storage.tracking_tables import (
    OPEN_STATUSES,
    application_tags,
    applications,
    tags,
)

Status = Literal["draft", "applied", "interviewing", "offer", "accepted", "rejected", "withdrawn"]
"""The last three end an application; a job may have one that has not ended."""

_NEVER_SENT = ("draft", "withdrawn")


class ApplicationDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An application to be made: for a stored job, or by hand with at least a title.

    Attributes:
        job_id: The stored job that it is for.
        title: Of the position; the job's where it is not given, as are company and address.
        company: The company's name.
        company_id: A stored company, where the application is for no stored job.
        url: Of the posting.
        status: How far it has come.
        applied_at: When it was sent; now, if it begins in a status beyond draft.
        next_action: What the person does next, on the day `next_action_on`.
        next_action_on: The day of the next action.
        found_through: Where the position was found, such as a site or a person.
        pay_wish: What the person asks for.
        notes: Of the person's own.
    """

    job_id: int | None = None
    company_id: int | None = None
    title: Title | None = None
    company: Name | None = None
    url: Link | None = None
    status: Status = "draft"
    applied_at: Moment | None = None
    next_action: Line | None = None
    next_action_on: Day | None = None
    found_through: Line | None = None
    pay_wish: Line | None = None
    notes: Prose | None = None


class ApplicationChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to become different; what is not given stays, null empties.

    Attributes:
        status: Any other one: forward, or back to correct a mistake.
    """

    title: Title | UnsetType = UNSET
    company: Name | UnsetType | None = UNSET
    company_id: int | UnsetType | None = UNSET
    url: Link | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    applied_at: Moment | UnsetType | None = UNSET
    next_action: Line | UnsetType | None = UNSET
    next_action_on: Day | UnsetType | None = UNSET
    found_through: Line | UnsetType | None = UNSET
    pay_wish: Line | UnsetType | None = UNSET
    notes: Prose | UnsetType | None = UNSET


class Application(Struct, frozen=True, kw_only=True):
    """A stored application.

    Attributes:
        job_id: The job it is for; None if it was made by hand or the job was deleted.
        moved_at: When it came to its status.
        applied_at: When it was sent; None while it never was.
        next_action: What the person does next, on the day `next_action_on`.
        found_through: Where the position was found.
        version: Grows with each change.
    """

    id: int
    uid: str
    job_id: int | None
    company_id: int | None
    title: str
    company: str | None
    url: str | None
    status: Status
    moved_at: datetime
    applied_at: datetime | None
    next_action: str | None
    next_action_on: date | None
    found_through: str | None
    pay_wish: str | None
    notes: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class ApplicationDetail(Struct, frozen=True, kw_only=True):
    """An application with what belongs to it.

    Attributes:
        snapshots: The posting as it stood when draft was left, newest first: one, and one more each
            time that draft was left again with other words in the posting.
    """

    application: Application
    tags: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]


def create(db: Database, draft: ApplicationDraft) -> Application:
    """Store an application, with its first event, and a snapshot if it begins beyond draft.

    The draft is stored as it stands: check it before.

    Raises:
        NotFound: There is no such job or company.
        Duplicate: An application for that job is still open; the message names it.
    """
    with db.write() as conn:
        moment = now(conn)
        row = structs.asdict(draft) | _of_job(conn, draft)
        if draft.status not in _NEVER_SENT:
            row["applied_at"] = draft.applied_at or moment
        stamps = ("created_at", "updated_at", "moved_at")
        row |= {"uid": str(uuid.uuid4()), "version": 1, **dict.fromkeys(stamps, moment)}
        _refuse_second(conn, draft.job_id, draft.status)
        try:
            number: int = conn.execute(
                sa.insert(applications).values(row).returning(applications.c.id)
            ).scalar_one()
        except IntegrityError as error:
            raise _second(draft.job_id, error) from error
        made = to_struct({**row, "id": number}, Application)
        timeline.record_move(conn, number, None, draft.status, moment)
        if draft.status != "draft" and draft.job_id is not None:
            snapshots.take(conn, number, draft.job_id, moment)
        return made


def update(
    db: Database,
    application_id: int,
    changes: ApplicationChanges,
    *,
    expected_version: int | None = None,
) -> Application:
    """Change an application; another status also writes an event, and leaving draft a snapshot.

    Raises:
        NotFound: It is not there, or the company is not.
        Stale: It is no longer at `expected_version`.
        Duplicate: It would be open again, and another one for its job is.
    """
    given = {name: value for name, value in structs.asdict(changes).items() if value is not UNSET}
    with db.write() as conn:
        before = versions.hold(conn, applications, "application", application_id, expected_version)
        moment = now(conn)
        if given.get("company_id") is not None:
            versions.find(conn, companies, "company", given["company_id"])
        status = given.get("status", before["status"])
        if status == before["status"]:
            return to_struct(versions.save(conn, applications, before, given, moment), Application)
        return _move(conn, before, given, moment)


def _move(
    conn: Connection, before: Mapping[str, Any], given: dict[str, Any], moment: datetime
) -> Application:
    number, was, status = before["id"], before["status"], given["status"]
    _refuse_second(conn, before["job_id"], status, but=number)
    values = given | {"moved_at": moment}
    if status == "draft":
        values["applied_at"] = None
    elif status != "withdrawn" and values.get("applied_at") is None:
        values["applied_at"] = before["applied_at"] or moment
    try:
        row = versions.save(conn, applications, before, values, moment)
    except IntegrityError as error:
        raise _second(before["job_id"], error) from error
    timeline.record_move(conn, number, was, status, moment)
    if was == "draft" and before["job_id"] is not None:
        snapshots.take(conn, number, before["job_id"], moment)
    return to_struct(row, Application)


def delete(db: Database, application_id: int, *, expected_version: int | None = None) -> None:
    """Delete an application with its events, contacts and snapshots; raises NotFound and Stale."""
    with db.write() as conn:
        row = versions.hold(conn, applications, "application", application_id, expected_version)
        if row["job_id"] is not None:
            touched.keep(conn, jobs.c.id == row["job_id"])
        conn.execute(sa.delete(applications).where(applications.c.id == application_id))


def get(db: Database, application_id: int) -> ApplicationDetail:
    """Return an application with what belongs to it; raises NotFound."""
    with db.read() as conn:
        row = versions.find(conn, applications, "application", application_id)
        names = (
            sa.select(tags.c.name)
            .join(application_tags, application_tags.c.tag_id == tags.c.id)
            .where(application_tags.c.application_id == application_id)
            .order_by(tags.c.key)
        )
        return ApplicationDetail(
            application=to_struct(row, Application),
            tags=tuple(conn.execute(names).scalars()),
            snapshots=snapshots.of_application(conn, application_id),
        )


def _of_job(conn: Connection, draft: ApplicationDraft) -> dict[str, Any]:
    """Return what the draft's job or company gives, where the draft itself does not."""
    known: dict[str, Any] = {}
    if draft.job_id is not None:
        job = versions.find(conn, jobs, "job", draft.job_id)
        known = {name: job[name] for name in ("title", "company", "company_id", "url")}
    if draft.company_id is not None:
        company = versions.find(conn, companies, "company", draft.company_id)
        known |= {"company": company["name"], "company_id": draft.company_id}
    return {name: value for name, value in known.items() if getattr(draft, name) is None}


def _refuse_second(
    conn: Connection, job_id: int | None, status: Status, *, but: int | None = None
) -> None:
    if job_id is None or status not in OPEN_STATUSES:
        return
    others = sa.select(applications.c.id, applications.c.status).where(
        applications.c.job_id == job_id, applications.c.status.in_(OPEN_STATUSES)
    )
    if but is not None:
        others = others.where(applications.c.id != but)
    other = conn.execute(others).first()
    if other is not None:
        raise Duplicate(
            f"application {other.id} for job {job_id} is still open (its status is {other.status})",
            f"Go on with application {other.id}, or end it first.",
        )


def _second(job_id: int | None, error: IntegrityError) -> Exception:
    if "application_open" not in str(error.orig) and "job_id" not in str(error.orig):
        return error
    return Duplicate(
        f"an application for job {job_id} was opened at this moment",
        "List the applications of the job, and go on with that one.",
    )
