"""`/api/v1/stats`: numbers for a front page, and how collecting did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.info import WHOLE_NAME
from jobtracker_core.storage.performance import Performance
from jobtracker_core.storage.stats import Stats
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.stats import LONGEST_DAYS


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


@get(
    "/performance",
    **operation(
        "getPerformance",
        "Say how collecting did",
        description="Postings found and new, yield, durations and requests of the last days, by "
        "source and day. At most the newest 50,000 runs are looked at.",
        scope=Scope.JOBS_READ,
    ),
)
def get_performance(
    tracker: NamedDependency[JobTracker],
    days: Annotated[
        int,
        QueryParameter(description="Days to look back, today included", ge=1, le=LONGEST_DAYS),
    ] = 30,
    source: Annotated[
        str | None,
        QueryParameter(description="Only of this collector", pattern=WHOLE_NAME),
    ] = None,
    timezone: Annotated[
        str,
        QueryParameter(description="By whose clock a day is a day", max_length=100),
    ] = "UTC",
) -> Performance:
    """Say how collecting did."""
    return tracker.stats.performance(days=days, source=source, timezone=timezone)


def stats_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/stats",
        route_handlers=[get_stats, get_performance],
        guards=[refuse_unknown_parameters],
        tags=["stats"],
    )
