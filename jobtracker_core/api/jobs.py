"""`/api/v1/jobs`: stored jobs, those that arrived last first."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, Router, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from jobtracker_core.api.operations import operation
from jobtracker_core.api.problems import refuse_unknown_parameters, wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.info import NAME_PATTERN
from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.jobs import JobDetail
from jobtracker_core.storage.search import JobList
from jobtracker_core.tracker import JobTracker

PER_PAGE = 50
MOST_PER_PAGE = 200

PAGED_ROWS = 10_000
"""How far `page` reaches: the database walks over all rows before it, `after` over none."""

_LINK = ResponseHeader(
    name="Link",
    description='The next page, as `<?…>; rel="next"`; absent on the last one.',
    documentation_only=True,
)


@get(
    "/",
    **operation(
        "listJobs",
        "List jobs",
        description="Those that arrived last come first. Go on with `after` (or the Link header); "
        f"`page` with `per_page` reaches the first {PAGED_ROWS} jobs.",
        scope=Scope.JOBS_READ,
        headers=[_LINK],
    ),
)
def list_jobs(
    tracker: NamedDependency[JobTracker],
    source: Annotated[
        str | None,
        QueryParameter(description="Only of this collector", pattern=f"^{NAME_PATTERN}$"),
    ] = None,
    search: Annotated[
        str | None,
        QueryParameter(description="Only with this text in title or company", max_length=200),
    ] = None,
    remote: Annotated[Remote | None, QueryParameter(description="Only of this kind")] = None,
    employment: Annotated[
        Employment | None, QueryParameter(description="Only with this among its kinds")
    ] = None,
    seniority: Annotated[Seniority | None, QueryParameter(description="Only of this level")] = None,
    closed: Annotated[
        bool | None, QueryParameter(description="Only those that have ended, or only open ones")
    ] = None,
    limit: Annotated[
        int | None,
        QueryParameter(description=f"Jobs at most; {PER_PAGE} if absent", ge=1, le=MOST_PER_PAGE),
    ] = None,
    after: Annotated[
        str | None,
        QueryParameter(description="Go on after the mark that a list gave", max_length=40),
    ] = None,
    before: Annotated[
        str | None,
        QueryParameter(description="Go back before the mark that a list gave", max_length=40),
    ] = None,
    page: Annotated[int | None, QueryParameter(description="Number of the page", ge=1)] = None,
    per_page: Annotated[
        int | None, QueryParameter(description="The same as `limit`", ge=1, le=MOST_PER_PAGE)
    ] = None,
) -> Response[JobList]:
    """List jobs."""
    _only_one(after=after, before=before, page=page)
    size, number = _place(limit, per_page, page)
    filters: dict[str, Any] = {
        "source": source,
        "remote": remote,
        "employment": employment,
        "seniority": seniority,
        "closed": closed,
    }
    try:
        found = tracker.jobs.search(
            text=search,
            limit=size,
            after=after,
            before=before,
            offset=(number - 1) * size,
            **filters,
        )
    except NotFound as error:
        raise wrong("after" if after is not None else "before", str(error)) from error
    asked = {**filters, "search": search, "limit": limit, "per_page": per_page}
    if found.after is None:
        return Response(found)
    paged = page is not None and (number + 1) * size <= PAGED_ROWS
    go_on = {"page": number + 1} if paged else {"after": found.after}
    return Response(found, headers={"Link": f'<{_query({**asked, **go_on})}>; rel="next"'})


def _place(limit: int | None, per_page: int | None, page: int | None) -> tuple[int, int]:
    """Return the rows of a page and its number, from 1."""
    if limit is not None and per_page is not None:
        raise wrong("per_page", "is another name of `limit`; give one of them")
    size, number = limit or per_page or PER_PAGE, page or 1
    if number * size > PAGED_ROWS:
        raise wrong(
            "page", f"reaches only the first {PAGED_ROWS} jobs; go on with the `after` of a list"
        )
    return size, number


def _only_one(**marks: object) -> None:
    given = [name for name, value in marks.items() if value is not None]
    if len(given) > 1:
        raise wrong(given[1], f"cannot stand together with `{given[0]}`")


def _query(words: dict[str, Any]) -> str:
    # Relative to the list's own address: right under every prefix, host and proxy.
    given = {name: value for name, value in words.items() if value is not None}
    texts = {name: str(v).lower() if isinstance(v, bool) else v for name, v in given.items()}
    return "?" + urlencode(texts)


@get(
    "/{job_id:int}",
    **operation(
        "getJob",
        "Show a job",
        description="With its text, its history and its company.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def get_job(
    tracker: NamedDependency[JobTracker],
    job_id: Annotated[int, PathParameter(description="The job's number")],
) -> JobDetail:
    """Show a job."""
    return tracker.jobs.get(job_id)


def jobs_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/jobs",
        route_handlers=[list_jobs, get_job],
        guards=[refuse_unknown_parameters],
        tags=["jobs"],
    )
