"""`/api/v1/stats`: numbers for a front page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.stats import Stats
from jobtracker_core.tracker import JobTracker


@get(
    "/",
    **operation(
        "getStats",
        "Count what there is and what is new",
        description="Jobs, applications, runs, and what is due.",
        scope=Scope.JOBS_READ,
    ),
)
def get_stats(
    tracker: NamedDependency[JobTracker],
    since: Annotated[
        datetime | None,
        QueryParameter(description="What is new came then or later; 24 hours ago if absent"),
    ] = None,
) -> Stats:
    """Count what there is and what is new."""
    return tracker.stats.front(since=since)


def stats_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/stats", route_handlers=[get_stats], guards=[refuse_unknown_parameters], tags=["stats"]
    )
