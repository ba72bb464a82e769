"""Runs as they go on: one look at the database per run and second, however many watch."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from litestar.concurrency import sync_to_thread

from jobtracker_core.api.problems import Unavailable
from jobtracker_core.storage.errors import NotFound, StorageError
from jobtracker_core.storage.events import Event
from jobtracker_core.storage.runs import Run
from jobtracker_core.tracker.runs import Watched, shown

EVERY_S: Final = 1.0
QUIET_S: Final = 15.0
"""Seconds after which a watcher is told that there is nothing new: so it is seen to be gone."""

KEPT: Final = 1_000
"""Lines of a run that are kept for all who watch it; older ones each of them reads for itself."""

Look = Callable[[int, int], Watched]
Begin = Callable[[int], int]

_LOG = logging.getLogger("jobtracker.server")


class LiveRuns:
    """Follows the runs that somebody watches. For one event loop.

    Args:
        look: Returns a run and its events after one; called in another thread.
        stopping: Says whether the process is about to end; then nobody is held.
        begin: Returns the number of the event after which a run is followed; called in another
            thread too.
    """

    def __init__(
        self,
        look: Look,
        stopping: Callable[[], bool] = lambda: False,
        *,
        begin: Begin = lambda _run_id: 0,
    ) -> None:
        self._look = look
        self._stopping = stopping
        self._begin = begin
        self._feeds: dict[int, _Feed] = {}

    @property
    def watched(self) -> frozenset[int]:
        """The runs that are looked at now."""
        return frozenset(self._feeds)

    async def follow(self, run_id: int, *, after: int) -> AsyncGenerator[Watched | None]:
        """Yield a run with its events after one, then each change, until it has ended.

        None is "nothing new". Ends early if the process is about to end. Raises NotFound and
        StorageError before anything else.
        """
        feed = self._feeds.get(run_id)
        if feed is None:
            feed = self._feeds[run_id] = _Feed(run_id, self._look, self._stopping, self._begin)
            feed.begin(lambda: self._feeds.pop(run_id))
        feed.watchers += 1
        try:
            async with aclosing(feed.watch(after)) as watching:
                async for watched in watching:
                    yield watched
        finally:
            # The feed ends by itself within a second: who comes back at once causes no look.
            feed.watchers -= 1


class _Feed:
    """What is known of one run: its newest events, and its newest state."""

    def __init__(self, run_id: int, look: Look, stopping: Callable[[], bool], begin: Begin) -> None:
        self.watchers = 0
        self._run_id = run_id
        self._look = look
        self._stopping = stopping
        self._begin = begin
        self._run: Run | None = None
        self._events: deque[Event] = deque()
        # All events after this one are kept, up to the last that was read.
        self._floor: int | None = None
        self._last = 0
        self._more = False
        self._failure: Exception | None = None
        self._failing = False
        self._over = False
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self, forget: Callable[[], object]) -> None:
        self._task = asyncio.create_task(self._follow(forget))

    async def watch(self, after: int) -> AsyncGenerator[Watched | None]:
        while self._run is None:
            if self._failure is not None:
                raise self._failure
            await self._changed.wait()
        while True:
            changed = self._changed
            is_behind = self._floor is not None and after < self._floor
            if is_behind:
                watched = await self._read(after)
            else:
                news = tuple(event for event in self._events if event.id > after)
                watched = Watched(run=self._run, events=news, more=self._more)
            after = watched.last(after)
            yield watched
            if is_behind and watched.more and not self._stopping():
                continue
            if self._over or watched.over:
                return
            while not changed.is_set():
                try:
                    await asyncio.wait_for(changed.wait(), QUIET_S)
                except TimeoutError:
                    yield None

    async def _follow(self, forget: Callable[[], object]) -> None:
        try:
            while True:
                await self._look_once()
                if self._stopping() and not self._over:
                    self._end(None)
                if self._failing or not self._more:
                    await asyncio.sleep(EVERY_S)
                if self._over or not self.watchers:
                    return
        finally:
            # Before anybody else gets a turn: nobody may wait for one that looks no more.
            forget()

    async def _read(self, after: int) -> Watched:
        """Look for one watcher alone, which knows less than what is kept; waits for the database.

        Raises what ends the feed too.
        """
        while True:
            try:
                return await sync_to_thread(self._look, self._run_id, after)
            except (StorageError, Unavailable) as error:
                if isinstance(error, NotFound) or self._over:
                    raise
                await asyncio.sleep(EVERY_S)

    async def _look_once(self) -> None:
        try:
            if self._floor is None:
                self._floor = self._last = await sync_to_thread(self._begin, self._run_id)
            self._take(await sync_to_thread(self._look, self._run_id, self._last))
            self._failing = False
        except NotFound as error:
            self._end(error)
        except (StorageError, Unavailable) as error:
            if not self._failing:
                _LOG.warning("run %s cannot be watched: %s", self._run_id, error)
            self._failing = True
            if self._run is None:
                self._end(error)
        except Exception as error:  # noqa: BLE001  (whoever watches is told, and waits no longer)
            _LOG.exception("run %s cannot be watched", self._run_id)
            self._end(error)

    def _end(self, failure: Exception | None) -> None:
        self._failure, self._over = failure, True
        self._tell()

    def _take(self, watched: Watched) -> None:
        self._events += watched.events
        self._last, self._more = watched.last(self._last), watched.more
        while len(self._events) > KEPT:
            self._floor = self._events.popleft().id
        before, self._run = self._run, watched.run
        self._over = watched.over
        if watched.events or before is None or self._over or shown(before) != shown(watched.run):
            self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
