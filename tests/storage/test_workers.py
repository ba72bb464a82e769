"""Workers, as people see them."""

from __future__ import annotations

from typing import Any

from frozen import FrozenTime
from jobtracker_core.storage import workers
from jobtracker_core.storage.engine import Database
from queueing import ME, put, take, turn_on


def register(db: Database, worker_id: str, **facts: Any) -> None:
    workers.register(
        db, worker_id, **{"host": "h", "pid": 7, "version": "0.1", "slots": 2, **facts}
    )


def test_a_worker_comes_works_and_goes(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    register(db, ME, collectors=["site"])
    put(db)
    take(db, ME)
    (worker,) = workers.list_workers(db)
    assert (worker.host, worker.pid, worker.version, worker.slots) == ("h", 7, "0.1", 2)
    assert (worker.collectors, worker.state, worker.running) == (["site"], "working", 1)
    assert worker.started_at == worker.last_seen_at == frozen.at
    frozen.advance(minutes=1)
    workers.seen(db, ME, state="draining")
    (worker,) = workers.list_workers(db)
    assert (worker.state, worker.last_seen_at, worker.silent) == ("draining", frozen.at, False)
    workers.gone(db, ME)
    frozen.advance(minutes=10)
    (worker,) = workers.list_workers(db)
    assert (worker.state, worker.silent) == ("gone", False)


def test_silence_is_seen_and_then_forgotten(frozen: FrozenTime) -> None:
    db = frozen.db
    register(db, "a")
    frozen.advance(minutes=2, seconds=1)
    register(db, "b")
    assert [(one.worker_id, one.silent) for one in workers.list_workers(db)] == [
        ("b", False),
        ("a", True),
    ]
    frozen.advance(days=8)
    register(db, "c")
    assert [one.worker_id for one in workers.list_workers(db)] == ["c"]
