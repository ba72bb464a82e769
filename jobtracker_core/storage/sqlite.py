"""Connections to a SQLite file, set up as this program needs them."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from jobtracker_core.storage.errors import NotWritable

OLDEST = (3, 35)
"""The first SQLite with RETURNING."""

_WAIT_S = 10.0
_JOURNAL_BYTES = 64 * 1024 * 1024
_CACHE_KB = 8_000
"""Four times the usual: a page of a thousand known jobs touches as many places of a large file, and
what does not fit is written twice."""


def connect_writer(path: Path) -> sqlite3.Connection:
    """Connect for writing; creates the file and its directory where they are missing.

    Raises:
        NotWritable: The directory cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(
            f"sqlite:///{path}: its directory cannot be made: {error.strerror}",
            "Make the parent directory writable, or name another file.",
        ) from error
    connection = _connect(path, "rwc")
    try:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
        connection.execute(f"PRAGMA journal_size_limit={_JOURNAL_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Connect for reading; a file that does not exist is an error and stays so."""
    connection = _connect(path, "rw")
    # SQLite's own lower() knows ASCII only, so that a search for "ärztin" would miss "ÄRZTIN".
    connection.create_function("lower", 1, _lower, deterministic=True)
    connection.execute("PRAGMA query_only=1")
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=_WAIT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _lower(value: str | bytes | float | None) -> str | bytes | float | None:
    return value.lower() if isinstance(value, str) else value


def _use_wal(connection: sqlite3.Connection) -> None:
    # Changing the journal's kind does not wait for other connections as statements do.
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            locked = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not locked or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
