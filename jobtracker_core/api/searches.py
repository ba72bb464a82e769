"""`/api/v1/searches`: queries that are kept, with their times and limits."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, cast

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.preconditions import ETAG, IfMatch, IfNoneMatch, expected_version, tagged
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.info import WHOLE_NAME
from jobtracker_core.storage.queue import Enqueued
from jobtracker_core.storage.runs import Run
from jobtracker_core.storage.searches import Search
from jobtracker_core.tracker import JobTracker, search_form
from jobtracker_core.tracker.bulk import MOST, BulkResult
from jobtracker_core.tracker.search_form import SearchForm, SearchOptions
from jobtracker_core.tracker.searches import Preview, SearchReport

MOST_RUNS = 200

SearchId = Annotated[int, PathParameter(description="The search's number", ge=1)]
Name = Annotated[str, Meta(description="What it is called", min_length=1, max_length=100)]
Query = Annotated[
    dict[str, Any],
    Meta(description="Words of the collector's query, as `GET /collectors/{name}/schema` lists"),
]


class NewSearch(SearchForm, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search that is to be kept; without `cron` and `every_s` it is started by hand alone."""

    name: Name
    collector: Annotated[str, Meta(description="The collector", max_length=100)]
    query: Query


class SearchChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed of a search: what is absent stays, null puts back what is usual.

    A query is replaced as a whole. `cron` takes `every_s` away, and the other way round.
    """

    name: Name | UnsetType = UNSET
    query: Query | UnsetType = UNSET
    enabled: Annotated[bool, Meta(description="Whether it runs by itself")] | UnsetType = UNSET
    cron: search_form.Cron | UnsetType | None = UNSET
    every_s: search_form.EveryS | UnsetType | None = UNSET
    timezone: search_form.ZoneName | UnsetType | None = UNSET
    stagger_s: search_form.StaggerS | UnsetType | None = UNSET
    misfire_window_s: search_form.MisfireWindowS | UnsetType | None = UNSET
    overlap: search_form.WhatOverlap | UnsetType | None = UNSET
    priority: search_form.Priority | UnsetType | None = UNSET
    max_attempts: search_form.MaxAttempts | UnsetType | None = UNSET
    memory_mb: search_form.MemoryMb | UnsetType | None = UNSET
    runtime_s: search_form.RuntimeS | UnsetType | None = UNSET
    cpu_s: search_form.CpuS | UnsetType | None = UNSET
    pages: search_form.Pages | UnsetType | None = UNSET
    requests: search_form.Requests | UnsetType | None = UNSET
    proxy_pool: search_form.PoolName | UnsetType | None = UNSET


Numbers = Annotated[
    list[Annotated[int, Meta(ge=1)]],
    Meta(description="Their numbers", min_length=1, max_length=MOST),
]


class BulkSearches(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done to several searches."""

    action: Annotated[
        Literal["pause", "resume", "delete"], Meta(description="What to do with each")
    ]
    ids: Numbers


