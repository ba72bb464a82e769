"""`/api/v1/applications`: what the person applies to, from draft to an end."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from jobtracker_core.api.links import NEXT, leading_on
from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.preconditions import ETAG, IfMatch, IfNoneMatch, expected_version, tagged
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.application_list import (
    ApplicationFilters,
    ApplicationList,
    ApplicationSort,
    Pipeline,
)
from jobtracker_core.storage.applications import (
    Application,
    ApplicationChanges,
    ApplicationDetail,
    ApplicationDraft,
    Status,
)
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.bulk import BulkResult

MOST_PER_PAGE = 200
MOST_AT_ONCE = 500
_LONGEST_MARK = 64

ApplicationId = Annotated[int, PathParameter(description="The application's number", ge=1)]
OfOpen = Annotated[
    bool | None,
    QueryParameter(name="open", description="Only those that have not ended, or have"),
]
_GONE = (HTTPStatus.NOT_FOUND,)
_CHANGED = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)


class BulkApplications(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done with several applications."""

    action: Annotated[Literal["create", "move", "delete"], Meta(description="What to do with each")]
    ids: Annotated[
        list[Annotated[int, Meta(ge=1)]],
        Meta(
            description="Their numbers; for `create`, those of jobs",
            min_length=1,
            max_length=MOST_AT_ONCE,
        ),
    ]
    status: Annotated[Status | None, Meta(description="Where `move` leads, or `create` begins")] = (
        None
    )


def read_filters(
    status: Annotated[Status | None, QueryParameter(description="Only in this status")] = None,
    is_open: OfOpen = None,
    company: Annotated[
        str | None, QueryParameter(description="Part of the company's name", max_length=200)
    ] = None,
    company_id: Annotated[
        int | None, QueryParameter(description="Only at this company", ge=1)
    ] = None,
    job_id: Annotated[int | None, QueryParameter(description="Only for this job", ge=1)] = None,
    search: Annotated[
        str | None,
        QueryParameter(description="Part of title, company, notes or next action", max_length=200),
    ] = None,
    tag: Annotated[
        str | None, QueryParameter(description="Only with this tag", max_length=100)
    ] = None,
    next_action_until: Annotated[
        date | None, QueryParameter(description="Only with a next action due by this day")
    ] = None,
) -> ApplicationFilters:
    """Read which applications are meant."""
    return ApplicationFilters(
        status=status,
        open=is_open,
        company=company,
        company_id=company_id,
        job_id=job_id,
        text=search,
        tag=tag,
        next_action_until=next_action_until,
    )


@get(
    "/",
    **operation(
        "listApplications",
        "List applications, the latest first",
        description="Go on with `after`, or follow the Link header. A mark is one of its order.",
        scope=Scope.JOBS_READ,
        headers=[NEXT],
    ),
)
def list_applications(
    tracker: NamedDependency[JobTracker],
    filters: NamedDependency[ApplicationFilters],
    *,
    sort: Annotated[
        ApplicationSort,
        QueryParameter(
            description="Those made last first, those moved last, or those whose next action is "
            "due first"
        ),
    ] = "latest",
    limit: Annotated[
        int, QueryParameter(description="Applications at most", ge=1, le=MOST_PER_PAGE)
    ] = 50,
    after: Annotated[
        str | None,
        QueryParameter(description="Go on after this mark", max_length=_LONGEST_MARK),
    ] = None,
    before: Annotated[
        str | None,
        QueryParameter(description="Go back before this mark", max_length=_LONGEST_MARK),
    ] = None,
) -> Response[ApplicationList]:
    """List applications."""
    if after is not None and before is not None:
        raise wrong("before", "cannot stand together with `after`")
    try:
        found = tracker.applications.list(
            limit=limit, after=after, before=before, sort=sort, **filters
        )
    except NotFound as error:
        raise wrong("after" if after is not None else "before", str(error)) from error
    words: dict[str, object] = {name: word for name, word in filters.items() if name != "text"}
    is_open = filters.get("open")
    if is_open is not None:
        words["open"] = str(is_open).lower()
    words |= {"search": filters.get("text"), "limit": limit, "after": found.after}
    words["sort"] = None if sort == "latest" else sort
    return leading_on(found, None if found.after is None else words)


@get(
    "/pipeline",
    **operation(
        "countApplications",
        "Count applications by status",
        description="All of them, or those of a list.",
        scope=Scope.JOBS_READ,
    ),
)
def count_applications(
    tracker: NamedDependency[JobTracker], filters: NamedDependency[ApplicationFilters]
) -> Pipeline:
    """Count applications by status."""
    return tracker.applications.pipeline(**filters)


