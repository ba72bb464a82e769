"""Runs whose worker is gone, and runs that nobody began."""

from __future__ import annotations

from datetime import timedelta

import pytest

from frozen import FrozenTime
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import attempts, collectors, events, queue, runs, searches
from jobtracker_core.storage.sweep import Rescued, Swept, give_up, sweep
from queueing import ME, OTHER, SERVING, draft, put, take, turn_on
from rows import checkpoint


def test_a_lost_run_is_there_again_at_once(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    run_id = put(db)
    claim = take(db)
    checkpoint(db, claim, counts=Counts(new=4), cursor="page 2")
    frozen.advance(seconds=59.999)
    assert sweep(db) == Swept(rescued=(), missed=())
    frozen.advance(seconds=0.001)
    assert sweep(db) == Swept(rescued=(Rescued(run_id=run_id, state="pending"),), missed=())
    (attempt,) = attempts.list_attempts(db, run_id)
    assert (attempt.outcome, attempt.error_class, attempt.counts) == (
        "lost",
        "lease_lost",
        Counts(new=4),
    )
    (event,) = events.list_events(db, run_id)
    assert (event.kind, event.level) == ("worker_lost", "warning")
    assert event.data == {"worker": ME, "attempt": 1, "state": "pending"}
    again = take(db, OTHER)
    run = runs.get(db, run_id)
    assert (again.fence, run.attempt, run.cursor, run.rescue_count) == (2, 2, "page 2", 1)
    assert runs.finish(db, claim, state=RunState.SUCCEEDED) is None
    assert runs.requeue(db, claim, outcome="drained") is None


@pytest.mark.parametrize(
    ("attempt", "cancelled", "state", "pause"),
    [
        (1, False, RunState.PENDING, 0),
        (2, False, RunState.PENDING, 30),
        (3, False, RunState.FAILED, None),
        (1, True, RunState.CANCELLED, None),
    ],
)
def test_a_worker_gives_up_a_run_whose_lease_it_has_lost(
    frozen: FrozenTime, attempt: int, cancelled: bool, state: RunState, pause: int | None
) -> None:
    db = frozen.db
    turn_on(db)
    run_id = put(db, max_attempts=3)
    for _ in range(attempt):
        claim = take(db)
        frozen.advance(minutes=2)
        if claim.fence < attempt:
            sweep(db)
            frozen.advance(minutes=2)
    if cancelled:
        runs.request_cancel(db, run_id)
    assert give_up(db, claim, "the lease was over") is state
    run = runs.get(db, run_id)
    assert (run.state, run.attempt, run.rescue_count) == (state, attempt, attempt)
    assert (run.error_class, run.error_message) == ("lease_lost", "the lease was over")
    if pause is not None:
        assert run.scheduled_for == frozen.at + timedelta(seconds=pause)
    last = attempts.list_attempts(db, run_id)[-1]
    assert (last.outcome, last.error_class, last.ended_at) == ("lost", "lease_lost", frozen.at)
    event = events.list_events(db, run_id, limit=9)[-1]
    assert (event.kind, event.data["state"]) == ("lease_lost", state.value)
    assert sweep(db) == Swept(rescued=(), missed=())


def test_a_worker_gives_up_nothing_of_another_one(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    run_id = put(db)
    old = take(db)
    frozen.advance(minutes=2)
    sweep(db)
    take(db, OTHER)
    before = runs.get(db, run_id), events.list_events(db, run_id)
    assert give_up(db, old, "the lease was over") is None
    assert (runs.get(db, run_id), events.list_events(db, run_id)) == before


@pytest.mark.fault(
    "F23",
    done="Every worker that took a run was lost.",
    holds="The run failed after its attempts and counted against its collector.",
)
def test_a_run_that_costs_every_worker_ends_and_counts(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    run_id = put(db, max_attempts=2, trigger="schedule")
    for _ in range(2):
        take(db)
        frozen.advance(minutes=1)
        sweep(db)
    run = runs.get(db, run_id)
    assert (run.state, run.error_class, run.rescue_count) == (RunState.FAILED, "lease_lost", 2)
    assert collectors.get(db, "site").consecutive_failures == 1
    assert [one.outcome for one in attempts.list_attempts(db, run_id)] == ["lost", "lost"]


def test_one_accident_does_not_count(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    put(db, max_attempts=2)
    runs.finish(db, take(db), state=RunState.FAILED, error_class="network")
    frozen.advance(minutes=1)
    take(db)
    frozen.advance(minutes=1)
    assert sweep(db).rescued[0].state == "failed"
    assert collectors.get(db, "site").consecutive_failures == 0


def test_a_run_put_off_by_a_clock_that_was_ahead_may_begin(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    frozen.advance(days=4000)
    put(db)
    assert runs.finish(db, take(db), state=RunState.FAILED, error_class="network") == "pending"
    frozen.advance(days=-4000)
    waiting = put(db, scheduled_for=frozen.at + timedelta(days=1))
    sweep(db)
    claim = take(db)
    assert [event.kind for event in events.list_events(db, claim.run_id)] == [
        "put_off",
        "clock_was_ahead",
    ]
    runs.finish(db, claim, state=RunState.SUCCEEDED)
    assert queue.claim(db, ME, serving=SERVING) is None
    assert runs.get(db, waiting).scheduled_for == frozen.at + timedelta(days=1)


def test_nobody_came_in_time(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    search = searches.create(db, draft(), next_tick_at=None)
    end = frozen.at + timedelta(minutes=10)
    late = put(db, search_id=search.id, expires_at=end)
    ad_hoc = put(db, expires_at=end)
    in_time = put(db, expires_at=end, priority=1)
    claim = take(db)
    assert claim.run_id == in_time
    runs.requeue(db, claim, outcome="drained")
    frozen.advance(minutes=9, seconds=59)
    assert sweep(db).missed == ()
    frozen.advance(seconds=1)
    assert sweep(db).missed == (late, ad_hoc)
    assert sweep(db).missed == ()
    run = runs.get(db, late)
    assert (run.state, run.finished_at) == (RunState.MISSED, frozen.at)
    assert run.summary.started_at == run.finished_at
    assert searches.get(db, search.id).missed_ticks == 1
    assert [event.kind for event in events.list_events(db, late)] == ["missed"]
    assert queue.claim(db, ME, serving=SERVING) == runs.Claim(run_id=in_time, fence=2, worker_id=ME)
