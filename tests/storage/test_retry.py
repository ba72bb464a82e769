"""What is tried again, and after what time."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from frozen import FrozenTime
from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import attempts, retry, runs
from jobtracker_core.storage.retry import back_off
from queueing import put, take, turn_on

TRIED_AGAIN = {
    "network",
    "dns",
    "timeout",
    "proxy",
    "http_5xx",
    "tls",
    "http_429",
    "db",
    "crash_signal",
}


@pytest.mark.parametrize("cause", get_args(ErrorClass))
def test_each_cause(frozen: FrozenTime, cause: ErrorClass) -> None:
    db = frozen.db
    turn_on(db)
    run_id = put(db, max_attempts=2)
    ended = runs.finish(db, take(db), state=RunState.FAILED, error_class=cause, error_message="why")
    run = runs.get(db, run_id)
    assert (run.state, run.error_class, run.error_message) == (ended, cause, "why")
    (attempt,) = attempts.list_attempts(db, run_id)
    assert (attempt.outcome, attempt.error_class, attempt.error_message) == ("failed", cause, "why")
    assert (attempt.ended_at, run.slot, run.lease_expires_at) == (frozen.at, None, None)
    if cause not in TRIED_AGAIN:
        assert (ended, run.finished_at) == (RunState.FAILED, frozen.at)
        return
    assert (ended, run.finished_at, run.worker_id) == (RunState.PENDING, None, None)
    assert timedelta(0) < run.scheduled_for - frozen.at <= timedelta(minutes=5)
    frozen.advance(minutes=5)
    again = take(db)
    assert (again.run_id, again.fence) == (run_id, 2)
    assert runs.get(db, run_id).error_class is None
    assert runs.finish(db, again, state=RunState.FAILED, error_class=cause) is RunState.FAILED


def test_the_table_knows_every_cause() -> None:
    assert set(retry.POLICY) == set(get_args(ErrorClass))


def test_what_is_not_failed_is_not_tried_again(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    for state in (RunState.PARTIAL, RunState.CANCELLED, RunState.SUSPECT):
        put(db)
        assert runs.finish(db, take(db), state=state, error_class="network") is state


def test_pauses_grow_within_bounds_and_by_chance() -> None:
    assert back_off("network", 1, chance=lambda: 0) == timedelta(seconds=15)
    assert back_off("network", 1, chance=lambda: 1) == timedelta(seconds=30)
    assert back_off("network", 3, chance=lambda: 0) == timedelta(seconds=15)
    assert back_off("network", 3, chance=lambda: 1) == timedelta(seconds=120)
    assert back_off("network", 10_000, chance=lambda: 1) == timedelta(minutes=30)
    assert back_off(None, 1) is None
    assert len({back_off("network", 4) for _ in range(20)}) > 10


def test_pauses_after_a_lost_worker() -> None:
    found = [retry.after_loss(attempt).total_seconds() for attempt in (1, 2, 3, 4, 99)]
    assert found == [0, 30, 60, 120, 3600]
