"""Rows that a person changes: each has a version, so that no change overwrites an unseen one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from jobtracker_core.storage.errors import NotFound, Stale
from jobtracker_core.storage.rows import plain
from jobtracker_core.storage.types import LARGEST_ID


def missing(kind: str, number: int) -> NotFound:
    """Return the error for a row that is not there; `kind` is its noun, such as "contact"."""
    plural = (
        f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}{'es' * kind.endswith('s') or 's'}"
    )
    return NotFound(f"there is no {kind} {number}", f"List the {plural} to see their numbers.")


def known(number: int) -> int:
    """Return a number that may be a row's; the drivers fail on larger ones than the column's."""
    return number if 0 < number <= LARGEST_ID else 0


def find(conn: Connection, table: Table, kind: str, number: int) -> dict[str, Any]:
    """Return a row; raises NotFound."""
    statement = sa.select(table).where(_key(table) == known(number))
    row = conn.execute(statement).mappings().first()
    if row is None:
        raise missing(kind, number)
    return plain(row)


def hold(
    conn: Connection, table: Table, kind: str, number: int, expected: int | None = None
) -> dict[str, Any]:
    """Return a row that nobody else changes until the transaction ends.

    Raises:
        NotFound: It is not there.
        Stale: It is at another version than `expected`; None is any.
    """
    statement = sa.select(table).where(_key(table) == known(number))
    row = conn.execute(statement.with_for_update(key_share=True)).mappings().first()
    if row is None:
        raise missing(kind, number)
    if expected is not None and row["version"] != expected:
        raise Stale(f"{kind} {number}", expected=expected, current=row["version"])
    return plain(row)


def save(
    conn: Connection,
    table: Table,
    row: Mapping[str, Any],
    values: Mapping[str, Any],
    at: datetime,
    *,
    stamp: str = "updated_at",
    differs: bool = False,
) -> dict[str, Any]:
    """Write what differs to a held row and count its version up; return the row as it is then.

    What does not differ is no change: nothing is written, the version stays, unless `differs` says
    that something else that belongs to the row does.
    """
    differing = {name: value for name, value in values.items() if row[name] != value}
    if not differing and not differs:
        return dict(row)
    differing |= {"version": row["version"] + 1, stamp: at}
    key = _key(table)
    conn.execute(sa.update(table).where(key == row[key.name]).values(differing))
    return {**row, **differing}


def remove(conn: Connection, table: Table, kind: str, number: int, expected: int | None) -> None:
    """Delete a row; raises NotFound and Stale."""
    hold(conn, table, kind, number, expected)
    conn.execute(sa.delete(table).where(_key(table) == number))


def _key(table: Table) -> sa.Column[int]:
    [key] = table.primary_key.columns
    return key
