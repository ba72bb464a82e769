"""Opening databases, and transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from jobtracker_core.storage import schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import (
    NotWritable,
    StorageError,
    WrongAddress,
)
from jobtracker_core.storage.tables import collectors
from rows import NOON, add_collector, collector_names, write_a


def test_write_commits(db: Database) -> None:
    with db.write() as conn:
        add_collector(conn, "a")
    assert collector_names(db) == ["a"]


def test_write_rolls_back_on_any_exception(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.write() as conn:  # noqa: PT012
        add_collector(conn, "a")
        raise ZeroDivisionError
    assert collector_names(db) == []


def test_a_read_transaction_cannot_write(db: Database) -> None:
    with pytest.raises(NotWritable), db.read() as conn:
        add_collector(conn, "a")
    assert collector_names(db) == []


def test_readers_do_not_wait_for_a_writer(db: Database) -> None:
    with db.write() as conn:
        add_collector(conn, "a")
        assert collector_names(db) == []


def test_reads_of_one_thread_may_share_a_transaction(db: Database) -> None:
    def reads_through() -> sa.Connection:
        with db.read() as conn:
            return conn

    with db.reading():
        first = reads_through()
        assert reads_through() is first
        with ThreadPoolExecutor(1) as elsewhere:
            assert elsewhere.submit(reads_through).result() is not first
        with pytest.raises(StorageError), db.read() as conn:
            conn.execute(sa.delete(collectors))
    assert reads_through() is not first
    with pytest.raises(RuntimeError), db.reading():
        raise RuntimeError
    first = reads_through()
    assert reads_through() is not first


def test_names_its_dialect(db: Database, dialect: str) -> None:
    assert db.dialect == dialect


def test_now_on_sqlite_is_the_given_clock(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path / 'a.db'}", clock=lambda: NOON)
    with db.write() as conn:
        assert db.now(conn) == NOON
    db.close()


def test_now_on_postgresql_is_the_servers_and_moves(
    postgres: Callable[[str], str],
) -> None:
    db = open_database(postgres("postgres"), clock=lambda: NOON)
    with db.read() as conn:
        first, second = db.now(conn), db.now(conn)
    db.close()
    assert NOON != first < second
    assert first.utcoffset() is not None


def test_sqlite_settings(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path / 'deep' / 'er' / 'a.db'}")
    expected: dict[str, Any] = {
        "journal_mode": "wal",
        "busy_timeout": 10000,
        "foreign_keys": 1,
        "synchronous": 1,
        "journal_size_limit": 64 * 1024 * 1024,
        "query_only": 0,
    }
    with db.write() as conn:
        found = {name: conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
    assert found == expected
    with db.read() as conn:
        assert conn.exec_driver_sql("PRAGMA query_only").scalar() == 1
    db.close()


def test_postgresql_settings(postgres: Callable[[str], str]) -> None:
    db = open_database(postgres("postgres"))
    expected = {
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "15s",
        "TimeZone": "UTC",
        "application_name": "jobtracker",
        "transaction_isolation": "read committed",
    }
    with db.write() as conn:
        found = {name: conn.exec_driver_sql(f"SHOW {name}").scalar() for name in expected}
        driver = conn.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        given = driver.info.get_parameters()
    db.close()
    assert found == expected
    assert given["connect_timeout"] == "5"
    assert given["tcp_user_timeout"] == "20000"
    assert given["keepalives_idle"] == "30"
    assert given["keepalives_interval"] == "10"
    assert given["keepalives_count"] == "3"


def test_a_connection_that_is_in_use_is_closed_when_it_comes_back(db: Database) -> None:
    """Else it would be open for as long as somebody's garbage is."""
    with db.read() as conn:
        driver: Any = conn.connection.dbapi_connection
        db.close()
        assert conn.scalar(sa.select(1)) == 1
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        driver.execute("SELECT 1")
    # Used again, it keeps its connections as before.
    with db.read() as conn:
        driver = conn.connection.dbapi_connection
    with db.read() as conn:
        assert conn.connection.dbapi_connection is driver


