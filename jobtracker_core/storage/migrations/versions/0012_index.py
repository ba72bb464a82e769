"""The index of words. Jobs that are there are put into the queue of those that miss in it."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from jobtracker_core.storage.types import BIG_ID, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_FTS = (
    "CREATE VIRTUAL TABLE job_index USING fts5(title, company, skills, place, body, facets,"
    " tokenize=\"ascii tokenchars '=_:-'\", columnsize=0)"
)
_FTS_DELETE = (
    "CREATE TRIGGER job_index_delete AFTER DELETE ON jobs"
    " BEGIN DELETE FROM job_index WHERE rowid = OLD.id; END"
)
# All but the first were so from the first tables on, if the server offered it at that time.
_LARGE = {
    "job_index": ("words",),
    "companies": ("description",),
    "job_texts": ("description", "raw"),
    "job_changes": ("changes",),
    "collector_runs": ("error_detail",),
}


def upgrade() -> None:
    """Make the tables, and put every job into the queue."""
    if op.get_bind().dialect.name == "postgresql":
        _words()
        _compress()
    else:
        op.execute(_FTS)
        op.execute(_FTS_DELETE)
    _find_few()
    queue = op.create_table(
        "index_queue",
        sa.Column("job_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_index_queue")),
    )
    moment = sa.literal(datetime.now(UTC), UtcDateTime)
    every = sa.select(sa.table("jobs", sa.column("id", BIG_ID)).c.id, moment)
    op.execute(sa.insert(queue).from_select(["job_id", "at"], every))


def _words() -> None:
    op.create_table(
        "job_index",
        sa.Column("job_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("words", TSVECTOR, nullable=False),
        sa.Column("has_body", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_index")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_index_job_id_jobs"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_job_index_words", "job_index", ["words"], postgresql_using="gin")


def _find_few() -> None:
    for name in ("closed", "dismissed"):
        given = sa.text(f"{name}_at IS NOT NULL")
        op.create_index(
            f"ix_jobs_{name}", "jobs", ["id"], postgresql_where=given, sqlite_where=given
        )
    op.create_index("ix_jobs_url", "jobs", ["url"], postgresql_using="hash")
    op.create_index("ix_jobs_first_seen_at", "jobs", ["first_seen_at"])


def _compress() -> None:
    offered = op.get_bind().scalar(
        sa.text(
            "SELECT 1 FROM pg_settings"
            " WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"
        )
    )
    for table, columns in _LARGE.items() if offered else ():
        for column in columns:
            op.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" SET COMPRESSION lz4')
