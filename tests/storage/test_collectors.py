"""The operator's switch of each collector."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from jobtracker_core.storage import collectors
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.tables import collectors as table


def test_collectors_start_turned_off(db: Database) -> None:
    collectors.ensure(db, ["b", "a", "b"])
    collectors.set_enabled(db, "a", True)
    collectors.ensure(db, ["a", "c"])
    collectors.ensure(db, [])
    found = {row.name: row.enabled for row in collectors.list_all(db)}
    assert list(found.items()) == [("a", True), ("b", False), ("c", False)]
    row = collectors.get(db, "b")
    assert (row.consecutive_failures, row.layout_failures, row.paused_until) == (0, 0, None)


def test_turning_on_ends_a_pause(db: Database) -> None:
    collectors.ensure(db, ["a"])
    with db.write() as conn:
        conn.execute(
            sa.update(table).values(
                paused_until=db.now(conn), pause_reason="broken", consecutive_failures=5
            )
        )
    off = collectors.set_enabled(db, "a", False)
    assert (off.enabled, off.pause_reason, off.consecutive_failures) == (False, "broken", 5)
    on = collectors.set_enabled(db, "a", True)
    assert (on.enabled, on.paused_until, on.pause_reason) == (True, None, None)
    assert on.consecutive_failures == 0
    assert on.updated_at > on.created_at
    assert collectors.get(db, "a") == on


def test_unknown_collectors(db: Database) -> None:
    with pytest.raises(NotFound, match="'nope'"):
        collectors.get(db, "nope")
    with pytest.raises(NotFound, match="'nope'"):
        collectors.set_enabled(db, "nope", True)
