"""Who set a site's limit, and what a site is left alone for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "sites",
        sa.Column("set_by_operator", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.add_column("rate_limits", sa.Column("cause", sa.Text))
