"""Who may write for a run: slots, leases, fences."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import claims, runs, search, slots, upsert
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Busy, LeaseLost, StorageError
from rows import checkpoint, set_run

Begin = Callable[..., runs.Claim]


def _taken_over(db: Database, claim: runs.Claim) -> runs.Claim:
    """Make another worker claim the run, as one does after a rescue."""
    set_run(db, claim.run_id, fence=claim.fence + 1, worker_id="h:b:1:2:other")
    return runs.Claim(run_id=claim.run_id, fence=claim.fence + 1, worker_id="h:b:1:2:other")


def test_a_run_begins_running(db: Database, begin: Begin) -> None:
    claim = begin(lease_s=60, requested_by="me")
    run = runs.get(db, claim.run_id)
    assert (claim.fence, claim.worker_id) == (1, "h:b:1:1:me")
    assert (run.collector, run.state, run.slot, run.attempt) == ("site", RunState.RUNNING, 1, 1)
    assert (run.trigger, run.requested_by, run.query) == ("manual", "me", {"text": "python"})
    assert (run.plugin_name, run.plugin_version) == ("jobtracker-site", "1.0")
    assert run.worker_id == claim.worker_id
    assert run.started_at is not None
    assert run.lease_expires_at == run.started_at + timedelta(seconds=60)
    assert run.counts == Counts()
    with pytest.raises(ValueError, match="has not ended"):
        _ = run.summary


def test_no_slot_free(db: Database, begin: Begin) -> None:
    first = begin()
    with pytest.raises(Busy) as caught:
        begin(worker_id="h:b:1:2:other")
    message = str(caught.value)
    assert f"run {first.run_id}" in message
    assert "worker h:b:1:1:me" in message
    started = runs.get(db, first.run_id).started_at
    assert started is not None
    assert f"{started:%Y-%m-%d %H:%M:%S} UTC" in message
    assert len(runs.list_runs(db)) == 1


def test_slots_are_per_site_and_limited(db: Database, begin: Begin) -> None:
    claims_ = [begin(max_running=2), begin(max_running=2), begin(concurrency_key="other.org")]
    assert [runs.get(db, claim.run_id).slot for claim in claims_] == [1, 2, 1]
    with pytest.raises(Busy):
        begin(max_running=2)
    assert runs.finish(db, claims_[0], state=RunState.SUCCEEDED)
    assert runs.get(db, begin(max_running=2).run_id).slot == 1


def test_a_smaller_limit_counts_the_slots_above_it(db: Database, begin: Begin) -> None:
    first, _second = begin(max_running=2), begin(max_running=2)
    runs.finish(db, first, state=RunState.SUCCEEDED)
    with pytest.raises(Busy):
        begin(max_running=1)


@pytest.mark.fault(
    "F1",
    done="Many processes began runs of one site at once.",
    holds="No more than its limit began.",
)
def test_many_start_at_once(db: Database, begin: Begin) -> None:
    together = threading.Barrier(6)
    outcomes: list[str] = []

    def work() -> None:
        together.wait()
        try:
            begin(max_running=2)
        except Busy:
            outcomes.append("busy")
        else:
            outcomes.append("started")

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["busy"] * 4 + ["started"] * 2
    assert {run.slot for run in runs.list_runs(db)} == {1, 2}


def _running(db: Database) -> int:
    return sum(run.state is RunState.RUNNING for run in runs.list_runs(db))


@pytest.mark.fault(
    "F1",
    done="Twin: the count that keeps a site's limit saw nothing, and the unique index of the slots was dropped.",
    holds="Six runs began on a site that bears two.",
)
def test_without_count_and_index_a_site_has_more_than_its_limit(
    db: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the race: what it saw kept is kept by these two and by nothing else."""
    with db.write() as conn:
        conn.exec_driver_sql("DROP INDEX run_slot_uq")
    monkeypatch.setattr(slots, "free_slot", lambda *_args: 1)
    for _ in range(6):
        begin(max_running=2)
    assert _running(db) == 6


