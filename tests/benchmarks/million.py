"""All figures of one large database, in one run.

    python -m tests.benchmarks.million sqlite:////somewhere/million.db

The database is one that `make bench-data` filled; it is left as it was, but for a token. What is
measured on an empty one is measured on a database beside it, which is made and removed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from jobtracker_core.storage.search import count_jobs
from tests.benchmarks import (
    growth,
    indexing,
    ingest_path,
    linkedin_parse,
    list_peers,
    page_reads,
    page_write,
    search,
    start_up,
)
from tests.benchmarks.databases import beside, opened
from tests.benchmarks.ratio import Ratio


def main() -> int:
    """Print one line per figure, as it comes."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.million")
    parser.add_argument("url", help="URL of a database that make bench-data filled")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for ratio in _measure(arguments.url, arguments.rounds):
        sys.stdout.write(f"{ratio.name:<62} {ratio.value:8.3f}   {ratio.detail}\n")
        sys.stdout.flush()
    return 0


def _measure(url: str, rounds: int) -> Iterator[Ratio]:
    yield start_up.measure(rounds)
    yield from linkedin_parse.measure(rounds)
    with beside(url, "bench_small") as small, opened(small) as (db, driver):
        page_write.fill(db, driver, rows=page_write.PAGE)
        yield from page_write.measure(db, driver, rows=page_write.PAGE, rounds=rounds)
        yield from ingest_path.measure(db, driver, small, rounds=rounds)
        yield indexing.measure(db, driver)
    yield from search.measure(url)
    yield from list_peers.measure(url, rounds=rounds)
    with opened(url) as (db, _):
        yield from page_reads.measure(db, url, rows=count_jobs(db), rounds=rounds)
    with beside(url, "bench_empty") as empty:
        yield from growth.measure(url, empty)


if __name__ == "__main__":
    sys.exit(main())
