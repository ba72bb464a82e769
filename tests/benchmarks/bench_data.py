"""Fill an empty database with invented jobs, whole with their index: `make bench-data`.

    python -m tests.benchmarks.bench_data --rows 1000000 sqlite:////somewhere/million.db

It goes on where it was interrupted: by the number of jobs that are there. A database that holds
anything else is refused. Two corpora of different sizes have other jobs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time

import sqlalchemy as sa

from jobtracker_core.storage import schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.search import count_jobs
from jobtracker_core.storage.tables import jobs
from tests.benchmarks.bulk_load import PAGE, Loader
from tests.benchmarks.corpus import SOURCES, Corpus

BYTES_PER_ROW = {"sqlite": 14_000, "postgresql": 12_000}
"""What a job takes on the disk with its text and its index; the log of PostgreSQL comes on top."""

SECONDS_PER_ROW = {"sqlite": 0.0006, "postgresql": 0.0015}
"""What it takes on an idle machine of two cores, about."""

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
        fill(db, arguments.rows)
    finally:
        db.close()
    return 0


def fill(db: Database, rows: int) -> None:
    """Store a corpus of that size, or what is missing of it, and say how it goes.

    Raises SystemExit where the database holds other jobs, or the disk is too small.
    """
    schema.upgrade(db)
    there = _there(db, rows)
    missing = rows - there
    needed = missing * BYTES_PER_ROW[db.dialect]
    _say(
        f"{db.display_url}: {there:,} of {rows:,} jobs are there. The others take about"
        f" {missing * SECONDS_PER_ROW[db.dialect] / 60:.0f} minutes and {needed / 1e9:.1f} GB."
    )
    if db.path is not None:
        free = shutil.disk_usage(db.path.parent).free
        if free < needed:
            raise SystemExit(f"{db.path.parent} has {free / 1e9:.1f} GB left: name another place.")
    began = time.monotonic()

    def tell(stored: int) -> None:
        if stored % _TOLD_EVERY == 0:
            _say(f"{stored:,} stored after {time.monotonic() - began:.0f} s")

    loader = Loader(db, Corpus(size=rows))
    loader.load(there, tell)
    stored = time.monotonic()
    loader.finish()
    _say(
        f"{rows:,} jobs: {missing:,} stored in {stored - began:.0f} s, finished in"
        f" {time.monotonic() - stored:.0f} s, {_size(db) / 1e9:.2f} GB"
    )


def _there(db: Database, rows: int) -> int:
    """Return how many of the corpus are stored; refuses a database of anything else."""
    there = count_jobs(db)
    if not there:
        return 0
    with db.read() as conn:
        last = conn.execute(
            sa.select(jobs.c.id, jobs.c.source, jobs.c.source_id).order_by(jobs.c.id.desc())
        ).first()
    if last is None or last.source not in SOURCES or last.id != there:
        raise SystemExit(f"{db.display_url} holds jobs of somebody: name an empty one.")
    expected = Corpus(size=rows).job(there - 1)
    same = (last.source, last.source_id) == (expected.source, expected.record.source_id)
    if there > rows or not same or (there % PAGE and there != rows):
        raise SystemExit(
            f"{db.display_url} holds {there:,} jobs of another corpus: name an empty one."
        )
    return there


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
