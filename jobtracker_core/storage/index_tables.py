"""The index of words: what a search looks in. It is another table on each of the two databases.

Which jobs' descriptions are not in it yet stands in `queue_tables.index_queue`.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, Connection, ForeignKey, Index, MetaData, Table, event
from sqlalchemy.dialects.postgresql import TSVECTOR

from jobtracker_core.storage.columns import metadata
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.types import BIG_ID

# Apart from all others, which are the same on both.
job_index = Table(
    "job_index",
    MetaData(naming_convention=metadata.naming_convention),
    Column(
        "job_id",
        BIG_ID,
        ForeignKey(jobs.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("words", TSVECTOR, nullable=False),
    Column("has_body", sa.Boolean, nullable=False, server_default=sa.false()),
)
"""The index on PostgreSQL."""
Index("ix_job_index_words", job_index.c.words, postgresql_using="gin")

job_index_fts: Final = sa.table(
    "job_index",
    sa.column("rowid", BIG_ID),
    *(sa.column(name, sa.Text) for name in ("title", "company", "skills", "place", "body")),
    sa.column("facets", sa.Text),
)
"""The index on SQLite, of FTS5's kind: the row id is the job's number."""

# Words are only letters and digits; the signs are those of facets and of breaks within a field.
# Nothing asks for bm25, so that the lengths of the columns need not be kept.
_FTS: Final = (
    "CREATE VIRTUAL TABLE job_index USING fts5(title, company, skills, place, body, facets,"
    " tokenize=\"ascii tokenchars '=_:-'\", columnsize=0)"
)
# Putting parts of it together is the indexer's, as on PostgreSQL. Where none is at work, sixteen of
# a size are put together by whoever writes the last of them.
_FTS_PARTS: Final = "INSERT INTO job_index(job_index, rank) VALUES ('automerge', 0)"
_FTS_DELETE: Final = (
    "CREATE TRIGGER job_index_delete AFTER DELETE ON jobs"
    " BEGIN DELETE FROM job_index WHERE rowid = OLD.id; END"
)


@event.listens_for(jobs, "after_create")
def _make(_table: Table, conn: Connection, **_: Any) -> None:
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(_FTS)
        conn.exec_driver_sql(_FTS_PARTS)
        conn.exec_driver_sql(_FTS_DELETE)
    else:
        job_index.create(conn)
