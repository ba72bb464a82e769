"""Rows of the jobs list, with everything in them that a template would have to work out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from jobtracker_core.contract.posting import Remote
from jobtracker_core.search.snippets import Part
from jobtracker_core.storage.applications import Application
from jobtracker_core.storage.jobs import Job
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import present
from jobtracker_core.web.present import Moment, PayShown

LONGEST: Final = 200
"""Characters of a title that a row shows; its page shows all."""

_BEFORE: Final = 16
"""Characters of a snippet before its first hit, of which a narrow column shows some forty."""


class JobRow(Struct, frozen=True, kw_only=True):
    """A row.

    Attributes:
        status: `new`, the status of the latest application for it, or `dismissed`.
        seen: `at` is when it was first seen, for the site does not say when it was posted.
        snippet: What of its description holds what is searched for.
    """

    id: int
    title: str
    company: str
    place: str
    remote: str
    pay: PayShown | None
    status: str
    at: Moment
    seen: bool
    url: str
    source: str
    closed: bool
    snippet: tuple[Part, ...] = ()

    @property
    def dismissed(self) -> bool:
        """Whether it is hidden from other lists."""
        return self.status == "dismissed"


def read_rows(
    tracker: JobTracker,
    jobs: Iterable[Job],
    *,
    now: datetime,
    zone: ZoneInfo,
    text: str | None = None,
) -> tuple[JobRow, ...]:
    """Make rows of jobs, with how far the applications for them have come.

    `text` is what was searched for.
    """
    found = tuple(jobs)
    numbers = [job.id for job in found]
    applications = tracker.applications.of_jobs(numbers) if found else ()
    by_job = {made.job_id: made for made in applications}
    rows = tuple(_row(job, by_job, now, zone) for job in found)
    if not text:
        return rows
    snippets = {one.job_id: one.parts for one in tracker.jobs.snippets(numbers, text=text)}
    return tuple(replace(row, snippet=_close(snippets.get(row.id, ()))) for row in rows)


def _close(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Begin shortly before the first hit: a row shows some words, and cuts off the others."""
    if not parts or parts[0].is_hit or len(parts[0].text) <= _BEFORE:
        return parts
    _, _, words = parts[0].text[-_BEFORE:].partition(" ")
    return (replace(parts[0], text=f"… {words}"), *parts[1:])


def _row(
    job: Job, applications: Mapping[int | None, Application], now: datetime, zone: ZoneInfo
) -> JobRow:
    posted = present.moment(job.posted_at, now, job.posted_precision, zone=zone)
    at = posted or present.moment(job.first_seen_at, now, zone=zone)
    assert at is not None  # noqa: S101  (only a missing time gives none)
    application = applications.get(job.id)
    status = "new" if application is None else application.status
    remote = job.remote if job.remote is not Remote.UNKNOWN else None
    return JobRow(
        id=job.id,
        title=job.title[:LONGEST],
        company=(job.company or "")[:LONGEST],
        place=(present.place(job) or "")[:LONGEST],
        remote=present.words(remote) if remote else "",
        pay=present.pay(job),
        status="dismissed" if job.dismissed_at is not None else status,
        at=at,
        seen=posted is None,
        url=job.url,
        source=job.source,
        closed=job.closed_at is not None,
    )
