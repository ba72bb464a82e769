"""Giving room back that deleted rows have left."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.storage import sizes
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Busy, NotWritable
from jobtracker_core.storage.index_tables import job_index
from jobtracker_core.storage.tables import RUNNING, collector_runs, metadata

_SPARE: Final = 16 * 1024**2
"""Bytes that are to be left on a disk."""

# Where SQLite puts its temporary files: the first of these that it may write to.
_PLACES: Final = ("/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108


class VacuumPlan(Struct, frozen=True, kw_only=True):
    """What is to be done, and what it needs.

    Attributes:
        bytes: What the database takes, its log included.
        free_bytes: Room in the file that nothing uses; None on PostgreSQL.
        room: Bytes that are needed for the time that it takes, by directory; none on PostgreSQL,
            where nothing is written anew.
        running: Runs that go on: on SQLite they cannot store anything meanwhile.
    """

    bytes: int
    free_bytes: int | None
    room: dict[str, int]
    running: int


class Vacuumed(Struct, frozen=True, kw_only=True):
    """What came of it, in bytes; `dead_rows` were cleared away on PostgreSQL."""

    before: int
    after: int
    seconds: float
    dead_rows: int | None = None

    @property
    def gained(self) -> int:
        """Bytes that the disk has back; below 0 if others wrote more meanwhile."""
        return self.before - self.after


def plan(db: Database) -> VacuumPlan:
    """Look what there is to be done; change nothing."""
    with db.read() as conn:
        running = conn.execute(
            sa.select(sa.func.count()).select_from(collector_runs).where(RUNNING)
        ).scalar_one()
        if db.path is None:
            return VacuumPlan(bytes=sizes.total(db), free_bytes=None, room={}, running=running)
        pages, free, size = (
            int(conn.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_count", "freelist_count", "page_size")
        )
    # All that is kept is written twice: into a temporary file, and from there into the log.
    copy = (pages - free) * size * 21 // 20 + _SPARE
    folders = (db.path.parent, _temporary())
    same = os.stat(folders[0]).st_dev == os.stat(folders[1]).st_dev  # noqa: PTH116
    room = {str(folders[0]): 2 * copy} if same else {str(folder): copy for folder in folders}
    return VacuumPlan(bytes=sizes.total(db), free_bytes=free * size, room=room, running=running)


def run(db: Database, *, while_running: bool = False) -> Vacuumed:
    """Give room back; raises NotWritable, with nothing changed, where a disk has not got the room.

    On SQLite the file is written anew and its log emptied, and nobody writes meanwhile: Busy is
    raised where runs go on, unless `while_running`. On PostgreSQL the room of dead rows becomes
    free for new ones and the planner's figures are taken anew; everything goes on meanwhile. There
    NotWritable says that the user may not do so with a table.
    """
    wanted = plan(db)
    if db.path is None:
        return _on_server(db, wanted)
    _check_room(db, wanted)
    if wanted.running and not while_running:
        raise Busy(
            f"{db.display_url}: {wanted.running} runs go on, which could store nothing meanwhile",
            "Wait for their end or stop the worker, or say that it is to be done all the same.",
        )
    began = time.monotonic()
    with db.unbound() as execute:
        execute("PRAGMA wal_checkpoint(TRUNCATE)")
        execute("VACUUM")
        # What readers still look at stays in the log for now.
        execute("PRAGMA wal_checkpoint(TRUNCATE)")
        execute("PRAGMA optimize")
    return Vacuumed(before=wanted.bytes, after=sizes.total(db), seconds=time.monotonic() - began)


def _on_server(db: Database, wanted: VacuumPlan) -> Vacuumed:
    began = time.monotonic()
    dead = "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables"
    with db.unbound() as execute:
        before = int(execute(dead))
        for name in sorted([*metadata.tables, job_index.name]):
            execute(f"VACUUM (ANALYZE) {name}")
    return Vacuumed(
        before=wanted.bytes,
        after=sizes.total(db),
        seconds=time.monotonic() - began,
        dead_rows=before,
    )


def _check_room(db: Database, wanted: VacuumPlan) -> None:
    for folder, needed in wanted.room.items():
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise NotWritable(
                f"{db.display_url}: to write it anew needs {_mb(needed)} in {folder}, "
                f"which has {_mb(free)} left",
                "Free some space, or name a directory with more by $SQLITE_TMPDIR; nothing was "
                "changed.",
            )


def _temporary() -> Path:
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *_PLACES)
    for place in named:
        if place and Path(place).is_dir() and os.access(place, os.W_OK | os.X_OK):
            return Path(place)
    return Path.cwd()


def _mb(count: int) -> str:
    return f"{count / 1_000_000:,.0f} MB"
