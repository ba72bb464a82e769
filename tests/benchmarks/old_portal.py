"""Lists, searches and storing through ours, against the statements of the old portal.

Both look at the same jobs in one database, ours through the facade, theirs through the driver
alone: what its server and its pages cost is not counted. It looks for words in titles only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.upsert import write_page
from tests.benchmarks.corpus import SOURCES, Corpus
from tests.benchmarks.databases import Driver
from tests.benchmarks.peers.old_portal import OldPortal
from tests.benchmarks.ratio import Ratio, compare

_PAGE = 1_000
_DEEP = 1_000
_LIMIT = 50


def measure(db: Database, driver: Driver, url: str, *, rows: int, rounds: int) -> Iterator[Ratio]:
    """Compare a list, a page far down, two searches, and storing a page of new jobs."""
    portal = OldPortal(driver, dialect=db.dialect)
    portal.drop()
    portal.create()
    try:
        portal.copy_jobs()
        deep = min(_DEEP, rows // _LIMIT)
        with JobTracker(Settings(data_dir=Path(), database_url=url, plugins=())) as tracker:
            jobs = tracker.jobs
            mark = str(jobs.search(limit=1).items[0].id - (deep - 1) * _LIMIT)
            pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
                "list": (jobs.search, lambda: portal.page(1)),
                f"page {deep:,}": (
                    lambda: jobs.search(after=mark),
                    lambda: portal.page(deep),
                ),
                "search, common word": (
                    lambda: jobs.search(text="title:engineer"),
                    lambda: portal.page(1, text="engineer"),
                ),
                "search, no hit": (
                    lambda: jobs.search(text="title:xylophonist"),
                    lambda: portal.page(1, text="xylophonist"),
                ),
            }
            for name, pair in pairs.items():
                yield compare(
                    f"{db.dialect}: {name} / the old portal's statement",
                    *pair,
                    rounds=rounds,
                    unit=f"{rows:,} jobs",
                )
        yield _storing(db, portal, rows=rows, rounds=rounds)
    finally:
        portal.drop()


def _storing(db: Database, portal: OldPortal, *, rows: int, rounds: int) -> Ratio:
    corpus = Corpus(size=rows)
    pages = [
        [corpus.job(number).record for number in range(start, start + _PAGE)]
        for start in range(rows, rows + (rounds + 1) * _PAGE, _PAGE)
    ]
    source, now = SOURCES[0], corpus.job(rows).arrived
    ours, theirs = iter(pages), iter(pages)

    def store() -> None:
        with db.write() as conn:
            write_page(conn, source=source, kind="list", records=next(ours), run_id=None, now=now)

    return compare(
        f"{db.dialect}: page of new / the old portal's upserts",
        store,
        lambda: portal.store(source, next(theirs)),
        rounds=rounds,
        unit=f"{_PAGE} postings on top of {rows:,}",
    )
