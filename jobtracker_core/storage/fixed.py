"""Statements that are sent so often that making and sending them has to cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError

Row = tuple[Any, ...]


class _Text(Struct, frozen=True):
    """A statement as a driver takes it: its parameters in their order, or by name."""

    sql: str
    order: tuple[str, ...] | None
    values: Mapping[str, Any]
    processors: Mapping[str, Callable[[Any], Any]]

    def parameters(self, given: Mapping[str, Any]) -> Any:
        values = {**self.values, **given}
        for name, process in self.processors.items():
            if name in given:
                values[name] = process(values[name])
        return values if self.order is None else tuple(values[name] for name in self.order)


class Fixed:
    """A statement that SQLAlchemy makes once; what it gives are the driver's own values.

    SQLAlchemy looks at all parts of a statement and of an answer with each execution, which takes
    longer than both databases take for a page of a list. Times are text on SQLite, and truth values
    numbers. Safe to share between threads.

    Args:
        statement: Its named parameters are given to `rows`; it has no lists of values.
        stable: Whether the same plan is the best one whatever its values are. PostgreSQL then keeps
            the plan; if not, it makes one for the values of each time.
    """

    def __init__(self, statement: sa.Select[Any], *, stable: bool) -> None:
        self._statement = statement
        self._stable = stable
        self._texts: dict[str, _Text] = {}

    def rows(self, conn: Connection, values: Mapping[str, Any] | None = None) -> list[Row]:
        """Run it; raises what `conn.execute` raises."""
        sql, parameters = self.sent(conn, values)
        driver: Any = conn.connection.dbapi_connection
        postgresql = conn.dialect.name == "postgresql"
        # Binary, because times would be read from text one by one.
        cursor = driver.cursor(binary=True) if postgresql else driver.cursor()
        try:
            if postgresql:
                cursor.execute(sql, parameters, prepare=None if self._stable else False)
            else:
                cursor.execute(sql, parameters)
            found: list[Row] = cursor.fetchall()
        except conn.dialect.loaded_dbapi.Error as error:
            raise _explained(conn, sql, error, cursor) from error
        finally:
            cursor.close()
        return found

    def sent(self, conn: Connection, values: Mapping[str, Any] | None = None) -> tuple[str, Any]:
        """Return what the driver is sent: the statement, and its parameters."""
        text = self._texts.get(conn.dialect.name)
        if text is None:
            text = self._texts[conn.dialect.name] = _compile(self._statement, conn.dialect)
        return text.sql, text.parameters(values or {})


def _compile(statement: sa.Select[Any], dialect: Dialect) -> _Text:
    made: Any = statement.compile(dialect=dialect)
    values: dict[str, Any] = {}
    processors: dict[str, Callable[[Any], Any]] = {}
    for parameter, name in made.bind_names.items():
        if parameter.expanding or parameter.literal_execute:
            raise TypeError(f"{name}: a fixed statement has no lists of values")
        process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
        if process is not None:
            processors[name] = process
        if not parameter.required:
            value = parameter.effective_value
            values[name] = value if process is None else process(value)
    order = tuple(made.positiontup) if made.positional else None
    return _Text(made.string, order, values, processors)


def _explained(conn: Connection, sql: str, error: Any, cursor: Any) -> Exception:
    """Return an error as SQLAlchemy raises it, and give up a connection that is lost."""
    dialect, kind = conn.dialect, conn.dialect.loaded_dbapi.Error
    lost = dialect.is_disconnect(error, conn.connection.dbapi_connection, cursor)
    if lost:
        conn.invalidate(error)
    made: Exception = DBAPIError.instance(
        sql, None, error, kind, hide_parameters=True, connection_invalidated=lost, dialect=dialect
    )
    return made
