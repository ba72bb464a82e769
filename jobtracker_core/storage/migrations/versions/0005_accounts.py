"""Users, sessions, tokens, tries to log in; an audit log that only grows; encrypted secrets."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

from jobtracker_core.storage.types import BIG_ID, Json, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the triggers."""
    _users()
    _sessions()
    _setup_codes()
    _login_attempts()
    _api_tokens()
    _audit_log()
    _secrets()


def _row_id(table: str) -> list[Any]:
    return [
        sa.Column("id", BIG_ID, sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str, required: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, UtcDateTime, nullable=not required) for name in names]


def _hash(table: str, name: str) -> list[Any]:
    return [
        sa.Column(name, sa.LargeBinary, nullable=False),
        sa.CheckConstraint(f"length({name}) = 32", name=op.f(f"ck_{table}_{name}")),
    ]


def _users() -> None:
    op.create_table(
        "users",
        *_row_id("users"),
        *_texts("name", "name_key", "password_hash"),
        sa.Column("first", sa.Boolean, nullable=False, server_default=sa.false()),
        *_times("created_at", "password_changed_at", required=True),
        *_times("last_login_at"),
        sa.UniqueConstraint("name_key", name=op.f("uq_users_name_key")),
        sqlite_autoincrement=True,
    )
    first = sa.column("first", sa.Boolean)
    op.create_index(
        "user_first", "users", ["first"], unique=True, postgresql_where=first, sqlite_where=first
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        *_row_id("sessions"),
        *_texts("key"),
        *_hash("sessions", "secret_hash"),
        sa.Column("user_id", BIG_ID, nullable=False),
        *_texts("address", "agent"),
        *_times("created_at", "last_seen_at", "expires_at", required=True),
        sa.UniqueConstraint("key", name=op.f("uq_sessions_key")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id", "id"])


def _setup_codes() -> None:
    op.create_table(
        "setup_codes",
        *_row_id("setup_codes"),
        *_hash("setup_codes", "code_hash"),
        *_times("expires_at", required=True),
        sqlite_autoincrement=True,
    )


def _login_attempts() -> None:
    op.create_table(
        "login_attempts",
        *_row_id("login_attempts"),
        *_texts("address"),
        sa.Column("account", sa.LargeBinary, nullable=False),
        *_times("at", required=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_login_attempts_address", "login_attempts", ["address", "at"])
    op.create_index("ix_login_attempts_at", "login_attempts", ["at"])


def _api_tokens() -> None:
    op.create_table(
        "api_tokens",
        *_row_id("api_tokens"),
        *_texts("key"),
        *_hash("api_tokens", "secret_hash"),
        *_texts("name"),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("collector", sa.Text),
        *_times("created_at", required=True),
        *_times("expires_at", "last_used_at", "revoked_at"),
        sa.UniqueConstraint("key", name=op.f("uq_api_tokens_key")),
        sqlite_autoincrement=True,
    )


def _audit_log() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS\n"
            "$$BEGIN RAISE EXCEPTION 'the audit log is append-only'; END$$"
        )
        op.execute(
            "CREATE TRIGGER audit_log_rows BEFORE UPDATE OR DELETE ON audit_log\n"
            "FOR EACH ROW EXECUTE FUNCTION audit_log_refuse()"
        )
        op.execute(
            "CREATE TRIGGER audit_log_whole BEFORE TRUNCATE ON audit_log\n"
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_log_{verb.lower()} BEFORE {verb} ON audit_log\n"
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
    op.execute(
        "CREATE TRIGGER audit_log_replace BEFORE INSERT ON audit_log\n"
        "WHEN NEW.id IN (SELECT id FROM audit_log)\n"
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    )


def _secrets() -> None:
    """Make room for encrypted secrets; the program encrypts them when it next opens the database.

    Not here: a migration has no key.
    """
    op.create_table(
        "secret_checks",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_checks")),
    )
    op.add_column(
        "proxies", sa.Column("address", sa.Text, nullable=False, server_default=sa.text("''"))
    )
    op.add_column(
        "proxies",
        sa.Column("has_credentials", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    proxies = sa.table(
        "proxies",
        sa.column("id", sa.BigInteger),
        sa.column("url", sa.Text),
        sa.column("address", sa.Text),
        sa.column("has_credentials", sa.Boolean),
    )
    bind = op.get_bind()
    for number, url in bind.execute(sa.select(proxies.c.id, proxies.c.url)).all():
        parts = urlsplit(url)
        bind.execute(
            sa.update(proxies)
            .where(proxies.c.id == number)
            .values(
                address=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
                has_credentials="@" in parts.netloc,
            )
        )
