"""The index of words holds what jobs say, whoever changes them while it is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import CompanyFacts, Employment, Place, Remote
from jobtracker_core.storage import edits, index_tokens, index_writes, indexing, upsert
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.tables import jobs

Write = Callable[..., upsert.Written]
Make = Callable[..., Record]


def find(db: Database, word: str, *, field: index_tokens.Field | None = None) -> set[str]:
    """Return the source ids of jobs that have a token, in any field or in one."""
    with db.read() as conn:
        if db.dialect == "sqlite":
            wanted = f'{field} : "{word}"' if field else f'"{word}"'
            statement = "SELECT rowid FROM job_index WHERE job_index MATCH :wanted"
        else:
            wanted = f"'{index_tokens.in_field(field, word) if field else word}'"
            statement = "SELECT job_id FROM job_index WHERE words @@ CAST(:wanted AS tsquery)"
        numbers = conn.execute(sa.text(statement), {"wanted": wanted}).scalars().all()
        chosen = sa.select(jobs.c.source_id).where(jobs.c.id.in_(numbers))
        return set(conn.execute(chosen).scalars())


def rows(db: Database) -> int:
    with db.read() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM job_index").scalar_one())


def waiting(db: Database) -> int:
    with db.read() as conn:
        return indexing.lag(conn).waiting


def number_of(db: Database, source_id: str) -> int:
    with db.read() as conn:
        return int(
            conn.execute(sa.select(jobs.c.id).where(jobs.c.source_id == source_id)).scalar_one()
        )


def test_a_page_is_found_at_once_and_its_descriptions_later(
    db: Database, write: Write, make_record: Make
) -> None:
    write(
        make_record(
            "a",
            title="Senior Welder",
            company="Acme Boats",
            company_key="acme",
            company_facts=CompanyFacts(),
            places=(
                Place(text="Kiel, Germany", city="Kiel", country="DE"),
                Place(city="Lübeck", country="DE"),
            ),
            skills=("Python", "Arc Welding"),
            remote=Remote.HYBRID,
            employment=(Employment.FULL_TIME, Employment.CONTRACT),
            description="<p>You like <b>ru</b>dders.</p><p>And keels &amp; masts.</p>",
        ),
        make_record("b", title="Cook"),
    )
    assert find(db, "welder") == find(db, "welder", field="title") == {"a"}
    assert find(db, "acm", field="company") == find(db, "acm") == {"a"}
    assert find(db, "acm", field="title") == set()
    assert find(db, "kiel", field="place") == find(db, "lubeck", field="place") == {"a"}
    assert find(db, "python", field="skills") == {"a"}
    facets = ("=remote:hybrid", "=employment:contract", "=employment:full_time", "=country:de")
    assert all(find(db, token) == {"a"} for token in facets)
    assert find(db, "=all") == find(db, "=source:site") == {"a", "b"}
    assert find(db, "rudder") == set()
    assert waiting(db) == 1
    assert indexing.work_off(db) == 1
    assert find(db, "rudder") == find(db, "mast") == find(db, "welder", field="title") == {"a"}
    assert waiting(db) == 0
    assert indexing.work_off(db) == 0


def test_what_changes_is_found_as_it_is(db: Database, write: Write, make_record: Make) -> None:
    write(make_record("a", title="Welder", description="<p>Rudders.</p>"))
    indexing.work_off(db)
    write(make_record("a", title="Cook", description="<p>Soups.</p>"))
    assert find(db, "welder") == find(db, "rudder") == find(db, "soup") == set()
    assert find(db, "cook") == {"a"}
    indexing.work_off(db)
    assert find(db, "rudder") == set()
    assert find(db, "soup") == {"a"}
    edits.edit(
        db,
        number_of(db, "a"),
        make_record("a", title="Baker", description="<p>Bread.</p>"),
        fields=("title", "description"),
    )
    assert find(db, "cook") == find(db, "soup") == set()
    assert find(db, "baker") == {"a"}
    indexing.work_off(db)
    assert find(db, "bread") == {"a"}
    edits.create(db, "direct", make_record("d", title="Potter", description="<p>Clay.</p>"))
    assert find(db, "potter") == {"d"}
    indexing.work_off(db)
    assert find(db, "clay") == {"d"}


def test_what_is_deleted_is_gone(db: Database, write: Write, make_record: Make) -> None:
    write(
        make_record("a", description="<p>Rudders.</p>"),
        make_record("b", description="<p>Rudders.</p>"),
    )
    indexing.work_off(db)
    edits.delete(db, number_of(db, "a"))
    assert find(db, "rudder") == {"b"}
    write(make_record("c", description="<p>Rudders.</p>"))
    edits.delete(db, number_of(db, "c"))
    assert rows(db) == 1
    assert indexing.work_off(db) == 1, "it leaves the queue"
    assert (rows(db), waiting(db)) == (1, 0)


def test_a_page_that_is_rolled_back_leaves_no_words(db: Database, make_record: Make) -> None:
    def fail() -> None:
        with db.write() as conn:
            upsert.write_page(
                conn,
                source="board",
                kind="list",
                records=[make_record("a", description="<p>Rudders.</p>")],
                run_id=None,
                now=db.now(conn),
            )
            raise RuntimeError("the plug was pulled")

    with pytest.raises(RuntimeError):
        fail()
    assert (rows(db), waiting(db)) == (0, 0)


def _edit_meanwhile(
    db: Database, monkeypatch: pytest.MonkeyPatch, change: Callable[[Database], object]
) -> threading.Thread:
    """Have a job changed right after the indexer has read it."""
    other = db.another()
    entry = index_tokens.entry

    def work() -> None:
        change(other)
        other.close()

    thread = threading.Thread(target=work)

    def slow(*arguments: Any) -> index_tokens.Entry:
        if thread.ident is None:
            thread.start()
            # On SQLite nobody holds it up; on PostgreSQL it waits for the indexer.
            thread.join(None if db.dialect == "sqlite" else 0.3)
        return entry(*arguments)

    monkeypatch.setattr(indexing, "entry", slow)
    return thread


def test_a_description_that_changes_between_reading_and_writing(
    db: Database, write: Write, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        make_record("a", description="<p>Rudders.</p>"),
        make_record("b", description="<p>Keels.</p>"),
    )
    number, new = number_of(db, "a"), make_record("a", description="<p>Soups.</p>")
    thread = _edit_meanwhile(
        db, monkeypatch, lambda other: edits.edit(other, number, new, fields=("description",))
    )
    indexing.index_batch(db, 10)
    thread.join()
    assert waiting(db) == 1
    assert find(db, "rudder") == set(), "what is no longer said is not found"
    assert find(db, "keel") == {"b"}
    indexing.work_off(db)
    assert find(db, "soup") == {"a"}
    assert find(db, "rudder") == set()
    assert waiting(db) == 0


def test_a_job_that_is_deleted_between_reading_and_writing(
    db: Database, write: Write, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        make_record("a", description="<p>Rudders.</p>"),
        make_record("b", description="<p>Rudders.</p>"),
    )
    number = number_of(db, "a")
    thread = _edit_meanwhile(db, monkeypatch, lambda other: edits.delete(other, number))
    indexing.index_batch(db, 10)
    thread.join()
    indexing.work_off(db)
    assert find(db, "rudder") == {"b"}
    assert (rows(db), waiting(db)) == (1, 0)


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_jobs_that_somebody_deletes_are_not_waited_for(
    db: Database, write: Write, make_record: Make
) -> None:
    write(
        make_record("a", description="<p>Rudders.</p>"),
        make_record("b", description="<p>Rudders.</p>"),
    )
    with closing(db.another()) as other, db.trial() as conn:
        conn.execute(sa.delete(jobs).where(jobs.c.source_id == "a"))
        assert indexing.work_off(other) == 1
    assert find(db, "rudder") == {"b"}
    assert indexing.work_off(db) == 1
    assert find(db, "rudder") == {"a", "b"}


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_parts_of_the_index_are_put_together_by_the_indexer_alone(
    db: Database, write: Write, make_record: Make
) -> None:
    """Each page leaves one; where there are four of a size, there is something to do."""
    for number in range(4):
        write(make_record(f"n{number}", description=f"<p>Rudders, {number}.</p>"))
    with db.trial() as conn:
        assert index_writes.merge(conn, 100)
        assert not index_writes.merge(conn, 100)
    indexing.work_off(db)
    with db.trial() as conn:
        assert not index_writes.merge(conn, 100)
    assert find(db, "rudder") == find(db, "=all") == {f"n{number}" for number in range(4)}


def test_reindexing_makes_everything_anew(
    db: Database, write: Write, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_BATCH", 4)
    write(*(make_record(f"n{number}", description="<p>Rudders.</p>") for number in range(30)))
    indexing.work_off(db)
    with db.write() as conn:
        conn.exec_driver_sql("DELETE FROM job_index")
    told: list[tuple[int, int]] = []
    done = indexing.rebuild(db, on_progress=lambda *numbers: told.append(numbers))
    assert done == indexing.Reindexed(indexed=30, waiting=0)
    assert told[-1] == (30, 30)
    assert len(find(db, "rudder")) == len(find(db, "=all")) == 30
    assert indexing.rebuild(db, queue_only=True) == indexing.Reindexed(indexed=0, waiting=30)


def test_a_description_of_any_length_is_indexed(
    db: Database, write: Write, make_record: Make
) -> None:
    words = " ".join(f"w{number}x" for number in range(60_000))
    signs = "\U00020000\U00020001 O'Brien \\ ' ﷺ ½ ٣ e\u0301 c++ =source:x :* !a|b"
    write(
        make_record("a", description=f"<p>{signs} {words}</p>"),
        make_record("b", description=f"<p>{signs}</p>"),
    )
    assert indexing.work_off(db) == 2
    assert find(db, "w5x") == {"a"}
    assert find(db, "cplusplus") == {"a", "b"}
    assert find(db, "=source:x") == set()


def test_a_job_that_cannot_be_indexed_holds_up_no_other(
    db: Database, write: Write, make_record: Make, caplog: pytest.LogCaptureFixture
) -> None:
    write(*(make_record(name, description="<p>Rudders.</p>") for name in ("a", "b", "c")))
    with db.write() as conn:
        conn.execute(sa.update(jobs).where(jobs.c.source_id == "b").values(skills=[None]))
    assert indexing.work_off(db) == 3
    assert (find(db, "rudder"), waiting(db)) == ({"a", "c"}, 0)
    assert find(db, "engin") == {"a", "b", "c"}
    assert f"job {number_of(db, 'b')} is not indexed" in caplog.text


@pytest.mark.full
def test_several_indexers_beside_writers_lose_nothing(
    db: Database,
    db_url: str,
    write: Write,
    make_record: Make,
    processes: Callable[..., list[str]],
) -> None:
    script = """
