"""Run by Alembic inside the transaction that `schema.upgrade` has opened."""

from __future__ import annotations

from alembic import context

from jobtracker_core.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can roll back DDL too, as long as nobody else begins and commits for us.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
