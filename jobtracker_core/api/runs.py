"""`/api/v1/runs`: the queue and the history of runs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from litestar import Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from jobtracker_core.api.links import NEXT, leading_on
from jobtracker_core.api.live import LiveRuns
from jobtracker_core.api.operations import FROM_ZERO, operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.problems import wrong
from jobtracker_core.api.run_live import watch_run
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.info import WHOLE_NAME
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.events import Event
from jobtracker_core.storage.jobs import Change
from jobtracker_core.storage.keyset import LONGEST_MARK
from jobtracker_core.storage.queue import Enqueued, Limits
from jobtracker_core.storage.runs import Run
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.runs import BulkRun, RunReport

MOST_RUNS = 200
MOST_EVENTS = 1_000
MOST_CHANGES = 1_000
MOST_AT_ONCE = 200

_STATES = ", ".join(RunState)

RunId = Annotated[int, PathParameter(description="The run's number", ge=1)]
OfCollector = Annotated[
    str | None, QueryParameter(description="Only of this collector", pattern=WHOLE_NAME)
]
OfSearch = Annotated[
    int | None, QueryParameter(description="Only of the search of this number", ge=1)
]
OfStates = Annotated[
    str | None,
    QueryParameter(
        name="state",
        description=f"Only in this state, or in these, with commas between them: {_STATES}",
    ),
]


class RunOptions(Struct, frozen=True, kw_only=True):
    """What can be said of a run that is to be made."""

    query: Annotated[
        dict[str, Any],
        Meta(description="Words of its query, as `GET /collectors/{name}/schema` lists them"),
    ] = {}
    proxy_pool: (
        Annotated[
            str,
            Meta(description="Pool of proxies to go through", min_length=1, max_length=100),
        ]
        | None
    ) = None
    priority: Annotated[int, Meta(description="Lower numbers come first", ge=1, le=9)] | None = None
    memory_mb: (
        Annotated[int, Meta(description="Megabytes of memory", ge=256, le=1_048_576)] | None
    ) = None
    runtime_s: (
        Annotated[int, Meta(description="Seconds from start to end", ge=1, le=604_800)] | None
    ) = None
    cpu_s: Annotated[int, Meta(description="Seconds of processor time", ge=1, le=86_400)] | None = (
        None
    )
    pages: Annotated[int, Meta(description="List pages", ge=1, le=100_000)] | None = None
    requests: Annotated[int, Meta(description="Requests", ge=1, le=10_000_000)] | None = None


class NewRun(RunOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A query that is to be run once; what is absent is as the collector has it."""

    collector: Annotated[str, Meta(description="The collector", pattern=WHOLE_NAME)]
    key: (
        Annotated[
            str,
            Meta(
                description="Of all runs that ever were, one has it: asked for again, that one is "
                "named, with the outcome `same`",
                pattern="^[!-~]+$",
                min_length=1,
                max_length=200,
            ),
        ]
        | None
    ) = None


class Stopped(Struct, frozen=True, kw_only=True):
    """A run that was asked to stop, and its state at that moment."""

    run_id: int
    state: RunState


