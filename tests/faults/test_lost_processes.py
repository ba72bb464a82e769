"""Runs whose process or worker dies by them, runs that are cancelled, workers that are told to end."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from crews import Crew, served, wait_until
from jobtracker_core import RunState
from jobtracker_core.storage import runs


@pytest.mark.fault(
    "F3",
    done="The process of a run was killed (kill -9) in the middle of the run.",
    holds="The run was put off as crash_signal, its worker lived on and executed another one.",
)
def test_a_killed_run_is_put_off_and_its_worker_goes_on(crew: Crew) -> None:
    run_id = crew.put("gated")
    worker = crew.start()
    worker.wait("at the gate")
    (process,) = crew.left()
    process.kill()
    told = worker.wait("run put off", run=run_id)
    assert told["error_class"] == "crash_signal"
    assert crew.state(run_id) is RunState.PENDING
    other = crew.put("plain", "munich")
    worker.wait("run ended", run=other)
    assert crew.state(other) is RunState.SUCCEEDED


@pytest.mark.full
@pytest.mark.fault(
    "F23",
    done="A run killed each worker that took it up (kill -9 of its parent), beside one that does no harm.",
    holds="It failed as lease_lost after its attempts, and the other run succeeded.",
)
def test_a_run_that_kills_its_workers_ends(crew: Crew) -> None:
    poison = crew.put("kills its worker", max_attempts=2)
    for _ in range(2):
        worker = crew.launch(slots=1)
        assert worker.end() == -signal.SIGKILL
    other = crew.put("plain", "munich")
    last = crew.start()
    last.wait("run ended", run=other)
    wait_until(lambda: crew.state(poison) is RunState.FAILED)
    run = runs.get(crew.db, poison)
    assert (run.error_class, run.rescue_count) == ("lease_lost", 2)
    assert [one.outcome for one in crew.attempts(poison)] == ["lost", "lost"]
    assert crew.state(other) is RunState.SUCCEEDED
    assert last.process.poll() is None


@pytest.mark.parametrize("stage", ["pending", "working", "deaf", "draining", "lost"])
@pytest.mark.fault(
    "F35",
    done="A run was cancelled while it was pending, between pages, deaf to SIGTERM, at a drain, and after its worker was killed.",
    holds="It ended as cancelled within seconds, was not tried again, and the pages that it had stored stayed.",
)
def test_a_run_is_cancelled_at_each_stage(crew: Crew, stage: str) -> None:
    run_id = crew.put("deaf" if stage == "deaf" else "gated")
    if stage == "pending":
        assert runs.request_cancel(crew.db, run_id) is RunState.CANCELLED
        worker = crew.start()
        other = crew.put("plain", "munich")
        worker.wait("run ended", run=other)
        assert crew.attempts(run_id) == []
        return
    worker = crew.start(slots=1)
    worker.wait("at the gate")
    if stage == "draining":
        worker.signal(signal.SIGTERM)
        worker.wait("worker drains")
    if stage == "lost":
        worker.kill()
    runs.request_cancel(crew.db, run_id)
    if stage == "lost":
        crew.start()
    wait_until(lambda: crew.state(run_id) is RunState.CANCELLED)
    assert len(crew.attempts(run_id)) == 1
    assert len(crew.stored()) == 3
    assert crew.counted() == (3, 3)
    if stage == "draining":
        assert worker.end() == 0


@pytest.mark.full
@pytest.mark.fault(
    "F6",
    done="A worker with many runs got SIGTERM, and later two at once, while others waited for it.",
    holds="It ended with code 0, no attempt was lost, and the next worker did what was left: every posting once.",
)
def test_workers_that_are_told_to_end_under_load_lose_nothing(crew: Crew) -> None:
    places = {crew.put("plain", f"p{n}", max_attempts=1): f"p{n}" for n in range(16)}
    first = crew.start()
    first.wait("run started")
    first.signal(signal.SIGTERM)
    assert first.end() == 0
    second = crew.start()
    second.wait("run started")
    second.signal(signal.SIGTERM)
    second.wait("worker drains")
    second.signal(signal.SIGTERM)
    assert second.end() == 0
    assert Counter(map(crew.state, places))[RunState.PENDING] > 0
    crew.start()
    crew.wait_for_end(*places)
    assert {crew.state(number) for number in places} == {RunState.SUCCEEDED}
    expected = sorted(set().union(*map(served, places.values())))
    assert crew.stored() == expected
    assert crew.counted() == (len(expected), len(expected))
    outcomes = {one.outcome for number in places for one in crew.attempts(number)}
    assert outcomes <= {"succeeded", "drained"}
