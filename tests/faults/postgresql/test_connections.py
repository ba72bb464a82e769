"""Single connections of a worker are cut on the server's side, each in the middle of its work."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from jobtracker_core import RunState

POSTINGS = 30
WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND query ILIKE %s"
)


@pytest.fixture
def cut_at(server, name, sql, wait_until) -> Callable[..., contextlib.AbstractContextManager[None]]:
    """Have a statement of a worker wait for a lock that is taken in the block; end its session."""

    @contextlib.contextmanager
    def hold(lock: str, statement: str) -> Iterator[None]:
        with server.connect(name) as holder, holder.transaction():
            holder.execute(lock.encode())
            yield
            [(pid,)] = wait_until(lambda: sql(WAITING, statement))
            assert sql("SELECT pg_terminate_backend(%s, 5000)", pid) == [(True,)]

    return hold


def jobs(sql) -> int:
    [(count, ids)] = sql("SELECT count(*), count(DISTINCT source_id) FROM jobs")
    assert count == ids
    return int(count)


@pytest.mark.fault(
    "F8",
    done="The connection that claims is cut after the claim was written and before its commit.",
    holds="The run stays pending and is claimed again: its first attempt, its first fence.",
)
def test_the_claim(tracker, program, enqueue, cut_at, wait_until, sql) -> None:
    with cut_at(
        "LOCK TABLE collector_run_attempts IN ACCESS EXCLUSIVE MODE",
        "INSERT INTO collector_run_attempts%",
    ):
        run_id = enqueue()
        worker = program("worker", "--slots", "1")
    worker.wait_for("run ended")
    run = tracker.runs.get(run_id)
    assert (run.state, run.attempt, run.fence) == (RunState.SUCCEEDED, 1, 1)
    assert jobs(sql) == run.counts.new == POSTINGS
    assert len(worker.lines("the database fails")) == 1


@pytest.mark.fault(
    "F8",
    done="The connection that renews the lease is cut while it waits for the run's row.",
    holds="The next renewal takes another connection in time: the run keeps its only attempt.",
)
def test_the_heartbeat(tracker, program, enqueue, cut_at, board, wait_until, sql) -> None:
    run_id = enqueue("gated")
    worker = program("worker", "--slots", "1", lease_s=12.0)
    # The line is told before it is stored, and storing it takes the run's row as well.
    wait_until(lambda: sql("SELECT 1 FROM run_events WHERE kind = 'at_the_gate'"))
    with cut_at(f"SELECT 1 FROM collector_runs WHERE id = {run_id} FOR UPDATE", "%collector_runs%"):
        before = tracker.runs.get(run_id).lease_expires_at
    wait_until(lambda: tracker.runs.get(run_id).lease_expires_at > before)
    board.let_go()
    worker.wait_for("run ended")
    run = tracker.runs.get(run_id)
    assert (run.state, run.attempt, run.rescue_count) == (RunState.SUCCEEDED, 1, 0)
    assert jobs(sql) == run.counts.new == POSTINGS


@pytest.mark.fault(
    "F8",
    done="The connection that writes a page is cut after its rows were written and before its commit.",
    holds="Nothing of the page is stored; the run is tried again from its last page, and every "
    "posting is counted once.",
)
def test_the_page(tracker, program, enqueue, cut_at, board, wait_until, sql) -> None:
    run_id = enqueue("gated")
    worker = program("worker", "--slots", "1")
    worker.wait_for("at the gate")
    with cut_at("LOCK TABLE job_sightings IN EXCLUSIVE MODE", "COPY job_sightings%"):
        board.let_go()
    wait_until(lambda: tracker.runs.get(run_id).state is RunState.SUCCEEDED)
    run = tracker.runs.get(run_id)
    assert (run.attempt, run.rescue_count, run.fence) == (2, 0, 2)
    assert jobs(sql) == run.counts.new == POSTINGS
    (first, second) = sql(
        "SELECT outcome, error_class, (counts->>'new')::int FROM collector_run_attempts"
        " ORDER BY fence"
    )
    assert first == ("failed", "db", 5)
    assert second == ("succeeded", None, POSTINGS - 5)


@pytest.mark.fault(
    "F8",
    done="The connection that listens for work is cut.",
    holds="The worker listens again and is woken by the next run; it never has to poll for it.",
)
def test_the_listener(tracker, program, enqueue, wait_until, sql) -> None:
    listening = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    worker = program("worker", "--slots", "1")
    worker.wait_for("worker started")
    [(before,)] = wait_until(lambda: sql(listening))
    for _ in range(2):
        assert sql("SELECT pg_terminate_backend(%s, 5000)", before) == [(True,)]
        [(after,)] = wait_until(lambda: sql(listening))
        assert after != before
        before = after
        run_id = enqueue()
        wait_until(lambda run_id=run_id: tracker.runs.get(run_id).state is RunState.SUCCEEDED)
    assert worker.lines("the database fails") == []


WAIT_AT_COMMIT = """
CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(22); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION wait_at_commit();
"""


@pytest.mark.full
@pytest.mark.fault(
    "F22",
    done="The server committed a worker's page, and the connection was cut before its answer came.",
    holds="The run is tried again from after that page, and every posting is there and counted once.",
)
def test_the_answer_to_a_commit(
    server, name, wire, tracker, program, enqueue, board, wait_until, sql
) -> None:
    run_id = enqueue("gated")
    worker = program("worker", "--slots", "1", url=server.url(name, port=wire.port))
    worker.wait_for("at the gate")
    with server.connect(name) as holder:
        holder.execute(WAIT_AT_COMMIT)
        holder.execute("SELECT pg_advisory_lock(22)")
        board.let_go()
        wait_until(lambda: sql(WAITING, "COMMIT%"))
        wire.lose_answers()
    wait_until(lambda: jobs(sql) == 10)
    sql("DROP TRIGGER late ON jobs")
    wire.cut()
    wait_until(lambda: tracker.runs.get(run_id).state is RunState.SUCCEEDED)
    run = tracker.runs.get(run_id)
    assert (run.attempt, run.rescue_count, run.fence) == (2, 0, 2)
    assert jobs(sql) == run.counts.new == POSTINGS
    assert (run.counts.pages, run.counts.unchanged) == (7, 5), "the front was looked at again"
    (first, second) = sql(
        "SELECT outcome, error_class, (counts->>'new')::int FROM collector_run_attempts"
        " ORDER BY fence"
    )
    assert first == ("failed", "db", 10)
    assert second == ("succeeded", None, POSTINGS - 10)
