"""An installation whose database's time stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from frozen import FrozenTime
from jobtracker_core.storage.audit_tables import audit_log
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
