"""A copy of a SQLite file that holds together, and whether a file does."""

from __future__ import annotations

import shutil
from pathlib import Path

from jobtracker_core.storage import sizes
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotADatabase, NotAllowed, NotWritable


def write(db: Database, path: Path) -> int:
    """Write a copy of the database as it is now to a new file; return its bytes.

    Others go on meanwhile. What the log holds is in it, so that it is whole without one.

    Raises:
        NotAllowed: It is on PostgreSQL, which brings its own program for that.
        NotWritable: The file is there already, its disk has not got the room, or takes no writes.
    """
    if db.path is None:
        raise NotAllowed(
            f"{db.display_url}: its server copies a database itself",
            "Use `pg_dump`; docs/how-to/look-after-the-database.md has the line.",
        )
    if path.exists():
        raise NotWritable(f"{path} is there already", "Name a file that is not.")
    if not path.parent.is_dir():
        raise NotWritable(f"there is no directory {path.parent}", "Make it, or name another one.")
    free, needed = shutil.disk_usage(path.parent).free, sizes.total(db)
    if free < needed:
        raise NotWritable(
            f"{path.parent} has {free:,} bytes left, and the copy may take {needed:,}",
            "Free some space, or name another directory.",
        )
    with db.unbound() as execute:
        execute("VACUUM INTO '{}'".format(str(path.absolute()).replace("'", "''")))
    return path.stat().st_size


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
