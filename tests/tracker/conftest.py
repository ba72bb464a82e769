"""What the tests of the facade share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from frozen import FrozenTime
from jobtracker_core.contract.host import Record
from jobtracker_core.storage import upsert
from jobtracker_core.storage.audit_tables import audit_log
from jobtracker_core.storage.upsert import Written
from jobtracker_core.tracker import JobTracker


@pytest.fixture
def time(db_url: str, tracker: JobTracker) -> Iterator[FrozenTime]:
    """The time of `tracker`, to be advanced."""
    time = FrozenTime(db_url)
    tracker.close()
    tracker._opened._database = time.db
    yield time
    time.close()


@pytest.fixture
def audited(tracker: JobTracker) -> Callable[[], list[tuple[str, str, Any]]]:
    """What the audit log says: action, target and facts of each change."""

    def read() -> list[tuple[str, str, Any]]:
        with tracker.database.read() as conn:
            rows = conn.execute(sa.select(audit_log).order_by(audit_log.c.id)).all()
        return [(row.action, row.target, row.data) for row in rows]

    return read


@pytest.fixture
def collect(tracker: JobTracker) -> Callable[..., Written]:
    """Store a posting as a run does, its hash following from what it says."""

    def collect(source_id: str = "1", *, kind: Any = "list", **fields: Any) -> Written:
        said = {"url": f"https://site.example/{source_id}", "title": "Engineer", **fields}
        digest = hash(tuple(sorted((k, repr(v)) for k, v in said.items())))
        record = Record(
            source_id=source_id, content_hash=digest.to_bytes(16, "big", signed=True), **said
        )
        with tracker.database.write() as conn:
            return upsert.write_page(
                conn,
                source="site",
                kind=kind,
                records=[record],
                run_id=None,
                now=tracker.database.now(conn),
            )

    return collect


@pytest.fixture
def actions(tracker: JobTracker) -> Callable[[], list[str]]:
    """Say which actions the audit log holds, in their order."""

    def actions() -> list[str]:
        with tracker.database.read() as conn:
            rows = conn.execute(sa.select(audit_log.c.action).order_by(audit_log.c.id))
            return list(rows.scalars())

    return actions
