"""A corpus that is stored the fast way is what collecting and indexing would have stored."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
import sqlalchemy as sa

from jobtracker_core.storage import indexing
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.index_tables import job_index, job_index_fts
from jobtracker_core.storage.tables import job_sightings, job_texts, jobs
from jobtracker_core.storage.upsert import write_page
from tests.benchmarks import bench_data, bulk_load
from tests.benchmarks.corpus import Corpus, Made

_SIZE = 60


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bench_data, bulk_load):
        monkeypatch.setattr(module, "PAGE", 20)


def test_the_fast_way_stores_what_collecting_and_indexing_store(db: Database) -> None:
    bench_data.fill(db, _SIZE)
    fast = _stored(db), _indexed(db)
    with db.write() as conn:
        conn.execute(sa.delete(jobs))
    _collect(db, Corpus(size=_SIZE))
    assert indexing.work_off(db) == _SIZE

    assert (_stored(db), _indexed(db)) == fast


def test_filling_goes_on_where_it_stopped(db: Database) -> None:
    corpus = Corpus(size=_SIZE)
    loader = bulk_load.Loader(db, corpus)
    with pytest.raises(KeyboardInterrupt):
        loader.load(0, _interrupt)
    assert len(_stored(db)) == bulk_load.PAGE

    bench_data.fill(db, _SIZE)

    assert {key for _, key, *_ in _stored(db)} == {
        corpus.job(number).record.source_id for number in range(_SIZE)
    }
    assert len(_indexed(db)) == _SIZE


def test_a_database_of_somebody_is_refused(db: Database) -> None:
    made = Corpus(size=_SIZE).job(7)
    _collect_page(db, [made])
    with pytest.raises(SystemExit, match="name an empty one"):
        bench_data.fill(db, _SIZE)
    assert len(_stored(db)) == 1


def _interrupt(_there: int) -> None:
    raise KeyboardInterrupt


def _collect(db: Database, corpus: Corpus) -> None:
    for number in range(corpus.size):
        _collect_page(db, [corpus.job(number)])


def _collect_page(db: Database, page: list[Made]) -> None:
    by_source: dict[str, list[Made]] = defaultdict(list)
    for made in page:
        by_source[made.source].append(made)
    for source, all_made in by_source.items():
        records, now = [made.record for made in all_made], page[0].arrived
        with db.write() as conn:
            write_page(conn, source=source, kind="list", records=records, run_id=None, now=now)


def _stored(db: Database) -> list[tuple[Any, ...]]:
    columns = [column for column in jobs.columns if column.name not in {"id", "company_id"}]
    seen = [column for column in job_sightings.columns if column.name != "job_id"]
    statement = (
        sa.select(jobs.c.source, jobs.c.source_id, *columns, job_texts.c.description, *seen)
        .join_from(jobs, job_texts)
        .join(job_sightings)
        .order_by(jobs.c.source, jobs.c.source_id)
    )
    with db.read() as conn:
        return [tuple(row) for row in conn.execute(statement)]


def _indexed(db: Database) -> dict[str, tuple[Any, ...]]:
    found: list[sa.ColumnElement[Any]]
    if db.dialect == "sqlite":
        key, index = job_index_fts.c.rowid, job_index_fts
        found = [column for column in index.columns if column is not key]
    else:
        key, index = job_index.c.job_id, job_index
        found = [sa.cast(job_index.c.words, sa.Text), job_index.c.has_body]
    statement = sa.select(jobs.c.source_id, *found).join_from(index, jobs, key == jobs.c.id)
    with db.read() as conn:
        return {key: tuple(rest) for key, *rest in conn.execute(statement)}
