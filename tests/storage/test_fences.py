"""Every write of a run is made by the worker that has it; with the twins that show by what."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from frozen import FrozenTime
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import claims, endings, events, runs
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import LeaseLost
from jobtracker_core.storage.sweep import sweep
from jobtracker_core.storage.tables import collector_runs
from queueing import ME, OTHER, put, take, turn_on


def _page(db: Database, claim: runs.Claim) -> str:
    with db.write() as conn:
        runs.checkpoint(conn, claim, counts=Counts(pages=1))
        conn.exec_driver_sql(
            f"INSERT INTO audit (run_id, fence) VALUES ({claim.run_id}, {claim.fence})"
        )
    return "written"


def _note(db: Database, claim: runs.Claim) -> str:
    events.append(db, claim, "note")
    return "written"


WRITES: dict[str, Callable[[Database, runs.Claim], object]] = {
    "beat": runs.beat,
    "event": _note,
    "page": _page,
    "requeue": lambda db, claim: runs.requeue(db, claim, outcome="drained"),
    "finish": lambda db, claim: runs.finish(db, claim, state=RunState.SUCCEEDED),
}


@pytest.fixture
def audited(frozen: FrozenTime) -> FrozenTime:
    """A database in which every page leaves the fence it was written under."""
    number = "SERIAL" if frozen.db.dialect == "postgresql" else "INTEGER"
    with frozen.db.write() as conn:
        conn.exec_driver_sql(
            f"CREATE TABLE audit (n {number} PRIMARY KEY, run_id integer, fence integer)"
        )
    turn_on(frozen.db)
    return frozen


def _backwards(db: Database) -> int:
    """Count the writes of a run that came after one of a later claim."""
    with db.read() as conn:
        rows = conn.exec_driver_sql("SELECT run_id, fence FROM audit ORDER BY run_id, n").all()
    return sum(one.run_id == two.run_id and two.fence < one.fence for one, two in pairwise(rows))


def _zombie(frozen: FrozenTime) -> tuple[runs.Claim, runs.Claim]:
    """Have a worker freeze beyond its lease, and another one take the run and write."""
    put(frozen.db)
    old = take(frozen.db, ME)
    _page(frozen.db, old)
    frozen.advance(minutes=2)
    sweep(frozen.db)
    new = take(frozen.db, OTHER)
    _page(frozen.db, new)
    return old, new


def _row(db: Database, run_id: int) -> Any:
    with db.read() as conn:
        return conn.execute(sa.select(collector_runs).where(collector_runs.c.id == run_id)).one()


def _refused(write: Callable[[], object]) -> bool:
    """Say whether a write was refused: an end by returning nothing, anything else by an error."""
    try:
        return write() is None
    except LeaseLost:
        return True


@pytest.mark.fault(
    "F4",
    done="Each kind of write was tried for a run that another worker had taken up.",
    holds="Each was refused, the row stayed as it was, and no write was ever followed by an older fence.",
)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_zombie_writes_nothing(
    audited: FrozenTime, write: Callable[[Database, runs.Claim], object]
) -> None:
    old, new = _zombie(audited)
    before = _row(audited.db, new.run_id)
    assert _refused(lambda: write(audited.db, old))
    assert _row(audited.db, new.run_id) == before
    assert events.list_events(audited.db, new.run_id, limit=9)[-1].kind == "worker_lost"
    assert _backwards(audited.db) == 0
    assert runs.finish(audited.db, new, state=RunState.SUCCEEDED) is RunState.SUCCEEDED


@pytest.mark.fault(
    "F4",
    done="Twin: the fence was taken away from the page write.",
    holds="The old worker wrote, and the audit saw a fence go backwards.",
)
def test_without_the_fence_the_audit_sees_it(
    audited: FrozenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the page write: rows and counters look right, the order of fences does not."""
    old, _ = _zombie(audited)
    monkeypatch.setattr(claims, "hold", lambda _conn, _claim: audited.at)
    _page(audited.db, old)
    assert _backwards(audited.db) == 1


@pytest.mark.fault(
    "F4",
    done="Twin: the fence was taken away from the end of a run.",
    holds="The old worker ended the run of the new one.",
)
@pytest.mark.parametrize("end", ["requeue", "finish"])
def test_without_the_lock_a_zombie_ends_the_run(
    audited: FrozenTime, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """The twin of both ends."""
    old, new = _zombie(audited)
    monkeypatch.setattr(endings, "lock", lambda _conn, claim: _row(audited.db, claim.run_id))
    assert WRITES[end](audited.db, old) is not None
    assert runs.get(audited.db, new.run_id).state is not RunState.RUNNING
