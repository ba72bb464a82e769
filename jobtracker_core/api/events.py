"""`/api/v1/events`: interviews, deadlines, notes, and the moves of applications."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter

from jobtracker_core.api.links import NEXT, leading_on
from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.preconditions import ETAG, IfMatch, IfNoneMatch, expected_version, tagged
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.timeline import (
    Event,
    EventChanges,
    EventDraft,
    EventFilters,
    EventKind,
    EventList,
)
from jobtracker_core.tracker import JobTracker

MOST_PER_PAGE = 200
_LONGEST_MARK = 64
_NAMES = {"since": "from", "until": "to"}

EventId = Annotated[int, PathParameter(description="The event's number", ge=1)]
_GONE = (HTTPStatus.NOT_FOUND,)
_CHANGED = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)


def read_filters(
    application_id: Annotated[
        int | None, QueryParameter(description="Only of this application", ge=1)
    ] = None,
    job_id: Annotated[
        int | None,
        QueryParameter(description="Only of this job and its applications", ge=1),
    ] = None,
    kind: Annotated[EventKind | None, QueryParameter(description="Only of this kind")] = None,
    since: Annotated[
        datetime | None,
        QueryParameter(name="from", description="Only what goes on at this instant or later"),
    ] = None,
    until: Annotated[
        datetime | None,
        QueryParameter(name="to", description="Only what begins before this instant"),
    ] = None,
    done: Annotated[bool | None, QueryParameter(description="Only those done, or not")] = None,
) -> EventFilters:
    """Read which events are meant."""
    return EventFilters(
        application_id=application_id,
        job_id=job_id,
        kind=kind,
        since=since,
        until=until,
        done=done,
    )


@get(
    "/",
    **operation(
        "listEvents",
        "List events, the latest start first",
        description="Go on with `after`, or follow the Link header.",
        scope=Scope.JOBS_READ,
        headers=[NEXT],
    ),
)
def list_events(
    tracker: NamedDependency[JobTracker],
    filters: NamedDependency[EventFilters],
    *,
    limit: Annotated[
        int, QueryParameter(description="Events at most", ge=1, le=MOST_PER_PAGE)
    ] = 50,
    after: Annotated[
        str | None,
        QueryParameter(description="Go on after this mark", max_length=_LONGEST_MARK),
    ] = None,
) -> Response[EventList]:
    """List events."""
    try:
        found = tracker.timeline.list(limit=limit, after=after, **filters)
    except NotFound as error:
        raise wrong("after", str(error)) from error
    words: dict[str, object] = {
        _NAMES.get(name, name): _as_written(value) for name, value in filters.items()
    }
    words |= {"limit": limit, "after": found.after}
    return leading_on(found, None if found.after is None else words)


def _as_written(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else value


@post(
    "/",
    **operation(
        "createEvent",
        "Enter an event",
        description="Of an application, of a job, or of neither. A time without an offset is what "
        "the clock of `timezone` shows.",
        scope=Scope.JOBS_WRITE,
        errors=_GONE,
        headers=[ETAG],
        once=True,
    ),
)
def create_event(
    tracker: NamedDependency[JobTracker], data: JSONBody[EventDraft]
) -> Response[Event]:
    """Enter an event."""
    made = tracker.timeline.create(data)
    return tagged(made, made.version)


@get(
    "/{event_id:int}",
    **operation(
        "getEvent",
        "Show an event",
        description="The `ETag` of the answer is its version.",
        scope=Scope.JOBS_READ,
        errors=_GONE,
        headers=[ETAG],
    ),
)
def get_event(
    tracker: NamedDependency[JobTracker], event_id: EventId, if_none_match: IfNoneMatch = None
) -> Response[Event]:
    """Show an event."""
    found = tracker.timeline.get(event_id)
    return tagged(found, found.version, if_none_match)


@put(
    "/{event_id:int}",
    **operation(
        "updateEvent",
        "Change an event",
        description="What is absent stays, null empties. The moves of applications are history, "
        "and cannot be changed.",
        scope=Scope.JOBS_WRITE,
        errors=_CHANGED,
        headers=[ETAG],
    ),
)
def update_event(
    tracker: NamedDependency[JobTracker],
    event_id: EventId,
    data: JSONBody[EventChanges],
    if_match: IfMatch = None,
) -> Response[Event]:
    """Change an event."""
    changed = tracker.timeline.update(event_id, data, expected_version=expected_version(if_match))
    return tagged(changed, changed.version)


@delete(
    "/{event_id:int}",
    **operation(
        "deleteEvent",
        "Delete an event",
        description="The moves of applications are history, and cannot be deleted.",
        scope=Scope.JOBS_WRITE,
        errors=_CHANGED,
    ),
)
def delete_event(
    tracker: NamedDependency[JobTracker], event_id: EventId, if_match: IfMatch = None
) -> None:
    """Delete an event."""
    tracker.timeline.delete(event_id, expected_version=expected_version(if_match))


def events_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/events",
        route_handlers=[list_events, create_event, get_event, update_event, delete_event],
        dependencies={"filters": Provide(read_filters, sync_to_thread=False)},
        guards=[refuse_unknown_parameters],
        tags=["events"],
    )