@get(
    "/of-jobs",
    **operation(
        "listApplicationsOfJobs",
        "List the applications of several jobs",
        description="Of each job the one that was made last, by the job; jobs without one are not "
        "missed.",
        scope=Scope.JOBS_READ,
    ),
)
def list_of_jobs(
    tracker: NamedDependency[JobTracker],
    job_ids: Annotated[
        str,
        QueryParameter(
            description=f"Numbers of at most {MOST_AT_ONCE} jobs, with commas between them",
            pattern=r"^\d{1,18}(,\d{1,18})*$",
            max_length=19 * MOST_AT_ONCE,
        ),
    ],
) -> tuple[Application, ...]:
    """List the applications of several jobs."""
    return tracker.applications.of_jobs([int(number) for number in job_ids.split(",")])


@post(
    "/",
    **operation(
        "createApplication",
        "Enter an application",
        description="For a stored job (`job_id`), or by hand with at least a `title`. A job has "
        "one application at a time that has not ended. Beyond draft, a snapshot of the posting is "
        "kept, whatever becomes of the job.",
        scope=Scope.JOBS_WRITE,
        errors=_GONE,
        headers=[ETAG],
        once=True,
    ),
)
def create_application(
    tracker: NamedDependency[JobTracker], data: JSONBody[ApplicationDraft]
) -> Response[Application]:
    """Enter an application."""
    made = tracker.applications.create(data)
    return tagged(made, made.version)


@post(
    "/bulk",
    status_code=HTTPStatus.OK,
    **operation(
        "changeApplications",
        "Make, move or delete several applications",
        description="One result for each: one that cannot be done stops no other. `create` makes "
        "one for each of the jobs that `ids` names, as a draft or with the `status`.",
        scope=Scope.JOBS_WRITE,
        once=True,
    ),
)
def change_applications(
    tracker: NamedDependency[JobTracker], data: JSONBody[BulkApplications]
) -> BulkResult:
    """Make, move or delete several applications."""
    if data.action == "delete":
        return tracker.applications.delete_all(data.ids)
    if data.action == "create":
        return tracker.applications.create_all(data.ids, data.status or "draft")
    if data.status is None:
        raise wrong("status", "say where to move them")
    return tracker.applications.move_all(data.ids, data.status)


@get(
    "/{application_id:int}",
    **operation(
        "getApplication",
        "Show an application",
        description="With its tags and what its posting said when it was sent.",
        scope=Scope.JOBS_READ,
        errors=_GONE,
        headers=[ETAG],
    ),
)
def get_application(
    tracker: NamedDependency[JobTracker],
    application_id: ApplicationId,
    if_none_match: IfNoneMatch = None,
) -> Response[ApplicationDetail]:
    """Show an application."""
    found = tracker.applications.get(application_id)
    return tagged(found, found.application.version, if_none_match)


@put(
    "/{application_id:int}",
    **operation(
        "updateApplication",
        "Change an application",
        description="What is absent stays, null empties. A move to another `status` is kept as an "
        "event; leaving draft keeps a snapshot of the posting.",
        scope=Scope.JOBS_WRITE,
        errors=_CHANGED,
        headers=[ETAG],
    ),
)
def update_application(
    tracker: NamedDependency[JobTracker],
    application_id: ApplicationId,
    data: JSONBody[ApplicationChanges],
    if_match: IfMatch = None,
) -> Response[Application]:
    """Change an application."""
    changed = tracker.applications.update(
        application_id, data, expected_version=expected_version(if_match)
    )
    return tagged(changed, changed.version)


@delete(
    "/{application_id:int}",
    **operation(
        "deleteApplication",
        "Delete an application",
        description="With its events, contacts and snapshots.",
        scope=Scope.JOBS_WRITE,
        errors=_CHANGED,
    ),
)
def delete_application(
    tracker: NamedDependency[JobTracker], application_id: ApplicationId, if_match: IfMatch = None
) -> None:
    """Delete an application."""
    tracker.applications.delete(application_id, expected_version=expected_version(if_match))


def applications_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/applications",
        route_handlers=[
            *(list_applications, count_applications, list_of_jobs),
            *(create_application, change_applications),
            *(get_application, update_application, delete_application),
        ],
        dependencies={"filters": Provide(read_filters, sync_to_thread=False)},
        guards=[refuse_unknown_parameters],
        tags=["applications"],
    )
