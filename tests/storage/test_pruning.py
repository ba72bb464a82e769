"""Runs of long ago are forgotten, but none that a person looks at or the program needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from frozen import FrozenTime
from jobtracker_core.contract.host import Record
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import (
    attempts,
    baselines,
    events,
    jobs,
    pruning,
    runs,
    search,
    searches,
    upsert,
    workers,
)
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.turns import Turns
from queueing import ME, draft, put, take, turn_on

KEEP = timedelta(days=90)


class History:
    """Runs that end as soon as they are begun."""

    def __init__(self, frozen: FrozenTime) -> None:
        self.frozen, self.db = frozen, frozen.db
        turn_on(self.db)

    def run(self, state: RunState = RunState.FAILED, **facts: Any) -> int:
        run_id = put(self.db, max_attempts=1, **facts)
        runs.finish(
            self.db,
            take(self.db),
            state=state,
            error_class="internal" if state is RunState.FAILED else None,
        )
        return run_id

    def prune(self) -> int:
        return pruning.prune(self.db, keep=KEEP).runs

    @property
    def left(self) -> list[int]:
        return sorted(run.id for run in runs.list_runs(self.db, limit=10_000))


@pytest.fixture
def history(frozen: FrozenTime) -> History:
    return History(frozen)


def test_old_runs_go_with_what_belongs_to_them(history: History) -> None:
    old = [history.run() for _ in range(30)]
    history.frozen.advance(days=89)
    young = [history.run() for _ in range(pruning.NEWEST)]
    assert history.prune() == 0
    history.frozen.advance(days=2)
    assert history.prune() == 30
    assert history.left == young
    assert attempts.list_attempts(history.db, old[0]) == ()
    assert events.list_events(history.db, old[0]) == ()
    with pytest.raises(NotFound):
        runs.get(history.db, old[0])
    assert history.prune() == 0


def test_runs_of_a_clock_that_ran_ahead_hide_no_old_ones(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    old = [history.run() for _ in range(2)]
    history.frozen.advance(days=4_000)
    future = [history.run() for _ in range(3)]
    history.frozen.advance(days=-4_000)
    old += [history.run() for _ in range(3)]
    history.frozen.advance(days=91)
    young = [history.run() for _ in range(pruning.NEWEST)]
    assert history.prune() == len(old)
    assert history.left == future + young


def test_the_newest_of_each_search_and_query_stay(history: History) -> None:
    found = [
        searches.create(history.db, draft(name=name), next_tick_at=None) for name in ("a", "b")
    ]
    of_a = [history.run(search_id=found[0].id) for _ in range(25)]
    of_b = [history.run(search_id=found[1].id) for _ in range(3)]
    of_query = [history.run(query_hash="alone") for _ in range(22)]
    history.frozen.advance(days=400)
    assert history.prune() == 5 + 2
    assert history.left == of_a[5:] + of_b + of_query[2:]


def test_pruning_stops_when_told_to(history: History) -> None:
    """Also between two transactions that delete runs that were looked at together."""
    for _ in range(30):
        history.run()
    history.frozen.advance(days=400)
    told = iter([False, False])
    turns = Turns(lambda: next(told, True), pause=lambda _: None)
    turns.size = 4
    assert pruning.prune(history.db, keep=KEEP, turns=turns).runs == 4
    assert history.prune() == 6


def test_the_usual_numbers_stay_what_they_were(history: History) -> None:
    """A search that has only failed for long is still measured by its good runs of before."""
    found = searches.create(history.db, draft(), next_tick_at=None)
    good = [history.run(RunState.SUCCEEDED, search_id=found.id) for _ in range(12)]
    history.frozen.advance(days=1)
    for _ in range(40):
        history.run(search_id=found.id)
    before = baselines.of_search(history.db, found.id, query_hash="q1")
    history.frozen.advance(days=400)
    assert history.prune() == 2 + 20
    assert history.left[:10] == good[2:]
    assert baselines.of_search(history.db, found.id, query_hash="q1") == before


def test_what_is_not_over_and_what_was_recorded_stays(history: History) -> None:
    recorded = history.run(params={"record": "/tmp/capture"})
    waiting = put(history.db, trigger="schedule", query_hash="w")
    parent = history.run()
    child = history.run(parent_run_id=parent)
    for _ in range(pruning.NEWEST):
        history.run()
    late = put(history.db, priority=1)
    history.frozen.advance(days=400)
    claim = take(history.db)
    assert claim.run_id == late
    assert runs.finish(history.db, claim, state=RunState.SUCCEEDED) is RunState.SUCCEEDED
    # Of the children of what is gone, the number of their parent is.
    assert history.prune() == 3
    assert recorded in history.left
    assert waiting in history.left
    assert late in history.left, "it ended only now"
    assert parent not in history.left
    assert child not in history.left


def test_jobs_and_their_changes_stay(history: History, make_record: Callable[..., Record]) -> None:
    db = history.db
    run_id = put(db)
    take(db)
    for title in ("One", "Two"):
        with db.write() as conn:
            upsert.write_page(
                conn,
                source="site",
                kind="list",
                records=[make_record(title=title)],
                run_id=run_id,
                now=db.now(conn),
            )
    claim = runs.Claim(run_id=run_id, fence=1, worker_id=ME)
    runs.finish(db, claim, state=RunState.SUCCEEDED)
    for _ in range(30):
        history.run(RunState.SUCCEEDED)
    history.frozen.advance(days=400)
    assert history.prune() == 11
    assert run_id not in history.left
    assert search.count_jobs(db) == 1
    (change,) = jobs.changes_of_run(db, run_id)
    assert change.changes["title"] is not None


def test_it_goes_through_many_in_short_transactions(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 7)
    for _ in range(40):
        history.run()
    history.frozen.advance(days=400)
    assert history.prune() == 20
    assert len(history.left) == 20


def test_workers_that_are_gone_for_long_are_forgotten(history: History) -> None:
    db = history.db
    workers.register(db, ME, host="h", pid=1, version="1", slots=1, collectors=None)
    assert pruning.prune(db, keep=KEEP).workers == 0
    history.frozen.advance(days=91)
    assert pruning.prune(db, keep=KEEP).workers == 1
    assert workers.list_workers(db) == ()
