"""Jobs one by one, lists of them, and whose details are wanted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import Employment, PostingRef, Remote, Seniority
from jobtracker_core.storage import jobs, search, tallies, upsert
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound, StorageError
from jobtracker_core.storage.tables import jobs as table

Write = Callable[..., upsert.Written]
Make = Callable[..., Record]


@pytest.mark.parametrize("job_id", [0, 99, 2**63, -1])
def test_unknown_jobs(db: Database, job_id: int) -> None:
    with pytest.raises(NotFound, match=f"no job {job_id}"):
        jobs.get(db, job_id)


def test_unknown_keys(db: Database, write: Write, make_record: Make) -> None:
    write(make_record("1"), source="other")
    with pytest.raises(NotFound, match="site has no stored job '1'"):
        jobs.get_by_key(db, "site", "1")


def test_get_is_get_by_key(db: Database, write: Write, make_record: Make) -> None:
    write(make_record("1", description="d"))
    (ref,) = write(make_record("2", title="Two")).new
    write(make_record("2", title="Three"), run_id=4)
    write(make_record("2", title="Four"), run_id=5)
    detail = jobs.get(db, ref.id)
    assert detail == jobs.get_by_key(db, "site", "2")
    assert (detail.description, detail.raw, detail.company) == (None, None, None)
    assert [change.run_id for change in detail.changes] == [5, 4]
    assert detail.changes[0].job_id == ref.id
    assert jobs.changes_of_run(db, 4) == detail.changes[1:]
    assert jobs.changes_of_run(db, 1) == ()
    write(make_record("2", title="Five"), run_id=5)
    newest = jobs.get(db, ref.id).changes
    assert [jobs.changes_of_run(db, 5, most) for most in (None, 1)] == [newest[:2], newest[:1]]


def test_changes_of_a_run_go_on_after_each_of_them(
    db: Database, write: Write, make_record: Make
) -> None:
    for title in ("one", "two", "three"):
        write(*(make_record(key, title=title) for key in "abc"), run_id=5)
        write(make_record("a", title=f"not {title}"), run_id=6)
    whole = jobs.changes_of_run(db, 5)
    newest = sorted(whole, key=lambda change: (change.job_id, change.id), reverse=True)
    assert (list(whole), len(whole)) == (newest, 6)
    for at, change in enumerate(whole, 1):
        assert jobs.changes_of_run(db, 5, 2, after=change.mark) == whole[at : at + 2]
    # What it came after may be gone, and its job as well.
    assert jobs.changes_of_run(db, 5, after=f"{2**40}~1") == whole
    for wrong in ("", "7", "1~", "~1", "1.5~1", "-1~1", "1~x", f"{2**63}~1", "9" * 60 + "~1"):
        with pytest.raises(NotFound, match="no position in a list"):
            jobs.changes_of_run(db, 5, after=wrong)


def test_whose_details_are_missing(db: Database, write: Write, make_record: Make) -> None:
    write(*(make_record(key) for key in "abc"))
    write(make_record("d"), source="other")
    write(make_record("d"), source="other", kind="detail")
    write(make_record("b"), kind="detail")
    wanted = ["c", "b", "a", "d", "unheard of"]
    assert jobs.details_missing(db, "site", wanted) == ["c", "a", "d", "unheard of"]
    assert jobs.details_missing(db, "site", []) == []


def test_whose_details_are_due(db: Database, write: Write, make_record: Make) -> None:
    for key in "dcba":
        write(make_record(key))
        write(make_record(key, language="de"), kind="detail")
    write(make_record("shut"))
    write(make_record("shut", closed=True), kind="detail")
    write(make_record("bare"))
    write(make_record("d"), source="other")
    write(make_record("b", title="Changed"))
    with db.read() as conn:
        later = db.now(conn) + timedelta(days=1)

    def due(
        limit: int, older_than: datetime | None = later, tried_before: datetime = later
    ) -> list[str]:
        assert older_than is not None
        found = jobs.details_due(
            db,
            "site",
            limit,
            ahead_of=later + timedelta(days=1),
            older_than=older_than,
            applied_older_than=older_than,
            tried_before=tried_before,
        )
        return [ref.source_id for ref in found]

    assert due(10) == ["b", "d", "c", "a"]
    assert due(2) == ["b", "d"]
    assert due(1) == ["b"]
    assert due(0) == []
    read = jobs.get_by_key(db, "site", "c").job.details_at
    assert due(10, read) == ["b", "d"]
    (first,) = jobs.details_due(
        db,
        "site",
        1,
        ahead_of=later,
        older_than=later,
        applied_older_than=later,
        tried_before=later,
    )
    assert first == PostingRef(source_id="b", url="https://example.org/b", title="Changed")
    write(make_record("b", language="de"), kind="detail")
    assert due(10) == ["d", "c", "a", "b"]
    _fail(db, ["c"], later)
    assert due(10) == ["d", "a", "b"]
    assert due(10, tried_before=later + timedelta(seconds=1)) == ["d", "c", "a", "b"]


def test_what_is_due_is_found_by_its_index(db: Database) -> None:
    due = (
        sa.select(table.c.id).where(table.c.source == "site", jobs.DUE).order_by(table.c.details_at)
    )
    with db.read() as conn:
        told = str(due.compile(conn, compile_kwargs={"literal_binds": True}))
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = [str(row) for row in conn.exec_driver_sql(f"{explain} {told}")]
    assert any("ix_jobs_details_due" in line for line in plan), plan


def _fail(db: Database, source_ids: list[str], at: datetime) -> None:
    with db.write() as conn:
        jobs.note_failed_details(conn, "site", source_ids, at)


def test_details_that_could_not_be_had_come_last_and_stay_wanted(
    db: Database, write: Write, make_record: Make
) -> None:
    for key in "abcd":
        write(make_record(key))
    with db.read() as conn:
        at = db.now(conn)
    _fail(db, ["b"], at)
    _fail(db, ["a"], at + timedelta(seconds=1))
    assert jobs.details_missing(db, "site", ["a", "b", "c", "d"]) == ["c", "d", "b", "a"]
    write(make_record("b"), kind="detail")
    assert jobs.details_missing(db, "site", ["a", "b", "c", "d"]) == ["c", "d", "a"]


def _titles(db: Database, **words: object) -> list[str]:
    return [job.title for job in search.list_jobs(db, **words).items]  # type: ignore[arg-type]


def test_lists_walk_by_position(db: Database, write: Write, make_record: Make) -> None:
    write(*(make_record(str(n), title=str(n)) for n in range(5)))
    first = search.list_jobs(db, limit=2)
    second = search.list_jobs(db, limit=2, after=first.after)
    # What arrives meanwhile neither repeats nor hides anything.
    write(make_record("9", title="9"))
    third = search.list_jobs(db, limit=2, after=second.after)
    titles = [[job.title for job in page.items] for page in (first, second, third)]
    assert titles == [["4", "3"], ["2", "1"], ["0"]]
    assert third.after is None
    assert search.list_jobs(db, limit=6).after is None
    assert search.list_jobs(db, limit=1, after="1") == search.JobList(items=(), after=None)


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "٣", str(2**63), "9" * 5000])
def test_positions_nobody_gave(db: Database, after: str) -> None:
    with pytest.raises(StorageError, match="no position in a list"):
        search.list_jobs(db, after=after)


def test_a_text_and_a_source(db: Database, write: Write, make_record: Make) -> None:
    write(
        make_record("1", title="Senior PYTHON Developer", company="Acme"),
        make_record("2", title="100% Remote_Clerk", company=None),
        make_record("3", title="Baker", company="Monty Python Ltd"),
        make_record("4", title="Path C:\\dir/x"),
    )
    write(make_record("5", title="python elsewhere"), source="other")
    assert _titles(db, text="python", source="site") == ["Baker", "Senior PYTHON Developer"]
    assert len(_titles(db, text="Python")) == 3
    assert _titles(db, text="100%") == ["100% Remote_Clerk"]
    assert _titles(db, text='"c:\\DIR/"') == ["Path C:\\dir/x"]
    assert _titles(db, text="py\x00thon", source="other") == ["python elsewhere"]
    assert len(_titles(db, text="")) == 5
    assert len(_titles(db, text="%")) == 5


def test_sqlite_folds_all_letters(db: Database, write: Write, make_record: Make) -> None:
    write(make_record("1", title="ÄRZTIN", company="ÄRZTIN"))
    expected = ["ÄRZTIN"]
    if db.dialect == "postgresql":
        with db.read() as conn:
            folds = conn.exec_driver_sql("SELECT lower('Ä') = 'ä'").scalar()
        expected = expected if folds else []
    assert _titles(db, company="ärztin") == expected


def test_filters_by_facet(db: Database, write: Write, make_record: Make) -> None:
    full, part = (Employment.FULL_TIME,), (Employment.PART_TIME, Employment.CONTRACT)
    write(
        make_record("1", title="a", remote=Remote.REMOTE, employment=full, seniority=Seniority.MID),
        make_record("2", title="b", remote=Remote.REMOTE, employment=part, closed=True),
        make_record("3", title="c", remote=Remote.ONSITE, seniority=Seniority.MID, closed=False),
    )
    write(make_record("1", title="d", remote=Remote.REMOTE, employment=part), source="other")
    assert _titles(db, remote=Remote.REMOTE) == ["d", "b", "a"]
    assert _titles(db, remote=Remote.REMOTE, source="site") == ["b", "a"]
    assert _titles(db, employment=Employment.CONTRACT) == ["d", "b"]
    assert _titles(db, employment=Employment.FULL_TIME) == ["a"]
    assert _titles(db, employment=Employment.TEMPORARY) == []
    assert _titles(db, seniority=Seniority.MID) == ["c", "a"]
    assert _titles(db, closed=True) == ["b"]
    assert _titles(db, closed=False) == ["d", "c", "a"]
    assert _titles(db, closed=False, employment=Employment.CONTRACT, text="D") == ["d"]
    assert len(_titles(db, closed=None, remote=None, source=None, text=None)) == 4


def test_paging_back_gives_the_pages_that_were_left(
    db: Database, write: Write, make_record: Make
) -> None:
    write(*(make_record(str(n), title=str(n)) for n in range(7)))
    there = [search.list_jobs(db, limit=3)]
    while there[-1].after is not None:
        there.append(search.list_jobs(db, limit=3, after=there[-1].after))
    assert [[job.title for job in page.items] for page in there] == [
        ["6", "5", "4"],
        ["3", "2", "1"],
        ["0"],
    ]
    assert there[0].before is None
    middle = search.list_jobs(db, limit=3, before=there[2].before)
    top = search.list_jobs(db, limit=3, before=there[1].before)
    assert middle.items == there[1].items
    assert (middle.before, middle.after) == (there[1].before, there[1].after)
    assert top == there[0]
    assert search.list_jobs(db, limit=3, before="7").items == ()
    skipped = search.list_jobs(db, limit=3, offset=3)
    assert (skipped.items, skipped.before) == (middle.items, middle.before)
    with pytest.raises(ValueError, match="not both"):
        search.list_jobs(db, after="1", before="2")


def test_a_tally_says_where_a_page_stands(
    db: Database, write: Write, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tallies.tally(db) == tallies.Tally(total=0, more=False)
    write(*(make_record(str(n), title=str(n % 2)) for n in range(10)))
    assert tallies.tally(db) == tallies.Tally(total=10, more=False)
    assert tallies.tally(db, first=8, text="1") == tallies.Tally(total=5, more=False, newer=1)
    assert tallies.tally(db, first=10).newer == 0
    monkeypatch.setattr(tallies, "TALLY_LIMIT", 4)
    assert tallies.tally(db, first=6) == tallies.Tally(total=4, more=True, newer=4, estimate=10)
    assert tallies.tally(db, first=5) == tallies.Tally(total=4, more=True, newer=None, estimate=10)


def test_sources_of_stored_jobs(db: Database, write: Write, make_record: Make) -> None:
    assert search.sources(db) == ()
    for source in ("b", "a", "c", "b"):
        write(make_record(source), make_record(f"{source}2"), source=source)
    assert search.sources(db) == ("a", "b", "c")


def test_what_a_run_changed(db: Database, write: Write, make_record: Make) -> None:
    write(make_record("1", title="a"), make_record("2", title="b"), run_id=1)
    write(make_record("1", title="a2"), make_record("2", title="b"), run_id=2)
    write(make_record("1", title="a3"), make_record("3", title="c"), run_id=3)
    assert _titles(db, changed_by_run=1) == []
    assert _titles(db, changed_by_run=2) == ["a3"]
    assert _titles(db, changed_by_run=3) == ["a3"]


def test_counts(db: Database, write: Write, make_record: Make) -> None:
    assert search.count_jobs(db) == 0
    write(make_record("1"), make_record("2"))
    write(make_record("1"), source="other")
    assert (search.count_jobs(db), search.count_jobs(db, "site")) == (3, 2)
    assert search.count_jobs(db, source="none") == 0