class StartedSearches(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several searches that are to be started."""

    ids: Numbers


class NewName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the copy is called."""

    name: Name


@get(
    "/",
    **operation(
        "listSearches",
        "List searches by name",
        description="All of them, those that are off too.",
        scope=Scope.JOBS_READ,
    ),
)
def list_searches(
    tracker: NamedDependency[JobTracker],
    collector: Annotated[
        str | None,
        QueryParameter(description="Only of this collector", pattern=WHOLE_NAME),
    ] = None,
) -> tuple[Search, ...]:
    """List searches."""
    return tracker.searches.list(collector=collector)


@post(
    "/",
    **operation(
        "createSearch",
        "Keep a search",
        description="Its collector may still be off: its runs wait until it is turned on.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
        headers=[ETAG],
        once=True,
    ),
)
def create_search(
    tracker: NamedDependency[JobTracker], data: JSONBody[NewSearch]
) -> Response[Search]:
    """Keep a search."""
    fields = structs.asdict(data)
    name, collector, query = (fields.pop(each) for each in ("name", "collector", "query"))
    made = tracker.searches.add(name, collector, query, **cast("SearchOptions", fields))
    return tagged(made, made.version)


@post(
    "/bulk",
    status_code=HTTPStatus.OK,
    **operation(
        "changeSearches",
        "Pause, resume or delete several searches",
        description="One result for each: one that cannot be done stops no other.",
        scope=Scope.JOBS_WRITE,
        once=True,
    ),
)
def change_searches(
    tracker: NamedDependency[JobTracker], data: JSONBody[BulkSearches]
) -> BulkResult:
    """Pause, resume or delete several searches."""
    if data.action == "pause":
        return tracker.searches.pause_all(data.ids)
    if data.action == "resume":
        return tracker.searches.resume_all(data.ids)
    return tracker.searches.remove_all(data.ids)


@post(
    "/run",
    status_code=HTTPStatus.ACCEPTED,
    **operation(
        "runSearches",
        "Start several searches now",
        description="One result for each, with the number of its run: the one that was made, or "
        "the one in its way. One that cannot be started stops no other.",
        scope=Scope.RUNS_TRIGGER,
        once=True,
    ),
)
def run_searches(
    tracker: NamedDependency[JobTracker], data: JSONBody[StartedSearches]
) -> BulkResult:
    """Start several searches now."""
    return tracker.searches.run_all(data.ids)


@get(
    "/{search_id:int}",
    **operation(
        "getSearch",
        "Show a search",
        description="The `ETag` of the answer is its version.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
        headers=[ETAG],
    ),
)
def get_search(
    tracker: NamedDependency[JobTracker], search_id: SearchId, if_none_match: IfNoneMatch = None
) -> Response[Search]:
    """Show a search."""
    found = tracker.searches.get(search_id)
    return tagged(found, found.version, if_none_match)


@put(
    "/{search_id:int}",
    **operation(
        "updateSearch",
        "Change a search",
        description="What is absent stays, null puts back what is usual. A run that goes on "
        "already stays as it is.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
        headers=[ETAG],
    ),
)
def update_search(
    tracker: NamedDependency[JobTracker],
    search_id: SearchId,
    data: JSONBody[SearchChange],
    if_match: IfMatch = None,
) -> Response[Search]:
    """Change a search."""
    given = {name: value for name, value in structs.asdict(data).items() if value is not UNSET}
    changed = tracker.searches.edit(
        search_id, expected_version=expected_version(if_match), **cast("Any", given)
    )
    return tagged(changed, changed.version)


@delete(
    "/{search_id:int}",
    **operation(
        "deleteSearch",
        "Forget a search",
        description="Its runs stay, those that wait included.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED),
    ),
)
def delete_search(
    tracker: NamedDependency[JobTracker], search_id: SearchId, if_match: IfMatch = None
) -> None:
    """Forget a search."""
    tracker.searches.remove(search_id, expected_version=expected_version(if_match))


@post(
    "/{search_id:int}/clone",
    **operation(
        "cloneSearch",
        "Keep the same search under another name",
        description="The copy is paused: else both would run at every time.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND,),
        headers=[ETAG],
        once=True,
    ),
)
def clone_search(
    tracker: NamedDependency[JobTracker], search_id: SearchId, data: JSONBody[NewName]
) -> Response[Search]:
    """Keep the same search under another name."""
    made = tracker.searches.clone(search_id, data.name)
    return tagged(made, made.version)


@post(
    "/{search_id:int}/run",
    status_code=HTTPStatus.ACCEPTED,
    **operation(
        "runSearch",
        "Start a search now",
        description="A worker executes the run; `GET /runs/{id}` shows how it does. While a run "
        "of it is pending or going on, that one is named, with the outcome `overlap`.",
        scope=Scope.RUNS_TRIGGER,
        errors=(HTTPStatus.NOT_FOUND,),
        once=True,
    ),
)
def run_search(tracker: NamedDependency[JobTracker], search_id: SearchId) -> Enqueued:
    """Start a search now."""
    return tracker.searches.run(search_id)


@get(
    "/{search_id:int}/runs",
    **operation(
        "listSearchRuns",
        "List the runs of a search, the newest first",
        description="Go on with `before`, the number of the last one.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def list_search_runs(
    tracker: NamedDependency[JobTracker],
    search_id: SearchId,
    limit: Annotated[int, QueryParameter(description="Runs at most", ge=1, le=MOST_RUNS)] = 20,
    before: Annotated[
        int | None, QueryParameter(description="Only those older than this run", ge=1)
    ] = None,
) -> tuple[Run, ...]:
    """List the runs of a search."""
    found = tracker.searches.get(search_id)
    return tracker.runs.list(search_id=found.id, limit=limit, before=before)


@get(
    "/{search_id:int}/performance",
    **operation(
        "getSearchPerformance",
        "Show how a search does",
        description="What its good runs find, and how late it was begun last.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def get_search_performance(
    tracker: NamedDependency[JobTracker], search_id: SearchId
) -> SearchReport:
    """Show how a search does."""
    return tracker.searches.report(search_id)


@get(
    "/{search_id:int}/preview",
    **operation(
        "previewSearch",
        "Show when a search will run",
        description="In words, and as instants; none for a search that is started by hand alone.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def preview_search(
    tracker: NamedDependency[JobTracker],
    search_id: SearchId,
    after: Annotated[
        datetime | None, QueryParameter(description="Times after this instant; now if absent")
    ] = None,
    count: Annotated[int, QueryParameter(description="How many times", ge=1, le=1000)] = 10,
) -> Preview:
    """Show when a search will run."""
    return tracker.searches.preview(search_id, after=after, count=count)


@get(
    "/preview",
    **operation(
        "previewSchedule",
        "Show when a search would run",
        description="In words, and as instants, before it is kept; without `cron` and `every_s` "
        "it is started by hand alone, and there are none.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def preview_schedule(
    tracker: NamedDependency[JobTracker],
    cron: Annotated[
        str | None,
        QueryParameter(description="Minute, hour, day, month, weekday", max_length=200),
    ] = None,
    every_s: Annotated[
        int | None, QueryParameter(description="Seconds between two runs", ge=60, le=31_622_400)
    ] = None,
    timezone: Annotated[
        str,
        QueryParameter(description="The place whose clock the cron line goes by", max_length=100),
    ] = "UTC",
    search: Annotated[
        int | None,
        QueryParameter(description="The search whose schedule it is to replace", ge=1),
    ] = None,
    after: Annotated[
        datetime | None, QueryParameter(description="Times after this instant; now if absent")
    ] = None,
    count: Annotated[int, QueryParameter(description="How many times", ge=1, le=1000)] = 10,
) -> Preview:
    """Show when a search would run."""
    return tracker.searches.preview_schedule(
        cron=cron, every_s=every_s, timezone=timezone, search=search, after=after, count=count
    )


def searches_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/searches",
        route_handlers=[
            *(list_searches, create_search, get_search, update_search, delete_search),
            *(change_searches, run_searches),
            *(clone_search, run_search, list_search_runs, get_search_performance, preview_search),
            preview_schedule,
        ],
        guards=[refuse_unknown_parameters],
        tags=["searches"],
    )
