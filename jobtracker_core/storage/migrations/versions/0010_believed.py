"""Suspect runs that somebody looked into and found right."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobtracker_core.storage.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("collector_runs", sa.Column("believed_at", UtcDateTime))
