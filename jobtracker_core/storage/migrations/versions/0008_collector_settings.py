"""Settings of collectors that are set here, and the batches that others send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobtracker_core.storage.types import BIG_ID, Json, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the tables."""
    op.add_column("collectors", sa.Column("settings", Json, nullable=False, server_default="{}"))
    op.create_table(
        "collector_secrets",
        sa.Column("id", BIG_ID, sa.Identity(always=False), nullable=False),
        sa.Column("collector_id", BIG_ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collector_secrets")),
        sa.UniqueConstraint(
            "collector_id", "name", name=op.f("uq_collector_secrets_collector_id_name")
        ),
        sa.ForeignKeyConstraint(
            ["collector_id"],
            ["collectors.id"],
            name=op.f("fk_collector_secrets_collector_id_collectors"),
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ingest_batches",
        sa.Column("run_id", BIG_ID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_ingest_batches")),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["collector_runs.id"],
            name=op.f("fk_ingest_batches_run_id_collector_runs"),
            ondelete="CASCADE",
        ),
    )
