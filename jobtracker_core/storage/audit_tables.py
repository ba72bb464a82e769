"""The tables of who did what, and of requests that may come twice."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Index, Table, Text

from jobtracker_core.storage.columns import among, metadata, row_id, time
from jobtracker_core.storage.types import BIG_ID, Json

ACTORS = ("local", "user", "token", "anonymous")

# Names, not foreign keys: an account or a token may go, what it did stays.
audit_log = Table(
    "audit_log",
    metadata,
    row_id(),
    time("at", required=True),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", BIG_ID),
    Column("actor_name", Text, nullable=False),
    Column("address", Text),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("data", Json, nullable=False),
    CheckConstraint(among("actor_kind", ACTORS), name="actor_kind"),
    Index("ix_audit_log_target", "target", "id"),
    sqlite_autoincrement=True,
)

request_keys = Table(
    "request_keys",
    metadata,
    Column("actor", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", sa.LargeBinary, nullable=False),
    Column("answer", Text),
    time("created_at", required=True),
    sa.PrimaryKeyConstraint("actor", "key"),
    Index("ix_request_keys_created_at", "created_at"),
)