@pytest.mark.fault(
    "F1",
    done="The count that keeps a site's limit was wrong.",
    holds="The unique slots kept the limit all the same.",
)
def test_the_index_decides_about_slots(
    db: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: with a count that sees nothing, the database still lets nobody in twice."""
    begin()
    monkeypatch.setattr(slots, "free_slot", lambda *_args: 1)
    with pytest.raises(Busy, match="others take them faster"):
        begin()
    assert len(runs.list_runs(db)) == 1


def test_impossible_rows_are_refused(db: Database, begin: Begin) -> None:
    claim = begin()
    impossible: list[dict[str, Any]] = [
        {"state": "asleep"},
        {"state": "succeeded"},
        {"slot": None},
        {"lease_expires_at": None},
        {"worker_id": None},
        {"state": "pending", "slot": None, "lease_expires_at": None, "finished_at": sa.func.now()},
    ]
    for values in impossible:
        with pytest.raises(StorageError) as caught:
            set_run(db, claim.run_id, **values)
        assert isinstance(caught.value.__cause__, IntegrityError)
    for state in ("partial", "suspect"):
        set_run(
            db,
            claim.run_id,
            state=state,
            slot=None,
            lease_expires_at=None,
            finished_at=runs.get(db, claim.run_id).created_at,
        )
        assert runs.get(db, claim.run_id).state == state


def test_rows_and_counters_are_one(
    db: Database, begin: Begin, make_record: Callable[..., Record]
) -> None:
    claim = begin()
    counts = Counts(
        pages=1,
        seen=2,
        new=3,
        changed=4,
        unchanged=5,
        rejected=6,
        filtered=7,
        details=8,
        details_failed=9,
        http_requests=10,
        bytes_in=11,
    )
    for turn in (1, 2):
        with db.write() as conn:
            upsert.write_page(
                conn,
                source="site",
                kind="list",
                records=[make_record(str(turn))],
                run_id=claim.run_id,
                now=db.now(conn),
            )
            runs.checkpoint(conn, claim, counts=counts, cursor=f"page {turn}")
    run = runs.get(db, claim.run_id)
    assert run.counts == counts + counts
    assert run.cursor == "page 2"
    assert run.cursor_at == run.heartbeat_at
    assert search.count_jobs(db) == 2


CRASH = """
import hashlib, os, signal
from jobtracker_core.contract.host import Record
from jobtracker_core.contract.run import Counts
from jobtracker_core.storage import engine, runs, upsert
db = engine.open_database(url)
claim = runs.start(db, collector="site", trigger="manual", query={}, query_hash="q",
                   plugin_name=None, plugin_version=None, concurrency_key="example.org",
                   max_running=1, worker_id=runs.worker_identity())
go()
for turn in (1, 2):
    with db.write() as conn:
        record = Record(source_id=str(turn), url="u", title="t",
                        content_hash=hashlib.md5(b"").digest())
        upsert.write_page(conn, source="site", kind="list", records=[record],
                          run_id=claim.run_id, now=db.now(conn))
        runs.checkpoint(conn, claim, counts=Counts(new=1), cursor=str(turn))
        if turn == 2:
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.fault(
    "F2",
    done="A process was killed (kill -9) between writing a page and its commit.",
    holds="Neither rows nor counters of that page were there.",
)
def test_a_crash_before_the_commit_leaves_neither_rows_nor_counters(
    db: Database, db_url: str, processes: Callable[..., list[str]], begin: Begin
) -> None:
    processes(CRASH, db_url, 1, codes=(-9,))
    (run,) = runs.list_runs(db)
    assert search.count_jobs(db) == run.counts.new == 1
    assert (run.state, run.cursor) == (RunState.RUNNING, "1")
    # Its lease holds for a minute, but everybody here can see that the process is gone.
    claim = begin()
    assert runs.get(db, run.id).state is RunState.FAILED
    assert runs.get(db, claim.run_id).state is RunState.RUNNING


@pytest.mark.fault(
    "F4",
    done="A worker went on with a claim that was no longer its own.",
    holds="Page, heartbeat and end were refused.",
)
def test_an_old_fence_is_refused(
    db: Database, begin: Begin, make_record: Callable[..., Record]
) -> None:
    old = begin()
    new = _taken_over(db, old)
    with pytest.raises(LeaseLost, match="worker h:b:1:2:other has it"):
        _write_under(db, old, make_record())
    assert search.count_jobs(db) == 0
    with pytest.raises(LeaseLost):
        runs.beat(db, old)
    assert runs.finish(db, old, state=RunState.SUCCEEDED) is None
    assert runs.get(db, old.run_id).state is RunState.RUNNING
    _write_under(db, new, make_record())
    assert search.count_jobs(db) == 1


@pytest.mark.fault(
    "F4",
    done="Twin: the fence was taken away.",
    holds="The page of the old worker was stored.",
)
def test_without_the_fence_a_zombie_writes(
    db: Database,
    begin: Begin,
    make_record: Callable[..., Record],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The twin: it is the fence that keeps the old worker out."""
    old = begin()
    _taken_over(db, old)
    monkeypatch.setattr(claims, "hold", lambda conn, _claim: db.now(conn))
    _write_under(db, old, make_record())
    assert search.count_jobs(db) == 1


def _write_under(db: Database, claim: runs.Claim, record: Record) -> None:
    with db.write() as conn:
        upsert.write_page(
            conn, source="site", kind="list", records=[record], run_id=1, now=db.now(conn)
        )
        runs.checkpoint(conn, claim, counts=Counts(new=1))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"worker_id": "h:b:1:9:same fence"}, "has it"),
        ({"run_id": 99}, "deleted"),
        ({"fence": 2}, "has it"),
    ],
)
def test_every_part_of_a_claim_counts(
    db: Database, begin: Begin, facts: dict[str, Any], reason: str
) -> None:
    claim = begin()
    wrong = runs.Claim(
        **{
            "run_id": claim.run_id,
            "fence": claim.fence,
            "worker_id": claim.worker_id,
            **facts,
        }
    )
    with pytest.raises(LeaseLost, match=reason):
        checkpoint(db, wrong)
    assert runs.finish(db, wrong, state=RunState.FAILED) is None
    checkpoint(db, claim)


@pytest.mark.fault(
    "F4",
    done="A worker wrote after its lease was over and before anybody else had the run.",
    holds="The write was refused.",
)
def test_a_lease_that_is_over_is_lost(db: Database, begin: Begin) -> None:
    claim = begin(lease_s=0)
    with pytest.raises(LeaseLost, match="its lease was over"):
        runs.beat(db, claim)
    with pytest.raises(LeaseLost, match="its lease was over"):
        checkpoint(db, claim)
    # Nobody has taken it, so it may still say how it ended.
    assert runs.finish(db, claim, state=RunState.PARTIAL) is RunState.PARTIAL


def test_an_ended_run_takes_nothing(db: Database, begin: Begin) -> None:
    claim = begin()
    runs.finish(db, claim, state=RunState.SUCCEEDED)
    with pytest.raises(LeaseLost, match="it is succeeded"):
        checkpoint(db, claim)
    assert runs.finish(db, claim, state=RunState.FAILED) is None


def test_beats_and_checkpoints_renew_the_lease(db: Database, begin: Begin) -> None:
    claim = begin(lease_s=5)
    for renew in (
        lambda: runs.beat(db, claim, lease_s=100),
        lambda: checkpoint(db, claim, lease_s=200),
    ):
        before = runs.get(db, claim.run_id).lease_expires_at
        renew()
        after = runs.get(db, claim.run_id).lease_expires_at
        assert before is not None
        assert after is not None
        assert after > before + timedelta(seconds=90)
