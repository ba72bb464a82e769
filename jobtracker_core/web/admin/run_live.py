"""The stream behind the page of a run: parts of the page whenever something changes."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from http import HTTPStatus
from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.exceptions import TooManyRequestsException
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from jobtracker_core.api.live import LiveRuns
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.storage.events import Event
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.runs import Watched
from jobtracker_core.web.admin import run_view
from jobtracker_core.web.admin.run_page import head_of
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.session import session_cookie

LONGEST_S: Final = 300.0
"""Seconds after which a page has to ask again, with a session that is still good."""

LOOKED_AT_S: Final = 15.0
"""Seconds after which a stream looks whether its session is still good."""

MOST_OF_A_READER: Final = 24
"""Streams at once; a browser opens six to one server."""

_ID = re.compile(r"[0-9]{1,18}")
_watching: Counter[int] = Counter()

Write = Callable[[Watched, list[Event]], str]


@get("/admin/runs/{run_id:int}/live", include_in_schema=False, media_type="text/event-stream")
async def watch_run(
    request: Request[Any, Any, Any],
    run_id: FromPath[int],
    live: NamedDependency[LiveRuns],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    after: Annotated[int, QueryParameter(name="after", ge=0)] = 0,
    last_event_id: Annotated[
        str | None, HeaderParameter(name="Last-Event-ID", max_length=40)
    ] = None,
) -> Response[Any]:
    """Send the parts of a run's page that change, until the run has ended.

    `after` is the last line that the page shows; a browser that comes back says what came last.
    """
    reader = int(request.auth.id)
    if _watching[reader] >= MOST_OF_A_READER:
        raise TooManyRequestsException("Too many pages watch runs. Close some of them.")
    if last_event_id and _ID.fullmatch(last_event_id):
        after = max(after, int(last_event_id))
    with _counted(reader):
        # Known from the beginning: how much there is to do was said long before.
        known = list(await sync_to_thread(_expectations, tracker, run_id))
        told = live.follow(run_id, after=after)
        first = await anext(told)

    def write(watched: Watched, known: list[Event]) -> str:
        return pages.text(
            request,
            "admin/_run_news.html",
            **head_of(tracker, watched.run, known),
            events=run_view.story(watched.events),
        )

    def good() -> bool:
        try:
            session = tracker.sessions.verify(session_cookie(request) or "", in_person=False)
        except StorageError:
            # The feed outlives that too; the next look says it.
            return True
        return session is not None

    return ServerSentEvent(
        _sent(reader, _messages(first, told, write, good, known, after)),
        status_code=HTTPStatus.OK,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _expectations(tracker: JobTracker, run_id: int) -> tuple[Event, ...]:
    return tracker.runs.announced(run_id)


@contextmanager
def _counted(reader: int) -> Iterator[None]:
    _watching[reader] += 1
    try:
        yield
    finally:
        _watching[reader] -= 1
        if not _watching[reader]:
            del _watching[reader]


async def _sent(
    reader: int, messages: AsyncGenerator[ServerSentEventMessage]
) -> AsyncIterator[ServerSentEventMessage]:
    with _counted(reader):
        async with aclosing(messages):
            async for message in messages:
                yield message


async def _messages(
    watched: Watched | None,
    more: AsyncGenerator[Watched | None],
    write: Write,
    good: Callable[[], bool],
    known: list[Event],
    last: int,
) -> AsyncGenerator[ServerSentEventMessage]:
    until = time.monotonic() + LONGEST_S
    look_at = time.monotonic() + LOOKED_AT_S
    async with aclosing(more):
        while True:
            if watched is None:
                yield _message(comment="nothing new")
            else:
                last = watched.last(last)
                known += [event for event in watched.events if event.kind == "expects"]
                text = await sync_to_thread(write, watched, known)
                yield _message(data=text, id=last)
                if watched.over:
                    yield _message(event="over", data=watched.run.state.value)
            if time.monotonic() >= until:
                return
            try:
                watched = await anext(more)
            except StopAsyncIteration:
                return
            if time.monotonic() >= look_at:
                if not await sync_to_thread(good):
                    return
                look_at = time.monotonic() + LOOKED_AT_S


def _message(**fields: Any) -> ServerSentEventMessage:
    # With CRLF, Litestar's default, the page's script would take a line that is cut between two
    # packets for two.
    return ServerSentEventMessage(sep="\n", **{"data": None, **fields})


HANDLERS = (watch_run,)
