"""When each user was here, and when they were before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobtracker_core.storage.types import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("users", sa.Column("visited_at", UtcDateTime))
    op.add_column("users", sa.Column("previous_visit_at", UtcDateTime))
