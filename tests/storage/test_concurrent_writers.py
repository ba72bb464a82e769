"""Pages that overlap, written at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import CompanyFacts
from jobtracker_core.storage import engine, jobs, search, upsert
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import Busy
from jobtracker_core.storage.merge import Kind
from jobtracker_core.storage.tables import collectors, job_changes
from jobtracker_core.storage.tables import jobs as jobs_table

Make = Callable[..., Record]


def _write(db: Database, *records: Record, kind: Kind = "list") -> upsert.Written:
    with db.write() as conn:
        return _page(db, conn, *records, kind=kind)


def _page(
    db: Database, conn: sa.Connection, *records: Record, kind: Kind = "list"
) -> upsert.Written:
    return upsert.write_page(
        conn, source="site", kind=kind, records=records, run_id=None, now=db.now(conn)
    )


def _in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Run them at once; returns what they return, an exception where they raised."""
    results: list[Any] = [None] * len(works)
    together = threading.Barrier(len(works))

    def run(number: int, work: Callable[[], Any]) -> None:
        together.wait()
        try:
            results[number] = work()
        except Exception as error:  # noqa: BLE001
            results[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("kind", ["list", "detail"])
def test_threads(db: Database, make_record: Make, kind: Kind) -> None:
    keys = [f"{number:03}" for number in range(40)]

    def writer(number: int) -> Callable[[], list[upsert.Written]]:
        def work() -> list[upsert.Written]:
            written = []
            for turn in range(6):
                start = (number * 7 + turn * 5) % len(keys)
                page = (keys[start:] + keys[:start])[:25][:: 1 if number % 2 else -1]
                records = [
                    make_record(
                        key,
                        title=f"T{turn % 3}",
                        language=f"l{number}",
                        description=f"d{number}",
                        company=f"c{int(key) % 7}",
                        company_key=f"c{int(key) % 7}",
                        company_facts=CompanyFacts(industry=f"i{number}", size=f"s{turn}"),
                    )
                    for key in page
                ]
                written.append(_write(db, *records, kind=kind))
            return written

        return work

    results = _in_threads(*(writer(number) for number in range(4)))
    assert not [result for result in results if isinstance(result, BaseException)]
    pages = [written for result in results for written in result]
    new = [ref.source_id for written in pages for ref in written.new]
    assert sorted(new) == keys
    assert search.count_jobs(db) == len(keys)
    for written in pages:
        told = len(written.new) + len(written.changed) + written.unchanged + written.completed
        assert told == 25
    with db.read() as conn:
        history = conn.scalar(sa.select(sa.func.count()).select_from(job_changes))
    assert history == sum(len(written.changed) for written in pages)


def test_processes(db: Database, db_url: str, processes: Callable[..., list[str]]) -> None:
    script = """
import hashlib
from jobtracker_core.contract.host import Record
from jobtracker_core.storage import engine, upsert
db = engine.open_database(url)
go()
new = 0
for turn in range(5):
    start = (number * 3 + turn * 4) % 30
    keys = [f"{key % 30:02}" for key in range(start, start + 20)]
    records = [
        Record(source_id=key, url="u", title=f"{turn % 2}", company=f"c{key[0]}",
               company_key=f"c{key[0]}", content_hash=hashlib.md5(f"{key}{turn % 2}".encode()).digest())
        for key in (keys if number % 2 else reversed(keys))
    ]
    with db.write() as conn:
        written = upsert.write_page(conn, source="site", kind="list", records=records,
                                    run_id=None, now=db.now(conn))
    new += len(written.new)
print(new)
"""
    printed = processes(script, db_url, 3)
    assert sum(map(int, printed)) == search.count_jobs(db) == 30


def _until_somebody_waits(admin_url: str) -> None:
    watcher = open_database(admin_url)
    deadline = time.monotonic() + 60
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    found = 0
    while not found and time.monotonic() < deadline:
        with watcher.read() as conn:
            found = conn.scalar(waiting) or 0
    watcher.close()
    assert found


def _while_held(
    db: Database, url: str, first: Callable[[sa.Connection], Any], second: Callable[[], Any]
) -> tuple[Any, Any]:
    """Run `second` while `first` has written but not committed, so that it must wait."""
    entered = threading.Event()
    results: dict[str, Any] = {}

    def later() -> None:
        entered.wait()
        results["second"] = second()

    thread = threading.Thread(target=later)
    thread.start()
    try:
        with db.write() as conn:
            results["first"] = first(conn)
            entered.set()
            if db.dialect == "postgresql":
                _until_somebody_waits(url)
    finally:
        entered.set()
        thread.join()
    return results["first"], results["second"]


def test_both_believe_it_is_new(db: Database, db_url: str, make_record: Make) -> None:
    first, second = _while_held(
        db,
        db_url,
        lambda conn: _page(db, conn, make_record("1", language="de"), make_record("2")),
        lambda: _write(db, make_record("2"), make_record("1", title="New"), make_record("3")),
    )
    assert (len(first.new), len(first.changed), first.unchanged) == (2, 0, 0)
    assert (len(second.new), len(second.changed), second.unchanged) == (1, 1, 1)
    assert [ref.source_id for ref in second.new] == ["3"]
    job = jobs.get_by_key(db, "site", "1").job
    assert (job.title, job.language) == ("New", "de")
    assert jobs.get_by_key(db, "site", "2").times_seen == 2


def test_whoever_waited_sees_what_was_written(db: Database, db_url: str, make_record: Make) -> None:
    _write(db, make_record(description="first", raw="r1"))
    _while_held(
        db,
        db_url,
        lambda conn: _page(db, conn, make_record(description="second", skills=("x",))),
        lambda: _write(db, make_record(title="New", raw="r3")),
    )
    detail = jobs.get_by_key(db, "site", "1")
    assert (detail.description, detail.raw) == ("second", "r3")
    assert (detail.job.title, detail.job.skills) == ("New", ("x",))
    assert set(detail.changes[0].changes) == {"title"}


@pytest.mark.fault(
    "F12",
    done="Two writers stored the same postings in opposite order at once.",
    holds="Both pages were stored without a deadlock.",
)
@pytest.mark.parametrize("of_companies", [True, False])
def test_pages_in_opposite_order(
    db: Database, db_url: str, make_record: Make, of_companies: bool
) -> None:
    """With companies they meet there first, without at the jobs themselves."""
    others = open_database(db_url)
    with others.write():
        pass  # connected beforehand, so that both begin at the same moment

    def writer(mine: Database, turn: int, step: int) -> Callable[[], upsert.Written]:
        key = f"{turn // 2}"
        page = [
            make_record(
                f"{key}-{n:04}",
                title=f"{turn}",
                company_key=f"{key}-{n:04}" if of_companies else None,
            )
            for n in range(1000)
        ][::step]
        return lambda: _write(mine, *page)

    for turn in range(6):
        results = _in_threads(writer(db, turn, 1), writer(others, turn, -1))
        assert not [result for result in results if isinstance(result, BaseException)]
        told = sum(len(written.new) + len(written.changed) for written in results)
        assert told == 1000
    others.close()
    assert search.count_jobs(db) == 3000


@pytest.mark.fault(
    "F12",
    done="Twin: the order of a page's writes was taken away.",
    holds="The writers met in a deadlock.",
)
def test_unsorted_writers_deadlock(
    db: Database, db_url: str, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: what the sorting of a page prevents. One of the two is told to try again."""
    if db.dialect == "sqlite":
        # There is one writer at a time, so nobody can hold what another one waits for.
        monkeypatch.setattr(engine, "_POOL_WAIT_S", 0.05)
        impatient = open_database(db_url)
        with impatient.write(), pytest.raises(Busy), impatient.write():
            raise AssertionError
        impatient.close()
        return
    _write(db, make_record("a"), make_record("b"))
    together = threading.Barrier(2)

    def touch(*keys: str) -> Callable[[], None]:
        def work() -> None:
            with db.write() as conn:
                for number, key in enumerate(keys):
                    if number:
                        together.wait()
                    conn.execute(
                        sa.update(jobs_table)
                        .where(jobs_table.c.source_id == key)
                        .values(language=key)
                    )

        return work

    results = _in_threads(touch("a", "b"), touch("b", "a"))
    assert sorted(type(result).__name__ for result in results) == ["Busy", "NoneType"]


def test_foreign_keys_hold(db: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), db.write() as conn:
        conn.execute(
            sa.insert(job_changes).values(job_id=99, at=db.now(conn), kind="list", changes={})
        )
    with db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(collectors)) == 0
