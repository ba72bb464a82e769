"""Fill an empty database with invented jobs, whole with their index: `make bench-data`.

    python -m tests.benchmarks.bench_data --rows 1000000 sqlite:////somewhere/million.db

Postings go the way of collected ones, and their texts into the index as a worker puts them there.
It goes on where it was interrupted: by the number of jobs that are there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import defaultdict

import sqlalchemy as sa

from jobtracker_core.storage import indexing, schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.search import count_jobs
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.upsert import write_page
from tests.benchmarks.corpus import SOURCES, Corpus, Made

PAGE = 2_000
BYTES_PER_ROW = 14_000
"""What a job takes on the disk with its text and its index, at most."""

SECONDS_PER_ROW = 0.0025
"""What it takes on one core of a small server, about."""

_TOLD_EVERY = 50_000
"""Jobs between two lines of progress."""


def main() -> int:
    """Fill a database and say what it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_data")
    parser.add_argument("url", help="URL of the database")
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    db = open_database(arguments.url)
    try:
        return _fill_whole(db, arguments.rows)
    finally:
        db.close()


def _fill_whole(db: Database, rows: int) -> int:
    schema.upgrade(db)
    corpus = Corpus(size=rows)
    there = _there(db, rows)
    missing = rows - there
    _say(
        f"{db.display_url}: {there:,} of {rows:,} jobs are there. The others take about"
        f" {missing * SECONDS_PER_ROW / 60:.0f} minutes and {missing * BYTES_PER_ROW / 1e9:.1f} GB."
    )
    if db.path is not None:
        free = shutil.disk_usage(db.path.parent).free
        if free < missing * BYTES_PER_ROW:
            _say(f"{db.path.parent} has {free / 1e9:.1f} GB left: name another place.")
            return 1
    began = time.monotonic()
    for page in corpus.pages(PAGE, start=there):
        _store(db, page)
        there += len(page)
        if there % _TOLD_EVERY == 0:
            _say(f"{there:,} stored after {time.monotonic() - began:.0f} s")
    stored = time.monotonic()
    done = 0

    def count(batch: int) -> None:
        nonlocal done
        if (done + batch) // _TOLD_EVERY != done // _TOLD_EVERY:
            _say(f"{done + batch:,} indexed after {time.monotonic() - stored:.0f} s")
        done += batch

    indexing.work_off(db, on_batch=count)
    _settle(db)
    _say(
        f"{rows:,} jobs: stored in {stored - began:.0f} s, indexed in"
        f" {time.monotonic() - stored:.0f} s, {_size(db) / 1e9:.2f} GB"
    )
    return 0


def _there(db: Database, rows: int) -> int:
    """Return how many of the corpus are stored; refuses a database of anything else."""
    with db.read() as conn:
        others = conn.execute(sa.select(jobs.c.source).where(jobs.c.source.not_in(SOURCES)))
        if others.first() is not None:
            raise SystemExit("This database holds jobs of somebody: name an empty one.")
    there = count_jobs(db)
    if there > rows or there % PAGE:
        raise SystemExit(
            f"This database holds {there:,} jobs of another corpus: name an empty one."
        )
    return there


def _store(db: Database, page: list[Made]) -> None:
    by_source: dict[str, list[Made]] = defaultdict(list)
    for made in page:
        by_source[made.source].append(made)
    arrived = page[0].arrived
    with db.write() as conn:
        for source, all_made in sorted(by_source.items()):
            records = [made.record for made in all_made]
            write_page(conn, source=source, kind="list", records=records, run_id=None, now=arrived)


def _settle(db: Database) -> None:
    if db.path is None:
        driver = db.dedicated()
        try:
            for table in ("jobs", "job_texts", "job_sightings", "job_index", "companies"):
                driver.execute(f"VACUUM (ANALYZE) {table}")
        finally:
            driver.close()
    else:
        with db.write() as conn:
            conn.exec_driver_sql("ANALYZE")
        db.empty_log()


def _size(db: Database) -> int:
    if db.path is not None:
        return db.path.stat().st_size
    with db.read() as conn:
        size: int = conn.execute(
            sa.select(sa.func.pg_database_size(sa.func.current_database()))
        ).scalar_one()
        return size


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
