"""`GET /api/v1/runs/{id}/live`: a run as it goes on, as server-sent events."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, PathParameter
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage
from msgspec import Struct

from jobtracker_core.api.live import LiveRuns
from jobtracker_core.api.operations import operation
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage.runs import Run
from jobtracker_core.tracker.runs import Watched

LONGEST_S: Final = 600.0
"""Seconds after which a watcher has to ask again, with a token that is still good."""

_AGAIN_MS: Final = 2_000
_END: Final = "-end"
_ID = re.compile(rf"([0-9]{{1,18}})({_END})?")

_STREAM = operation(
    "watchRun",
    "Watch a run",
    description="Server-sent events: `event` for each line of the run's story, `run` with state "
    "and counters whenever they change, `end` after the last one. Ask again with the "
    "`Last-Event-ID` of what came last to go on there, on whichever server; after `end` the "
    "answer is 204. A stream is cut after ten minutes: clients come back by themselves.",
    scope=Scope.JOBS_READ,
    errors=(HTTPStatus.NOT_FOUND,),
    streams=True,
)
_STREAM["responses"] |= {
    int(HTTPStatus.NO_CONTENT): ResponseSpec(
        data_container=None, description="All of it was told.", generate_examples=False
    )
}


class LiveRun(Struct, frozen=True, kw_only=True):
    """What changes of a run while it goes on."""

    id: int
    state: RunState
    attempt: int
    counts: Counts
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    error_class: ErrorClass | None
    error_message: str | None


@get("/{run_id:int}/live", media_type="text/event-stream", **_STREAM)
async def watch_run(
    live: NamedDependency[LiveRuns],
    run_id: Annotated[int, PathParameter(description="The run's number", ge=1)],
    last_event_id: Annotated[
        str | None,
        HeaderParameter(
            name="Last-Event-ID",
            description="The `id` of the last message that was received: go on after it.",
            max_length=40,
        ),
    ] = None,
) -> Response[Any]:
    """Watch a run."""
    last = _ID.fullmatch(last_event_id or "0")
    if last is None:
        raise wrong("Last-Event-ID", "give the id of a message, or leave it out")
    if last[2]:
        return Response("", status_code=HTTPStatus.NO_CONTENT)
    after = int(last[1])
    told = live.follow(run_id, after=after)
    # Looked at before the answer begins, so that a run that is not there is a 404.
    first = await anext(told)
    return ServerSentEvent(
        _messages(first, told, after),
        retry_duration=_AGAIN_MS,
        headers={"Cache-Control": "no-store"},
    )


async def _messages(
    watched: Watched | None, more: AsyncGenerator[Watched | None], last: int
) -> AsyncIterator[ServerSentEventMessage]:
    until = time.monotonic() + LONGEST_S
    async with aclosing(more):
        while True:
            if watched is None:
                yield ServerSentEventMessage(data=None, comment="nothing new")
            else:
                for event in watched.events:
                    yield _message("event", event, event.id)
                last = watched.last(last)
                yield _message("run", _live(watched.run), last)
                if watched.over:
                    state = watched.run.state.value
                    yield ServerSentEventMessage(event="end", data=state, id=f"{last}{_END}")
            if time.monotonic() >= until:
                return
            try:
                watched = await anext(more)
            except StopAsyncIteration:
                return


def _message(kind: str, what: Struct, number: int) -> ServerSentEventMessage:
    return ServerSentEventMessage(event=kind, data=msgspec.json.encode(what), id=number)


def _live(run: Run) -> LiveRun:
    return LiveRun(**{name: getattr(run, name) for name in LiveRun.__struct_fields__})
