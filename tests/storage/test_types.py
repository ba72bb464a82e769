"""Columns mean the same on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import StatementError

from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.types import Json, UtcDateTime

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime),
    sa.Column("data", Json),
)


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    db: Database = open_database(database_url)
    with db.write() as conn:
        things.create(conn)
        yield conn
    db.close()


def _back(conn: Connection, **values: Any) -> Any:
    conn.execute(sa.insert(things).values(id=1, **values))
    return conn.execute(sa.select(things)).one()


def test_times_come_back_as_utc(conn: Connection) -> None:
    in_tokyo = datetime(2026, 3, 1, 8, 30, 0, 7, tzinfo=timezone(timedelta(hours=9)))
    back = _back(conn, at=in_tokyo).at
    assert back == in_tokyo
    assert back.tzinfo is UTC


def test_times_sort(conn: Connection) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    steps = [0, 1, 999_999, 1_000_000, 86_400_000_000]
    times = [start + timedelta(microseconds=step) for step in steps]
    for number, at in enumerate(reversed(times)):
        conn.execute(sa.insert(things).values(id=number, at=at))
    assert list(conn.scalars(sa.select(things.c.at).order_by(things.c.at))) == times
    late = sa.select(sa.func.count()).where(things.c.at > times[1])
    assert conn.scalar(late) == 3


def test_sqlite_keeps_times_as_text_of_fixed_width(conn: Connection, dialect: str) -> None:
    if dialect == "postgresql":
        kind = sa.text("SELECT pg_typeof(at)::text FROM things")
        _back(conn, at=datetime(2026, 3, 1, tzinfo=UTC))
        assert conn.scalar(kind) == "timestamp with time zone"
        return
    _back(conn, at=datetime(2026, 3, 1, tzinfo=UTC))
    assert conn.scalar(sa.text("SELECT at FROM things")) == "2026-03-01T00:00:00.000000Z"


def test_naive_times_are_refused(conn: Connection) -> None:
    with pytest.raises(StatementError, match="no time zone"):
        _back(conn, at=datetime(2026, 3, 1))  # noqa: DTZ001


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, "ü"]}, [], {}, "text", 0, False])
def test_json_comes_back(conn: Connection, value: Any) -> None:
    assert _back(conn, data=value).data == value


def test_none_is_null(conn: Connection) -> None:
    _back(conn, data=None, at=None)
    nulls = sa.select(sa.func.count()).where(things.c.data.is_(None), things.c.at.is_(None))
    assert conn.scalar(nulls) == 1
