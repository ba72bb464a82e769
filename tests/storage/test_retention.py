"""What is forgotten after its time, and what a person has touched, which never is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from frozen import FrozenTime
from jobtracker_core.contract.host import Record
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import (
    audit,
    audit_tables,
    events,
    job_pruning,
    logins,
    request_keys,
    retention,
    runs,
    sessions,
    turns,
    upsert,
    users,
)
from jobtracker_core.storage.account_tables import login_attempts
from jobtracker_core.storage.account_tables import sessions as sessions_table
from jobtracker_core.storage.audit_tables import audit_log
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.storage.retention import Pruned, Retention
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.turns import Turns
from queueing import put, take, turn_on

RULES = Retention(runs=timedelta(days=90), events=timedelta(days=30))
WHO = audit.Actor(kind="local", name="tests")


def prune(db: Database, rules: Retention = RULES, **facts: Any) -> Pruned:
    return retention.prune(db, rules, actor=WHO, turns=Turns(pause=lambda _: None), **facts)


def count(db: Database, table: sa.Table) -> int:
    with db.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_what_is_over_goes_and_a_trial_says_so_before(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    run_id = put(db, max_attempts=1)
    claim = take(db)
    events.append(db, claim, "told")
    runs.finish(db, claim, state=RunState.SUCCEEDED)
    user = users.create(db, name="ann", password_hash="-")
    for key in ("a", "b"):
        sessions.create(
            db, user.id, key=key, secret_hash=b"0" * 32, address="::1", agent="a browser"
        )
    logins.take(db, address="::1", account="ann")
    request = request_keys.RequestKey(actor="local:ann", key="k", digest=b"d")
    with db.write() as conn:
        request_keys.begin(conn, request)
    told = len(events.list_events(db, run_id))
    assert told > 1
    assert prune(db).counts == {}
    frozen.advance(days=31)
    wanted = {
        "run_events": told,
        "request_keys": 1,
        "login_attempts": 1,
        "sessions": 2,
    }
    assert prune(db, dry_run=True).counts == wanted
    assert count(db, sessions_table) == 2
    assert prune(db).counts == wanted
    assert prune(db).counts == {}
    assert (count(db, sessions_table), count(db, login_attempts)) == (0, 0)
    assert runs.get(db, run_id).state is RunState.SUCCEEDED, "the newest of its query"


def test_lines_of_what_goes_on_and_of_what_was_recorded_stay(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    put(db, max_attempts=1, params={"record": "/tmp/capture"})
    recorded = take(db)
    events.append(db, recorded, "told")
    runs.finish(db, recorded, state=RunState.SUCCEEDED)
    put(db)
    going = take(db)
    events.append(db, going, "told")
    frozen.advance(days=31)
    assert prune(db).run_events == 0
    assert events.list_events(db, recorded.run_id)
    assert events.list_events(db, going.run_id)


def note(db: Database, action: str) -> None:
    with db.write() as conn:
        audit.record(conn, WHO, action, "", {})


def actions(db: Database) -> list[str]:
    with db.read() as conn:
        return list(conn.execute(sa.select(audit_log.c.action).order_by(audit_log.c.id)).scalars())


def test_the_audit_log_stays_unless_a_rule_says_else(
    frozen: FrozenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = frozen.db
    monkeypatch.setattr(turns, "_FIRST", 2)
    for _ in range(7):
        note(db, "job.old")
    frozen.advance(days=400)
    note(db, "job.young")
    assert prune(db).audit_entries == 0
    rules = replace(RULES, audit=timedelta(days=365))
    assert prune(db, rules, dry_run=True).audit_entries == 7
    assert len(actions(db)) == 8
    assert prune(db, rules).audit_entries == 7
    assert actions(db) == ["job.young", "audit.prune"]
    assert prune(db, rules).audit_entries == 0
    assert actions(db) == ["job.young", "audit.prune"], "nothing was done, so nothing is told"


def test_what_may_not_be_deleted_is_not_told_of_as_deleted(
    frozen: FrozenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = frozen.db
    note(db, "job.old")
    frozen.advance(days=400)
    refused = {db.dialect: ("SELECT 1 FROM nowhere", "")}
    monkeypatch.setattr(audit_tables, "_LET_DELETE", refused)
    with pytest.raises(StorageError):
        prune(db, replace(RULES, audit=timedelta(days=1)))
    assert actions(db) == ["job.old"]


def test_after_pruning_the_audit_log_refuses_as_before(frozen: FrozenTime) -> None:
    db = frozen.db
    note(db, "job.old")
    frozen.advance(days=400)
    assert prune(db, replace(RULES, audit=timedelta(days=1))).audit_entries == 1
    for change in (sa.delete(audit_log), sa.update(audit_log).values(action="-")):
        with pytest.raises(StorageError, match="append-only"), db.write() as conn:
            conn.execute(change)


def test_pruning_waits_for_nobody_who_writes_into_the_audit_log(frozen: FrozenTime) -> None:
    db = frozen.db
    note(db, "job.old")
    frozen.advance(days=400)
    # On SQLite a second writer is one too many, whatever it writes.
    with (db.write if db.dialect == "postgresql" else db.read)() as conn:
        if db.dialect == "postgresql":
            audit.record(conn, WHO, "job.young", "", {})
        conn.execute(sa.select(audit_log.c.id)).all()
        assert prune(db, replace(RULES, audit=timedelta(days=365))).audit_entries == 1
        with pytest.raises(StorageError, match="append-only"), db.write() as other:
            other.execute(sa.delete(audit_log))


class Board:
    """Jobs that a run has brought and closed."""

    def __init__(self, db: Database, make_record: Callable[..., Record]) -> None:
        self.db = db
        turn_on(db)
        self._make = make_record
        self._run = put(db)

    def job(self, key: str, *, by_run: bool = True) -> int:
        with self.db.write() as conn:
            upsert.write_page(
                conn,
                source="site",
                kind="list",
                records=[self._make(key)],
                run_id=self._run if by_run else None,
                now=self.db.now(conn),
            )
            mine = jobs.c.source_id == key
            conn.execute(sa.update(jobs).where(mine).values(closed_at=self.db.now(conn)))
            return int(conn.execute(sa.select(jobs.c.id).where(mine)).scalar_one())

    def touch(self, table: str, **values: object) -> None:
        with self.db.write() as conn:
            of_values = sa.table(table, *map(sa.column, values))
            conn.execute(sa.insert(of_values).values(values))

    @property
    def left(self) -> list[str]:
        with self.db.read() as conn:
            return sorted(conn.execute(sa.select(jobs.c.source_id)).scalars())


TOUCHED = ["added", "applied", "dismissed", "edited", "event", "hidden", "note", "seen", "tag"]


@pytest.fixture
def board(frozen: FrozenTime, make_record: Callable[..., Record]) -> Board:
    """One job for each way of touching one, and one that nobody touched."""
    board, at = Board(frozen.db, make_record), frozen.at
    ids = {key: board.job(key, by_run=key != "added") for key in [*TOUCHED, "untouched"]}
    made = {"created_at": at, "updated_at": at}
    board.touch(
        "applications",
        uid="a",
        job_id=ids["applied"],
        title="t",
        status="rejected",
        moved_at=at,
        version=1,
        **made,
    )
    board.touch(
        "events",
        uid="e",
        job_id=ids["event"],
        kind="note",
        title="t",
        starts_at=at,
        timezone="UTC",
        version=1,
        all_day=False,
        **made,
    )
    board.touch("job_notes", job_id=ids["note"], text="t", version=1, **made)
    board.touch("tags", id=1, key="k", name="k", created_at=at)
    board.touch("job_tags", job_id=ids["tag"], tag_id=1)
    board.touch("dismissals", source="site", source_id="hidden", title="t", dismissed_at=at)
    board.job("seen", by_run=False)
    for key, values in (("edited", {"edited": ["title"]}), ("dismissed", {"dismissed_at": at})):
        with frozen.db.write() as conn:
            conn.execute(sa.update(jobs).where(jobs.c.id == ids[key]).values(values))
    return board


def test_no_job_goes_by_itself(board: Board, frozen: FrozenTime) -> None:
    frozen.advance(days=10_000)
    assert prune(frozen.db, replace(RULES, audit=timedelta(days=1))).jobs == 0
    assert board.left == sorted([*TOUCHED, "untouched"])


def test_of_closed_jobs_those_go_that_nobody_touched(board: Board, frozen: FrozenTime) -> None:
    rules = replace(RULES, closed_jobs=timedelta(days=100))
    frozen.advance(days=99)
    assert prune(frozen.db, rules).jobs == 0
    frozen.advance(days=2)
    board.job("young")
    with frozen.db.write() as conn:
        conn.execute(sa.update(jobs).where(jobs.c.source_id == "young").values(closed_at=None))
    assert prune(frozen.db, rules, dry_run=True).jobs == 1
    assert "untouched" in board.left
    assert prune(frozen.db, rules).jobs == 1
    assert board.left == sorted([*TOUCHED, "young"])


def test_a_job_that_is_touched_between_the_look_and_the_deletion_stays(
    board: Board, frozen: FrozenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen.advance(days=200)
    delete = job_pruning._delete

    def touched_before(db: Database, numbers: list[int], *rest: Any) -> int:
        (number,) = numbers
        board.touch("job_tags", job_id=number, tag_id=1)
        return delete(db, numbers, *rest)

    monkeypatch.setattr(job_pruning, "_delete", touched_before)
    assert prune(frozen.db, replace(RULES, closed_jobs=timedelta(days=1))).jobs == 0
    assert "untouched" in board.left


def test_each_transaction_is_short_and_a_longer_pause_follows(db: Database) -> None:
    """Its size follows the time that it took, so that others are kept waiting for a moment only."""
    for number in range(400):
        note(db, f"job.{number}")
    pauses: list[float] = []
    mine = Turns(pause=pauses.append)
    gone = retention.prune(
        db, replace(RULES, audit=timedelta(microseconds=1)), actor=WHO, turns=mine
    )
    assert gone.audit_entries >= 400
    assert len(pauses) > 2
    assert 1 <= mine.size <= 5_000


def test_it_ends_when_told_to_and_says_so(frozen: FrozenTime) -> None:
    db = frozen.db
    for _ in range(120):
        note(db, "job.old")
    frozen.advance(days=400)
    stopped = iter([False] * 8)
    rules = replace(RULES, audit=timedelta(days=1))
    first = retention.prune(
        db,
        rules,
        actor=WHO,
        turns=Turns(lambda: next(stopped, True), pause=lambda _: None),
    )
    assert not first.finished
    assert first.audit_entries < 120
    assert prune(db, rules).finished
    assert "job.old" not in actions(db)
