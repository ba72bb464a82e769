"""Whether a database that refused to write does so again."""

from __future__ import annotations

import os
import secrets

import sqlalchemy as sa

from jobtracker_core.storage.audit_tables import request_keys
from jobtracker_core.storage.engine import Database, now

_ACTOR = "readiness"
_SIZE = 64 * 1024
"""Bytes: more than fits into what a full disk happens to have left in its files."""


def verify(db: Database) -> None:
    """Write something and take it away again, if a write was refused since the last success.

    Two transactions, each committed; none at all where no write through this object was refused.
    What a process that dies in between leaves is pruned as a request's key is.

    Raises:
        NotWritable: Writes are still refused.
    """
    if not db.refused.is_set():
        return
    key = secrets.token_hex(16)
    with db.write() as conn:
        row = {"actor": _ACTOR, "key": key, "digest": os.urandom(_SIZE), "created_at": now(conn)}
        conn.execute(sa.insert(request_keys), row)
    with db.write() as conn:
        mine = (request_keys.c.actor == _ACTOR) & (request_keys.c.key == key)
        conn.execute(sa.delete(request_keys).where(mine))
    db.refused.clear()
