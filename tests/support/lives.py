"""A board that a test writes on, and runs of it, on a database whose clock the test sets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from frozen import FrozenTime
from jobtracker_core import CommonQuery, Limits, Page, Posting, PostingRef
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.runner.beat import Heartbeat
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.execute import execute
from jobtracker_core.runner.inline import InlineHost
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.weighing import weigh
from jobtracker_core.storage import (
    endings,
    jobs,
    queue,
    runs,
    searches,
)
from jobtracker_core.storage.jobs import JobDetail
from queueing import ME, draft, take, turn_on, wanted

SERVING = {"board": queue.Installed(distribution="jobtracker-board", version="1.0")}


class SiteClock(JumpClock):
    """The collector's clock goes by the database's, so that the test sets one."""

    def __init__(self, frozen: FrozenTime) -> None:
        super().__init__(frozen.at)
        self._frozen = frozen

    def now(self) -> datetime:
        return self._frozen.at


class Life:
    """A board that the test writes on, and runs of it, each from its queue entry to its end."""

    def __init__(self, frozen: FrozenTime, kit: Any) -> None:
        self.frozen, self.db, self._kit = frozen, frozen.db, kit
        turn_on(self.db, "board")
        self.listed: list[str] = []
        self.ended: set[str] = set()
        """What the details say has ended."""
        self.refusal: Exception | None = None
        self.fails_at: tuple[int, Exception] | None = None
        self.company: str | None = "Example Works"
        self.says_open: bool | None = False
        self.asked: list[str] = []

    def search(self, **facts: Any) -> searches.Search:
        made = draft(**{"collector": "board", "site": "board.example", **facts})
        return searches.create(self.db, made, next_tick_at=None)

    def run(
        self,
        *listed: str,
        query_hash: str = "q1",
        search_id: int | None = None,
        rechecks: int = 20,
        pages: int | None = None,
        stop_at: str | None = None,
    ) -> runs.Run:
        """Run it once; the list holds these postings, two to a page."""
        self.listed = list(listed)
        self.asked.clear()
        collector = self._kit.scripted(self._pages, self._details, limits=Limits(rechecks=rechecks))
        facts = {"collector": "board", "site": "board.example", "query_hash": query_hash}
        queue.enqueue(self.db, wanted(**facts, search_id=search_id, max_attempts=1))
        since = time.monotonic()
        claim = take(self.db, ME, serving=SERVING)
        run, stop = runs.get(self.db, claim.run_id), threading.Event()
        task = Task(
            collector=collector,
            settings=CollectorSettings(),
            query=CommonQuery(text="python"),
            cursor=run.cursor,
            max_pages=pages,
        )
        clock = SiteClock(self.frozen)
        with Heartbeat(self.db, claim, since=since) as beat:
            host = InlineHost(
                self.db,
                claim,
                source="board",
                beat=beat,
                clock=clock,
                stop=stop,
                on_progress=lambda told: stop.set() if told.phase == stop_at else None,
                on_log=lambda *_: None,
            )
            result = execute(task, host, transport=self._kit.no_transport, clock=clock)
        weighed = weigh(self.db, run, result, host, from_front=task.from_front)
        endings.finish(
            self.db,
            claim,
            state=weighed.outcome.state,
            error_class=weighed.outcome.error_class,
            error_message=weighed.outcome.message,
            end_confirmed=weighed.outcome.end_confirmed,
            keep_cursor=weighed.outcome.keep_cursor,
            counts=result.tail,
            fill=weighed.fill,
        )
        return runs.get(self.db, claim.run_id)

    def _pages(self, query: CommonQuery, ctx: Any, cursor: str | None) -> Iterator[Page]:
        for number in range(int(cursor or 0), max(-(-len(self.listed) // 2), 1)):
            if self.fails_at is not None and self.fails_at[0] == number:
                raise self.fails_at[1]
            part = self.listed[number * 2 : number * 2 + 2]
            more = number * 2 + 2 < len(self.listed)
            yield Page(
                postings=tuple(self._posting(key, company=self.company) for key in part),
                cursor=str(number + 1) if more else None,
                total_hint=len(self.listed),
            )

    def _details(self, ref: PostingRef, ctx: Any) -> Posting:
        self.asked.append(ref.source_id)
        if self.refusal is not None:
            raise self.refusal
        if ref.source_id in self.ended:
            return self._posting(ref.source_id, closed=True)
        closed = self.says_open
        return self._posting(ref.source_id, closed=closed, description="<p>Work</p>")

    def _posting(self, key: str, **fields: Any) -> Posting:
        return Posting(source_id=key, url=f"https://board.example/{key}", title="Job", **fields)

    def job(self, key: str) -> JobDetail:
        return jobs.get_by_key(self.db, "board", key)

    def ends(self, key: str) -> list[tuple[datetime, tuple[bool, bool]]]:
        """When a job was closed and opened, the earliest first."""
        told = reversed(self.job(key).changes)
        return [(one.at, one.changes["closed"]) for one in told if "closed" in one.changes]
