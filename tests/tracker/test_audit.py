"""Reading the audit log, and that it can only grow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from frozen import FrozenTime
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.errors import NotFound, StorageError
from jobtracker_core.tracker import JobTracker

ANN = Actor(kind="user", id=1, name="Ann", address="192.0.2.1")
SCRIPT = Actor(kind="token", id=1, name="my script")
LOCAL = Actor(kind="local", name="o'brien")


@pytest.fixture
def log(tracker: JobTracker, time: FrozenTime) -> JobTracker:
    """Six changes, a minute apart."""
    for actor, action, target in (
        (ANN, "user.create", "user:2"),
        (ANN, "user_note.create", "user_note:1"),
        (SCRIPT, "job.update", "job:7"),
        (LOCAL, "job.update", "job:8"),
        (LOCAL, "token.revoke", "token:1"),
        (ANN, "User.create", "user:3"),
    ):
        with tracker.acting(actor).change(action, target) as change:
            change.note(was="a\nb", is_now=1)
        time.advance(minutes=1)
    return tracker


def found(log: JobTracker, **filters: object) -> list[int]:
    return [entry.id for entry in log.audit.list(**filters).items]  # type: ignore[arg-type]


def test_an_entry_tells_who_what_when_and_from_where(log: JobTracker, time: FrozenTime) -> None:
    entry = log.audit.list().items[-1]
    assert (entry.actor, entry.action, entry.target) == (ANN, "user.create", "user:2")
    assert entry.at == time.at - timedelta(minutes=6)
    assert entry.data == {"was": "a\\nb", "is_now": 1}


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"actor": "user:1"}, [6, 2, 1]),
        ({"actor": "token:1"}, [3]),
        ({"actor": "token"}, [3]),
        ({"actor": "local:o'brien"}, [5, 4]),
        ({"actor": "user:Ann"}, []),
        ({"actor": "user:99999999999999999999"}, []),
        ({"actor": "nobody\x00"}, []),
        ({"action": "user."}, [1]),
        ({"action": "user"}, [2, 1]),
        ({"action": "%"}, []),
        ({"action": "job.update"}, [4, 3]),
        ({"target": "job:7"}, [3]),
        ({"actor": "local", "action": "job.", "target": "job:8"}, [4]),
        ({"target": "job"}, []),
    ],
)
def test_filters(log: JobTracker, filters, ids) -> None:
    assert found(log, **filters) == ids


def test_since(log: JobTracker, time: FrozenTime) -> None:
    assert found(log, since=time.at - timedelta(minutes=2)) == [6, 5]


def test_page_by_page(log: JobTracker) -> None:
    first = log.audit.list(limit=4)
    second = log.audit.list(limit=4, after=first.after)
    assert [entry.id for entry in (*first.items, *second.items)] == [6, 5, 4, 3, 2, 1]
    assert (first.after, second.after) == ("3", None)
    for mark in ("x", "0", "-1", "9" * 30, ""):
        with pytest.raises(NotFound, match="no mark"):
            log.audit.list(after=mark)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET action = 'x'",
        "UPDATE audit_log SET action = 'x' WHERE id = 3",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE id = 3",
        "TRUNCATE audit_log",
        (
            "INSERT INTO audit_log SELECT * FROM audit_log WHERE id = 3"
            " ON CONFLICT (id) DO UPDATE SET action = 'x'"
        ),
    ],
)
def test_what_stands_there_stays(log: JobTracker, statement: str) -> None:
    before = log.audit.list().items
    if statement.startswith("TRUNCATE") and log.database.dialect == "sqlite":
        statement = "REPLACE INTO audit_log SELECT * FROM audit_log WHERE id = 3"
    with pytest.raises(StorageError, match="append-only"), log.database.write() as conn:
        conn.exec_driver_sql(statement)
    assert log.audit.list().items == before
    with log.change("job.update", "job:9"):
        pass
    assert len(log.audit.list().items) == 7
