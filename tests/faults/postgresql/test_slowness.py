"""The database answers, but slowly; or what a worker needs is locked by somebody else."""

from __future__ import annotations

import psutil
import pytest

from jobtracker_core import RunState
from jobtracker_core.runner.attempt import label_of
from jobtracker_core.runner.processes import MARK

LEASE_S = 9.0
DELAY_S = 0.3
"""As 2 seconds are to the usual lease of a minute."""


def alive(label: str) -> bool:
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == label
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                return True
        except psutil.Error:
            continue
    return False


@pytest.mark.full
@pytest.mark.fault(
    "F10",
    done="Each packet to and from the database takes a thirtieth of the lease (2 of 60 seconds), "
    "for more than two leases.",
    holds="The heartbeats, on their own connection, keep the lease: the run comes to its end in "
    "its first attempt, however long its pages take to be written.",
)
def test_heartbeats_survive_a_slow_database(
    server, name, wire, program, enqueue, tracker, board, wait_until
) -> None:
    run_id = enqueue("gated")
    worker = program("worker", url=server.url(name, port=wire.port), lease_s=LEASE_S)
    worker.wait_for("at the gate")
    wire.delay = DELAY_S
    before = tracker.database.present()
    wait_until(
        lambda: (tracker.runs.get(run_id).heartbeat_at - before).total_seconds() > 2 * LEASE_S
    )
    board.let_go()
    wait_until(lambda: tracker.runs.get(run_id).counts.pages > 1, seconds=120)
    wire.delay = 0
    worker.wait_for("run ended")
    run = tracker.runs.get(run_id)
    assert (run.state, run.attempt, run.rescue_count) == (RunState.SUCCEEDED, 1, 0)
    assert run.counts.new == tracker.jobs.count() == 30
    assert worker.lines("broken off") == []


@pytest.mark.full
@pytest.mark.fault(
    "F10",
    done="A second session locks the table of jobs for longer than a lease, while a page is "
    "written.",
    holds="The heartbeats go on: the page waits, is written once, and the run keeps its only "
    "attempt.",
)
def test_a_page_that_waits_keeps_its_lease(
    server, name, program, enqueue, tracker, board, wait_until
) -> None:
    run_id = enqueue("gated")
    worker = program("worker", lease_s=3.0)
    worker.wait_for("at the gate")
    with server.connect(name) as other, other.transaction():
        other.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        began = tracker.database.present()
        board.let_go()
        wait_until(lambda: (tracker.runs.get(run_id).heartbeat_at - began).total_seconds() > 4.5)
        assert tracker.runs.get(run_id).counts.pages == 1
    worker.wait_for("run ended")
    run = tracker.runs.get(run_id)
    assert (run.state, run.attempt, run.rescue_count) == (RunState.SUCCEEDED, 1, 0)
    assert run.counts.new == tracker.jobs.count() == 30


@pytest.mark.full
@pytest.mark.fault(
    "F10",
    done="A second session locks the run's row, so that no heartbeat comes through.",
    holds="The trust window fires before the lease's end: by then the run's process is ended and "
    "nothing more is written.",
)
def test_trust_ends_before_the_lease(
    server, name, program, enqueue, tracker, wait_until, sql
) -> None:
    run_id = enqueue("gated")
    worker = program("worker", lease_s=36.0)
    worker.wait_for("at the gate")
    run = tracker.runs.get(run_id)
    label = label_of(run.worker_id, run_id, run.fence)
    assert alive(label)
    with server.connect(name) as other, other.transaction():
        other.execute("SELECT 1 FROM collector_runs WHERE id = %s FOR UPDATE", (run_id,))
        lease = tracker.runs.get(run_id).lease_expires_at
        wait_until(lambda: not alive(label))
        assert tracker.database.present() < lease
    wait_until(lambda: worker.lines("broken off") or worker.lines("taken from"))
    assert tracker.jobs.count() == 5
