"""Lists of applications, and how many stand where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, Literal, TypedDict, Unpack

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import ColumnElement

from jobtracker_core.storage.applications import Application, Status
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.job_filters import plain_text
from jobtracker_core.storage.keyset import Order
from jobtracker_core.storage.rows import Reader
from jobtracker_core.storage.statements import one_of_named, packed
from jobtracker_core.storage.tracking_tables import (
    OPEN_STATUSES,
    application_tags,
    applications,
    tags,
)
from jobtracker_core.storage.types import LARGEST_ID


class ApplicationFilters(TypedDict, total=False):
    """Which applications are meant; what is None or missing does not count.

    `company` is part of the company's name, `text` of the title, the company's name, the notes or
    the next action; upper and lower case are alike. `open` leaves those that have not ended, or
    those that have. `next_action_until` leaves those whose next action is due on that day or
    before.
    """

    status: Status | None
    open: bool | None
    company: str | None
    company_id: int | None
    job_id: int | None
    text: str | None
    tag: str | None
    next_action_until: date | None


ApplicationSort = Literal["latest", "moved", "next_action"]
"""Those made last first, those moved last, or those whose next action is due first."""


class ApplicationList(Struct, frozen=True, kw_only=True):
    """A page of a list; None where there is no other page."""

    items: tuple[Application, ...]
    after: str | None
    before: str | None


class Pipeline(Struct, frozen=True, kw_only=True):
    """How many applications are in each status."""

    draft: int = 0
    applied: int = 0
    interviewing: int = 0
    offer: int = 0
    accepted: int = 0
    rejected: int = 0
    withdrawn: int = 0


_APPLICATIONS = Reader(Application, tuple(applications.columns))
_ORDERS: dict[ApplicationSort, Order[Application]] = {
    "latest": Order(applications.c.id, None, lambda row: (row.id, None)),
    "moved": Order(applications.c.id, applications.c.moved_at, lambda row: (row.id, row.moved_at)),
    "next_action": Order(
        applications.c.id,
        applications.c.next_action_on,
        lambda row: (row.id, row.next_action_on),
        rising=True,
    ),
}


def list_applications(
    db: Database,
    *,
    limit: int = 50,
    after: str | None = None,
    before: str | None = None,
    offset: int = 0,
    sort: ApplicationSort = "latest",
    **filters: Unpack[ApplicationFilters],
) -> ApplicationList:
    """Return applications in an order.

    Raises:
        NotFound: `after` or `before` is nothing that a page of this order gave.
        ValueError: Both were given.
    """
    statement = sa.select(applications).where(*_conditions(filters))
    with db.read() as conn:
        page = _ORDERS[sort].read(
            conn, _APPLICATIONS, statement, limit=limit, after=after, before=before, offset=offset
        )
    return ApplicationList(items=page.items, after=page.after, before=page.before)


def of_jobs(db: Database, job_ids: Sequence[int]) -> tuple[Application, ...]:
    """Return of each job the application that was made last, if there is one, by the job."""
    with db.look() as conn:
        dialect = conn.dialect.name
        values = {"job_ids": packed(dialect, job_ids)}
        found = _APPLICATIONS.read(conn, _of_jobs(dialect), values)
    # Hardly any job has two, and choosing here is quicker than in SQL.
    return tuple({made.job_id: made for made in found}.values())


@cache
def _of_jobs(dialect: str) -> Fixed:
    wanted = one_of_named(dialect, applications.c.job_id, "job_ids")
    found = sa.select(applications).where(wanted)
    return Fixed(found.order_by(applications.c.job_id, applications.c.id), stable=True)


def pipeline(db: Database, **filters: Unpack[ApplicationFilters]) -> Pipeline:
    """Count the applications of a list by their status."""
    counts = (
        sa.select(applications.c.status, sa.func.count())
        .where(*_conditions(filters))
        .group_by(applications.c.status)
    )
    with db.read() as conn:
        return Pipeline(**{str(status): number for status, number in conn.execute(counts)})


def _conditions(filters: ApplicationFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    given: dict[str, Any] = {**filters}
    if given.get("status") is not None:
        found.append(applications.c.status == given["status"])
    found += [
        applications.c[name] == min(given[name], LARGEST_ID)
        for name in ("company_id", "job_id")
        if given.get(name) is not None
    ]
    if given.get("open") is not None:
        is_open = applications.c.status.in_(OPEN_STATUSES)
        found.append(is_open if given["open"] else ~is_open)
    within = {"company": ("company",), "text": ("title", "company", "notes", "next_action")}
    for name, columns in within.items():
        text = plain_text(given.get(name))
        if text:
            alike = (applications.c[c].icontains(text, autoescape=True) for c in columns)
            found.append(sa.or_(*alike))
    tag = plain_text(given.get("tag"))
    if tag:
        tagged = (
            sa.select(application_tags.c.application_id)
            .join(tags, tags.c.id == application_tags.c.tag_id)
            .where(tags.c.key == tag.casefold())
        )
        found.append(applications.c.id.in_(tagged))
    if given.get("next_action_until") is not None:
        found.append(applications.c.next_action_on <= given["next_action_until"])
    return found
