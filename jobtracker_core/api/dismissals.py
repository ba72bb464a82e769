"""`/api/v1/dismissals`: jobs hidden for good, those too that were deleted since."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Response, Router, delete, get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from jobtracker_core.api.links import NEXT, leading_on
from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.dismissals import DismissalList
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.keyset import LONGEST_MARK
from jobtracker_core.tracker import JobTracker


@get(
    "/",
    **operation(
        "listDismissals",
        "List hidden jobs, the latest first",
        description="Those too that were deleted since. Go on with `after`, or follow the Link "
        "header.",
        scope=Scope.JOBS_READ,
        headers=[NEXT],
    ),
)
def list_dismissals(
    tracker: NamedDependency[JobTracker],
    limit: Annotated[int, QueryParameter(description="Jobs at most", ge=1, le=200)] = 50,
    after: Annotated[
        str | None,
        QueryParameter(description="Go on after the mark a list gave", max_length=LONGEST_MARK),
    ] = None,
) -> Response[DismissalList]:
    """List hidden jobs."""
    try:
        found = tracker.dismissals.list(limit=limit, after=after)
    except NotFound as error:
        raise wrong("after", str(error)) from error
    words = {"limit": limit, "after": found.after}
    return leading_on(found, None if found.after is None else words)


@delete(
    "/{dismissal_id:int}",
    **operation(
        "deleteDismissal",
        "Show a job again",
        description="Also one that was deleted: collected again, it is shown.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def delete_dismissal(
    tracker: NamedDependency[JobTracker],
    dismissal_id: Annotated[int, PathParameter(description="The dismissal's number")],
) -> None:
    """Show a job again."""
    tracker.dismissals.restore(dismissal_id)


def dismissals_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/dismissals",
        route_handlers=[list_dismissals, delete_dismissal],
        guards=[refuse_unknown_parameters],
        tags=["jobs"],
    )
