"""Rate limits and proxies that all processes share, and what became of a run's filters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobtracker_core.storage.types import BIG_ID, Json, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the column."""
    op.add_column("collector_runs", sa.Column("filters", Json, nullable=False, server_default="[]"))
    _rate_limits()
    _proxies()


def _rate_limits() -> None:
    op.create_table(
        "rate_limits",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("tat", UtcDateTime, nullable=False),
        sa.Column("blocked_until", UtcDateTime),
        sa.Column("strikes", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("pace", sa.Double, nullable=False, server_default=sa.text("1")),
        sa.Column("pace_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_limits")),
        sa.CheckConstraint("pace > 0 AND pace <= 1", name=op.f("ck_rate_limits_pace")),
        postgresql_with={"fillfactor": 50},
    )


def _proxies() -> None:
    op.create_table(
        "proxy_pools",
        sa.Column("id", BIG_ID, sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy_pools")),
        sa.UniqueConstraint("name", name=op.f("uq_proxy_pools_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "proxies",
        sa.Column("id", BIG_ID, sa.Identity(always=False), nullable=False),
        sa.Column("pool_id", BIG_ID, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("quarantined_until", UtcDateTime),
        sa.Column("last_used_at", UtcDateTime),
        sa.Column("last_ok_at", UtcDateTime),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxies")),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["proxy_pools.id"],
            name=op.f("fk_proxies_pool_id_proxy_pools"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("pool_id", "label", name=op.f("uq_proxies_pool_id_label")),
        sqlite_autoincrement=True,
    )
