"""A copy of a SQLite file that holds together, and whether a file does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from stat import S_IMODE

from jobtracker_core.storage import sizes
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotADatabase, NotAllowed, NotWritable


def write(db: Database, path: Path) -> int:
    """Write a copy of the database as it is now to a new file; return its bytes.

    Others go on meanwhile. What the log holds is in it, so that it is whole without one. Whoever
    may not read the database may not read the copy. If it fails, nothing of it is left.

    Raises:
        NotAllowed: It is on PostgreSQL, which brings its own program for that.
        NotWritable: The file is there already, its disk has not got the room, or takes no writes.
    """
    if db.path is None:
        raise NotAllowed(
            f"{db.display_url}: its server copies a database itself",
            "Use `pg_dump`; docs/how-to/look-after-the-database.md has the line.",
        )
    if not path.parent.is_dir():
        raise NotWritable(f"there is no directory {path.parent}", "Make it, or name another one.")
    _make(path, S_IMODE(db.path.stat().st_mode) | 0o600)
    try:
        _copy(db, path)
    except BaseException:
        path.unlink()
        raise
    return path.stat().st_size


def _make(path: Path, mode: int) -> None:
    """Make an empty file, of which SQLite takes a copy as well; also no link may be there."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    except FileExistsError as error:
        raise NotWritable(f"{path} is there already", "Name a file that is not.") from error
    except OSError as error:
        raise NotWritable(
            f"{path} cannot be made: {error.strerror}", "Name a place that you may write to."
        ) from error


def _copy(db: Database, path: Path) -> None:
    free, needed = shutil.disk_usage(path.parent).free, sizes.total(db)
    if free < needed:
        raise NotWritable(
            f"{path.parent} has {free:,} bytes left, and the copy may take {needed:,}",
            "Free some space, or name another directory.",
        )
    with db.unbound() as execute:
        execute("VACUUM INTO '{}'".format(str(path.absolute()).replace("'", "''")))


def check_pages(db: Database) -> None:
    """Read all of a SQLite file and look whether it holds together; PostgreSQL does so itself.

    Raises NotADatabase, naming the first thing that is wrong.
    """
    if db.path is None:
        return
    with db.read() as conn:
        said = conn.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        orphan = conn.exec_driver_sql("PRAGMA foreign_key_check").first()
    if said == "ok" and orphan is not None:
        said = f"row {orphan[1]} of {orphan[0]} belongs to none"
    if said != "ok":
        first = " ".join(str(said).split())
        raise NotADatabase(
            f"{db.display_url}: the file is damaged: {first}", "Restore it from a backup."
        )
