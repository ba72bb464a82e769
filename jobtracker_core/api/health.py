"""`/healthz` and `/readyz`: for whoever watches over the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from litestar import Router, get
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency, Provide
from msgspec import Struct

from jobtracker_core.api.problems import Unavailable, documented
from jobtracker_core.storage.schema import SchemaStatus
from jobtracker_core.tracker import JobTracker

_PATIENCE_S = 4.0
"""Whoever asks gets an answer within 5 seconds; a server that is gone takes longer to be missed."""


class Alive(Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: str = "ok"


class Ready(Struct, frozen=True, kw_only=True):
    """The database answers and has the tables of this program."""

    status: str = "ready"
    schema: str


class DatabaseProbe:
    """Asks the database whether it serves, once at a time however many want to know.

    So a database that hangs costs one thread, not one for each question.
    """

    def __init__(
        self,
        tracker: JobTracker,
        *,
        patience: float = _PATIENCE_S,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._tracker = tracker
        self._stopping = stopping
        self._patience = patience
        self._asking: asyncio.Task[SchemaStatus] | None = None

    async def ask(self) -> str:
        """Return the schema's revision; raises StorageError and Unavailable."""
        if self._stopping():
            raise Unavailable("This process is about to end.")
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(sync_to_thread(self._tracker.check_database))
            # Nobody may be left to hear of a failure that comes late.
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        done, _ = await asyncio.wait({self._asking}, timeout=self._patience)
        if not done:
            raise Unavailable(f"The database has not answered within {self._patience:g} s.")
        status = self._asking.result()
        if status.state != "current" or status.current is None:
            raise Unavailable(
                f"The database's tables do not fit this program: {status.state}, "
                f"{status.head} is needed."
            )
        return status.current


@get(
    "/healthz",
    operation_id="isAlive",
    description="The database is not asked.",
    summary="Say that the process runs",
)
async def healthz() -> Alive:
    """Say that the process runs; the database is not asked."""
    return Alive()


@get(
    "/readyz",
    operation_id="isReady",
    description="The database answers and fits, and the process is not about to end; within 5 "
    "seconds.",
    summary="Say whether requests can be answered",
    responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
)
async def readyz(probe: NamedDependency[DatabaseProbe]) -> Ready:
    """Say whether the database answers, fits, and takes writes again if it refused one."""
    return Ready(schema=await probe.ask())


def health_router(tracker: JobTracker, stopping: Callable[[], bool] = lambda: False) -> Router:
    """Make the two routes; `stopping` says whether the process is about to end."""
    probe = DatabaseProbe(tracker, stopping=stopping)
    return Router(
        "/",
        route_handlers=[healthz, readyz],
        dependencies={"probe": Provide(lambda: probe, sync_to_thread=False)},
        tags=["health"],
    )
