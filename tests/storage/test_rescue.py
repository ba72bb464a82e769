"""Runs are taken from dead workers, and from nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import identity, runs, sweep
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.tables import collector_runs
from rows import rescue, set_run

Begin = Callable[..., runs.Claim]


def test_rescue_by_lease(db: Database, begin: Begin) -> None:
    last = begin(lease_s=0)
    again = begin(lease_s=0, concurrency_key="b")
    unwanted = begin(lease_s=0, concurrency_key="c")
    alive = begin(lease_s=60, concurrency_key="d")
    states = {run.id: run.state for run in runs.list_runs(db)}
    # Starting has rescued those before it: put them back as they were.
    moment = runs.get(db, alive.run_id).created_at
    for number, claim in enumerate((last, again, unwanted)):
        set_run(
            db,
            claim.run_id,
            state="running",
            slot=number + 10,
            lease_expires_at=moment,
            finished_at=None,
            rescue_count=0,
            max_attempts=3 if claim is again else 1,
            cancel_requested_at=moment if claim is unwanted else None,
        )
    rescued = {one.run_id: one.state for one in rescue(db)}
    assert rescued == {
        last.run_id: "failed",
        again.run_id: "pending",
        unwanted.run_id: "cancelled",
    }
    assert states[alive.run_id] is RunState.RUNNING
    for claim in (last, again, unwanted):
        run = runs.get(db, claim.run_id)
        assert run.state == rescued[run.id]
        assert (run.slot, run.lease_expires_at, run.rescue_count) == (None, None, 1)
        assert run.error_class == "lease_lost"
        assert (run.finished_at is None) == (run.state is RunState.PENDING)
    assert rescue(db) == ()
    # After the first loss it may begin again at once.
    pending = runs.get(db, again.run_id)
    assert pending.scheduled_for <= moment + timedelta(seconds=20)


def test_later_losses_back_off(db: Database, begin: Begin) -> None:
    claim = begin(lease_s=0)
    set_run(db, claim.run_id, attempt=3, max_attempts=9)
    before = runs.get(db, claim.run_id).created_at
    rescue(db)
    delay = runs.get(db, claim.run_id).scheduled_for - before
    assert timedelta(seconds=60) <= delay <= timedelta(seconds=90)


def test_rescue_of_a_dead_neighbour(
    db: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = begin(lease_s=60)
    assert rescue(db) == ()
    monkeypatch.setattr(sweep, "is_dead_neighbour", lambda worker: worker == claim.worker_id)
    assert [one.run_id for one in rescue(db)] == [claim.run_id]


def test_rescue_leaves_what_somebody_is_writing(db: Database, db_url: str, begin: Begin) -> None:
    if db.dialect == "sqlite":
        claim = begin(lease_s=0)
        assert [one.run_id for one in rescue(db)] == [claim.run_id]
        return
    claim = begin(lease_s=0)
    other = open_database(db_url)
    with other.write() as conn:
        conn.execute(sa.select(collector_runs).with_for_update())
        assert rescue(db) == ()
    other.close()
    assert [one.run_id for one in rescue(db)] == [claim.run_id]


def test_identity_is_judged_by_its_process(processes: Callable[..., list[str]]) -> None:
    script = "from jobtracker_core.storage.identity import worker_identity\ngo()\nprint(worker_identity())"
    dead, other = processes(script, "-", 2)
    mine = identity.worker_identity()
    assert mine == identity.worker_identity()
    assert len({mine, dead, other}) == 3
    assert len(mine.split(":")) == 5
    assert identity.is_dead_neighbour(dead) is True
    assert identity.is_dead_neighbour(mine) is False
    host, boot, space, pid, random = dead.split(":")
    for elsewhere in (
        f"x{host}:{boot}:{space}:{pid}:{random}",
        f"{host}:x{boot}:{space}:{pid}:{random}",
        f"{host}:{boot}:x{space}:{pid}:{random}",
        f"{host}:{boot}:{space}:?:{random}",
        f"{host}:{boot}:{space}:{10**30}:{random}",
        "nonsense",
    ):
        assert identity.is_dead_neighbour(elsewhere) is False


def test_where_the_boot_is_unknown_only_the_lease_counts(
    monkeypatch: pytest.MonkeyPatch, processes: Callable[..., list[str]]
) -> None:
    script = "import os\ngo()\nprint(os.getpid())"
    (pid,) = processes(script, "-", 1)
    monkeypatch.setattr(identity, "_place", lambda: "host:-:1")
    assert identity.is_dead_neighbour(f"host:-:1:{pid}:abc") is False
    monkeypatch.setattr(identity, "_place", lambda: "host:boot:1")
    assert identity.is_dead_neighbour(f"host:boot:1:{pid}:abc") is True