import sys, random
from datetime import UTC, datetime
from jobtracker_core.contract.posting import Posting
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.storage import engine, indexing, upsert
db = engine.open_database(url)
go()
chance = random.Random()
for step in range(12):
    page = [
        normalise(Posting(source_id=f"n{number}", url=f"https://b.example/{number}",
            title=f"Job {number}", description=f"<p>rudders step{chance.randrange(1000)}x</p>"))
        for number in chance.sample(range(60), 20)
    ]
    with db.write() as conn:
        upsert.write_page(conn, source="board", kind="list", records=page, run_id=None,
            now=datetime(2026, 3, 1, tzinfo=UTC))
    indexing.work_off(db)
"""
    processes(script, db_url, 3)
    indexing.work_off(db)
    assert waiting(db) == 0
    with db.read() as conn:
        texts = conn.exec_driver_sql(
            "SELECT source_id, description FROM jobs JOIN job_texts ON job_id = id"
        ).all()
    assert rows(db) == len(texts)
    for source_id, text in texts:
        word = text.removeprefix("<p>rudders ").removesuffix("</p>")
        assert source_id in find(db, word)
    stale = {f"step{number}x" for number in range(1000)} - {
        text.removeprefix("<p>rudders ").removesuffix("</p>") for _, text in texts
    }
    assert not any(find(db, word) for word in sorted(stale)[::10])
