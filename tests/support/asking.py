"""A question to a database that something may happen in the middle of."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from jobtracker_core.storage.engine import Database


def ask(db: Database, *, meanwhile: Callable[[], None] = lambda: None, text: str = "it") -> int:
    """Ask the server for the length of a text, in a transaction; raises StorageError."""
    with db.write() as conn:
        conn.execute(sa.text("SELECT 1"))
        meanwhile()
        return int(conn.scalar(sa.select(sa.func.length(text))) or 0)
