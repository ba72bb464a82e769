"""The tables of who did what, and of requests that may come twice."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Index, Table, Text

from jobtracker_core.storage.columns import among, metadata, row_id, time
from jobtracker_core.storage.types import BIG_ID, Json

ACTORS = ("local", "user", "token", "anonymous")

# Names, not foreign keys: an account or a token may go, what it did stays.
audit_log = Table(
    "audit_log",
    metadata,
    row_id(),
    time("at", required=True),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", BIG_ID),
    Column("actor_name", Text, nullable=False),
    Column("address", Text),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("data", Json, nullable=False),
    CheckConstraint(among("actor_kind", ACTORS), name="actor_kind"),
    Index("ix_audit_log_target", "target", "id"),
    sqlite_autoincrement=True,
)

# What is done stays told, even for whoever has the program's own connection.
_TRIGGERS = {
    "postgresql": (
        """CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN
IF TG_OP = 'DELETE' AND current_setting('jobtracker.retention', true) = 'on' THEN
  RETURN OLD;
END IF;
RAISE EXCEPTION 'the audit log is append-only';
END$$""",
        """CREATE TRIGGER audit_log_rows BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_refuse()""",
        """CREATE TRIGGER audit_log_whole BEFORE TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()""",
    ),
    "sqlite": (
        """CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        # REPLACE deletes without telling the trigger above.
        """CREATE TRIGGER audit_log_replace BEFORE INSERT ON audit_log
WHEN NEW.id IN (SELECT id FROM audit_log)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    ),
}


@sa.event.listens_for(audit_log, "after_create")
def _refuse_changes(_table: Table, connection: sa.Connection, **_: object) -> None:
    for statement in _TRIGGERS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


# To switch a trigger off takes a lock on PostgreSQL that each of the log's writers waits for, and
# that waits for each of them.
_LET_DELETE = {
    "postgresql": (
        "SET LOCAL jobtracker.retention = 'on'",
        "SET LOCAL jobtracker.retention = 'off'",
    ),
    "sqlite": ("DROP TRIGGER audit_log_delete", _TRIGGERS["sqlite"][1]),
}


def delete_entries(connection: sa.Connection, gone: sa.Delete) -> int:
    """Delete rows of the audit log; return how many. Nothing but retention may do so.

    The refusal is taken away and put back within the caller's transaction: to all others it is
    there all the time.
    """
    before, after = _LET_DELETE[connection.dialect.name]
    connection.exec_driver_sql(before)
    count = connection.execute(gone).rowcount
    connection.exec_driver_sql(after)
    return count


request_keys = Table(
    "request_keys",
    metadata,
    Column("actor", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", sa.LargeBinary, nullable=False),
    Column("answer", Text),
    time("created_at", required=True),
    sa.PrimaryKeyConstraint("actor", "key"),
    Index("ix_request_keys_created_at", "created_at"),
)
