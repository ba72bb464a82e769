"""What writing costs when a million jobs are there, against an empty table and a blind upsert.

    python -m tests.benchmarks.growth URL_OF_THE_CORPUS URL_OF_AN_EMPTY_DATABASE

The first database is one that `make bench-data` filled. Every transaction is rolled back at its end,
so that the corpus stays what it is. On PostgreSQL it is the backend's own processor time that is
counted, so the server has to be on this machine; on SQLite, all of this process's. The bytes of the
log are those of the whole server: nobody else may write meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from jobtracker_core.contract.host import Record
from jobtracker_core.search.plain import plain
from jobtracker_core.storage import indexing, schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.search import count_jobs
from jobtracker_core.storage.tables import job_sightings, job_texts, jobs
from jobtracker_core.storage.upsert import write_page
from tests.benchmarks.corpus import SOURCES, Corpus
from tests.benchmarks.ratio import Ratio

PAGE: Final = 1_000
PAGES: Final = 10
RECRAWLED: Final = 4
"""Pages that are read again, in one transaction."""
ROUNDS: Final = 3
"""So often either way is taken in turn; the best round of each counts."""

SOURCE: Final = SOURCES[0]
NOW: Final = datetime(2026, 11, 28, tzinfo=UTC)
FEWEST: Final = 50_000
"""A smaller corpus has too few postings of one source."""

_CHANGED: Final = 5
"""Every so many-th posting of a growing page is a known one that has changed."""

_BATCH: Final = 500
_UNCHANGED: Final = 0.95
_WORDS: Final = {
    "postgresql": (
        "INSERT INTO job_index (job_id, words, has_body) VALUES (%s, to_tsvector('english', %s),"
        " true) ON CONFLICT (job_id) DO UPDATE SET words = excluded.words"
    ),
    "sqlite": "INSERT OR REPLACE INTO job_index (rowid, body) VALUES (?, ?)",
}


class Spent(Struct, frozen=True, kw_only=True):
    """What writing took: seconds, seconds of a processor, and bytes of the log."""

    seconds: float
    cpu: float
    log: int


def measure(url: str, empty: str) -> Iterator[Ratio]:
    """Measure growth, and the usual re-crawl against a blind upsert."""
    full_db, empty_db = open_database(url), open_database(empty)
    try:
        schema.upgrade(empty_db)
        if count_jobs(empty_db):
            raise SystemExit(f"{empty_db.display_url} holds jobs: name an empty database.")
        corpus = Corpus(size=count_jobs(full_db))
        if corpus.size < FEWEST:
            raise SystemExit(f"{full_db.display_url} has {corpus.size:,} jobs, not {FEWEST:,}.")
        yield _growth(full_db, empty_db, corpus)
        yield from _recrawl(full_db, corpus)
    finally:
        full_db.close()
        empty_db.close()


def _growth(full_db: Database, empty_db: Database, corpus: Corpus) -> Ratio:
    taken = []
    for db, size in ((full_db, corpus.size), (empty_db, 0)):
        first, *pages = list(_growing(corpus, size))
        with _held(), db.trial() as conn:
            spent: list[Spent] = []
            _write(conn, first)
            for page in pages:
                _index(db, conn)
                with _counted(conn) as counted:
                    _write(conn, page)
                spent += counted
        taken.append(_sum(spent))
    full, none = taken
    rows = PAGES * PAGE
    return Ratio(
        name=f"{full_db.dialect}: CPU of a row, at {corpus.size:,} / empty table",
        value=full.cpu / none.cpu,
        detail=f"{full.cpu / rows * 1e6:.0f} us ({rows / full.seconds:,.0f} rows/s) against"
        f" {none.cpu / rows * 1e6:.0f} us ({rows / none.seconds:,.0f} rows/s), of which one in"
        f" {_CHANGED} is a known one that has changed",
    )


def _index(db: Database, conn: Connection) -> None:
    """Let known postings be in the index with their descriptions, in an empty table as in a full one."""
    size = _BATCH
    while indexing.index_batch(db.joined(conn), size)[0]:
        pass
    if db.dialect == "postgresql":
        # Sorting into the index what is new to it is the indexer's, and is not counted.
        conn.exec_driver_sql("SET LOCAL gin_pending_list_limit = '64MB'")


def _sum(spent: Sequence[Spent]) -> Spent:
    return Spent(
        seconds=sum(one.seconds for one in spent),
        cpu=sum(one.cpu for one in spent),
        log=sum(one.log for one in spent),
    )


def _growing(corpus: Corpus, size: int) -> Iterator[list[Record]]:
    """Give pages of new postings and changed ones: of the corpus, or of the page before."""
    chance = random.Random(5)
    known = _of_source(corpus, chance, PAGE * (PAGES + 1) // _CHANGED) if size else []
    number = corpus.size
    before: list[Record] = []
    for turn in range(PAGES + 1):
        several = PAGE // _CHANGED
        fresh = [
            replace(corpus.job(n).record, source_id=f"new{n}")
            for n in range(number, number + PAGE - (several if size or turn else 0))
        ]
        number += PAGE
        old = known[turn * several : (turn + 1) * several] if size else before[:several]
        yield [*fresh, *(_changed(record, turn) for record in old)]
        before = fresh


def _of_source(corpus: Corpus, chance: random.Random, count: int) -> list[Record]:
    """Choose known postings of one source, in any order."""
    found: dict[str, Record] = {}
    while len(found) < count:
        made = corpus.job(chance.randrange(corpus.size))
        if made.source == SOURCE:
            found[made.record.source_id] = made.record
    return list(found.values())


def _changed(record: Record, turn: int) -> Record:
    digest = blake2b(record.content_hash + turn.to_bytes(4, "big"), digest_size=16).digest()
    return replace(
        record,
        title=f"{record.title} {turn}",
        description=f"{record.description}<p>New in turn {turn}.</p>",
        content_hash=digest,
    )


def _recrawl(db: Database, corpus: Corpus) -> Iterator[Ratio]:
    chance = random.Random(7)
    known = _of_source(corpus, chance, PAGE * (RECRAWLED + 1))
    edge = int(PAGE * _UNCHANGED)
    pages = [
        [
            *known[start : start + edge],
            *(_changed(record, 1) for record in known[start + edge : start + PAGE]),
        ]
        for start in range(0, len(known), PAGE)
    ]
    ours, theirs = [], []
    with _held():
        for _ in range(ROUNDS):
            ours.append(_written(db, pages, _write))
            theirs.append(_written(db, pages, _upsert_blindly))
    mine, blind = (min(each, key=lambda one: one.seconds) for each in (ours, theirs))
    mine_cpu, blind_cpu = (min(one.cpu for one in each) for each in (ours, theirs))
    mine_log, blind_log = (min(one.log for one in each) for each in (ours, theirs))
    rows = RECRAWLED * PAGE
    yield Ratio(
        name=f"{db.dialect}: re-crawl, 95 % unchanged / blind upsert",
        value=mine.seconds / blind.seconds,
        detail=f"{rows / mine.seconds:,.0f} rows/s against {rows / blind.seconds:,.0f} rows/s,"
        f" so {blind.seconds / mine.seconds:.1f} times as fast, and {blind_cpu / mine_cpu:.1f}"
        f" times by the database's own processor time ({mine_cpu / rows * 1e6:.0f} us of a row"
        f" against {blind_cpu / rows * 1e6:.0f}), at {corpus.size:,}",
    )
    if blind_log:
        yield Ratio(
            name=f"{db.dialect}: log of a re-crawl / blind upsert",
            value=mine_log / blind_log,
            detail=f"{mine_log / rows:,.0f} bytes of a row against {blind_log / rows:,.0f}",
        )


def _written(
    db: Database,
    pages: Sequence[Sequence[Record]],
    write: Callable[[Connection, Sequence[Record]], None],
) -> Spent:
    """Write pages after the first one, and take them back.

    Both ways begin alike, whichever comes first: behind a checkpoint, so that each pays for whole
    pages in the log, and with the rows in memory that both read. Else the first one would read them
    from the disk and write their pages into the log, and the second one neither.
    """
    with db.unbound() as execute:
        execute("CHECKPOINT" if db.dialect == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")
    with db.read() as conn:
        for page in pages:
            _read(conn, page)
    with db.trial() as conn:
        if db.dialect == "postgresql" and write is _upsert_blindly:
            # Who writes so has the server's own value.
            conn.exec_driver_sql("SET LOCAL gin_pending_list_limit = '4MB'")
        elif write is _upsert_blindly:
            # And that of FTS5: there is no indexer who would put together what is left.
            conn.exec_driver_sql("INSERT INTO job_index(job_index, rank) VALUES ('automerge', 4)")
        write(conn, pages[0])
        with _counted(conn) as spent:
            for page in pages[1:]:
                write(conn, page)
    return spent[0]


def _read(conn: Connection, page: Sequence[Record]) -> None:
    whole = jobs.outerjoin(job_texts).outerjoin(job_sightings)
    keys = [record.source_id for record in page]
    conn.execute(
        sa.select(jobs, job_texts, job_sightings)
        .select_from(whole)
        .where(jobs.c.source == SOURCE, jobs.c.source_id.in_(keys))
    ).all()


def _write(conn: Connection, page: Sequence[Record]) -> None:
    write_page(conn, source=SOURCE, kind="list", records=page, run_id=None, now=NOW)


def _upsert_blindly(conn: Connection, page: Sequence[Record]) -> None:
    """Write everything again that a posting says, its words too, changed or not."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    values = [_job_values(record) for record in page]
    into: Any = insert(jobs)
    given = [name for name in values[0] if name not in {"source", "source_id", "first_seen_at"}]
    conn.execute(
        into.on_conflict_do_update(
            index_elements=["source", "source_id"],
            set_={name: into.excluded[name] for name in given},
        ),
        values,
    )
    keys = [record.source_id for record in page]
    found = conn.execute(
        sa.select(jobs.c.source_id, jobs.c.id).where(
            jobs.c.source == SOURCE, jobs.c.source_id.in_(keys)
        )
    )
    numbers = {row.source_id: row.id for row in found}
    texts: Any = insert(job_texts)
    conn.execute(
        texts.on_conflict_do_update(
            index_elements=["job_id"], set_={"description": texts.excluded.description}
        ),
        [{"job_id": numbers[r.source_id], "description": r.description} for r in page],
    )
    conn.execute(
        sa.update(job_sightings)
        .where(job_sightings.c.job_id == sa.bindparam("number"))
        .values(last_seen_at=NOW),
        [{"number": number} for number in numbers.values()],
    )
    conn.exec_driver_sql(
        _WORDS[conn.dialect.name],
        [(numbers[r.source_id], f"{r.title} {plain(r.description or '')}") for r in page],
    )


