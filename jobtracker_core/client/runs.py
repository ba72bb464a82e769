"""The queue and the history of runs on a server; see `tracker.runs`."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct, structs

from jobtracker_core.client.paging import PAGE
from jobtracker_core.client.searches import words_of
from jobtracker_core.client.session import Session
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.attempts import Attempt
from jobtracker_core.storage.events import Event
from jobtracker_core.storage.queue import Enqueued, Limits
from jobtracker_core.storage.runs import Run
from jobtracker_core.tracker.runs import LINES_AT_ONCE, BulkRun, RunReport, Watched, shown
from jobtracker_core.tracker.search_form import check_limits

_NO_LIMITS: Final = Limits()
_EVENTS: Final = 1_000
_QUICKEST_S: Final = 0.5
_SLOWEST_S: Final = 5.0
"""Seconds between two looks at a run that is watched; each is two requests."""


class _Stopped(Struct, frozen=True):
    state: RunState


class Runs:
    """The queue and the history of runs, newest first."""

    def __init__(self, session: Session, wait: Callable[[float], object]) -> None:
        self._session = session
        self._wait = wait

    def list(
        self,
        *,
        collector: str | None = None,
        search_id: int | None = None,
        states: Sequence[RunState] = (),
        limit: int = 20,
        before: int | None = None,
    ) -> tuple[Run, ...]:
        """List runs; `before` is the id that the page before ended with. No states are all."""
        found: builtins.list[Run] = []
        while len(found) < limit:
            most = min(limit - len(found), PAGE)
            page = self._session.get(
                "/runs",
                tuple[Run, ...],
                collector=collector,
                search=search_id,
                state=",".join(states) or None,
                limit=most,
                before=found[-1].id if found else before,
            )
            found += page
            if len(page) < most:
                break
        return tuple(found)

    def export(
        self,
        *,
        collector: str | None = None,
        search_id: int | None = None,
        states: Sequence[RunState] = (),
    ) -> Iterator[Run]:
        """Yield all runs of a list, however many."""
        return self._session.lines(
            "/runs/export",
            Run,
            format="jsonl",
            collector=collector,
            search=search_id,
            state=",".join(states) or None,
        )

    def get(self, run_id: int) -> Run:
        """Return one run; raises NotFound."""
        return self.report(run_id).run

    def enqueue(
        self,
        collector: str,
        query: CommonQuery | Mapping[str, Any],
        *,
        limits: Limits = _NO_LIMITS,
        proxy_pool: str | None = None,
        priority: int | None = None,
        key: str | None = None,
    ) -> Enqueued:
        """Put a run of a query into the queue; a worker executes it.

        Of all runs that ever were, one has a `key`: asking again returns that one, with the
        outcome `same`.

        Raises CollectorOff, FormError, ConfigError, UnknownCollector and Unavailable.
        """
        check_limits(limits, priority=priority)
        body: dict[str, Any] = {
            "collector": collector,
            "query": words_of(query),
            "proxy_pool": proxy_pool,
            "priority": priority,
            "key": key,
            **structs.asdict(limits),
        }
        return self._session.post("/runs", Enqueued, body)

    def report(self, run_id: int) -> RunReport:
        """Return one run with its attempts; raises NotFound."""
        return self._session.get(f"/runs/{run_id}", RunReport)

    def retry(self, run_id: int) -> Enqueued:
        """Put a run that has ended into the queue once more, as a new one with the same query.

        Raises NotFound, NoRetry (it has not ended, or asked no site), CollectorOff,
        UnknownCollector and Unavailable.
        """
        return self._session.post(f"/runs/{run_id}/retry", Enqueued)

    def believe(self, run_id: int) -> Run:
        """Say that a suspect run is right: the site itself has changed.

        It counts as succeeded then, and what later runs are compared with begins with it. Raises
        NotFound and NotSuspect.
        """
        return self._session.post(f"/runs/{run_id}/believe", Run)

    def cancel(self, run_id: int) -> RunState:
        """Ask for a run to be stopped; return its state at that moment. Raises NotFound."""
        return self._session.post(f"/runs/{run_id}/cancel", _Stopped, once=False).state

    def all(
        self, action: Literal["cancel", "retry"], run_ids: Sequence[int]
    ) -> tuple[BulkRun, ...]:
        """Cancel or retry several runs as one change; one that cannot be done stops no other."""
        body = {"action": action, "ids": [*run_ids]}
        return self._session.post("/runs/bulk", tuple[BulkRun, ...], body)

    def events(self, run_id: int, *, after: int = 0, limit: int | None = None) -> tuple[Event, ...]:
        """Return what happened in a run, the first first; `after` is the last one known.

        Without a limit that is all of it. Raises NotFound.
        """
        found: builtins.list[Event] = []
        while limit is None or len(found) < limit:
            most = _EVENTS if limit is None else min(_EVENTS, limit - len(found))
            last = found[-1].id if found else after
            path = f"/runs/{run_id}/events"
            page = self._session.get(path, tuple[Event, ...], after=last, limit=most)
            found += page
            if len(page) < most or page[-1].id <= last:
                break
        return tuple(found)

    def look(self, run_id: int, *, after: int = 0) -> Watched:
        """Return a run as it is now, and what happened in it after an event; raises NotFound.

        That is a thousand lines at most; `more` says whether there are others.
        """
        # The run is read first: what had happened when it ended is then among the events.
        run = self.get(run_id)
        found = self.events(run_id, after=after, limit=LINES_AT_ONCE + 1)
        return Watched(run=run, events=found[:LINES_AT_ONCE], more=len(found) > LINES_AT_ONCE)

    def attempts(self, run_id: int) -> tuple[Attempt, ...]:
        """Return the attempts at a run, the first first."""
        return self.report(run_id).attempts

    def watch(self, run_id: int) -> Iterator[Watched]:
        """Yield a run now, and each time that something of it has changed, until it has ended.

        Raises NotFound. It asks the server every half second to five seconds.
        """
        seen: Run | None = None
        last, pause = 0, _QUICKEST_S
        while True:
            watched = self.look(run_id, after=last)
            if watched.events or seen is None or shown(watched.run) != shown(seen):
                yield watched
                if watched.over:
                    return
                seen, pause = watched.run, _QUICKEST_S
                last = watched.last(last)
            if watched.more:
                continue
            self._wait(pause)
            pause = min(pause * 2, _SLOWEST_S)
