"""The version of the data: it moves with what is written, and where nobody is heard there is none."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
import sqlalchemy as sa

from jobtracker_core.storage import data_version
from jobtracker_core.storage.data_version import STALE_S, DataVersion, open_data_version
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.tracking_tables import tags as tag_table
from promptly import seen_within

DEADLINE_S = 20.0
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def version(db: Database) -> Iterator[DataVersion]:
    with contextlib.closing(open_data_version(db)) as opened:
        yield opened


@pytest.fixture
def other(db_url: str) -> Iterator[Database]:
    """The same database as another process has it: nothing in common with ours."""
    with contextlib.closing(open_database(db_url)) as opened:
        yield opened


def write(db: Database, name: str, *, shown: bool = True) -> None:
    with db.write(shown=shown) as conn:
        conn.execute(sa.insert(tag_table).values(name=name, key=name, created_at=MOMENT))


def known(version: DataVersion) -> int:
    """Return the version, as soon as there is one."""
    deadline = time.monotonic() + DEADLINE_S
    while (number := version.current()) is None:
        assert time.monotonic() < deadline, "nobody vouches for a version"
        time.sleep(0.005)
    return number


def settled(version: DataVersion) -> int:
    """Return a version that has stood for longer than anything from before can move it."""
    deadline = time.monotonic() + DEADLINE_S
    number, since = known(version), time.monotonic()
    while time.monotonic() - since < STALE_S + 0.2:
        assert time.monotonic() < deadline, "the version does not come to rest"
        if (now := known(version)) != number:
            number, since = now, time.monotonic()
        time.sleep(0.01)
    return number


def test_it_moves_at_once_with_a_write_of_this_process_and_stands_still_without(
    db: Database, version: DataVersion
) -> None:
    before = settled(version)
    with db.read() as conn:
        conn.execute(sa.select(tag_table))
    with contextlib.suppress(ZeroDivisionError), db.write() as conn:
        conn.execute(sa.insert(tag_table).values(name="never", key="never", created_at=MOMENT))
        raise ZeroDivisionError
    assert known(version) == before

    write(db, "here")
    assert version.current() != before


def test_it_moves_within_a_second_of_what_another_process_wrote(
    other: Database, version: DataVersion
) -> None:
    before = settled(version)
    write(other, "told")
    seen_within(STALE_S, lambda: version.current() != before)

    # Signs of life are told nobody, and neither is what a program of somebody else's writes.
    before = settled(version)
    write(other, "untold", shown=False)
    seen_within(STALE_S, lambda: version.current() != before)


def test_a_look_after_a_long_time_does_not_vouch_for_what_was_written_meanwhile(
    other: Database, version: DataVersion
) -> None:
    before = settled(version)
    write(other, "meanwhile", shown=False)
    over = threading.Event()
    over.wait(STALE_S)
    assert version.current() != before


def test_what_is_part_of_a_change_moves_it_when_that_is_committed(
    db: Database, version: DataVersion
) -> None:
    before = settled(version)
    with db.write() as conn:
        write(db.joined(conn), "within")
        assert known(version) == before
    assert version.current() != before


def test_nobody_reads_old_rows_at_a_new_version(
    db: Database, db_url: str, version: DataVersion
) -> None:
    """What was read after the version holds at least all that was written when it was read."""
    script = """
import sys
import sqlalchemy as sa
from jobtracker_core.storage.engine import open_database
from jobtracker_core.storage.tracking_tables import tags
db = open_database(sys.argv[1])
for number in range(60):
    with db.write() as conn:
        conn.execute(sa.insert(tags).values(name=f"tag {number}", key=f"tag {number}", created_at=db.now(conn)))
    print(number, flush=True)
db.close()
"""
    count = sa.select(sa.func.count()).select_from(tag_table)
    kept: dict[int, int] = {}
    seen: list[tuple[float, int]] = []
    with subprocess.Popen(
        [sys.executable, "-c", script, db_url], stdout=subprocess.PIPE, text=True
    ) as writer:
        while writer.poll() is None:
            asked, number = time.monotonic(), version.current()
            if number in kept:
                # Whatever was seen that long before it was asked for is in what is kept.
                older = [rows for at, rows in seen if at < asked - STALE_S]
                assert kept[number] >= max(older, default=0)
            with db.read() as conn:
                rows = conn.execute(count).scalar_one()
            seen.append((time.monotonic(), rows))
            if number is not None:
                kept.setdefault(number, rows)
        assert writer.returncode == 0
    last = settled(version)
    with db.read() as conn:
        assert conn.execute(count).scalar_one() == 60
    assert kept.get(last, 60) == 60


def test_a_closed_one_gives_none_and_threads_share_one(version: DataVersion, db: Database) -> None:
    before = settled(version)
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(known(version))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [before] * 8
    again = open_data_version(db)
    assert known(again) != before, "another opening's number would be taken for this one's"
    again.close()


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_there_is_no_version_while_the_server_is_not_heard(
    db: Database,
    version: DataVersion,
    postgres_admin: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = known(version)

    def refuse(_: Database) -> None:
        raise psycopg.OperationalError("no route")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "dedicated", refuse)
        postgres_admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE %s"
            " AND pid <> pg_backend_pid()",
            ["SELECT pg_current_snapshot%"],
        )
        deadline = time.monotonic() + DEADLINE_S
        while version.current() is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert known(version) != before


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_nobody_listens_when_nobody_looks(
    version: DataVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_version, "IDLE_S", 0.1)
    before = known(version)
    deadline = time.monotonic() + DEADLINE_S
    names = lambda: {thread.name for thread in threading.enumerate()}  # noqa: E731
    while "jobtracker-data-version" in names():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert known(version) != before


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_file_that_is_locked_has_no_version_now(
    version: DataVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = known(version)

    def locked(*_: object) -> int:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(data_version._OfFile, "_ask", locked)
    assert version.current() is None
    monkeypatch.undo()
    assert known(version) != before