def test_own_options_of_the_url_hold(postgres: Callable[[str], str]) -> None:
    url = make_url(postgres("postgres")).update_query_dict({"options": "-c lock_timeout=3s"})
    db = open_database(url.render_as_string(hide_password=False))
    with db.read() as conn:
        assert conn.exec_driver_sql("SHOW lock_timeout").scalar() == "3s"
        assert conn.exec_driver_sql("SHOW statement_timeout").scalar() == "30s"
    db.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_spellings_of_postgresql(scheme: str) -> None:
    db = open_database(f"{scheme}://me:hush@db.example.org/jobs?sslpassword=hush2")
    assert db.dialect == "postgresql"
    assert db.display_url.startswith("postgresql://me:***@db.example.org/jobs")
    assert "hush" not in db.display_url + repr(db)


def test_relative_sqlite_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    db = open_database("sqlite:///sub/a.db")
    assert db.path == tmp_path / "sub" / "a.db"
    assert not db.path.parent.exists()
    schema.upgrade(db)
    assert db.path.exists()
    db.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a:hush@b/c",
        "hush",
        "postgresql://a:hush@b:hush/c",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://host/a.db",
    ],
)
def test_refuses_other_urls_without_repeating_secrets(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_database(url)
    assert "hush" not in str(caught.value)
    assert "sqlite:///PATH" in caught.value.hint
    assert "postgresql://" in caught.value.hint
    assert caught.value.__cause__ is None


def test_refuses_an_old_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(StorageError, match=r"too old: 3\.35 is needed"):
        open_database(f"sqlite:///{tmp_path / 'a.db'}")


def _count_up(*writes: Callable[[], Any], times: int = 50) -> list[BaseException]:
    """Let each of them read a number and write the next one, all at once."""
    failed: list[BaseException] = []
    together = threading.Barrier(len(writes))

    def work(write: Callable[[], Any]) -> None:
        together.wait()
        try:
            for _ in range(times):
                with write() as conn:
                    read = sa.select(collectors.c.consecutive_failures).with_for_update()
                    value = conn.execute(read).scalar_one()
                    conn.execute(sa.update(collectors).values(consecutive_failures=value + 1))
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    workers = [threading.Thread(target=work, args=(write,)) for write in writes]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return failed


def _counted(db: Database) -> int:
    with db.read() as conn:
        return int(conn.execute(sa.select(collectors.c.consecutive_failures)).scalar_one())


@pytest.mark.fault(
    "F12",
    done="Threads raced to change the same row.",
    holds="No change was lost.",
)
def test_no_update_is_lost(db: Database) -> None:
    write_a(db)
    assert _count_up(*[db.write] * 4) == []
    assert _counted(db) == 200


def test_no_update_is_lost_between_programs(db: Database, db_url: str) -> None:
    """Each with connections of its own, so that only the database keeps them apart."""
    write_a(db)
    others = [open_database(db_url) for _ in range(4)]
    failed = _count_up(*(other.write for other in others))
    for other in others:
        other.close()
    assert failed == []
    assert _counted(db) == 200


@pytest.mark.fault(
    "F12",
    done="Twin: SQLite's default begin instead of BEGIN IMMEDIATE.",
    holds="Changes were lost.",
)
def test_updates_are_lost_with_the_default_begin(tmp_path: Path, sqlite_template: Path) -> None:
    """The twin: what SQLAlchemy does on SQLite unless told otherwise."""
    path = tmp_path / "twin.db"
    path.write_bytes(sqlite_template.read_bytes())
    db = open_database(f"sqlite:///{path}")
    write_a(db)
    twin = sa.create_engine(f"sqlite:///{path}")
    failed = _count_up(*[twin.begin] * 4)
    twin.dispose()
    counted = _counted(db)
    db.close()
    assert failed or counted != 200


@pytest.mark.parametrize("url", ["sqlite:///a.db?mode=ro", "sqlite:////d/a?b.db"])
def test_a_question_mark_never_cuts_a_files_name(url: str) -> None:
    with pytest.raises(WrongAddress, match="no options"):
        open_database(url)


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_connection_that_the_server_ended_is_replaced(
    db: Database, postgres_admin: psycopg.Connection[Any]
) -> None:
    def backend() -> int:
        with db.look() as conn:
            return int(conn.scalar(sa.text("SELECT pg_backend_pid()")) or 0)

    first = backend()
    assert [backend() for _ in range(3)] == [first] * 3
    postgres_admin.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert backend() != first
