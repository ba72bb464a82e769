"""`/api/v1/database`: how much room everything takes, and what is to be forgotten."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.retention import Pruned
from jobtracker_core.storage.sizes import DatabaseSizes
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.maintenance import ClosedDays

LONGEST_S: Final = 20.0
"""Seconds that one request may delete: whoever sent it waits."""


class PruneOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be deleted beside what the server's settings say."""

    jobs_closed_before_days: Annotated[
        ClosedDays | None,
        Meta(
            description="Jobs too that were closed so many days ago or earlier and that nobody "
            "ever touched; without it no job goes"
        ),
    ] = None
    seconds: Annotated[
        Annotated[float, Meta(gt=0, le=LONGEST_S)],
        Meta(description="Stop after about so long; `finished` says whether it was done"),
    ] = LONGEST_S


@get(
    "/",
    **operation(
        "getDatabase",
        "Say how much room the database and each table take",
        description="Rows of large tables are estimated and marked so. Tables of a SQLite file "
        "above 256 MB are without their sizes: `jobtracker db stats --exact` reads all of it.",
        scope=Scope.ADMIN,
    ),
)
def get_database(tracker: NamedDependency[JobTracker]) -> DatabaseSizes:
    """Say how much room everything takes."""
    return tracker.maintenance.stats()


@post(
    "/prune",
    status_code=HTTPStatus.OK,
    **operation(
        "pruneDatabase",
        "Delete what is to be forgotten",
        description="What the server's settings say, as workers do by themselves each hour: runs "
        "that ended long ago, what they told, keys and sessions that are over. What a person made "
        "or touched never goes.",
        scope=Scope.ADMIN,
    ),
)
def prune_database(
    tracker: NamedDependency[JobTracker],
    data: JSONBody[PruneOrder],
    dry_run: Annotated[  # noqa: FBT002
        bool, QueryParameter(description="Only count what would go")
    ] = False,
) -> Pruned:
    """Delete what is to be forgotten."""
    return tracker.maintenance.prune(
        dry_run=dry_run,
        jobs_closed_before_days=data.jobs_closed_before_days,
        seconds=data.seconds,
    )


def database_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/database",
        route_handlers=[get_database, prune_database],
        guards=[refuse_unknown_parameters],
        tags=["database"],
    )
