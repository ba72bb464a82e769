"""Writers that want the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from jobtracker_core import RunState
from jobtracker_core.storage import upsert
from opposed import COUNT, write_in_opposite_order


@pytest.mark.fault(
    "F12",
    done="Two writers store the same 600 postings at the same moment in opposite order, first as "
    "new ones and then as changed ones, while somebody else holds the one in the middle.",
    holds="There is no deadlock, since each sorts what it locks; every posting is new for one of "
    "the two, and changed for one.",
)
def test_sorted_writers_never_deadlock(pair, two_wait, sql) -> None:
    for turn in range(6):
        written = write_in_opposite_order(pair, turn, two_wait)
        assert [type(one) for one in written] == [upsert.Written, upsert.Written], written
        made = [len(one.new) if turn % 2 == 0 else len(one.changed) for one in written]
        assert sum(made) == COUNT
    assert sql("SELECT count(*), count(DISTINCT source_id) FROM jobs") == [(1800, 1800)]


@pytest.fixture
def stubborn(server, name) -> Iterator[psycopg.Connection[Any]]:
    """A session that is never the one that a deadlock is broken by."""
    with server.connect(name) as session:
        session.execute("SET deadlock_timeout = '60s'")
        yield session


@pytest.mark.full
@pytest.mark.fault(
    "F12",
    done="A page of a worker is made the victim of a deadlock with another session.",
    holds="The run is tried again from its last page: nothing is lost, nothing counted twice.",
)
def test_a_page_that_a_deadlock_was_broken_by(
    server, name, stubborn, tracker, program, enqueue, board, wait_until, sql
) -> None:
    run_id = enqueue("gated")
    # There is time to close the circle before the server looks for one.
    url = server.url(name) + "?options=-c%20deadlock_timeout%3D8s"
    worker = program("worker", url=url, lease_s=30.0)
    worker.wait_for("at the gate")
    wait_until(lambda: sql("SELECT 1 FROM run_events WHERE kind = 'at_the_gate'"))
    with stubborn.transaction(force_rollback=True):
        stubborn.execute("SELECT 1 FROM collector_runs WHERE id = %s FOR UPDATE", (run_id,))
        board.let_go()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"
        wait_until(lambda: sql(waiting))
        # The page's rows are written by now, and it waits for its run.
        stubborn.execute(
            "INSERT INTO jobs (id, source, source_id, url, title, list_hash, first_seen_at,"
            " changed_at) SELECT -1, source, 'berlin-7', url, title, list_hash, first_seen_at,"
            " changed_at FROM jobs LIMIT 1"
        )
    wait_until(lambda: tracker.runs.get(run_id).state is RunState.SUCCEEDED)
    run = tracker.runs.get(run_id)
    assert (run.attempt, run.rescue_count, run.counts.new) == (2, 0, 30)
    assert sql("SELECT count(*), count(DISTINCT source_id) FROM jobs") == [(30, 30)]
    told = sql("SELECT outcome, error_class, error_message FROM collector_run_attempts")
    assert [row[:2] for row in told] == [("failed", "db"), ("succeeded", None)]
    assert "in each other's way" in told[0][2]
