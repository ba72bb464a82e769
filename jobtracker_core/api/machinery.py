"""`/api/v1/plugins` and `/api/v1/workers`: what is installed, and what is at work."""

from __future__ import annotations

from litestar import Router, get
from litestar.di import NamedDependency

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.plugins.discovery import Plugin
from jobtracker_core.storage.workers import Worker
from jobtracker_core.tracker import JobTracker


@get(
    "/plugins",
    **operation(
        "listPlugins",
        "List plugins, the broken ones too",
        description="`problems` says what is wrong with one, and what can be done about it.",
        scope=Scope.JOBS_READ,
    ),
)
def list_plugins(tracker: NamedDependency[JobTracker]) -> tuple[Plugin, ...]:
    """List plugins."""
    return tracker.registry.plugins


@get(
    "/workers",
    **operation(
        "listWorkers",
        "List workers, those last seen first",
        description="One that is gone for a week is forgotten.",
        scope=Scope.JOBS_READ,
    ),
)
def list_workers(tracker: NamedDependency[JobTracker]) -> tuple[Worker, ...]:
    """List workers."""
    return tracker.workers.list()


def machinery_router() -> Router:
    """Make the routes of both."""
    return Router(
        "/",
        route_handlers=[list_plugins, list_workers],
        guards=[refuse_unknown_parameters],
        tags=["machinery"],
    )
