"""A database that is locked, or newer than the worker."""

from __future__ import annotations

import sqlite3
import time

import pytest

from crews import Crew, served
from jobtracker_core import RunState
from jobtracker_core.storage import runs

HELD_S = 20


@pytest.mark.full
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.fault(
    "F13",
    done="Another program held the lock of the SQLite file for 20 s in the middle of a run.",
    holds="The attempt ended as db as soon as that could be written, a later one finished the run, and each posting was stored once.",
)
def test_a_file_that_is_locked_for_long_loses_nothing(crew: Crew, db_url: str) -> None:
    run_id = crew.put("gated")
    worker = crew.start()
    worker.wait("at the gate")
    holder = sqlite3.connect(db_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    since = time.monotonic()
    crew.open_gate()
    # A write is given up after 10 s: that of the page, and then that of the attempt's end.
    worker.wait("the end of a run waits for the database")
    assert time.monotonic() - since >= HELD_S
    assert crew.state(run_id) is RunState.RUNNING
    holder.execute("ROLLBACK")
    holder.close()
    crew.wait_for_end(run_id, seconds=60)
    assert crew.state(run_id) is RunState.SUCCEEDED
    assert [one.error_class for one in crew.attempts(run_id)] == ["db", None]
    assert crew.stored() == sorted(served("berlin"))
    assert crew.counted() == (len(served("berlin")),) * 2
    assert crew.backwards() == 0


@pytest.mark.fault(
    "F36",
    done="A worker was started on a database that a newer program had migrated.",
    holds="It refused politely, claimed nothing and changed nothing.",
)
def test_a_worker_that_is_older_than_its_database_refuses(crew: Crew) -> None:
    run_id = crew.put("plain")
    with crew.db.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    worker = crew.launch()
    assert worker.end() == 1
    assert "9999" in worker.text()
    assert worker.said("run started") == []
    run = runs.get(crew.db, run_id)
    assert (run.state, run.fence) == (RunState.PENDING, 0)
