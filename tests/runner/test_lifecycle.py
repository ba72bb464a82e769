"""The life of a job, run by run: seen, closed on evidence, opened again."""

from __future__ import annotations

import pytest

from jobtracker_core import RunState, Transient
from jobtracker_core.contract.errors import Blocked
from jobtracker_core.storage import applications
from lives import Life

CLOSED, OPENED = (False, True), (True, False)


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
