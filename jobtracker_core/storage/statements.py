"""Pieces of SQL in which the two databases differ."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from jobtracker_core.storage.types import to_json


def one_of(
    conn: Connection, column: ColumnElement[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """Say `column IN values` with a single parameter: no limit on their number, one cached plan."""
    dialect = conn.dialect.name
    return _among(dialect, column, sa.literal(packed(dialect, values), _list_of(dialect, column)))


def one_of_named(dialect: str, column: sa.Column[Any], name: str) -> ColumnElement[bool]:
    """Say the same in a statement that is made once; the parameter takes `packed()` values."""
    return _among(dialect, column, sa.bindparam(name, type_=_list_of(dialect, column)))


def packed(dialect: str, values: Sequence[Any]) -> Any:
    """Return values as one parameter."""
    return list(values) if dialect == "postgresql" else to_json(values)


def _list_of(dialect: str, column: ColumnElement[Any]) -> TypeEngine[Any]:
    if dialect == "postgresql":
        kind = sa.Text() if isinstance(column.type, sa.Text) else sa.BigInteger()
        return postgresql.ARRAY(kind)
    return sa.Text()


def _among(
    dialect: str, column: ColumnElement[Any], values: sa.BindParameter[Any]
) -> ColumnElement[bool]:
    if dialect == "postgresql":
        return column == sa.any_(values)
    entries = sa.func.json_each(values).table_valued("value")
    return column.in_(sa.select(entries.c.value))


def insert_or_ignore(conn: Connection, table: Table, *key: str) -> sa.Insert:
    """Insert rows; those whose key is there already are left as they are, and not locked."""
    return _insert_or_ignore(conn.dialect.name, table, *key)


# Statements are made once: that takes longer than running them on a page of a few postings.
@cache
def _insert_or_ignore(dialect: str, table: Table, *key: str) -> sa.Insert:
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=key)
    return sqlite.insert(table).on_conflict_do_nothing(index_elements=key)


def insert_or_replace(conn: Connection, table: Table, key: str) -> sa.Insert:
    """Insert rows; of those whose key is there already, every given column is set."""
    return _insert_or_replace(conn.dialect.name, table, key)


@cache
def _insert_or_replace(dialect: str, table: Table, key: str) -> sa.Insert:
    names = [column.name for column in table.columns if column.name != key]
    if dialect == "postgresql":
        on_pg = postgresql.insert(table)
        return on_pg.on_conflict_do_update(
            index_elements=[key], set_={name: on_pg.excluded[name] for name in names}
        )
    on_sqlite = sqlite.insert(table)
    return on_sqlite.on_conflict_do_update(
        index_elements=[key], set_={name: on_sqlite.excluded[name] for name in names}
    )


def reserve_ids(conn: Connection, table: Table, count: int) -> list[int]:
    """Take the next `count` row numbers, ascending. Needs a write transaction.

    With the numbers known beforehand, rows can be inserted in the order of their keys (so that two
    writers cannot deadlock) and still be numbered in the order they arrived, and whoever lost a
    race for a key sees it by the number.
    """
    if conn.dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        numbers = sa.select(sa.func.nextval(sa.cast(sequence, postgresql.REGCLASS))).select_from(
            sa.func.generate_series(1, count)
        )
        return sorted(conn.execute(numbers).scalars())
    last = conn.execute(
        sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}
    ).scalar()
    first = (last or 0) + 1
    return list(range(first, first + count))


@cache
def locked_ids(dialect: str, column: sa.Column[int]) -> sa.Select[Any]:
    """Select rows and lock them in sorted order, which an UPDATE by itself does not promise."""
    wanted = sa.select(column).where(one_of_named(dialect, column, "ids"))
    if dialect == "sqlite":
        return wanted
    return wanted.order_by(column).with_for_update(key_share=True)
