"""Rows become Structs, so that nothing above storage sees a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, CursorResult

from jobtracker_core.storage.types import Json, UtcDateTime, from_json

T = TypeVar("T")


def plain(row: sa.RowMapping) -> dict[str, Any]:
    """Return a row as a dict whose keys are exactly `str`, which msgspec insists on."""
    return {str(name): value for name, value in row.items()}


def to_struct(row: sa.RowMapping | Mapping[str, Any], kind: type[T]) -> T:
    """Turn a row that has all fields of `kind` into one."""
    return msgspec.convert({str(name): value for name, value in row.items()}, kind)


class Reader(Generic[T]):
    """Reads rows of certain columns into Structs of one kind, as fast as the driver gives them.

    For what is read often and in numbers. SQLAlchemy makes the SQL and sends it; the rows are
    fetched with the driver's own cursor, because a call in Python for every time and every JSON
    value costs more than all the rest of a list. What the drivers leave undone is done here: on
    SQLite times are text, which msgspec reads by itself, JSON is text, and a boolean is a number.

    Args:
        kind: The Struct; a column has the name of its field.
        columns: What the statements select, in their order.
    """

    def __init__(self, kind: type[T], columns: Sequence[sa.Column[Any]]) -> None:
        self._kind = kind
        self._names = tuple(str(column.name) for column in columns)
        self._json = [i for i, c in enumerate(columns) if isinstance(c.type, Json)]
        self._booleans = [i for i, c in enumerate(columns) if isinstance(c.type, sa.Boolean)]
        known = (
            Json,
            UtcDateTime,
            sa.Date,
            sa.Boolean,
            sa.Text,
            sa.Integer,
            sa.BigInteger,
            sa.Double,
        )
        for column in columns:
            if not isinstance(column.type, known):
                raise TypeError(f"{column}: rows of {column.type!r} are not read this way")

    def read(
        self, conn: Connection, statement: sa.Select[Any], values: Mapping[str, Any] | None = None
    ) -> list[T]:
        """Run a statement and return its rows."""
        result = conn.execute(statement, values)
        rows = _fetch(result)
        if conn.dialect.name == "sqlite":
            rows = [self._decoded(row) for row in rows]
        names = self._names
        return [msgspec.convert(dict(zip(names, row, strict=True)), self._kind) for row in rows]

    def _decoded(self, row: Sequence[Any]) -> list[Any]:
        cells = list(row)
        for index in self._json:
            if cells[index] is not None:
                cells[index] = from_json(cells[index])
        for index in self._booleans:
            cells[index] = bool(cells[index])
        return cells


def _fetch(result: CursorResult[Any]) -> list[Sequence[Any]]:
    cursor = result.cursor
    if cursor is None:
        raise TypeError("the statement gives no rows")
    rows = list(cursor.fetchall())
    result.close()
    return rows
