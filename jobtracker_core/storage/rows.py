"""Rows become Structs, so that nothing above storage sees a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import GenericAlias
from typing import Any, Generic, TypeVar, get_type_hints

import msgspec
import sqlalchemy as sa
from msgspec.json import Decoder
from sqlalchemy import ColumnElement, Connection, CursorResult

from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.types import Json, UtcDateTime

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
    SQLite times are text, which msgspec reads by itself, and a boolean is a number. JSON is read
    from its text on both, as what it is in the end.

    Args:
        kind: The Struct; a column has the name of its field.
        columns: What the statements select, in their order.

    Attributes:
        columns: What a statement selects that is to be read. With JSON among it, nothing else will
            do; otherwise the columns that were given are the same.
    """

    def __init__(self, kind: type[T], columns: Sequence[sa.Column[Any]]) -> None:
        self._list: Any = GenericAlias(list, (kind,))
        self._names = tuple(str(column.name) for column in columns)
        # As one element: SQLAlchemy looks at each of them with each execution.
        self.columns: ColumnElement[Any] = sa.literal_column(", ".join(map(_selected, columns)))
        hints = get_type_hints(kind)
        self._json = [
            (index, Decoder(hints[str(column.name)]).decode)
            for index, column in enumerate(columns)
            if isinstance(column.type, Json)
        ]
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
        self,
        conn: Connection,
        statement: sa.Select[Any] | Fixed,
        values: Mapping[str, Any] | None = None,
    ) -> list[T]:
        """Run a statement and return its rows."""
        rows: Sequence[Sequence[Any]]
        if isinstance(statement, Fixed):
            rows = statement.rows(conn, values)
        else:
            rows = _fetch(conn.execute(statement, values))
        booleans = self._booleans if conn.dialect.name == "sqlite" else []
        if booleans or self._json:
            rows = [self._decoded(row, booleans) for row in rows]
        names = self._names
        named = [dict(zip(names, row, strict=True)) for row in rows]
        read: list[T] = msgspec.convert(named, self._list)
        return read

    def _decoded(self, row: Sequence[Any], booleans: Sequence[int]) -> list[Any]:
        cells = list(row)
        for index, decode in self._json:
            if cells[index] is not None:
                cells[index] = decode(cells[index])
        for index in booleans:
            cells[index] = bool(cells[index])
        return cells


def _selected(column: sa.Column[Any]) -> str:
    name = str(column)
    return f"CAST({name} AS TEXT) AS {column.name}" if isinstance(column.type, Json) else name


def _fetch(result: CursorResult[Any]) -> list[Sequence[Any]]:
    cursor = result.cursor
    if cursor is None:
        raise TypeError("the statement gives no rows")
    rows = list(cursor.fetchall())
    result.close()
    return rows
