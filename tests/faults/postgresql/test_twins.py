"""The guards taken away: what they prevent must happen then, or their tests prove nothing."""

from __future__ import annotations

import threading
import time

import pytest

from asking import ask
from jobtracker_core.storage import new_jobs, postgresql, upsert
from jobtracker_core.storage.errors import Busy, Unreachable
from opposed import write_in_opposite_order

pytestmark = pytest.mark.full


def test_without_fence_and_trust_a_zombie_writes(
    behind_its_back, other_board, writers, wait_until
) -> None:
    run_id, _, second = behind_its_back("trust", "fence")
    wait_until(lambda: "one" in writers(run_id, 2))
    other_board.let_go()
    second.wait_for("run ended")


def test_without_heartbeats_a_page_that_waits_loses_its_run(
    server, name, program, enqueue, tracker, board, wait_until
) -> None:
    run_id = enqueue("gated")
    worker = program("worker", without=("heartbeat", "trust"), lease_s=3.0)
    worker.wait_for("at the gate")
    with server.connect(name) as other, other.transaction():
        other.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        board.let_go()
        wait_until(lambda: tracker.runs.get(run_id).rescue_count == 1)


def test_without_its_limit_a_call_waits_for_what_never_comes(
    open_through, wire, monkeypatch
) -> None:
    monkeypatch.setattr(postgresql, "ANSWER_S", None)
    db = open_through(wire)
    began = time.monotonic()
    mercy = threading.Timer(6, wire.cut)
    mercy.start()
    with pytest.raises(Unreachable):
        ask(db, meanwhile=wire.swallow)
    mercy.join()
    assert time.monotonic() - began > 5.5


def test_unsorted_writers_deadlock(pair, two_wait, monkeypatch) -> None:
    for module in (new_jobs, upsert):
        monkeypatch.setattr(module, "sorted", list, raising=False)
    written = write_in_opposite_order(pair, 0, two_wait)
    (told,) = (one for one in written if isinstance(one, Busy))
    assert "in each other's way" in str(told)
