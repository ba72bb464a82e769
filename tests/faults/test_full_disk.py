"""A full disk under a server that goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from litestar.testing import TestClient

from access import let_in
from jobtracker_core.server.application import Application
from jobtracker_core.server.compose import create_app
from jobtracker_core.settings import Settings
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import NotWritable
from jobtracker_core.storage.schema import upgrade
from jobtracker_core.tracker import JobTracker
from rows import add_collector, collector_names
from small_disks import fill
from tcp_postgres import TcpPostgres


def refuse_a_write(db: Database) -> None:
    def write() -> None:
        with db.write() as conn:
            for number in range(300):
                add_collector(conn, f"{number:05}" * 200)

    with pytest.raises(NotWritable, match="disk is full"):
        write()


def check_it_recovers(
    client: TestClient[Application], db: Database, end_it: Callable[[], object]
) -> None:
    """Look at a server whose database was refused a write just now."""
    for _ in range(3):
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "The database cannot" in answer.text
        assert client.get("/healthz").status_code == 200
        assert client.get("/api/v1/jobs").status_code == 200
    end_it()
    assert client.get("/readyz").status_code == 200
    assert not db.refused.is_set()
    with db.write() as conn:
        add_collector(conn, "after")
        left = conn.exec_driver_sql("SELECT count(*) FROM request_keys").scalar_one()
    assert (collector_names(db), left) == (["after"], 0)


@pytest.mark.small_disk(megabytes=4)
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.fault(
    "F15",
    done="The file system of the SQLite database was filled to its last byte under a running server.",
    holds="Its readiness was 503 while nothing could be written, reads went on, and it was ready again without a restart.",
)
def test_a_server_on_a_full_disk_says_so_and_recovers(
    dialect: str, sqlite_template: Path, small_disk: Path, tmp_path: Path
) -> None:
    path = small_disk / "jobs.db"
    shutil.copy(sqlite_template, path)
    settings = Settings(data_dir=tmp_path / "data", database_url=f"{dialect}:///{path}", plugins=())
    with (
        JobTracker(settings) as tracker,
        TestClient(create_app(tracker), base_url="http://127.0.0.1") as client,
    ):
        let_in(client, tracker)
        assert client.get("/readyz").status_code == 200
        fill(small_disk / "ballast")
        refuse_a_write(tracker.database)
        check_it_recovers(client, tracker.database, (small_disk / "ballast").unlink)
        with tracker.database.read() as conn:
            assert conn.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


@pytest.mark.full
@pytest.mark.small_disk(megabytes=96)
@pytest.mark.fault(
    "F15",
    done="The file system of a PostgreSQL server's whole data directory was filled to its last byte under a running server of ours.",
    holds="Its readiness was 503 while nothing could be written, reads went on, and it was ready again without a restart of either.",
)
def test_a_server_whose_postgresql_is_on_a_full_disk_says_so_and_recovers(
    small_disk: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("engine", "postgresql")
    with TcpPostgres(small_disk / "postgresql") as server:
        url = server.url("postgres")
        settings = Settings(data_dir=tmp_path / "data", database_url=url, plugins=())
        upgrade_once(url)
        with (
            JobTracker(settings) as tracker,
            TestClient(create_app(tracker), base_url="http://127.0.0.1") as client,
        ):
            let_in(client, tracker)
            assert client.get("/readyz").status_code == 200
            postmaster = server.pid
            fill(small_disk / "ballast")
            refuse_a_write(tracker.database)
            check_it_recovers(client, tracker.database, (small_disk / "ballast").unlink)
            assert server.pid == postmaster


def upgrade_once(url: str) -> None:
    database = open_database(url)
    upgrade(database)
    database.close()


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$
"""


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.fault(
    "F15",
    done="PostgreSQL answered each insert with its error code for a full disk, under a running server.",
    holds="Its readiness was 503 while nothing could be written, reads went on, and it was ready again without a restart.",
)
def test_a_server_whose_postgresql_has_a_full_disk_says_so_and_recovers(
    tracker: JobTracker,
) -> None:
    db, tables = tracker.database, ("collectors", "request_keys")
    with db.write() as conn:
        conn.exec_driver_sql(FULL)
        for table in tables:
            conn.exec_driver_sql(
                f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()"
            )

    def end_it() -> None:
        with db.write() as conn:
            conn.exec_driver_sql("DROP FUNCTION full_disk CASCADE")

    with TestClient(create_app(tracker), base_url="http://127.0.0.1") as client:
        let_in(client, tracker)
        assert client.get("/readyz").status_code == 200
        refuse_a_write(db)
        check_it_recovers(client, db, end_it)


def test_a_readiness_check_writes_nothing_where_no_write_was_refused(tracker: JobTracker) -> None:
    db = tracker.database

    def refuse(*_: object) -> None:
        raise AssertionError("it wrote")

    with TestClient(create_app(tracker), base_url="http://127.0.0.1") as client:
        let_in(client, tracker)
        client.get("/readyz")
        db.write = refuse  # type: ignore[method-assign,assignment]
        assert client.get("/readyz").status_code == 200
