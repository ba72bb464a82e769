"""Forgetting what was done long ago, where the operator wants that."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.storage import audit
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.audit_tables import audit_log, delete_entries
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Busy
from jobtracker_core.storage.turns import Turns, forget_before

_TRIES: Final = 5
_AGAIN_S: Final = 0.5
# Whoever wants to write a row waits behind us, while we wait.
_PATIENCE = "SET LOCAL lock_timeout = '200ms'"


def prune(
    db: Database, oldest: datetime, turns: Turns, *, actor: Actor, dry_run: bool = False
) -> int:
    """Delete the rows of before a time; return how many. A row of its own says that it happened.

    Raises Busy if others use the table all the time; what was deleted before is gone.
    """
    if dry_run:
        return forget_before(db, audit_log, oldest, turns, dry_run=True)
    gone = 0

    def delete(conn: Connection, statement: sa.Delete) -> int:
        nonlocal gone
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql(_PATIENCE)
        count = delete_entries(conn, statement)
        if count and not gone:
            audit.record(conn, actor, "audit.prune", "", {"before": oldest.isoformat()})
        gone += count
        return count

    for attempt in range(1, _TRIES + 1):
        try:
            forget_before(db, audit_log, oldest, turns, dry_run=False, delete=delete)
            break
        except Busy:
            if attempt == _TRIES or turns.stop():
                raise
            time.sleep(_AGAIN_S)
    return gone
