"""`/api/v1/jobs`: stored jobs one by one, and what is done with them; `job_lists` lists them."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from jobtracker_core.api.job_filters import Source, read_filters
from jobtracker_core.api.job_lists import count_jobs, list_jobs
from jobtracker_core.api.job_searches import list_facets, list_snippets
from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.preconditions import ETAG, IfMatch, IfNoneMatch, expected_version, tagged
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.fields import Line, TagName
from jobtracker_core.storage.jobs import Job, JobDetail
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.bulk import MOST, BulkResult
from jobtracker_core.tracker.job_forms import JobChanges, JobDraft
from jobtracker_core.tracker.jobs import Upserted

JobId = Annotated[int, PathParameter(description="The job's number")]


class Stored(Struct, frozen=True, kw_only=True):
    """How many jobs are stored, hidden ones too."""

    count: int


class BulkJobs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done with several jobs."""

    action: Annotated[
        Literal["dismiss", "restore", "tag", "untag", "delete"],
        Meta(description="What to do with each"),
    ]
    ids: Annotated[
        tuple[Annotated[int, Meta(ge=1)], ...],
        Meta(description="Their numbers", min_length=1, max_length=MOST),
    ]
    tags: Annotated[tuple[TagName, ...], Meta(description="For `tag` and `untag`: which")] = ()
    reason: Annotated[Line, Meta(description="For `dismiss`: why")] | None = None


@get(
    "/stored",
    **operation(
        "countStoredJobs",
        "Count all jobs that are stored",
        description="Exactly, those too that lists hide; of one collector, or of all.",
        scope=Scope.JOBS_READ,
        kept=True,
    ),
)
def count_stored_jobs(tracker: NamedDependency[JobTracker], source: Source = None) -> Stored:
    """Count all jobs that are stored."""
    return Stored(count=tracker.jobs.count(source=source))


@get(
    "/alike",
    **operation(
        "listAlikeJobs",
        "List jobs that a new one may be",
        description="At most five at the same address, or with the same title at a company of the "
        "same name; hidden ones too.",
        scope=Scope.JOBS_READ,
        kept=True,
    ),
)
def list_alike_jobs(
    tracker: NamedDependency[JobTracker],
    url: Annotated[str, QueryParameter(description="Of the posting", max_length=2_000)],
    title: Annotated[str, QueryParameter(description="Of the position", max_length=500)] = "",
    company: Annotated[
        str | None, QueryParameter(description="The company's name", max_length=300)
    ] = None,
) -> tuple[Job, ...]:
    """List jobs that a new one may be."""
    return tracker.jobs.alike(url=url, title=title, company=company)


@get(
    "/sources",
    **operation(
        "listJobSources",
        "List where stored jobs come from",
        description="The names of collectors, those of plugins that are gone too.",
        scope=Scope.JOBS_READ,
        kept=True,
    ),
)
def list_job_sources(tracker: NamedDependency[JobTracker]) -> tuple[str, ...]:
    """List where stored jobs come from."""
    return tracker.jobs.sources()


@post(
    "/",
    **operation(
        "createJob",
        "Enter a job",
        description="One that is not stored yet; without a `source_id` it gets one.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.CONFLICT,),
        headers=[ETAG],
        once=True,
    ),
)
def create_job(
    tracker: NamedDependency[JobTracker], data: JSONBody[JobDraft]
) -> Response[JobDetail]:
    """Enter a job."""
    return _tagged(tracker.jobs.create(data))


@post(
    "/upsert",
    status_code=HTTPStatus.OK,
    **operation(
        "upsertJob",
        "Enter a job, or what is new of it",
        description="It is known by its `source` and `source_id`. What is not given says nothing "
        "of what is stored, and what a person edited stays.",
        scope=Scope.JOBS_WRITE,
        once=True,
    ),
)
def upsert_job(tracker: NamedDependency[JobTracker], data: JSONBody[JobDraft]) -> Upserted:
    """Enter a job, or what is new of it."""
    return tracker.jobs.upsert(data)


@post(
    "/bulk",
    status_code=HTTPStatus.OK,
    **operation(
        "changeJobs",
        "Dismiss, restore, tag, untag or delete several jobs",
        description="One result for each job: one that cannot be done stops no other.",
        scope=Scope.JOBS_WRITE,
        once=True,
    ),
)
def change_jobs(tracker: NamedDependency[JobTracker], data: JSONBody[BulkJobs]) -> BulkResult:
    """Dismiss, restore, tag, untag or delete several jobs."""
    if data.tags and data.action not in {"tag", "untag"}:
        raise wrong("tags", f"does not go with the action `{data.action}`")
    if data.reason is not None and data.action != "dismiss":
        raise wrong("reason", f"does not go with the action `{data.action}`")
    jobs = tracker.jobs
    act: dict[str, Callable[[], BulkResult]] = {
        "dismiss": lambda: jobs.dismiss_all(data.ids, reason=data.reason),
        "restore": lambda: jobs.restore_all(data.ids),
        "tag": lambda: jobs.tag_all(data.ids, data.tags),
        "untag": lambda: jobs.untag_all(data.ids, data.tags),
        "delete": lambda: jobs.delete_all(data.ids),
    }
    return act[data.action]()


@get(
    "/{job_id:int}",
    **operation(
        "getJob",
        "Show a job",
        description="With its text, its history and its company.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
        headers=[ETAG],
    ),
)
def get_job(
    tracker: NamedDependency[JobTracker], job_id: JobId, if_none_match: IfNoneMatch = None
) -> Response[JobDetail]:
    """Show a job."""
    return _tagged(tracker.jobs.get(job_id), if_none_match)


@put(
    "/{job_id:int}",
    **operation(
        "updateJob",
        "Change a job",
        description="What is absent stays, null empties. What is set here is kept whatever is "
        "collected later, until `release` names it.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED),
        headers=[ETAG],
    ),
)
def update_job(
    tracker: NamedDependency[JobTracker],
    job_id: JobId,
    data: JSONBody[JobChanges],
    if_match: IfMatch = None,
) -> Response[JobDetail]:
    """Change a job."""
    expected = expected_version(if_match)
    return _tagged(tracker.jobs.update(job_id, data, expected_version=expected))


@delete(
    "/{job_id:int}",
    **operation(
        "deleteJob",
        "Delete a job",
        description="Its applications stay, with what its posting said. Collected again, it is a "
        "new job; `POST /jobs/{id}/dismiss` hides it for good.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED),
    ),
)
def delete_job(
    tracker: NamedDependency[JobTracker], job_id: JobId, if_match: IfMatch = None
) -> None:
    """Delete a job."""
    tracker.jobs.delete(job_id, expected_version=expected_version(if_match))


def _tagged(detail: JobDetail, known: str | None = None) -> Response[JobDetail]:
    # When it was last seen, and what is known of its company, are not of the job's version.
    digest = sha256(msgspec.json.encode(detail)).hexdigest()[:16]
    return tagged(detail, detail.job.version, known, digest=digest)


def jobs_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/jobs",
        route_handlers=[
            *(list_jobs, count_jobs, count_stored_jobs),
            *(list_job_sources, list_alike_jobs, list_facets, list_snippets),
            *(create_job, upsert_job, change_jobs),
            *(get_job, update_job, delete_job),
        ],
        dependencies={"filters": Provide(read_filters, sync_to_thread=False)},
        guards=[refuse_unknown_parameters],
        tags=["jobs"],
    )
