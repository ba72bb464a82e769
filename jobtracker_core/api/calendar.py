"""`/api/v1/calendar`, and the calendar by secret addresses for calendar programs."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.calendar import CalendarEntry
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.feeds import Feed
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.calendar import NewFeed

_SUFFIX = ".ics"
FeedId = Annotated[int, PathParameter(description="The address's number", ge=1)]


class FeedName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an address is for, such as the program that reads it."""

    name: Annotated[str, Meta(description="Its name", min_length=1, max_length=100)]


@get(
    "/",
    **operation(
        "getCalendar",
        "Show what goes on in a span of time",
        description="Events and next actions, the earliest first.",
        scope=Scope.JOBS_READ,
    ),
)
def get_calendar(
    tracker: NamedDependency[JobTracker],
    since: Annotated[datetime, QueryParameter(name="from", description="From this instant on")],
    until: Annotated[datetime, QueryParameter(name="to", description="Before this instant")],
) -> tuple[CalendarEntry, ...]:
    """Show what goes on in a span of time."""
    return tracker.calendar.between(since, until)


@get(
    "/feeds",
    **operation(
        "listCalendarFeeds",
        "List the secret addresses of the calendar",
        description="Without their secrets, those that were revoked too.",
        scope=Scope.JOBS_READ,
    ),
)
def list_feeds(tracker: NamedDependency[JobTracker]) -> tuple[Feed, ...]:
    """List the secret addresses of the calendar."""
    return tracker.calendar.feeds()


@post(
    "/feeds",
    **operation(
        "createCalendarFeed",
        "Make a secret address of the calendar",
        description="`/feeds/{secret}.ics` is then the calendar, for a program that can send no "
        "token. The secret is shown this once.",
        scope=Scope.JOBS_WRITE,
        once=True,
    ),
)
def create_feed(tracker: NamedDependency[JobTracker], data: JSONBody[FeedName]) -> NewFeed:
    """Make a secret address of the calendar."""
    return tracker.calendar.create_feed(data.name)


@delete(
    "/feeds/{feed_id:int}",
    **operation(
        "revokeCalendarFeed",
        "End a secret address of the calendar",
        description="Calendar programs that know it get a 404 from now on.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def revoke_feed(tracker: NamedDependency[JobTracker], feed_id: FeedId) -> None:
    """End a secret address of the calendar."""
    tracker.calendar.revoke_feed(feed_id)


@get("/feeds/{file:str}", sync_to_thread=True, include_in_schema=False)
def read_feed(
    installation: NamedDependency[JobTracker],
    file: Annotated[str, PathParameter(description="The secret, with .ics behind it")],
) -> Response[str]:
    """Give the calendar to whoever knows the address; nobody logs in."""
    if not file.endswith(_SUFFIX):
        raise NotFoundException
    try:
        text = installation.calendar.ics(file.removesuffix(_SUFFIX))
    except NotFound as error:
        # A revoked address and one that never was are the same to whoever asks.
        raise NotFoundException from error
    return Response(
        text,
        media_type="text/calendar",  # Litestar adds the charset
        headers={
            "Cache-Control": "private, no-store",
            "Content-Disposition": 'inline; filename="jobtracker.ics"',
        },
    )


def calendar_router() -> Router:
    """Make the routes of this resource that need a token."""
    return Router(
        "/calendar",
        route_handlers=[get_calendar, list_feeds, create_feed, revoke_feed],
        guards=[refuse_unknown_parameters],
        tags=["calendar"],
    )
