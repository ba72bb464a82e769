"""The page write against bare COPY (SQLite: `executemany`) of the same rows into the same tables.

    python -m tests.benchmarks.page_write URL_OF_AN_EMPTY_DATABASE

Both sides start from ready values: ours from records, the bare one from the very rows that ours
left in the tables, under other keys, through the driver alone. So the ratio is what is paid for
telling new, unchanged and changed apart, for merging, for history, for companies, and for making the words
of the index. The bare side is the same in all three: inserting as many new postings.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import Place, Posting, Remote
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.upsert import write_page
from tests.benchmarks.databases import Driver, insert, opened, read_rows, renumbered, settle
from tests.benchmarks.ratio import Ratio, compare

PAGE = 1000
SOURCE = "bench"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
_FAR = 1_000_000_000
"""Where the bare rows' numbers begin: wide apart from ours, which go on from the largest below."""


def records(start: int, *, title: str = "Engineer") -> list[Record]:
    """A page of postings with some 4 kB of description each."""
    text = "<p>" + "What you will do and what you bring along. " * 90 + "</p>"
    return [
        normalise(
            Posting(
                source_id=str(number),
                url=f"https://board.example/jobs/{number}",
                title=f"{title} {number}",
                company=f"Company {number % 500}",
                places=(Place(text="Berlin, Germany", city="Berlin", country="DE"),),
                remote=Remote.HYBRID,
                description=text,
            )
        )
        for number in range(start, start + PAGE)
    ]


def fill(db: Database, driver: Driver, *, rows: int) -> None:
    """Store a page through our own write, and the same again and again up to `rows`."""
    _write(db, records(0))
    template = read_rows(db, driver, SOURCE)
    for start in range(PAGE, rows, PAGE):
        insert(db, driver, renumbered(template, start + 1, "filler"))
    settle(db, driver)


def measure(db: Database, driver: Driver, *, rows: int, rounds: int) -> list[Ratio]:
    """Compare a page of new, of unchanged and of changed postings with bare inserts of as many."""
    template = read_rows(db, driver, SOURCE)
    known = records(0)
    fresh = [records(PAGE * (n + 1)) for n in range(rounds + 1)]
    altered = [records(0, title=f"Engineer {n}") for n in range(rounds + 1)]
    bare = iter(
        [renumbered(template, _FAR + n * 10 * PAGE, "bare") for n in range(3 * (rounds + 1))]
    )
    kinds = {
        # "unchanged" first: "changed" alters what it compares with. "new" last: SQLite numbers
        # new rows from the largest number on, which the bare side sets.
        "unchanged": lambda: _write(db, known),
        "changed": lambda: _write(db, altered.pop()),
        "new": lambda: _write(db, fresh.pop()),
    }
    bare_way = "COPY" if db.dialect == "postgresql" else "executemany"
    return [
        compare(
            f"{db.dialect}: page of {kind} / bare {bare_way}",
            ours,
            lambda: insert(db, driver, next(bare)),
            rounds=rounds,
            unit=f"{PAGE} postings on top of {rows:,}",
        )
        for kind, ours in kinds.items()
    ]


def _write(db: Database, page: list[Record]) -> None:
    with db.write() as conn:
        write_page(conn, source=SOURCE, kind="list", records=page, run_id=None, now=NOW)


def main() -> int:
    """Print one line per kind of page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.page_write")
    parser.add_argument("url", help="URL of an empty database; what is stored stays in it")
    parser.add_argument("--rows", type=int, default=PAGE, help="rows stored beforehand")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with opened(arguments.url) as (db, driver):
        fill(db, driver, rows=arguments.rows)
        for ratio in measure(db, driver, rows=arguments.rows, rounds=arguments.rounds):
            detail = f"{ratio.detail}, {1 / ratio.value:.2f} of it"
            sys.stdout.write(f"{ratio.name:<56} {ratio.value:6.2f}   {detail}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
