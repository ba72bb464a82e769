"""`/api/v1/views`: lists with their filters, under a name."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.preconditions import ETAG, IfMatch, IfNoneMatch, expected_version, tagged
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.views import View, ViewChanges, ViewDraft, ViewKind
from jobtracker_core.tracker import JobTracker

ViewId = Annotated[int, PathParameter(description="The view's number")]


@get(
    "/",
    **operation(
        "listViews",
        "List saved views by name",
        description="Those of jobs and those of applications.",
        scope=Scope.JOBS_READ,
    ),
)
def list_views(
    tracker: NamedDependency[JobTracker],
    kind: Annotated[ViewKind | None, QueryParameter(description="Only of this list")] = None,
) -> tuple[View, ...]:
    """List saved views."""
    return tracker.views.list(kind=kind)


@post(
    "/",
    **operation(
        "createView",
        "Save a view",
        description="409 where a view of the same list has that name.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.CONFLICT,),
        headers=[ETAG],
        once=True,
    ),
)
def create_view(tracker: NamedDependency[JobTracker], data: JSONBody[ViewDraft]) -> Response[View]:
    """Save a view."""
    made = tracker.views.create(data)
    return tagged(made, made.version)


@get(
    "/{view_id:int}",
    **operation(
        "getView",
        "Show a saved view",
        description="The `ETag` of the answer is its version.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
        headers=[ETAG],
    ),
)
def get_view(
    tracker: NamedDependency[JobTracker], view_id: ViewId, if_none_match: IfNoneMatch = None
) -> Response[View]:
    """Show a saved view."""
    found = tracker.views.get(view_id)
    return tagged(found, found.version, if_none_match)


@put(
    "/{view_id:int}",
    **operation(
        "updateView",
        "Change a saved view",
        description="A query is replaced as a whole.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
        headers=[ETAG],
    ),
)
def update_view(
    tracker: NamedDependency[JobTracker],
    view_id: ViewId,
    data: JSONBody[ViewChanges],
    if_match: IfMatch = None,
) -> Response[View]:
    """Change a saved view."""
    changed = tracker.views.update(view_id, data, expected_version=expected_version(if_match))
    return tagged(changed, changed.version)


@delete(
    "/{view_id:int}",
    **operation(
        "deleteView",
        "Forget a saved view",
        description="What it showed stays.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED),
    ),
)
def delete_view(
    tracker: NamedDependency[JobTracker], view_id: ViewId, if_match: IfMatch = None
) -> None:
    """Forget a saved view."""
    tracker.views.delete(view_id, expected_version=expected_version(if_match))


def views_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/views",
        route_handlers=[list_views, create_view, get_view, update_view, delete_view],
        guards=[refuse_unknown_parameters],
        tags=["views"],
    )
