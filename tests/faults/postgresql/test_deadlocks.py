"""Writers that want the same rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from jobtracker_core import RunState
from jobtracker_core.contract.host import Record
from jobtracker_core.storage import upsert
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import Busy

KEYS = tuple(f"{number:04}" for number in range(600))


def page(turn: int, keys: tuple[str, ...]) -> list[Record]:
    return [
        Record(
            source_id=f"{turn // 2}-{key}",
            url=f"https://board.example/{key}",
            title=f"Job {key} of turn {turn}",
            content_hash=(turn * 10_000 + int(key)).to_bytes(16, "big"),
        )
        for key in keys
    ]


@pytest.fixture
def pair(server, name) -> Iterator[tuple[Database, Database]]:
    """Two databases that are connected already."""
    pair = open_database(server.url(name)), open_database(server.url(name))
    for db in pair:
        with db.write():
            pass
    yield pair
    for db in pair:
        db.close()


def write_in_opposite_order(pair: tuple[Database, Database], turn: int) -> list[Any]:
    """Write the same postings by two writers at once; gives what each did, or what it was told.

    Every first turn they are new, every second one they are known and changed.
    """
    results: list[Any] = [None, None]
    together = threading.Barrier(2)

    def run(number: int) -> None:
        db, keys = pair[number], KEYS[:: -1 if number else 1]
        records = page(turn, keys)
        try:
            with db.write() as conn:
                now = db.now(conn)
                together.wait()
                results[number] = upsert.write_page(
                    conn, source="site", kind="list", records=records, run_id=None, now=now
                )
        except Busy as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.fault(
    "F12",
    done="Two writers store the same 600 postings at the same moment in opposite order, first as "
    "new ones and then as changed ones.",
    holds="There is no deadlock, since each sorts what it locks; every posting is new for one of "
    "the two, and changed for one.",
)
def test_sorted_writers_never_deadlock(pair, sql) -> None:
    for turn in range(6):
        written = write_in_opposite_order(pair, turn)
        assert [type(one) for one in written] == [upsert.Written, upsert.Written], written
        made = [len(one.new) if turn % 2 == 0 else len(one.changed) for one in written]
        assert sum(made) == len(KEYS)
    assert sql("SELECT count(*), count(DISTINCT source_id) FROM jobs") == [(1800, 1800)]


def test_unsorted_writers_deadlock(pair, monkeypatch) -> None:
    """The twin: what the sorting prevents. One of the two is told so, and may try again."""
    monkeypatch.setattr(upsert, "sorted", list, raising=False)
    told: list[Busy] = []
    for turn in range(0, 20, 2):
        told += [one for one in write_in_opposite_order(pair, turn) if isinstance(one, Busy)]
        if told:
            break
    assert "in each other's way" in str(told[0])


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
    url = server.url(name) + "?options=-c%20deadlock_timeout%3D4s"
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
