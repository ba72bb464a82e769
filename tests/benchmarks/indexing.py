"""How many postings a second the deferred indexer takes: `python -m tests.benchmarks.indexing URL`.

Descriptions of some 650 words each, drawn from a vocabulary as skewed as a language's. Compared with
what the databases do by themselves: `to_tsvector` into a GIN index, FTS5's own tokenizer.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import Place, Posting
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.storage import indexing
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.upsert import write_page
from tests.benchmarks.databases import Driver, opened
from tests.benchmarks.ratio import Ratio

PAGE = 1000
BATCH = 200
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


def measure(db: Database, driver: Driver, *, pages: int = 5) -> Ratio:
    """Compare the indexer with the database's own analyzer on the same descriptions."""
    numbers = _store(db, pages)
    done = 0

    def count(batch: int) -> None:
        nonlocal done
        done += batch

    begun, cpu = time.perf_counter(), time.process_time()
    # The newest come first; what others left waiting is not waited for.
    indexing.work_off(db, stop=lambda: done >= len(numbers), on_batch=count)
    ours, spent = (time.perf_counter() - begun) / done, (time.process_time() - cpu) / done
    theirs = _by_the_database(db, driver, numbers) / len(numbers)
    return Ratio(
        name=f"{db.dialect}: indexer / the database's own analyzer",
        value=ours / theirs,
        detail=f"{1 / ours:,.0f} postings/s, {spent * 1e6:.0f} us of this process each, against"
        f" {1 / theirs:,.0f} postings/s, which knows no languages and no fields",
    )


def _store(db: Database, pages: int) -> list[int]:
    source = f"bench{time.time_ns()}"
    numbers: list[int] = []
    for start in range(0, pages * PAGE, PAGE):
        made = records(start)
        with db.write() as conn:
            written = write_page(
                conn, source=source, kind="list", records=made, run_id=None, now=NOW
            )
        numbers += [job.id for job in written.new]
    return numbers


_MAKE = {
    "postgresql": (
        "CREATE TABLE own_words (job_id bigint PRIMARY KEY, words tsvector)",
        "CREATE INDEX own_words_words ON own_words USING gin (words)",
    ),
    "sqlite": ("CREATE VIRTUAL TABLE own_words USING fts5(words, tokenize='porter')",),
}
_FILL = {
    "postgresql": "INSERT INTO own_words SELECT job_id, to_tsvector('english', description)",
    "sqlite": "INSERT INTO own_words (rowid, words) SELECT job_id, description",
}


def _by_the_database(db: Database, driver: Driver, numbers: list[int]) -> float:
    """Index the same in batches of the same size; return the seconds."""
    cursor = driver.cursor()
    for statement in _MAKE[db.dialect]:
        cursor.execute(statement)
    driver.commit()
    begun = time.perf_counter()
    for at in range(0, len(numbers), BATCH):
        first, last = numbers[at], numbers[min(at + BATCH, len(numbers)) - 1]
        where = f"job_id BETWEEN {first} AND {last}"
        cursor.execute(f"{_FILL[db.dialect]} FROM job_texts WHERE {where}")
        driver.commit()
    taken = time.perf_counter() - begun
    cursor.execute("DROP TABLE own_words")
    driver.commit()
    return taken


def main(url: str, pages: int) -> None:
    """Store pages, index them, and say how long that took."""
    with opened(url) as (db, driver):
        ratio = measure(db, driver, pages=pages)
    sys.stdout.write(f"{ratio.name}: {ratio.value:.2f}, {ratio.detail}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