def _job_values(record: Record) -> dict[str, Any]:
    place = (record.places or (None,))[0]
    return {
        "source": SOURCE,
        "source_id": record.source_id,
        "url": record.url,
        "title": record.title,
        "company": record.company,
        "place": place.text if place else None,
        "city": place.city if place else None,
        "country": place.country if place else None,
        "remote": record.remote,
        "seniority": record.seniority,
        "language": record.language,
        "posted_at": record.posted_at,
        "apply_url": record.apply_url,
        "list_hash": record.content_hash,
        "first_seen_at": NOW,
        "changed_at": NOW,
    }


@contextmanager
def _held() -> Iterator[None]:
    """Let nobody look for garbage among what is held for measuring: no real writer holds so much."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _counted(conn: Connection) -> Iterator[list[Spent]]:
    """Count what is spent within; the list holds it at the end."""
    spent: list[Spent] = []
    log, cpu, seconds = _log(conn), _cpu(conn), time.perf_counter()
    yield spent
    taken = time.perf_counter() - seconds
    spent.append(Spent(seconds=taken, cpu=_cpu(conn) - cpu, log=_log(conn) - log))


def _cpu(conn: Connection) -> float:
    if conn.dialect.name == "sqlite":
        return time.process_time()
    pid = conn.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _log(conn: Connection) -> int:
    if conn.dialect.name == "sqlite":
        return 0
    written = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"
    return int(conn.exec_driver_sql(written).scalar_one())


def main() -> int:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth")
    parser.add_argument("url", help="URL of a database that make bench-data filled")
    parser.add_argument("empty", help="URL of an empty database of the same kind")
    arguments = parser.parse_args()
    for ratio in measure(arguments.url, arguments.empty):
        sys.stdout.write(f"{ratio.name:<62} {ratio.value:7.3f}   {ratio.detail}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
