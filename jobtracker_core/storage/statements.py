"""Pieces of SQL in which the two databases differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from jobtracker_core.storage.types import to_json


def one_of(conn: Connection, column: sa.Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Say `column IN values` with a single parameter: no limit on their number, one cached plan."""
    if conn.dialect.name == "postgresql":
        kind = sa.Text() if isinstance(column.type, sa.Text) else sa.BigInteger()
        return column == sa.any_(sa.literal(list(values), postgresql.ARRAY(kind)))
    entries = sa.func.json_each(sa.literal(to_json(values), sa.Text())).table_valued("value")
    return column.in_(sa.select(entries.c.value))


def insert_or_ignore(conn: Connection, table: Table, *key: str) -> sa.Insert:
    """Insert rows; those whose key is there already are left as they are, and not locked."""
    if conn.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=key)
    return sqlite.insert(table).on_conflict_do_nothing(index_elements=key)


def insert_or_replace(conn: Connection, table: Table, key: str) -> sa.Insert:
    """Insert rows; of those whose key is there already, every given column is set."""
    names = [column.name for column in table.columns if column.name != key]
    if conn.dialect.name == "postgresql":
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
