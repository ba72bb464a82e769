"""Forgetting what was done long ago, where the operator wants that."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.storage import audit
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.audit_tables import audit_log, delete_entries
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.turns import Turns, forget_before


def prune(
    db: Database, oldest: datetime, turns: Turns, *, actor: Actor, dry_run: bool = False
) -> int:
    """Delete the rows of before a time; return how many. A row of its own says that it happened."""
    gone = 0

    def delete(conn: Connection, statement: sa.Delete) -> int:
        nonlocal gone
        count = delete_entries(conn, statement)
        if count and not gone:
            audit.record(conn, actor, "audit.prune", "", {"before": oldest.isoformat()})
        gone += count
        return count

    return forget_before(db, audit_log, oldest, turns, dry_run=dry_run, delete=delete)