class BulkRuns(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done with several runs."""

    action: Annotated[Literal["cancel", "retry"], Meta(description="What to do with each")]
    ids: Annotated[
        list[Annotated[int, Meta(ge=1)]],
        Meta(description="Their numbers", min_length=1, max_length=MOST_AT_ONCE),
    ]


@get(
    "/",
    **operation(
        "listRuns",
        "List runs, the newest first",
        description="Go on with `before`, the number of the last one, or follow the Link header.",
        scope=Scope.JOBS_READ,
        headers=[NEXT],
    ),
)
def list_runs(
    tracker: NamedDependency[JobTracker],
    collector: OfCollector = None,
    search: OfSearch = None,
    states: OfStates = None,
    limit: Annotated[int, QueryParameter(description="Runs at most", ge=1, le=MOST_RUNS)] = 20,
    before: Annotated[
        int | None, QueryParameter(description="Only those older than this run", ge=1)
    ] = None,
) -> Response[tuple[Run, ...]]:
    """List runs."""
    found = tracker.runs.list(
        collector=collector,
        search_id=search,
        states=read_states(states),
        limit=limit,
        before=before,
    )
    words = {"collector": collector, "search": search, "state": states, "limit": limit}
    return leading_on(found, {**words, "before": found[-1].id} if len(found) == limit else None)


def to_limits(options: RunOptions) -> Limits:
    """Return the limits that a run is to be held to."""
    return Limits(**{name: getattr(options, name) for name in Limits.__struct_fields__})


def read_states(text: str | None) -> tuple[RunState, ...]:
    """Return the states that a list names; raises ValidationException."""
    # Not by a pattern: Litestar keeps the argument's name `state` for itself, and would tell of a
    # text that does not fit under the name of ours.
    try:
        return () if text is None else tuple(RunState(word) for word in text.split(","))
    except ValueError as error:
        raise wrong("state", f"there are only: {_STATES}") from error


@post(
    "/",
    status_code=HTTPStatus.ACCEPTED,
    **operation(
        "createRun",
        "Run a query once",
        description="A worker executes it; `GET /runs/{id}` shows how it does.",
        scope=Scope.RUNS_TRIGGER,
        errors=(HTTPStatus.NOT_FOUND,),
        once=True,
    ),
)
def create_run(tracker: NamedDependency[JobTracker], data: JSONBody[NewRun]) -> Enqueued:
    """Run a query once."""
    return tracker.runs.enqueue(
        data.collector,
        data.query,
        limits=to_limits(data),
        proxy_pool=data.proxy_pool,
        priority=data.priority,
        key=data.key,
    )


@post(
    "/bulk",
    status_code=HTTPStatus.OK,
    **operation(
        "changeRuns",
        "Cancel or retry several runs",
        description="One result for each run: one that cannot be done stops no other.",
        scope=Scope.RUNS_TRIGGER,
        once=True,
    ),
)
def change_runs(
    tracker: NamedDependency[JobTracker], data: JSONBody[BulkRuns]
) -> tuple[BulkRun, ...]:
    """Cancel or retry several runs."""
    return tracker.runs.all(data.action, data.ids)


@get(
    "/{run_id:int}",
    **operation(
        "getRun",
        "Show a run with its attempts",
        description="With its counters, its limits, and how each attempt ended.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def get_run(tracker: NamedDependency[JobTracker], run_id: RunId) -> RunReport:
    """Show a run with its attempts."""
    return tracker.runs.report(run_id)


@post(
    "/{run_id:int}/cancel",
    status_code=HTTPStatus.OK,
    **operation(
        "cancelRun",
        "Ask for a run to be stopped",
        description="A pending one is cancelled at once; a running one hears of it within a "
        "quarter of a minute; one that has ended stays as it is.",
        scope=Scope.RUNS_TRIGGER,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def cancel_run(tracker: NamedDependency[JobTracker], run_id: RunId) -> Stopped:
    """Ask for a run to be stopped."""
    return Stopped(run_id=run_id, state=tracker.runs.cancel(run_id))


@post(
    "/{run_id:int}/retry",
    status_code=HTTPStatus.ACCEPTED,
    **operation(
        "retryRun",
        "Run the query of a run again",
        description="As a new run. While one of the same search is pending or running, that one "
        "is named, with the outcome `overlap`.",
        scope=Scope.RUNS_TRIGGER,
        errors=(HTTPStatus.NOT_FOUND,),
        once=True,
    ),
)
def retry_run(tracker: NamedDependency[JobTracker], run_id: RunId) -> Enqueued:
    """Run the query of a run again."""
    return tracker.runs.retry(run_id)


@post(
    "/{run_id:int}/believe",
    status_code=HTTPStatus.OK,
    **operation(
        "believeRun",
        "Say that a suspect run is right",
        description="The site itself has changed: the run counts as succeeded, and what later "
        "ones are compared with begins with it.",
        scope=Scope.RUNS_TRIGGER,
        errors=(HTTPStatus.NOT_FOUND,),
        once=True,
    ),
)
def believe_run(tracker: NamedDependency[JobTracker], run_id: RunId) -> Run:
    """Say that a suspect run is right."""
    return tracker.runs.believe(run_id)


@get(
    "/{run_id:int}/events",
    **operation(
        "listRunEvents",
        "List what happened in a run, the first first",
        description="Go on with `after`, the number of the last one, or follow the Link header.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
        headers=[NEXT],
    ),
)
def list_run_events(
    tracker: NamedDependency[JobTracker],
    run_id: RunId,
    after: Annotated[
        int,
        QueryParameter(
            description="Only what came after the event of this number",
            ge=0,
            schema_extra=FROM_ZERO,
        ),
    ] = 0,
    limit: Annotated[int, QueryParameter(description="Events at most", ge=1, le=MOST_EVENTS)] = 200,
) -> Response[tuple[Event, ...]]:
    """List what happened in a run."""
    found = tracker.runs.events(run_id, after=after, limit=limit)
    words = {"after": found[-1].id, "limit": limit} if len(found) == limit else None
    return leading_on(found, words)


@get(
    "/{run_id:int}/changes",
    **operation(
        "listRunChanges",
        "List what a run changed in known jobs, the latest job first",
        description="Each with the fields that differ, as `[old, new]`. Go on with `after`, "
        "`job_id~id` of the last one, or follow the Link header.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
        headers=[NEXT],
    ),
)
def list_run_changes(
    tracker: NamedDependency[JobTracker],
    run_id: RunId,
    after: Annotated[
        str | None,
        QueryParameter(
            description="Go on after this change, by its `job_id~id`", max_length=LONGEST_MARK
        ),
    ] = None,
    limit: Annotated[
        int, QueryParameter(description="Changes at most", ge=1, le=MOST_CHANGES)
    ] = 100,
) -> Response[tuple[Change, ...]]:
    """List what a run changed in known jobs."""
    try:
        found = tracker.jobs.changes(run_id=run_id, limit=limit, after=after)
    except NotFound as error:
        raise wrong("after", str(error)) from error
    words = {"after": found[-1].mark, "limit": limit} if len(found) == limit else None
    return leading_on(found, words)


def runs_router(live: LiveRuns) -> Router:
    """Make the routes of this resource."""
    return Router(
        "/runs",
        route_handlers=[
            *(list_runs, create_run, change_runs, get_run, cancel_run, retry_run, believe_run),
            *(list_run_events, list_run_changes, watch_run),
        ],
        dependencies={"live": Provide(lambda: live, sync_to_thread=False)},
        guards=[refuse_unknown_parameters],
        tags=["runs"],
    )
