"""Many rows at once through the driver: COPY on PostgreSQL, `executemany` on SQLite.

The values are the driver's own, as `storable` makes them: no type of SQLAlchemy's is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.exc import DBAPIError

from jobtracker_core.storage.types import Json, UtcDateTime, to_json

Row = tuple[Any, ...]

# Subclasses before what they are made of.
_BINARY: Final[tuple[tuple[type, str], ...]] = (
    (UtcDateTime, "timestamptz"),
    (Json, "jsonb"),
    (sa.Text, "text"),
    (sa.SmallInteger, "int2"),
    (sa.BigInteger, "int8"),
    (sa.Integer, "int4"),
    (sa.Double, "float8"),
    (sa.Boolean, "bool"),
    (sa.LargeBinary, "bytea"),
    (TSVECTOR, "tsvector"),
)


def storable(conn: Connection) -> tuple[Callable[[datetime], Any], Callable[[Any], Any]]:
    """Return how times and JSON values are given to the driver; None needs no change."""
    if conn.dialect.name == "sqlite":
        return _time_as_text, to_json
    from psycopg.types.json import Jsonb  # noqa: PLC0415  (SQLite is used without the driver)

    return _same, lambda value: Jsonb(value, to_json)


def _time_as_text(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return f"{value.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _same(value: datetime) -> datetime:
    return value


def insert(conn: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Insert rows that have all columns of a table, in their order; a conflict is an error."""
    if conn.dialect.name == "sqlite":
        given = rows if isinstance(rows, list) else list(rows)
        if given:
            conn.exec_driver_sql(_insert(table), given)
    else:
        _copy(conn, table, rows)


@cache
def _insert(table: Table) -> str:
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks})"  # noqa: S608  (constants)


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def _copy(conn: Connection, table: Table, rows: Iterable[Row]) -> None:
    import psycopg  # noqa: PLC0415  (SQLite is used without the driver)

    statement, types = _copy_statement(table)
    driver: Any = conn.connection.dbapi_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        # As SQLAlchemy raises it, so that it is translated like all others.
        wrapped = DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, dialect=conn.dialect
        )
        raise wrapped from error


@cache
def _copy_statement(table: Table) -> tuple[str, Sequence[str]]:
    """Return the statement, and the types of its columns."""
    statement = f"COPY {table.name} ({_names(table)}) FROM STDIN (FORMAT BINARY)"
    return statement, [_binary(column) for column in table.columns]


def _binary(column: sa.Column[Any]) -> str:
    for kind, name in _BINARY:
        if isinstance(column.type, kind):
            return name
    raise TypeError(f"{column}: {column.type!r} is not copied")
