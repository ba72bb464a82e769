"""Sizes, room that is given back, and copies of a file."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from jobtracker_core.contract.host import Record
from jobtracker_core.storage import backup, sizes, vacuum
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import Busy, NotADatabase, NotAllowed, NotWritable, StorageError
from jobtracker_core.storage.schema import check
from jobtracker_core.storage.upsert import Written
from queueing import put, take, turn_on

Write = Callable[..., Written]


@pytest.fixture
def filled(db: Database, write: Write, make_record: Callable[..., Record]) -> Database:
    """A database with 500 jobs of 2 kB."""
    write(*(make_record(str(number), description="x" * 2_000) for number in range(500)))
    return db


def empty(db: Database) -> None:
    with db.write() as conn:
        conn.exec_driver_sql("DELETE FROM jobs")


def test_every_table_is_counted_with_its_room(filled: Database) -> None:
    found = sizes.read(filled)
    tables = {table.name: table for table in found.tables}
    assert (found.engine, found.schema) == (filled.dialect, check(filled).current)
    texts, jobs = tables["job_texts"], tables["jobs"]
    assert (jobs.rows, jobs.estimated, texts.rows) == (500, False, 500)
    assert jobs.bytes is not None
    assert jobs.index_bytes is not None
    assert min(jobs.bytes, jobs.index_bytes) > 8_000
    assert sum((table.bytes or 0) + (table.index_bytes or 0) for table in found.tables) > 100_000
    assert found.bytes > 100_000
    assert sizes.total(filled) >= found.bytes
    if filled.dialect == "sqlite":
        assert texts.bytes is not None
        assert 1_000_000 < texts.bytes < found.bytes
        assert found.disk_free_bytes
        assert found.wal_bytes
    else:
        assert (found.wal_bytes, found.free_bytes, found.disk_free_bytes) == (None, None, None)
        assert jobs.dead_rows is not None


def test_what_is_dear_to_count_is_estimated_and_marked(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "COUNTED", 100)
    monkeypatch.setattr(sizes, "READ_BYTES", 0)
    if filled.dialect == "postgresql":
        vacuum.run(filled)
    (jobs,) = (table for table in sizes.read(filled).tables if table.name == "jobs")
    assert (jobs.rows, jobs.estimated) == (500, True)
    assert (jobs.bytes is None) == (filled.dialect == "sqlite")
    (jobs,) = (table for table in sizes.read(filled, exact=True).tables if table.name == "jobs")
    assert (jobs.rows, jobs.estimated) == (500, False)
    assert jobs.bytes


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_an_index_over_texts_is_one_entry(filled: Database) -> None:
    with filled.write() as conn:
        conn.exec_driver_sql("CREATE VIRTUAL TABLE words USING fts5 (title)")
        conn.exec_driver_sql("INSERT INTO words (rowid, title) SELECT id, title FROM jobs")
    for exact in (False, True):
        found = sizes.read(filled, exact=exact)
        (words,) = (table for table in found.tables if table.name.startswith("words"))
        assert (words.rows, words.bytes, words.estimated) == (500, 0, False)
        assert words.index_bytes
        assert words.index_bytes > 8_000


def test_room_is_given_back(filled: Database) -> None:
    empty(filled)
    before = vacuum.plan(filled)
    done = vacuum.run(filled)
    assert done.before == before.bytes
    if filled.dialect == "sqlite":
        assert before.free_bytes
        assert done.gained > 1_000_000
        after = vacuum.plan(filled)
        assert (after.free_bytes, after.bytes) == (0, done.after)
        assert filled.path is not None
        assert sizes.log_of(filled.path).stat().st_size == 0
    else:
        assert before.room == {}
        assert done.dead_rows is not None
        with filled.read() as conn:
            analysed = conn.exec_driver_sql(
                "SELECT count(*) FROM pg_class WHERE relname = 'jobs' AND reltuples = 0"
            )
            assert analysed.scalar_one() == 1


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_server_that_passes_over_our_tables_is_not_believed(filled: Database) -> None:
    with filled.unbound() as execute:
        execute("CREATE ROLE guest")
        try:
            execute("SET ROLE guest")
            with pytest.raises(NotWritable, match="vacuum"):
                execute("VACUUM jobs")
        finally:
            execute("RESET ROLE")
            execute("DROP ROLE guest")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_disk_without_the_room_is_left_as_it_is(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(filled)
    before = vacuum.plan(filled)
    needed = max(before.room.values())
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: type(usage)(needed * 9, needed * 8 + 1, needed - 1)
    )
    with pytest.raises(NotWritable, match=r"needs .* MB in /.* which has .* left"):
        vacuum.run(filled)
    assert vacuum.plan(filled) == before


def test_a_file_is_not_written_anew_under_runs_that_go_on(filled: Database) -> None:
    turn_on(filled)
    put(filled)
    take(filled)
    assert vacuum.plan(filled).running == 1
    if filled.dialect == "sqlite":
        with pytest.raises(Busy, match="1 runs go on"):
            vacuum.run(filled)
    assert vacuum.run(filled, while_running=True).seconds > 0


def test_a_copy_is_whole_and_opens_by_itself(filled: Database, tmp_path: Path) -> None:
    path = tmp_path / "it's a copy.db"
    if filled.dialect == "postgresql":
        with pytest.raises(NotAllowed, match="itself"):
            backup.write(filled, path)
        return
    assert backup.write(filled, path) == path.stat().st_size
    with pytest.raises(NotWritable, match="there already"):
        backup.write(filled, path)
    with pytest.raises(NotWritable, match="no directory"):
        backup.write(filled, tmp_path / "none" / "copy.db")
    empty(filled)
    restored = open_database(f"sqlite:///{path}")
    try:
        backup.check_pages(restored)
        with restored.read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one() == 500
    finally:
        restored.close()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_copy_goes_through_no_link_and_is_as_private_as_the_file(
    filled: Database, tmp_path: Path
) -> None:
    assert filled.path is not None
    filled.path.chmod(0o600)
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(NotWritable, match="there already"):
        backup.write(filled, link)
    assert not (tmp_path / "elsewhere.db").exists()
    backup.write(filled, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_nothing_is_left_of_a_copy_that_fails(filled: Database, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StorageError, match="disk"):
            backup.write(filled, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not path.exists()


def test_damage_within_a_file_is_found(filled: Database, tmp_path: Path) -> None:
    backup.check_pages(filled)
    if filled.path is None:
        return
    path = tmp_path / "damaged.db"
    backup.write(filled, path)
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA foreign_keys = 0")
        conn.execute("INSERT INTO job_texts (job_id, description) VALUES (9999, '-')")
    conn.close()
    damaged = open_database(f"sqlite:///{path}")
    try:
        with pytest.raises(NotADatabase, match="of job_texts belongs to none"):
            backup.check_pages(damaged)
    finally:
        damaged.close()
