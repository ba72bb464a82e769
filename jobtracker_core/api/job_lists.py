"""`/api/v1/jobs` and `/tally`: lists of jobs, and how long they are."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import UNSET, UnsetType, structs

from jobtracker_core.api.job_filters import InOrder
from jobtracker_core.api.job_searches import snippets_of
from jobtracker_core.api.links import NEXT, leading_on
from jobtracker_core.api.operations import operation
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.job_filters import Filters, Sort
from jobtracker_core.storage.keyset import LONGEST_MARK
from jobtracker_core.storage.search import JobList
from jobtracker_core.storage.snippets import Snippet
from jobtracker_core.storage.tallies import TALLY_LIMIT, WORDS_TALLY_LIMIT, Tally
from jobtracker_core.tracker import JobTracker

PER_PAGE = 50
MOST_PER_PAGE = 200

PAGED_ROWS = 10_000
"""How far `page` reaches: the database walks over all rows before it, `after` over none."""


class JobPage(JobList, frozen=True, kw_only=True):
    """A page of a list of jobs.

    Attributes:
        total: How many jobs match; null if it was not asked for.
        estimated: Whether `total` is only about right, as it is beyond 10,000, or beyond 1,000
            where the search holds words.
        snippets: Of the jobs whose description holds what was searched for, if asked for.
    """

    total: int | None
    estimated: bool
    snippets: tuple[Snippet, ...] | UnsetType = UNSET


@get(
    "/",
    **operation(
        "listJobs",
        "List jobs",
        description="Those that arrived last come first. Go on with `after` (or the Link header); "
        f"`page` with `per_page` reaches the first {PAGED_ROWS} jobs. `total` is exact up to "
        f"{TALLY_LIMIT} jobs and estimated beyond, or {WORDS_TALLY_LIMIT} where the search holds "
        "words. A page of words that stand side by side, or without what begins with one or two "
        "letters, may hold fewer jobs than `limit`, or none, though others follow: as long as "
        "there is an `after`, the list goes on.",
        scope=Scope.JOBS_READ,
        headers=[NEXT],
        kept=True,
    ),
)
def list_jobs(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    filters: NamedDependency[Filters],
    *,
    sort: InOrder = "arrival",
    limit: Annotated[
        int | None,
        QueryParameter(description=f"Jobs at most; {PER_PAGE} if absent", ge=1, le=MOST_PER_PAGE),
    ] = None,
    after: Annotated[
        str | None,
        QueryParameter(description="Go on after the mark a list gave", max_length=LONGEST_MARK),
    ] = None,
    before: Annotated[
        str | None,
        QueryParameter(description="Go back before the mark a list gave", max_length=LONGEST_MARK),
    ] = None,
    page: Annotated[int | None, QueryParameter(description="Number of the page", ge=1)] = None,
    per_page: Annotated[
        int | None, QueryParameter(description="The same as `limit`", ge=1, le=MOST_PER_PAGE)
    ] = None,
    count: Annotated[
        bool, QueryParameter(description="Whether `total` is wanted; without it, it is quicker")
    ] = True,
    snippets: Annotated[
        bool,
        QueryParameter(description="Whether pieces of descriptions are wanted, with the hits"),
    ] = False,
) -> Response[JobPage]:
    """List jobs."""
    _only_one(after=after, before=before, page=page)
    size, number = _place(limit, per_page, page)
    counted = None
    if count and after is None and before is None and number == 1:
        found, counted = tracker.jobs.first_page(limit=size, sort=sort, **filters)
    else:
        with tracker.looking():
            found = _search(tracker, filters, sort, size, (number - 1) * size, after, before)
            if count:
                shown = len(found.items)
                least = (number - 1) * size + shown if shown else 0
                least += found.after is not None and shown == size
                counted = tracker.jobs.tally(**filters).covering(least)
    listed = _listed(found, counted)
    if snippets:
        listed = structs.replace(listed, snippets=snippets_of(tracker, found, filters))
    if found.after is None:
        return leading_on(listed, None)
    asked = {
        name: value
        for name, value in request.query_params.items()
        if name not in {"after", "before", "page"}
    }
    is_full = len(found.items) == size
    paged = page is not None and is_full and (number + 1) * size <= PAGED_ROWS
    return leading_on(listed, asked | ({"page": number + 1} if paged else {"after": found.after}))


@get(
    "/tally",
    **operation(
        "countJobs",
        "Count the jobs of a list",
        description=f"Exactly up to {TALLY_LIMIT}, or {WORDS_TALLY_LIMIT} where the search holds "
        "words, and estimated beyond; with `first`, those of them too that come before that job.",
        scope=Scope.JOBS_READ,
        kept=True,
    ),
)
def count_jobs(
    tracker: NamedDependency[JobTracker],
    filters: NamedDependency[Filters],
    *,
    sort: InOrder = "arrival",
    first: Annotated[
        int | None, QueryParameter(description="The number of a job of the list", ge=1)
    ] = None,
) -> Tally:
    """Count the jobs of a list."""
    return tracker.jobs.tally(first=first, sort=sort, **filters)


def _search(
    tracker: JobTracker,
    filters: Filters,
    sort: Sort,
    limit: int,
    offset: int,
    after: str | None,
    before: str | None,
) -> JobList:
    try:
        return tracker.jobs.search(
            limit=limit, after=after, before=before, offset=offset, sort=sort, **filters
        )
    except NotFound as error:
        raise wrong("after" if after is not None else "before", str(error)) from error


def _listed(found: JobList, tally: Tally | None) -> JobPage:
    total = None
    if tally is not None:
        total = tally.total if tally.estimate is None else tally.estimate
    return JobPage(
        items=found.items,
        after=found.after,
        before=found.before,
        total=total,
        estimated=tally is not None and tally.more,
    )


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
