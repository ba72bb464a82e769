"""Driver errors become `StorageError`s: one clear line, and the next step."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy.exc
from sqlalchemy import URL

from jobtracker_core.storage.errors import (
    UPGRADE_COMMAND,
    Busy,
    NotADatabase,
    NotWritable,
    SchemaTooOld,
    StorageError,
    Unreachable,
    WrongAddress,
)

Outcome = tuple[type[StorageError], str, str]

_NO_TABLES: Outcome = (
    SchemaTooOld,
    "its tables are missing or older than this program",
    f"Run `{UPGRADE_COMMAND}`.",
)
_TRY_LATER = "Try again; if it stays so, look for a program that keeps the database locked."
_FREE_SPACE = "Free some space, then try again; what was stored before is safe."

# Keys are SQLSTATEs, or their first two characters (the class) where all of it means the same.
_POSTGRESQL: dict[str, Outcome] = {
    "42P01": _NO_TABLES,
    "42703": _NO_TABLES,
    "28": (Unreachable, "the server refuses the login", "Check user and password in the URL."),
    "3D000": (Unreachable, "the server has no such database", "Create it with `createdb`."),
    "08": (Unreachable, "the connection was lost", "Check that the server runs, then try again."),
    "57P": (Unreachable, "the server is shutting down", "Try again when the server is up."),
    "53300": (Unreachable, "the server has no connection left", "Raise its max_connections."),
    "53100": (NotWritable, "the server's disk is full", _FREE_SPACE),
    "25006": (NotWritable, "the server takes no writes here", "Name the primary, not a replica."),
    "42501": (NotWritable, "the user lacks a right", "Grant it, or make the user the owner."),
    "55P03": (Busy, "it was locked for too long", _TRY_LATER),
    "40": (Busy, "two writers were in each other's way", "Try again."),
    "57014": (Busy, "a statement took too long and was stopped", _TRY_LATER),
    "25P03": (Busy, "a transaction was idle for too long and was stopped", "Try again."),
}
# A refused start-up comes without an SQLSTATE; libpq gives the server's words only.
_POSTGRESQL_WORDS: tuple[tuple[str, Outcome], ...] = (
    ("password authentication failed", _POSTGRESQL["28"]),
    ("no password supplied", _POSTGRESQL["28"]),
    ("no pg_hba.conf entry", _POSTGRESQL["28"]),
    ('role "', _POSTGRESQL["28"]),
    ('database "', _POSTGRESQL["3D000"]),
    ("too many clients", _POSTGRESQL["53300"]),
    ("starting up", _POSTGRESQL["57P"]),
    ("shutting down", _POSTGRESQL["57P"]),
)

_SQLITE: dict[int, Outcome] = {
    sqlite3.SQLITE_BUSY: (Busy, "it was locked for too long", _TRY_LATER),
    sqlite3.SQLITE_LOCKED: (Busy, "it was locked for too long", _TRY_LATER),
    sqlite3.SQLITE_NOTADB: (
        NotADatabase,
        "the file is not a database",
        "Name another file; this one was left as is.",
    ),
    sqlite3.SQLITE_CORRUPT: (NotADatabase, "the file is damaged", "Restore it from a backup."),
    sqlite3.SQLITE_FULL: (NotWritable, "the disk is full", _FREE_SPACE),
    sqlite3.SQLITE_READONLY: (
        NotWritable,
        "the file is read-only",
        "Make it and its directory writable.",
    ),
    sqlite3.SQLITE_PERM: (
        NotWritable,
        "access to the file was refused",
        "Make it and its directory writable.",
    ),
    sqlite3.SQLITE_IOERR: (
        NotWritable,
        "the disk reports an error",
        "Check the disk and the space on it.",
    ),
}


def display(url: URL) -> str:
    """Render a database URL without its passwords, wherever they stand."""
    hidden = {key: "***" for key in url.query if "password" in key.lower()}
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}"
    shown = url.set(drivername="postgresql").update_query_dict(hidden)
    return shown.render_as_string(hide_password=True)


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Raise what a driver or the pool raises in the block as a `StorageError`."""
    try:
        yield
    except sqlalchemy.exc.TimeoutError as error:
        raise Busy(f"{display(url)}: all connections are in use", "Try again.") from error
    except sqlalchemy.exc.DBAPIError as error:
        cause = error.orig
        if isinstance(cause, sqlite3.Error):
            kind, what, hint = _from_sqlite(cause, Path(url.database or ""))
        else:
            kind, what, hint = _from_postgresql(cause, error)
        if url.password:
            what = what.replace(str(url.password), "***")
        raise kind(f"{display(url)}: {what}", hint) from error
    except sqlite3.Error as error:
        # Of a statement that was given to the driver itself.
        kind, what, hint = _from_sqlite(error, Path(url.database or ""))
        raise kind(f"{display(url)}: {what}", hint) from error


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).strip().splitlines()), "no message")


def _refused(cause: BaseException | None) -> Outcome:
    return (
        StorageError,
        f"the database refused a statement: {_first_line(cause)}",
        "This is a bug in the program; report it with the log.",
    )


def _from_postgresql(cause: BaseException | None, error: sqlalchemy.exc.DBAPIError) -> Outcome:
    state = getattr(cause, "sqlstate", None) or ""
    for length in (5, 3, 2):
        if state and state[:length] in _POSTGRESQL:
            return _POSTGRESQL[state[:length]]
    text = str(cause)
    if not state and isinstance(error, sqlalchemy.exc.OperationalError):
        for words, outcome in _POSTGRESQL_WORDS:
            if words in text:
                return outcome
        return (
            Unreachable,
            f"cannot reach the server: {_first_line(cause)}",
            "Check the URL (host, port, options) and the network, and that the server runs.",
        )
    if not state and "connection option" in text:
        return (
            WrongAddress,
            f"the database URL cannot be used: {_first_line(cause)}",
            "Mend what follows the `?` in it.",
        )
    return _refused(cause)


def _from_sqlite(cause: sqlite3.Error, path: Path) -> Outcome:
    # The low byte is the error, the rest tells more of it. Errors of the Python module have none.
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CANTOPEN:
        return _cannot_open(path)
    if code == sqlite3.SQLITE_ERROR and str(cause).startswith(("no such table", "no such column")):
        return _NO_TABLES
    return _SQLITE[code] if code in _SQLITE else _refused(cause)


def _cannot_open(path: Path) -> Outcome:
    try:
        if path.is_dir():
            return NotWritable, "this is a directory", "Name a file in it."
        if path.parent.is_dir() and not os.access(path.parent, os.W_OK):
            return NotWritable, "its directory cannot be written", "Make the directory writable."
        if not path.exists():
            return (
                Unreachable,
                "there is no such database",
                f"Run `{UPGRADE_COMMAND}` to create it.",
            )
    except PermissionError:
        return NotWritable, "its directory cannot be entered", "Name one that you may enter."
    return NotWritable, "the file cannot be opened", "Make it and its directory writable."
