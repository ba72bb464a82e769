"""Which jobs a list shows, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal, TypedDict, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.storage.applications import Status
from jobtracker_core.storage.jobs import Job
from jobtracker_core.storage.keyset import Order
from jobtracker_core.storage.tables import PAY_OF_YEAR, job_changes, job_sightings, jobs
from jobtracker_core.storage.tracking_tables import applications, job_tags, tags
from jobtracker_core.storage.types import LARGEST_ID

Walk = Literal["arrival", "posted", "pay"]
"""Orders of all jobs of a list."""

Sort = Literal["arrival", "posted", "pay", "relevance"]
"""The latest first, or the best paid by year; jobs that do not say it come last.

By `relevance` are only the latest thousand: those with the words that are looked for in the title
first, then those with them in company, skills or place. Without words it is the same as `arrival`.
"""

Dismissed = Literal["hide", "only", "all"]


class Filters(TypedDict, total=False):
    """Which jobs are meant; what is None or missing does not count.

    `text` is in the query language (`jobtracker_core.search.language`). `company` is part of the
    company's name, `place` of the place, city or region, or it is the country's two letters; upper
    and lower case are alike (on PostgreSQL, letters beyond ASCII follow the locale of the
    database). `employment` may be one of several kinds that a job has. `closed` leaves only ended
    or only open jobs. `pay_from` leaves jobs whose pay per year reaches so much, with
    `pay_currency` only those of that currency. `new_since` is when they were first seen,
    `seen_since` last. `application` is the status of an application for it, `has_application`
    whether there is one. Dismissed jobs are hidden unless `dismissed` says otherwise, or the text
    does by `is:dismissed`. `changed_by_run` leaves only the known jobs that this run found changed.
    """

    source: str | None
    text: str | None
    company: str | None
    company_id: int | None
    place: str | None
    remote: Remote | None
    employment: Employment | None
    seniority: Seniority | None
    pay_from: float | None
    pay_currency: str | None
    posted_since: datetime | None
    new_since: datetime | None
    seen_since: datetime | None
    closed: bool | None
    application: Status | None
    has_application: bool | None
    dismissed: Dismissed | None
    tag: str | None
    changed_by_run: int | None


def _pay_of(job: Job) -> float | None:
    return job.pay_year_min if job.pay_year_max is None else job.pay_year_max


SHOWN: Final = jobs.c.dismissed_at.is_(None)
"""The condition of a list without any other."""

ORDERS: dict[Walk, Order[Job]] = {
    "arrival": Order(jobs.c.id, None, lambda job: (job.id, None)),
    "posted": Order(jobs.c.id, jobs.c.posted_at, lambda job: (job.id, job.posted_at)),
    "pay": Order(jobs.c.id, PAY_OF_YEAR, lambda job: (job.id, _pay_of(job))),
}


_INDEXED = frozenset(
    [
        *("company_id", "posted_since", "new_since", "closed", "application", "has_application"),
        *("tag", "changed_by_run", "pay_from"),
    ]
)


def begins(filters: Filters) -> Iterator[sa.Select[Any]]:
    """Yield what selects the jobs that a filter leaves, where something better than a walk does."""
    for name, value in filters.items():
        alone = cast("Filters", {name: value, "dismissed": "all"})
        if name == "seen_since" and value is not None:
            last = job_sightings.c.last_seen_at
            yield sa.select(job_sightings.c.job_id).where(last >= value)
        elif name in _INDEXED and value not in {None, "", False}:
            yield sa.select(jobs.c.id).where(*conditions(alone))
        elif name == "dismissed" and value == "only":
            yield sa.select(jobs.c.id).where(*conditions({"dismissed": "only"}))


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Return what the rows of `jobs` must fulfil, but for the text."""
    return [*_of_columns(filters), *_of_texts(filters), *_of_others(filters)]


def _of_columns(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    equal: dict[str, Any] = {
        "source": jobs.c.source,
        "remote": jobs.c.remote,
        "seniority": jobs.c.seniority,
        "pay_currency": jobs.c.pay_currency,
    }
    least: dict[str, Any] = {
        "pay_from": PAY_OF_YEAR,
        "posted_since": jobs.c.posted_at,
        "new_since": jobs.c.first_seen_at,
    }
    given: dict[str, Any] = {**filters}
    found += [c == given[name] for name, c in equal.items() if given.get(name) is not None]
    found += [c >= given[name] for name, c in least.items() if given.get(name) is not None]
    company_id = given.get("company_id")
    if company_id is not None:
        found.append(jobs.c.company_id == min(company_id, LARGEST_ID))
    employment = given.get("employment")
    if employment is not None:
        # A list of words in quotes, in the same spelling on both databases.
        found.append(sa.cast(jobs.c.employment, sa.Text).contains(f'"{employment}"'))
    closed = given.get("closed")
    if closed is not None:
        found.append(jobs.c.closed_at.is_not(None) if closed else jobs.c.closed_at.is_(None))
    dismissed = given.get("dismissed") or "hide"
    if dismissed != "all":
        found.append(jobs.c.dismissed_at.is_not(None) if dismissed == "only" else SHOWN)
    return found


def _of_texts(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    within: dict[str, tuple[sa.Column[Any], ...]] = {
        "company": (jobs.c.company,),
        "place": (jobs.c.place, jobs.c.city, jobs.c.region),
    }
    given: dict[str, Any] = {**filters}
    for name, columns in within.items():
        text = plain_text(given.get(name))
        if text:
            alike = [column.icontains(text, autoescape=True) for column in columns]
            if name == "place":
                alike.append(jobs.c.country == text.upper())
            found.append(sa.or_(*alike))
    return found


def _of_others(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions that other tables decide."""
    found: list[ColumnElement[bool]] = []
    run = filters.get("changed_by_run")
    if run is not None:
        by_run = sa.select(job_changes.c.job_id).where(job_changes.c.run_id == min(run, LARGEST_ID))
        found.append(jobs.c.id.in_(by_run))
    seen_since = filters.get("seen_since")
    if seen_since is not None:
        seen = sa.exists().where(
            job_sightings.c.job_id == jobs.c.id, job_sightings.c.last_seen_at >= seen_since
        )
        found.append(seen)
    of_job = sa.select(applications.c.job_id).where(applications.c.job_id.is_not(None))
    status = filters.get("application")
    if status is not None:
        found.append(jobs.c.id.in_(of_job.where(applications.c.status == status)))
    has_application = filters.get("has_application")
    if has_application is not None:
        applied = jobs.c.id.in_(of_job)
        found.append(applied if has_application else ~applied)
    tag = plain_text(filters.get("tag"))
    if tag:
        tagged = (
            sa.select(job_tags.c.job_id)
            .join(tags, tags.c.id == job_tags.c.tag_id)
            .where(tags.c.key == tag.casefold())
        )
        found.append(jobs.c.id.in_(tagged))
    return found


def plain_text(text: str | None) -> str:
    """Return a text to search for without what PostgreSQL does not take and no column holds."""
    return (text or "").replace("\x00", "").encode("utf-8", "ignore").decode()


def is_whole(filters: Filters) -> bool:
    """Say whether all jobs are meant that lists show."""
    given = {name for name, value in filters.items() if value is not None}
    return given <= {"dismissed"} and (filters.get("dismissed") or "hide") == "hide"
