"""Run all measurements and print them as a table.

Every figure is a ratio of two things that ran in turn within this process, so that a loaded or a slow
machine changes it little. Absolute times are printed beside it for orientation only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import (
    analyse,
    bench_data,
    child,
    growth,
    http_reads,
    indeed_parse,
    indexing,
    ingest_path,
    linkedin_parse,
    list_peers,
    old_portal,
    page_reads,
    page_write,
    queue,
    reads,
    requests_per_run,
    search,
    start_up,
    wake,
    whole_run,
)
from tests.benchmarks.databases import beside, opened, urls
from tests.benchmarks.ratio import Ratio


def main() -> int:
    """Print one line per ratio, as it comes."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--rows", type=int, default=100_000, help="rows stored beforehand")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    for ratio in _measure(max(arguments.rows, page_write.PAGE), arguments.rounds):
        sys.stdout.write(f"{ratio.name:<56} {ratio.value:6.2f}   {ratio.detail}\n")
        sys.stdout.flush()
    return 0


def _measure(rows: int, rounds: int) -> Iterator[Ratio]:
    yield start_up.measure(rounds)
    yield from child.measure(rounds)
    yield from requests_per_run.measure()
    yield from linkedin_parse.measure(rounds)
    yield from indeed_parse.measure(rounds)
    yield from analyse.measure(rounds)
    with TemporaryDirectory() as folder:
        for url in urls(Path(folder)):
            with opened(url) as (db, driver):
                page_write.fill(db, driver, rows=rows)
                # Reads first: the writes add rows with numbers far beyond.
                yield from reads.measure(db, driver, url, rows=rows, rounds=rounds)
                yield from http_reads.measure(db, driver, url, rows=rows, rounds=rounds)
                yield from list_peers.measure(url, rounds=rounds)
                yield from page_reads.measure(db, url, rows=rows, rounds=rounds)
                yield from page_write.measure(db, driver, rows=rows, rounds=rounds)
                yield from whole_run.measure(db, driver, rounds=rounds)
                yield indexing.measure(db, driver)
                yield from ingest_path.measure(db, driver, url, rounds=rounds)
            yield from wake.measure(url, rounds=rounds)
            yield from queue.measure(url, rounds=rounds)
            yield from _measure_corpus(url, rows, rounds)


def _measure_corpus(url: str, rows: int, rounds: int) -> Iterator[Ratio]:
    """Measure on realistic jobs what depends on their words and on how many there are."""
    with (
        beside(url, "corpus") as corpus,
        beside(url, "empty") as empty,
        opened(corpus) as (db, driver),
    ):
        bench_data.fill(db, rows)
        yield from search.measure(corpus)
        if rows >= growth.FEWEST:
            yield from growth.measure(corpus, empty)
        yield from old_portal.measure(db, driver, corpus, rows=rows, rounds=rounds)


sys.exit(main())
