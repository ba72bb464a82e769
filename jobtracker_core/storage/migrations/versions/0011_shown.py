"""The jobs that lists show, so that they are counted along an index alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    shown = sa.text("dismissed_at IS NULL")
    op.create_index("ix_jobs_shown", "jobs", ["id"], postgresql_where=shown, sqlite_where=shown)
