"""The server, or the way to it, falls silent: nobody is told that a connection is dead."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from asking import ask
from jobtracker_core import RunState
from jobtracker_core.storage import postgresql
from jobtracker_core.storage.errors import Unreachable
from tcp_proxy import TcpProxy


@pytest.fixture
def narrow(server) -> Iterator[TcpProxy]:
    """A wire that holds next to nothing that it has not passed on."""
    with TcpProxy(("127.0.0.1", server.port), window=4096) as wire:
        yield wire


@pytest.mark.full
@pytest.mark.fault(
    "F9",
    done="The way to the server acknowledges nothing any more, in the middle of a write.",
    holds="The call fails by itself, and the next one takes a new connection.",
)
def test_a_peer_that_acknowledges_nothing(narrow, open_through, monkeypatch) -> None:
    # It is the kernel that gives up, not whoever waits for an answer.
    monkeypatch.setattr(postgresql, "ANSWER_S", None)
    db = open_through(narrow)
    began = time.monotonic()
    with pytest.raises(Unreachable):
        ask(db, meanwhile=narrow.take_nothing, text="x" * 8_000_000)
    assert time.monotonic() - began > 15
    narrow.cut()
    assert ask(db) == 2


@pytest.mark.parametrize("in_use", [True, False], ids=["in use", "at rest"])
@pytest.mark.fault(
    "F9",
    done="A proxy before the server takes everything and passes nothing on: the kernel sees a "
    "connection in good order.",
    holds="The call fails when the server was silent for longer than any statement may take, and "
    "the next one takes a new connection.",
)
def test_a_peer_that_takes_everything(wire, open_through, monkeypatch, in_use) -> None:
    monkeypatch.setattr(postgresql, "ANSWER_S", 2.0)
    db = open_through(wire)
    if in_use:
        with pytest.raises(Unreachable, match="no answer within 2 seconds"):
            ask(db, meanwhile=wire.swallow)
    else:
        wire.swallow()
        monkeypatch.setattr(postgresql, "FRESH_S", 0.0)
        # It has rested, so it is tried before it is used; the new one that is made in its place is not answered.
        with pytest.raises(Unreachable, match=r"(?i)timeout"):
            ask(db)
    wire.cut()
    assert ask(db) == 2


@pytest.mark.fault(
    "F9",
    done="The server is silent for longer than usual, and yet not for too long.",
    holds="The answer is waited for: what lasts is not taken for what is dead.",
)
def test_a_slow_answer_is_waited_for(wire, open_through, monkeypatch) -> None:
    monkeypatch.setattr(postgresql, "ANSWER_S", 60.0)
    db = open_through(wire)
    wire.delay = 0.5
    with db.write() as conn:
        assert conn.scalar(sa.text("SELECT 1 FROM pg_sleep(2)")) == 1


@pytest.mark.full
@pytest.mark.parametrize("without", [(), ("trust",)], ids=["as it is", "by the fence alone"])
@pytest.mark.fault(
    "F9",
    done="The way of one worker to the database is dead for longer than its lease; another takes "
    "its run up; then the way is open again.",
    holds="Once the other one has the run, the first writes nothing to it any more, and every "
    "posting is counted once.",
)
def test_no_zombie_writes(behind_its_back, tracker, other_board, writers, sql, without) -> None:
    run_id, first, second = behind_its_back(*without)
    first.wait_for("run broken off")
    other_board.let_go()
    second.wait_for("run ended")
    run = tracker.runs.get(run_id)
    assert (run.state, run.fence, run.rescue_count) == (RunState.SUCCEEDED, 2, 1)
    assert set(writers(run_id, 2)) == {"two"}
    assert sql("SELECT count(*), count(DISTINCT source_id) FROM jobs") == [(30, 30)]
    assert run.counts.new == 30
