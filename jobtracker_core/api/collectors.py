"""`/api/v1/collectors`: which sites are collected, and how."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.preconditions import ETAG, IfMatch, IfNoneMatch, expected_version, tagged
from jobtracker_core.api.runs import RunOptions, to_limits
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.queue import Enqueued
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.collector_reports import CollectorReport, CollectorSchema

Name = Annotated[str, PathParameter(description="The collector's name", max_length=100)]


class CollectorChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed of a collector: what is absent stays."""

    enabled: Annotated[bool, Meta(description="Whether it may run")] | UnsetType = UNSET
    settings: (
        Annotated[
            dict[str, Any],
            Meta(
                description="Settings by name, as `GET /collectors/{name}/schema` lists them; null "
                "takes away what was set here. A configuration file and the environment go before.",
            ),
        ]
        | UnsetType
    ) = UNSET


class CollectorRun(RunOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be run; what is absent is as the collector has it."""


@get(
    "/",
    **operation(
        "listCollectors",
        "List collectors and how they do",
        description="Those too whose plugin is gone.",
        scope=Scope.JOBS_READ,
    ),
)
def list_collectors(tracker: NamedDependency[JobTracker]) -> tuple[CollectorReport, ...]:
    """List collectors."""
    return tracker.collectors.reports()


@get(
    "/{name:str}",
    **operation(
        "getCollector",
        "Show a collector",
        description="Each setting comes with its value and who set it; of a secret it says only "
        "whether it is set.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
        headers=[ETAG],
    ),
)
def get_collector(
    tracker: NamedDependency[JobTracker], name: Name, if_none_match: IfNoneMatch = None
) -> Response[CollectorReport]:
    """Show a collector."""
    found = tracker.collectors.report(name)
    return tagged(found, found.version, if_none_match)


@put(
    "/{name:str}",
    **operation(
        "updateCollector",
        "Turn a collector on or off, and set it up",
        description="Workers take it up with the next run that they begin. Turning it on ends its "
        "pause and the cooling of its site.",
        scope=Scope.ADMIN,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
        headers=[ETAG],
    ),
)
def update_collector(
    tracker: NamedDependency[JobTracker],
    name: Name,
    data: JSONBody[CollectorChange],
    if_match: IfMatch = None,
) -> Response[CollectorReport]:
    """Change a collector."""
    changed = tracker.collectors.update(
        name,
        enabled=None if data.enabled is UNSET else data.enabled,
        settings=None if data.settings is UNSET else data.settings,
        expected_version=expected_version(if_match),
    )
    return tagged(changed, changed.version)


@get(
    "/{name:str}/schema",
    **operation(
        "getCollectorSchema",
        "Show what can be asked of a collector and set for it",
        description="JSON schemas of its query and its settings, and which filters it knows.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def get_collector_schema(tracker: NamedDependency[JobTracker], name: Name) -> CollectorSchema:
    """Show a collector's query and settings."""
    return tracker.collectors.schema(name)


@post(
    "/{name:str}/run",
    status_code=HTTPStatus.ACCEPTED,
    **operation(
        "runCollector",
        "Run a collector now",
        description="Without a body, with a query that asks for everything.",
        scope=Scope.RUNS_TRIGGER,
        errors=(HTTPStatus.NOT_FOUND,),
        once=True,
    ),
)
def run_collector(
    tracker: NamedDependency[JobTracker], name: Name, data: JSONBody[CollectorRun | None] = None
) -> Enqueued:
    """Run a collector now."""
    asked = CollectorRun() if data is None else data
    return tracker.runs.enqueue(
        name,
        asked.query,
        limits=to_limits(asked),
        proxy_pool=asked.proxy_pool,
        priority=asked.priority,
    )


@post(
    "/{name:str}/probe",
    status_code=HTTPStatus.ACCEPTED,
    **operation(
        "probeCollector",
        "Look whether a collector's site answers",
        description="As a run that stores nothing: `GET /runs/{id}` tells how it went. While one "
        "is pending or going on, that one is named, with the outcome `overlap`.",
        scope=Scope.RUNS_TRIGGER,
        errors=(HTTPStatus.NOT_FOUND,),
        once=True,
    ),
)
def probe_collector(tracker: NamedDependency[JobTracker], name: Name) -> Enqueued:
    """Probe a collector."""
    return tracker.collectors.probe(name)


def collectors_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/collectors",
        route_handlers=[
            *(list_collectors, get_collector, update_collector, get_collector_schema),
            *(run_collector, probe_collector),
        ],
        guards=[refuse_unknown_parameters],
        tags=["collectors"],
    )
