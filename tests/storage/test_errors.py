"""What is said when a database cannot be used, and that it is left as it was."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from jobtracker_core.storage import schema, sqlite
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import (
    Busy,
    NotADatabase,
    NotWritable,
    SchemaTooOld,
    StorageError,
    Unreachable,
)
from rows import add_collector, collector_names, write_a


def test_a_file_that_is_no_database_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    content = b"Dear Sir or Madam,\n" * 300
    path.write_bytes(content)
    db = open_database(f"sqlite:///{path}")
    for use in (schema.upgrade, schema.check, schema.require_current, collector_names, write_a):
        with pytest.raises(NotADatabase, match=r"letter\.txt: the file is not a database"):
            use(db)
    db.close()
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter.txt"]


def test_reading_makes_no_files(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path / 'sub' / 'a.db'}")
    with pytest.raises(Unreachable, match=r"a\.db: there is no such database") as caught:
        collector_names(db)
    assert "db upgrade" in caught.value.hint
    assert schema.check(db).state == "empty"
    assert list(tmp_path.iterdir()) == []


def test_reading_in_an_existing_directory_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        collector_names(open_database(f"sqlite:///{tmp_path / 'a.db'}"))
    assert list(tmp_path.iterdir()) == []


def test_the_path_is_a_directory(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path}")
    for use in (collector_names, write_a):
        with pytest.raises(NotWritable, match="this is a directory"):
            use(db)
    assert list(tmp_path.iterdir()) == []


def test_the_directory_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    db = open_database(f"sqlite:///{tmp_path / 'file' / 'a.db'}")
    with pytest.raises(NotWritable, match="its directory cannot be made") as caught:
        write_a(db)
    assert "writable" in caught.value.hint


def test_files_and_directories_of_others(
    processes: Callable[..., list[str]], sqlite_template: Path
) -> None:
    script = """
import os
from jobtracker_core.storage import collectors, engine, schema
from jobtracker_core.storage.errors import StorageError
if os.getuid() == 0:
    os.setuid(65534)  # root may write everywhere
go()
for use in (schema.upgrade, lambda db: collectors.ensure(db, ["a"])):
    try:
        use(engine.open_database(url))
    except StorageError as error:
        print(type(error).__name__, error)
"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fresh, stored = folder / "fresh.db", folder / "stored.db"
        shutil.copy(sqlite_template, stored)
        stored.chmod(0o444)
        folder.chmod(0o555)
        (printed,) = processes(script, f"sqlite:///{fresh}", 1)
        what = f"NotWritable sqlite:///{fresh}: its directory cannot be written"
        assert printed.splitlines() == [what, what]
        assert not fresh.exists()
        (printed,) = processes(script, f"sqlite:///{stored}", 1)
        assert {line.split()[0] for line in printed.splitlines()} == {"NotWritable"}
        folder.chmod(0o777)
        stored.chmod(0o444)
        (printed,) = processes(script, f"sqlite:///{stored}", 1)
        assert printed == f"NotWritable sqlite:///{stored}: the file is read-only"
        folder.chmod(0o755)


@pytest.mark.fault(
    "F15",
    done="The disk was full within a transaction (SQLite: a bound on its pages; PostgreSQL: its error code).",
    holds="The transaction was rolled back with an error that names the disk.",
)
def test_disk_full(db_url: str, dialect: str) -> None:
    if dialect != "sqlite":
        db = open_database(db_url)
        with pytest.raises(NotWritable, match="disk is full"), db.write() as conn:
            _raise_on_server(conn, "53100")
        db.close()
        return
    db = open_database(db_url)
    with pytest.raises(NotWritable, match="the disk is full"), db.write() as conn:  # noqa: PT012
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar()
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        for number in range(1000):
            add_collector(conn, f"{number:05}" * 100)
    assert collector_names(db) == []
    db.close()


def _raise_on_server(conn: sa.Connection, code: str) -> None:
    conn.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'words' USING ERRCODE = '{code}'; END $$")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("28P01", Unreachable),
        ("28000", Unreachable),
        ("3D000", Unreachable),
        ("08006", Unreachable),
        ("57P01", Unreachable),
        ("53300", Unreachable),
        ("25006", NotWritable),
        ("42501", NotWritable),
        ("55P03", Busy),
        ("40001", Busy),
        ("40P01", Busy),
        ("57014", Busy),
        ("42P01", SchemaTooOld),
        ("22012", StorageError),
    ],
)
def test_errors_of_the_server_by_code(
    postgres: Callable[[str], str], code: str, kind: type[StorageError]
) -> None:
    db = open_database(postgres("postgres"))
    with pytest.raises(StorageError) as caught, db.write() as conn:
        _raise_on_server(conn, code)
    db.close()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert db.display_url in str(caught.value)
    assert caught.value.hint


def test_missing_tables(database_url: str) -> None:
    db = open_database(database_url)
    with db.write():
        pass
    with pytest.raises(SchemaTooOld, match="tables are missing") as caught:
        collector_names(db)
    assert "db upgrade" in caught.value.hint
    db.close()


@pytest.mark.fault(
    "F13",
    done="A write waited for a lock beyond its patience.",
    holds="It failed as busy, and nothing of it was stored.",
)
def test_locked_too_long(
    db: Database, dialect: str, monkeypatch: pytest.MonkeyPatch, db_url: str
) -> None:
    monkeypatch.setattr(sqlite, "_WAIT_S", 0.05)
    other = open_database(db_url)
    with db.write() as holder:
        add_collector(holder, "a")
        with pytest.raises(Busy, match="locked for too long"), other.write() as conn:  # noqa: PT012
            if dialect == "postgresql":
                conn.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            add_collector(conn, "a")
    other.close()
    assert collector_names(db) == ["a"]


def test_no_server(tmp_path: Path) -> None:
    db = open_database(f"postgresql://me:hush@/jobs?host={tmp_path}")
    with pytest.raises(Unreachable, match="cannot reach the server") as caught:
        collector_names(db)
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_host() -> None:
    db = open_database("postgresql://me:hush@no-such-host.invalid/jobs")
    with pytest.raises(Unreachable, match="cannot reach the server"):
        collector_names(db)


def test_unknown_database(postgres: Callable[[str], str]) -> None:
    db = open_database(postgres("nowhere"))
    with pytest.raises(Unreachable, match="no such database") as caught:
        collector_names(db)
    assert "createdb" in caught.value.hint


def test_wrong_password(
    postgres: Callable[[str], str], postgres_admin: psycopg.Connection[Any]
) -> None:
    postgres_admin.execute("DROP ROLE IF EXISTS locked")
    postgres_admin.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
    url = postgres("postgres").replace("postgres:@", "locked:hush@")
    with pytest.raises(Unreachable, match="refuses the login") as caught:
        collector_names(open_database(url))
    assert "password" in caught.value.hint
    assert "hush" not in str(caught.value)
    right = open_database(url.replace("hush", "right"))
    with right.read() as conn:
        assert conn.scalar(sa.select(sa.func.current_user())) == "locked"
    right.close()


def test_a_cut_connection_is_replaced(postgres: Callable[[str], str]) -> None:
    db = open_database(postgres("postgres"))
    with pytest.raises(Unreachable), db.write() as conn:
        conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    with db.read() as conn:
        assert conn.scalar(sa.select(1)) == 1
    db.close()


def test_other_refusals_are_one_line_and_keep_their_cause(db: Database) -> None:
    write_a(db)
    with pytest.raises(StorageError, match="refused a statement") as caught:
        write_a(db)
    assert type(caught.value) is StorageError
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None
