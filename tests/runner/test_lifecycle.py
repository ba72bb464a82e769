"""The life of a job, run by run: seen, closed on evidence, opened again; on a database whose clock
the test sets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from frozen import FrozenTime
from jobtracker_core import CommonQuery, Limits, Page, Posting, PostingRef, RunState, Transient
from jobtracker_core.contract.errors import Blocked
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.runner.beat import Heartbeat
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.execute import execute
from jobtracker_core.runner.inline import InlineHost
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.weighing import weigh
from jobtracker_core.storage import (
    applications,
    baselines,
    endings,
    events,
    jobs,
    queue,
    runs,
    searches,
)
from jobtracker_core.storage.jobs import JobDetail
from queueing import ME, draft, take, turn_on, wanted
from rows import set_run

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


CLOSED, OPENED = (False, True), (True, False)


@pytest.fixture
def life(frozen: FrozenTime, kit: Any) -> Life:
    return Life(frozen, kit)


def test_a_job_is_closed_when_its_own_page_says_so_and_by_nothing_else(life: Life) -> None:
    first = life.run("a", "b", "c", "d")
    came = life.frozen.at
    assert (first.state, first.counts.new, first.counts.details) == (RunState.SUCCEEDED, 4, 4)

    # Of the runs that do not show "d" any more, none proves a thing: capped, refused, failed,
    # stopped, and one that came to its end.
    life.frozen.advance(hours=1)
    assert life.run("a", "b", "c", "d", pages=1, query_hash="capped").state is RunState.PARTIAL
    life.fails_at = (1, Blocked("a challenge"))
    assert life.run("a", "b", "c", query_hash="blocked").state is RunState.PARTIAL
    life.fails_at = (0, Transient("nobody answers"))
    assert life.run("a", "b", "c", query_hash="down").state is RunState.FAILED
    life.fails_at = None
    stopped = life.run("a", "b", "c", query_hash="stopped", stop_at="list")
    assert (stopped.state, life.asked) == (RunState.CANCELLED, [])
    life.frozen.advance(hours=1)
    assert life.run("a", "b", "c", query_hash="whole").state is RunState.SUCCEEDED
    gone = life.job("d")
    assert (gone.job.closed_at, gone.last_seen_at, gone.job.first_seen_at) == (None, came, came)
    assert life.job("a").last_seen_at == life.frozen.at
    assert life.asked == []  # nothing is due yet

    # A week later its own page is looked at, although it is on no list.
    life.ended.add("d")
    at = life.frozen.advance(days=7)
    life.run("a", "b", "c")
    assert sorted(life.asked) == ["a", "b", "c", "d"]
    assert life.job("d").job.closed_at == at
    assert life.ends("d") == [(at, CLOSED)]
    assert life.job("d").last_seen_at == came
    assert life.job("a").job.closed_at is None


@pytest.mark.parametrize("says_open", [False, None], ids=["it says so", "it tells of no end"])
def test_a_job_whose_page_was_refused_once_is_open_again_once_both_say_so(
    life: Life, says_open: bool | None
) -> None:
    life.says_open = says_open
    life.run("a", "b")
    life.ended.add("b")
    closed_at = life.frozen.advance(days=8)
    life.run("a", "b")
    assert life.job("b").job.closed_at == closed_at
    life.ended.clear()
    # The list may be behind: that it still stands there opens nothing, and is looked into a day
    # later.
    life.frozen.advance(hours=23)
    life.run("a", "b")
    assert (life.asked, life.job("b").job.closed_at) == ([], closed_at)
    opened_at = life.frozen.advance(hours=2)
    life.run("a", "b")
    assert life.asked == ["b"]
    assert life.job("b").job.closed_at is None
    assert life.ends("b") == [(closed_at, CLOSED), (opened_at, OPENED)]
    assert life.job("b").last_seen_at == opened_at


def test_a_job_that_stays_on_the_list_after_its_end_is_asked_for_once_a_day(life: Life) -> None:
    life.run("a")
    life.ended.add("a")
    closed_at = life.frozen.advance(days=8)
    life.run("a")
    days = []
    for _ in range(11):
        life.frozen.advance(hours=4)
        life.run("a")
        days.append(len(life.asked))
    assert sum(days) == 1
    assert life.ends("a") == [(closed_at, CLOSED)]
    # One that is on no list stays closed, and costs nothing any more.
    life.frozen.advance(days=30)
    life.run("b")
    assert life.asked == ["b"]


def test_a_detail_page_that_cannot_be_had_closes_nothing(life: Life) -> None:
    life.run("a", "b")
    life.frozen.advance(days=8)
    life.refusal = Transient("no such page", error_class="http_4xx")
    run = life.run("a", "b")
    assert (run.state, run.counts.details_failed) == (RunState.PARTIAL, 2)
    assert life.job("a").job.closed_at is None
    life.refusal = Blocked("a wall")
    life.frozen.advance(hours=1)
    assert life.run("a", "b").state is RunState.SUCCEEDED  # both wait until tomorrow
    life.refusal = None
    life.frozen.advance(days=1)
    life.run("a", "b")
    assert sorted(life.asked) == ["a", "b"]


def test_the_budget_of_a_run_goes_to_applications_first(life: Life) -> None:
    keys = ("a", "b", "c", "d", "e", "f")
    for key in keys:
        life.run(key)
        life.frozen.advance(minutes=1)
    wanted_by: dict[str, applications.Status] = {"e": "applied", "f": "rejected", "d": "draft"}
    for key, status in wanted_by.items():
        job = life.job(key).job
        applications.create(
            life.db,
            applications.ApplicationDraft(title=job.title, job_id=job.id, status=status),
        )
    # Whoever applies wants to know the next day.
    life.frozen.advance(days=1)
    life.run("z")
    assert life.asked == ["z", "d", "e"]
    life.frozen.advance(days=8)
    life.run(rechecks=0, query_hash="none")
    assert life.asked == []
    life.run(rechecks=3, query_hash="none")
    assert life.asked == ["d", "e", "a"]
    life.run(rechecks=3, query_hash="none")
    assert life.asked == ["b", "c", "f"]
    life.run(rechecks=3, query_hash="none")
    assert life.asked == ["z"]
    life.run(rechecks=3, query_hash="none")
    assert life.asked == []


MANY = tuple(f"{number:02}" for number in range(24))


def test_a_suspect_run_closes_nothing_and_counts_for_nothing(life: Life) -> None:
    search = life.search()
    for _ in range(3):
        assert life.run(*MANY, search_id=search.id).state is RunState.SUCCEEDED
    usual = baselines.of_search(life.db, search.id, query_hash="q1")
    life.frozen.advance(days=8)
    life.ended.update(MANY)
    closed_by_hand = life.frozen.at
    poor = life.run("00", "01", search_id=search.id, rechecks=5)
    assert poor.state is RunState.SUSPECT
    assert poor.error_message == "found only 2 where the last 3 good runs found 24 (median)"
    assert len(life.asked) == 5
    assert [life.job(key).job.closed_at for key in MANY] == [None] * 24
    doubted = life.asked[0]
    assert life.ends(doubted) == [(closed_by_hand, CLOSED), (closed_by_hand, OPENED)]
    told = events.list_events(life.db, poor.id)
    assert [event.data for event in told if event.kind == "closings_taken_back"] == [{"jobs": 5}]
    assert baselines.of_search(life.db, search.id, query_hash="q1") == usual

    # The next good run looks at those first; what their pages say then, holds.
    life.ended = {doubted}
    asked = set(life.asked)
    good = life.run(*MANY, search_id=search.id, rechecks=5)
    assert good.state is RunState.SUCCEEDED
    assert set(life.asked) == asked
    assert [key for key in MANY if life.job(key).job.closed_at] == [doubted]
    after = baselines.of_search(life.db, search.id, query_hash="q1")
    assert after is not None
    assert (after.runs, after.found) == (4, 24)


def test_a_field_that_is_empty_now_is_suspect_and_erases_nothing(life: Life) -> None:
    for _ in range(3):
        life.run(*MANY)
    life.company = None
    bare = life.run(*MANY)
    assert bare.state is RunState.SUSPECT
    assert bare.error_message == (
        "fields that were usually filled are empty: company (100% before, 0% now)"
    )
    assert life.job("00").job.company == "Example Works"


def test_only_whole_runs_of_one_query_are_compared(life: Life) -> None:
    search = life.search()
    for _ in range(3):
        life.run(*MANY, search_id=search.id)
    # Broken off, then gone on with: neither says what the search finds.
    other = life.search(name="other", query_hash="q2")
    life.fails_at = (3, Blocked("a challenge"))
    broken_off = life.run(*MANY, search_id=other.id, query_hash="q2")
    assert (broken_off.state, broken_off.fill) == (RunState.PARTIAL, None)
    life.fails_at = None
    rest = life.run(*MANY, search_id=other.id, query_hash="q2")
    assert (rest.state, rest.fill) == (RunState.SUCCEEDED, None)
    assert baselines.of_search(life.db, other.id, query_hash="q2") is None
    # A search that was edited begins anew: "few" is few only beside what this query finds.
    assert life.run("00", search_id=search.id, query_hash="q3").state is RunState.SUCCEEDED


def test_a_search_that_never_comes_to_its_end_has_usual_numbers_too(life: Life) -> None:
    """Else nothing would be strange about a first "nothing found" of a search that is capped."""
    search = life.search()

    def run(*listed: str, pages: int | None = None) -> runs.Run:
        done = life.run(*listed, search_id=search.id, pages=pages)
        set_run(life.db, done.id, cursor=None)  # each from the front
        return done

    for _ in range(3):
        capped = run(*MANY, pages=11)
        assert (capped.state, capped.error_class) == (RunState.PARTIAL, "page_limit")
    # A lower cap is no news; that the fields are empty is.
    assert run(*MANY, pages=1).state is RunState.PARTIAL
    nothing = run()
    assert (nothing.state, nothing.counts.seen) == (RunState.SUSPECT, 0)
    assert nothing.error_message == "found nothing where the last 4 good runs found 22 (median)"
    life.company = None
    bare = run(*MANY, pages=11)
    assert (bare.state, bare.error_class, bare.cursor) == (RunState.SUSPECT, None, None)


def test_a_page_that_never_can_be_read_does_not_hide_what_is_usual(life: Life) -> None:
    life.refusal = Transient("no such page", error_class="http_4xx")
    for _ in range(3):
        assert life.run(*MANY).state is RunState.PARTIAL
    assert life.run().state is RunState.SUSPECT


def test_one_job_of_two_searches_one_of_them_capped(life: Life) -> None:
    whole, capped = life.search(), life.search(name="capped", query_hash="q2")
    life.run("a", "b", "c", search_id=whole.id)
    came = life.frozen.at
    at = life.frozen.advance(hours=1)
    run = life.run("c", "a", "b", search_id=capped.id, query_hash="q2", pages=1)
    assert (run.state, run.counts.new, run.counts.unchanged) == (RunState.PARTIAL, 0, 2)
    assert [life.job(key).last_seen_at for key in "abc"] == [at, came, at]
    assert [life.job(key).times_seen for key in "abc"] == [2, 1, 2]
    assert all(life.job(key).job.closed_at is None for key in "abc")
    # Its next run goes on behind the cap; all are there once.
    run = life.run("c", "a", "b", search_id=capped.id, query_hash="q2")
    assert (run.state, run.counts.new) == (RunState.SUCCEEDED, 0)
    assert [life.job(key).times_seen for key in "abc"] == [3, 2, 3]


def test_a_clock_that_is_set_back_takes_nothing_back(life: Life) -> None:
    life.run("a", "b")
    seen = life.frozen.at
    life.ended.add("b")
    life.frozen.advance(days=-3)
    run = life.run("a", "b")
    assert (run.state, run.counts.unchanged, life.asked) == (RunState.SUCCEEDED, 2, [])
    assert life.job("a").last_seen_at == seen
    assert life.job("a").times_seen == 2
    life.frozen.advance(days=11)
    life.run("a", "b")
    assert life.ends("b") == [(life.frozen.at, CLOSED)]

    # A clock that was years ahead does not keep a job from being looked at for years.
    life.ended.clear()
    life.frozen.advance(days=5000)
    life.run("c")
    life.refusal = Transient("no such page", error_class="http_4xx")
    life.run("d")
    life.refusal = None
    life.ended.update("cd")
    at = life.frozen.advance(days=-4990)
    life.run("c", "d")
    assert life.ends("c") == life.ends("d") == [(at, CLOSED)]
