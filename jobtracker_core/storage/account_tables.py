"""The tables of who may come in: users, sessions, tokens, and tries to log in."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from jobtracker_core.storage.columns import metadata, row_id, time
from jobtracker_core.storage.types import BIG_ID, Json

DIGEST_BYTES = 32

users = Table(
    "users",
    metadata,
    row_id(),
    Column("name", Text, nullable=False),
    # The name as it is compared: two that differ in case alone are one.
    Column("name_key", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    # True for the one that the set-up made, so that of two set-ups at once one wins.
    Column("first", sa.Boolean, nullable=False, server_default=sa.false()),
    time("created_at", required=True),
    time("password_changed_at", required=True),
    time("last_login_at"),
    # A visit ends with half an hour without a request, on whatever device.
    time("visited_at"),
    time("previous_visit_at"),
    UniqueConstraint("name_key"),
    sqlite_autoincrement=True,
)
Index(
    "user_first",
    users.c.first,
    unique=True,
    postgresql_where=users.c.first,
    sqlite_where=users.c.first,
)

sessions = Table(
    "sessions",
    metadata,
    row_id(),
    Column("key", Text, nullable=False),
    Column("secret_hash", sa.LargeBinary, nullable=False),
    Column("user_id", BIG_ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    time("created_at", required=True),
    time("last_seen_at", required=True),
    time("expires_at", required=True),
    UniqueConstraint("key"),
    CheckConstraint(f"length(secret_hash) = {DIGEST_BYTES}", name="secret_hash"),
    Index("ix_sessions_user_id", "user_id", "id"),
    sqlite_autoincrement=True,
)

setup_codes = Table(
    "setup_codes",
    metadata,
    row_id(),
    Column("code_hash", sa.LargeBinary, nullable=False),
    time("expires_at", required=True),
    CheckConstraint(f"length(code_hash) = {DIGEST_BYTES}", name="code_hash"),
    sqlite_autoincrement=True,
)

login_attempts = Table(
    "login_attempts",
    metadata,
    row_id(),
    Column("address", Text, nullable=False),
    Column("account", sa.LargeBinary, nullable=False),
    time("at", required=True),
    Index("ix_login_attempts_address", "address", "at"),
    Index("ix_login_attempts_at", "at"),
    sqlite_autoincrement=True,
)

api_tokens = Table(
    "api_tokens",
    metadata,
    row_id(),
    Column("key", Text, nullable=False),
    Column("secret_hash", sa.LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    # A name and not a row: who sends the pages may have a collector that is not installed here.
    Column("collector", Text),
    time("created_at", required=True),
    time("expires_at"),
    time("last_used_at"),
    time("revoked_at"),
    UniqueConstraint("key"),
    CheckConstraint(f"length(secret_hash) = {DIGEST_BYTES}", name="secret_hash"),
    sqlite_autoincrement=True,
)
