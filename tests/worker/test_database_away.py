"""What a worker tells of an attempt that the database broke off."""

from __future__ import annotations

import importlib

from jobtracker_core import RunState
from jobtracker_core.storage import attempts
from jobtracker_core.storage.errors import Busy


def refuse(monkeypatch, what, *, times: float = float("inf")) -> None:
    """Have a call of the storage fail so often as if somebody else held the database."""
    module, _, name = what.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    left = times

    def fail(*args, **named):
        nonlocal left
        left -= 1
        if left >= 0:
            raise Busy("the database is locked")
        return function(*args, **named)

    monkeypatch.setattr(what, fail)


def test_a_page_that_could_not_be_written_is_told_of_as_soon_as_the_database_takes_it(
    tracker, start, lines, enqueue, board, monkeypatch
) -> None:
    run_id = enqueue("gated")
    start()
    lines.wait("at the gate")
    refuse(monkeypatch, "jobtracker_core.storage.upsert.write_page", times=1)
    refuse(monkeypatch, "jobtracker_core.storage.runs.finish", times=2)
    board.let_go()
    lines.wait("run broken off", run=run_id)
    (waits,) = lines.of("the end of a run waits for the database", run=run_id)
    assert waits["error"] == "the database is locked"
    (attempt,) = attempts.list_attempts(tracker.database, run_id)
    assert (attempt.outcome, attempt.error_class) == ("failed", "db")
    assert attempt.error_message == "the database is locked"
    run = tracker.runs.get(run_id)
    assert (run.state, run.error_class, run.rescue_count) == (RunState.PENDING, "db", 0)


def test_a_worker_that_is_to_end_at_once_waits_for_no_database(
    tracker, start, lines, enqueue, board, monkeypatch
) -> None:
    run_id = enqueue("gated")
    running = start(lease_s=600)
    lines.wait("at the gate")
    refuse(monkeypatch, "jobtracker_core.storage.upsert.write_page")
    refuse(monkeypatch, "jobtracker_core.storage.runs.finish")
    board.let_go()
    lines.wait("the end of a run waits for the database", run=run_id)
    running.end()
    assert tracker.runs.get(run_id).state is RunState.RUNNING
