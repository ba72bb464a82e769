"""The index of words: what a search looks in, and which jobs' descriptions are not in it yet."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, Connection, ForeignKey, Index, Table, event
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable

from jobtracker_core.storage.columns import metadata, time
from jobtracker_core.storage.types import BIG_ID

# On SQLite this is what `create_all` leaves out: there, FTS5 keeps the words (see below).
job_index = Table(
    "job_index",
    metadata,
    Column(
        "job_id",
        BIG_ID,
        ForeignKey("jobs.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("words", TSVECTOR().with_variant(sa.Text(), "sqlite"), nullable=False),
    Column("has_body", sa.Boolean, nullable=False, server_default=sa.false()),
)
Index("ix_job_index_words", job_index.c.words, postgresql_using="gin").ddl_if("postgresql")

job_index_fts: Final = sa.table(
    "job_index",
    sa.column("rowid", BIG_ID),
    *(sa.column(name, sa.Text) for name in ("title", "company", "skills", "place", "body")),
    sa.column("facets", sa.Text),
)
"""The same on SQLite: the row id is the job's number."""

# Words are only letters and digits; the signs are those of facets and of breaks within a field.
# Nothing asks for bm25, so that the lengths of the columns need not be kept.
FTS: Final = (
    "CREATE VIRTUAL TABLE job_index USING fts5(title, company, skills, place, body, facets,"
    " tokenize=\"ascii tokenchars '=_:-'\", columnsize=0)"
)
FTS_DELETE: Final = (
    "CREATE TRIGGER job_index_delete AFTER DELETE ON jobs"
    " BEGIN DELETE FROM job_index WHERE rowid = OLD.id; END"
)

# No foreign key: a page would pay for it with every row. What has lost its job, the indexer drops.
index_queue = Table(
    "index_queue",
    metadata,
    Column("job_id", BIG_ID, primary_key=True, autoincrement=False),
    time("at", required=True),
)


@compiles(CreateTable, "sqlite")
def _create(element: CreateTable, compiler: Any, **options: Any) -> str:
    if element.element is job_index:
        return FTS
    made: str = compiler.visit_create_table(element, **options)
    return made


@event.listens_for(job_index, "after_create")
def _add_trigger(_table: Table, conn: Connection, **_: Any) -> None:
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(FTS_DELETE)
