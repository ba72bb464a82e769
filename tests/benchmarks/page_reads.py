"""The page of the list of jobs against the same list as JSON, over HTTP, one after the other.

Both ask the same server for the newest fifty jobs. So the ratio is what is paid for a page: counts,
views, the sources to choose from, and some 130 kB of HTML. Neither is compressed, and neither kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from access import cookie_for
from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage.engine import Database
from tests.benchmarks.http_reads import SECONDS, served
from tests.benchmarks.load import Load, join
from tests.benchmarks.ratio import Ratio

_CASES = {
    "jobs": ("/jobs", "/api/v1/jobs?limit=50"),
    "jobs, a search": ("/jobs?q=engineer+99", "/api/v1/jobs?limit=50&search=engineer+99"),
}


def measure(db: Database, url: str, *, rows: int, rounds: int) -> Iterator[Ratio]:
    """Compare a page with its JSON."""
    settings = Settings(data_dir=Path(), database_url=url, plugins=())
    with JobTracker(settings) as tracker, served(url, JOBTRACKER_API_KEPT_MB="0") as address:
        token = tracker.tokens.create("bench", ["jobs:read"]).text
        reader = Load(address, "", clients=1, cookie=cookie_for(tracker))
        program = Load(address, token, clients=1)
        for name, (page, json) in _CASES.items():
            parts = [
                (reader.get(page, seconds=SECONDS), program.get(json, seconds=SECONDS))
                for _ in range(rounds)
            ]
            pages, answers = (join(part).percentile(0.5) for part in zip(*parts, strict=True))
            yield Ratio(
                name=f"{db.dialect}: page of {name} / its JSON",
                value=pages / answers,
                detail=f"{pages * 1000:.3g} ms against {answers * 1000:.3g} ms, of {rows:,} jobs",
            )
