"""Whether a database has the tables this program needs, and making them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import (
    UPGRADE_COMMAND,
    NotADatabase,
    NotWritable,
    SchemaTooNew,
    SchemaTooOld,
)
from jobtracker_core.storage.migrations import REVISIONS

_LOCK = 7_203_441_966_201
"""Key of the advisory lock that one upgrade at a time holds; any number that nobody else uses."""

_VERSION_TABLE = "alembic_version"


class SchemaStatus(Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        current: The revision the database is at; None where it says none.
        head: The revision this program needs.
        state: `empty`: no tables at all. `newer`: a revision this program does not know.
            `foreign`: tables of somebody else.
    """

    current: str | None
    head: str
    state: Literal["current", "behind", "empty", "newer", "foreign"]


def check(db: Database) -> SchemaStatus:
    """Look what is there, in a read transaction. A SQLite file that does not exist is `empty`."""
    if not _is_there(db):
        return SchemaStatus(current=None, head=REVISIONS[-1], state="empty")
    with db.read() as conn:
        return _look(conn)


def _is_there(db: Database) -> bool:
    if db.path is None:
        return True
    try:
        return db.path.exists()
    except OSError as error:
        raise NotWritable(
            f"{db.display_url}: {error.strerror}", "Name a directory that you may enter and write."
        ) from error


def require_current(db: Database) -> None:
    """Refuse to work on other tables than this program's.

    Raises:
        SchemaTooOld: They are missing or older.
        SchemaTooNew: A newer program made them.
        NotADatabase: They are of another program.
    """
    status = check(db)
    _refuse(db, status)
    if status.state != "current":
        found = "has no tables yet" if status.current is None else f"is at {status.current}"
        raise SchemaTooOld(
            f"{db.display_url}: the database {found}, this program needs {status.head}",
            f"Run `{UPGRADE_COMMAND}`.",
        )


def upgrade(db: Database) -> SchemaStatus:
    """Bring the tables up to date, all of it in one transaction; return what was there before.

    Any number of processes may do so at once: one works, the others wait and find it done.

    Raises:
        SchemaTooNew: A newer program made the tables; nothing was changed.
        NotADatabase: The tables are of another program; nothing was changed.
    """
    # Looked at first through a connection that cannot write: connecting for writing would already
    # change the header of somebody else's file.
    status = check(db)
    _refuse(db, status)
    if status.state == "current":
        return status
    with db.write() as conn:
        if db.dialect == "postgresql":
            _wait_for_turn(conn)
        status = _look(conn)
        _refuse(db, status)
        if status.state != "current":
            _migrate(conn)
    return status


def _look(conn: Connection) -> SchemaStatus:
    head = REVISIONS[-1]
    tables = set(sa.inspect(conn).get_table_names())
    versions: list[str] = []
    if _VERSION_TABLE in tables:
        versions = list(
            conn.execute(sa.text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalars()  # noqa: S608  (a constant)
        )
    if not versions:
        others = tables - {_VERSION_TABLE}
        return SchemaStatus(current=None, head=head, state="foreign" if others else "empty")
    current = ", ".join(sorted(versions))
    if current == head:
        return SchemaStatus(current=current, head=head, state="current")
    state: Literal["behind", "newer"] = "behind" if current in REVISIONS else "newer"
    return SchemaStatus(current=current, head=head, state=state)


def _refuse(db: Database, status: SchemaStatus) -> None:
    if status.state == "newer":
        raise SchemaTooNew(
            f"{db.display_url}: the database is at {status.current}, which this program does not "
            f"know (it knows up to {status.head})",
            "Update the program, or name another database; this one was left as is.",
        )
    if status.state == "foreign":
        raise NotADatabase(
            f"{db.display_url}: the database holds tables of another program",
            "Name another database; this one was left as is.",
        )


def _wait_for_turn(conn: Connection) -> None:
    from jobtracker_core.storage.postgresql import wait_for_any_time  # noqa: PLC0415

    # The limits of daily work are too short for a migration, and for waiting for somebody else's.
    wait_for_any_time(conn)
    conn.execute(sa.text("SET LOCAL statement_timeout = 0"))
    conn.execute(sa.text("SET LOCAL lock_timeout = '5min'"))
    conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _migrate(conn: Connection) -> None:
    from alembic import command  # noqa: PLC0415  (0.2 s that only an upgrade needs)
    from alembic.config import Config  # noqa: PLC0415

    config = Config(stdout=io.StringIO(), attributes={"connection": conn})
    # '%' is doubled for the parser of ini files that stands behind this.
    folder = str(Path(__file__).with_name("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
