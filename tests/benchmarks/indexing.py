"""How many postings a second the deferred indexer takes: `python -m tests.benchmarks.indexing URL`.

Descriptions of some 650 words each, drawn from a vocabulary as skewed as a language's.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import Place, Posting
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.storage import indexing, schema
from jobtracker_core.storage.engine import open_database
from jobtracker_core.storage.upsert import write_page

PAGE = 1000
WORDS = 650
NOW = datetime(2026, 11, 23, tzinfo=UTC)
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"


def records(start: int) -> list[Record]:
    """A page of postings, the same every time."""
    chance = random.Random(7)
    vocabulary = ["".join(chance.choices(_LETTERS, k=chance.randint(2, 11))) for _ in range(25_000)]
    weights = [1 / (rank + 2) for rank in range(len(vocabulary))]
    chance = random.Random(start)
    return [
        normalise(
            Posting(
                source_id=str(number),
                url=f"https://board.example/jobs/{number}",
                title=" ".join(chance.choices(vocabulary, weights, k=4)),
                company=f"Company {number % 500}",
                places=(Place(text="Berlin, Germany", city="Berlin", country="DE"),),
                description=f"<p>{' '.join(chance.choices(vocabulary, weights, k=WORDS))}</p>",
            )
        )
        for number in range(start, start + PAGE)
    ]


def main(url: str, pages: int) -> None:
    """Store pages, index them, and say how long that took."""
    db = open_database(url)
    schema.upgrade(db)
    for start in range(0, pages * PAGE, PAGE):
        with db.write() as conn:
            write_page(
                conn, source="bench", kind="list", records=records(start), run_id=None, now=NOW
            )
    begun, cpu = time.perf_counter(), time.process_time()
    done = indexing.work_off(db)
    taken, spent = time.perf_counter() - begun, time.process_time() - cpu
    sys.stdout.write(
        f"{db.dialect}: {done / taken:,.0f} postings/s, {spent / done * 1e6:.0f} us of this"
        f" process each, {done:,} in {taken:.1f} s\n"
    )
    db.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
