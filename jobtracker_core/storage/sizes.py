"""How much room everything in the database takes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage import indexing, schema
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.indexing import Lag

COUNTED: Final = 100_000
"""Rows up to which, as it seems, a table is counted; beyond, their number is estimated."""

READ_BYTES: Final = 256 * 1024**2
"""Up to this size, a SQLite file is read through to say how much each table takes."""


_OF_AN_INDEX: Final = ("data", "idx", "content", "docsize", "config")


class TableSize(Struct, frozen=True, kw_only=True):
    """A table.

    Attributes:
        estimated: `rows` was not counted.
        bytes: Without its indexes; None where that was not looked at.
        dead_rows: Rows that were deleted or replaced and whose room is not free yet, estimated;
            None on SQLite, which has none.
    """

    name: str
    rows: int
    estimated: bool
    bytes: int | None
    index_bytes: int | None
    dead_rows: int | None = None


class DatabaseSizes(Struct, frozen=True, kw_only=True):
    """A database.

    Attributes:
        database: Its URL without passwords.
        schema: The revision it is at.
        bytes: All of it: the file on SQLite, without its log.
        wal_bytes: SQLite's log beside the file; None on PostgreSQL, whose log is its server's.
        free_bytes: Room in the file that nothing uses; None on PostgreSQL.
        disk_free_bytes: What is left on the disk of the file; None on PostgreSQL.
        index: How far the index of words is behind.
        tables: The largest first; where sizes are not known, those with most rows.
    """

    database: str
    engine: Literal["sqlite", "postgresql"]
    schema: str | None
    bytes: int
    wal_bytes: int | None
    free_bytes: int | None
    disk_free_bytes: int | None
    index: Lag
    tables: tuple[TableSize, ...]


class _Room(Struct, frozen=True, kw_only=True):
    bytes: int | None = None
    index_bytes: int | None = None
    rows: int | None = None
    dead_rows: int | None = None


def total(db: Database) -> int:
    """Return how many bytes the database takes, the log of a SQLite file included; quick."""
    if db.path is not None:
        return _size(db.path) + _size(log_of(db.path))
    with db.read() as conn:
        return _total_on_server(conn)


def read(db: Database, *, exact: bool = False) -> DatabaseSizes:
    """Look at everything; with `exact`, count each row and read all of a large file too.

    Without, it takes well below a second at any size.
    """
    status = schema.check(db)
    with db.read() as conn:
        if db.path is None:
            whole, free = _total_on_server(conn), None
            rooms = _rooms_on_server(conn)
        else:
            pages = {name: _pragma(conn, name) for name in ("page_count", "freelist_count")}
            page = _pragma(conn, "page_size")
            whole, free = pages["page_count"] * page, pages["freelist_count"] * page
            rooms = _rooms_in_file(conn) if exact or whole <= READ_BYTES else {}
        found = [
            _table(conn, name, rooms.get(name, _Room()), exact=exact) for name in _tables(conn)
        ]
        behind = indexing.lag(conn)
    path = db.path
    return DatabaseSizes(
        database=db.display_url,
        engine=db.dialect,
        schema=status.current,
        bytes=whole,
        wal_bytes=None if path is None else _size(log_of(path)),
        free_bytes=free,
        disk_free_bytes=None if path is None else shutil.disk_usage(path.parent).free,
        index=behind,
        tables=tuple(sorted(found, key=_weight, reverse=True)),
    )


def log_of(path: Path) -> Path:
    """Return the log of a SQLite file, which is there while somebody uses the file."""
    return path.with_name(f"{path.name}-wal")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _weight(table: TableSize) -> tuple[int, int]:
    return (table.bytes or 0) + (table.index_bytes or 0), table.rows


def _tables(conn: Connection) -> Iterable[str]:
    names = sa.inspect(conn).get_table_names()
    parts = _parts(conn)
    return [name for name in names if name not in parts]


def _parts(conn: Connection) -> Mapping[str, str]:
    """Return the tables that SQLite keeps an index over texts in, each with that index's name."""
    if conn.dialect.name != "sqlite":
        return {}
    found = conn.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'"
    ).scalars()
    return {f"{name}_{part}": name for name in found for part in _OF_AN_INDEX}


def _table(conn: Connection, name: str, room: _Room, *, exact: bool) -> TableSize:
    # An index over texts keeps what it was given in a table of as many rows.
    rows_in = f"{name}_content" if f"{name}_content" in _parts(conn) else name
    estimate = _estimate(conn, rows_in, room)
    rows = estimate
    if is_counted := exact or estimate <= COUNTED:
        some = sa.select(sa.literal(1)).select_from(sa.table(rows_in))
        if not exact:  # a server may not have looked at a table yet, and think that it is empty
            some = some.limit(COUNTED + 1)
        counted = sa.select(sa.func.count()).select_from(some.subquery())
        rows = conn.execute(counted).scalar_one()
        is_counted = exact or rows <= COUNTED
    return TableSize(
        name=name,
        rows=rows,
        estimated=not is_counted,
        bytes=room.bytes,
        index_bytes=room.index_bytes,
        dead_rows=room.dead_rows,
    )


def _estimate(conn: Connection, name: str, room: _Room) -> int:
    if room.rows is not None:
        return room.rows
    quoted = conn.dialect.identifier_preparer.quote(name)
    # Both ends of the file's own order: quick, and too much only where rows between are gone.
    ends = f"SELECT (SELECT max(rowid) FROM {quoted}) - (SELECT min(rowid) FROM {quoted}) + 1"  # noqa: S608  (a name of ours)
    return int(conn.exec_driver_sql(ends).scalar() or 0)


def _pragma(conn: Connection, name: str) -> int:
    return int(conn.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def _rooms_in_file(conn: Connection) -> Mapping[str, _Room]:
    options = conn.exec_driver_sql("PRAGMA compile_options").scalars()
    if "ENABLE_DBSTAT_VTAB" not in set(options):
        return {}
    parts = conn.exec_driver_sql(
        "SELECT m.tbl_name, m.type, sum(d.pgsize) FROM dbstat d JOIN sqlite_master m USING (name) "
        "WHERE d.aggregate = 1 GROUP BY m.tbl_name, m.type"
    )
    owners = _parts(conn)
    found: dict[str, dict[str, int]] = {}
    for table, kind, size in parts:
        # All of an index over texts is an index.
        where = "index" if table in owners else kind
        sizes = found.setdefault(owners.get(table, table), {})
        sizes[where] = sizes.get(where, 0) + int(size)
    return {
        table: _Room(bytes=sizes.get("table", 0), index_bytes=sizes.get("index", 0))
        for table, sizes in found.items()
    }


_ON_SERVER = """
SELECT c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid),
       greatest(c.reltuples, s.n_live_tup)::bigint, s.n_dead_tup
FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relkind = 'r' AND c.oid = to_regclass(quote_ident(c.relname))
"""


def _rooms_on_server(conn: Connection) -> Mapping[str, _Room]:
    rows: Iterable[Any] = conn.exec_driver_sql(_ON_SERVER)
    return {
        name: _Room(bytes=size, index_bytes=index, rows=count, dead_rows=dead)
        for name, size, index, count, dead in rows
    }


def _total_on_server(conn: Connection) -> int:
    found = conn.exec_driver_sql("SELECT pg_database_size(current_database())")
    return int(found.scalar_one())
