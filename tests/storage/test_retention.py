"""What is forgotten after its time, and what a person has touched, which never is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from frozen import FrozenTime
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import (
    audit,
    audit_tables,
    events,
    logins,
    request_keys,
    retention,
    runs,
    sessions,
    turns,
    users,
)
from jobtracker_core.storage.account_tables import login_attempts
from jobtracker_core.storage.account_tables import sessions as sessions_table
from jobtracker_core.storage.audit_tables import audit_log
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.storage.retention import Pruned, Retention
from jobtracker_core.storage.turns import Detours, Turns
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


@pytest.mark.parametrize("ahead", [1, 30, 400])
def test_rows_of_a_clock_that_ran_ahead_hide_none_behind_them(
    frozen: FrozenTime, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    """Also where more of them stand there than are read, so that only some are looked at."""
    db = frozen.db
    monkeypatch.setattr(turns, "_FIRST", 4)
    monkeypatch.setattr(turns, "_LARGEST", 4)
    monkeypatch.setattr(turns, "_LOOKS", 5)
    put_entries(frozen, {"a.old": 3})
    frozen.advance(days=4_000)
    put_entries(frozen, {"b.future": ahead})
    frozen.advance(days=-4_000)
    # So many that one of the looks meets them, wherever it may be.
    put_entries(frozen, {"c.old": 20 + ahead})
    frozen.advance(days=400)
    put_entries(frozen, {"d.young": 7})
    rules = replace(RULES, audit=timedelta(days=365))
    assert prune(db, rules, dry_run=True).audit_entries == 23 + ahead
    assert prune(db, rules).audit_entries == 23 + ahead
    left = Counter(actions(db))
    assert left == {"b.future": ahead, "d.young": 7, "audit.prune": 1}
    assert prune(db, rules).audit_entries == 0


def put_entries(frozen: FrozenTime, entries: dict[str, int]) -> None:
    """Write rows of the audit log at this moment, all at once."""
    facts = {"actor_kind": "local", "actor_name": "-", "target": "", "data": {}, "at": frozen.at}
    with frozen.db.write() as conn:
        rows = [{**facts, "action": name} for name, many in entries.items() for _ in range(many)]
        conn.execute(sa.insert(audit_log), rows)


def test_so_much_is_read_behind_young_rows_and_no_more(
    frozen: FrozenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = frozen.db
    monkeypatch.setattr(turns, "_LARGEST", 4)
    monkeypatch.setattr(turns, "_LOOKS", 5)
    oldest = audit_log.c.at < frozen.at
    put_entries(frozen, {"a.young": 900})
    read: list[str] = []
    with db.read() as conn:
        first = conn.execute(sa.select(sa.func.min(audit_log.c.id))).scalar_one()
        engine = conn.engine
    with listening(engine, read):
        assert Detours(audit_log.c.id, oldest).past(db, first) is None
    looks = [one for one in read if "LIMIT" in one]
    assert 1 <= len(looks) <= 5
    # A thousand stretches in the row are not followed at once either.
    detours = Detours(audit_log.c.id, sa.true())
    found = [detours.past(db, first) for _ in range(turns._DETOURS + 1)]
    assert found == [first] * turns._DETOURS + [None]


@contextmanager
def listening(engine: sa.Engine, heard: list[str]) -> Iterator[None]:
    """Note each statement that is carried out."""

    def note_down(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note_down)
    yield
    sa.event.remove(engine, "before_cursor_execute", note_down)


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
