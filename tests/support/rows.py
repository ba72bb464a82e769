"""Rows that the tests of the database set and read past the functions under test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from jobtracker_core.contract.run import Counts
from jobtracker_core.storage import runs
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.tables import collector_runs, collectors

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add_collector(conn: sa.Connection, name: str) -> None:
    conn.execute(sa.insert(collectors).values(name=name, created_at=NOON, updated_at=NOON))


def collector_names(db: Database) -> list[str]:
    with db.read() as conn:
        return list(conn.execute(sa.select(collectors.c.name)).scalars())


def write_a(db: Database) -> None:
    with db.write() as conn:
        add_collector(conn, "a")


def set_run(db: Database, run_id: int, **values: Any) -> None:
    with db.write() as conn:
        conn.execute(
            sa.update(collector_runs).where(collector_runs.c.id == run_id).values(**values)
        )


def set_collector(db: Database, name: str, **values: Any) -> None:
    with db.write() as conn:
        conn.execute(sa.update(collectors).where(collectors.c.name == name).values(**values))


def checkpoint(db: Database, claim: runs.Claim, **facts: Any) -> None:
    with db.write() as conn:
        runs.checkpoint(conn, claim, **{"counts": Counts(), **facts})


def rescue(db: Database) -> tuple[runs.Rescued, ...]:
    with db.write() as conn:
        return runs.rescue(conn)
