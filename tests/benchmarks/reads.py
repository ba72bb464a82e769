"""Lists and single jobs through the facade, against the same SQL through the driver alone.

The bare side holds its connection open, sends ready SQL and fetches tuples: no pool, no transaction
of its own, no times, no JSON decoded by us, no Structs. What HTTP adds is measured elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.jobs import JOB_COLUMNS
from jobtracker_core.storage.tables import companies
from tests.benchmarks.databases import Driver
from tests.benchmarks.page_write import SOURCE
from tests.benchmarks.ratio import Ratio, compare

LIMIT = 50
TIMES = 100
_COLUMNS = ", ".join(f"jobs.{column.name}" for column in JOB_COLUMNS)


def measure(db: Database, driver: Driver, url: str, *, rows: int, rounds: int) -> list[Ratio]:
    """Compare a first page, a page far down, a page of one source, and one job."""
    with JobTracker(Settings(data_dir=Path(), database_url=url, plugins=())) as tracker:
        after = rows // 2
        first = tracker.jobs.search(source=SOURCE, limit=1).items[0].id
        mark = "?" if db.dialect == "sqlite" else "%s"
        pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "list": (
                lambda: tracker.jobs.search(limit=LIMIT),
                bare_list(driver, mark),
            ),
            "list in the middle": (
                lambda: tracker.jobs.search(limit=LIMIT, after=str(after)),
                bare_list(driver, mark, after=after),
            ),
            "list of a source": (
                lambda: tracker.jobs.search(source=SOURCE, limit=LIMIT),
                bare_list(driver, mark, source=SOURCE),
            ),
            "get": (lambda: tracker.jobs.get(first), bare_get(driver, mark, first)),
        }
        return [
            compare(
                f"{db.dialect}: {name} / bare SQL",
                *pair,
                rounds=rounds,
                times=TIMES,
                unit="1 job" if name == "get" else f"{LIMIT} jobs of {rows:,}",
            )
            for name, pair in pairs.items()
        ]


def _bare(driver: Driver, sql: str, *values: Any) -> Callable[[], object]:
    cursor = driver.cursor()

    def run() -> object:
        cursor.execute(sql, values)
        return cursor.fetchall()

    return run


def bare_list(
    driver: Driver, mark: str, *, after: int | None = None, source: str | None = None
) -> Callable[[], object]:
    """Read a page of jobs, the newest first."""
    where, values = "", []
    for condition, value in (("jobs.id <", after), ("jobs.source =", source)):
        if value is not None:
            where, values = f" WHERE {condition} {mark}", [value]
    order = f" ORDER BY jobs.id DESC LIMIT {mark}"
    return _bare(driver, f"SELECT {_COLUMNS} FROM jobs{where}{order}", *values, LIMIT + 1)


def newest(driver: Driver, source: str, mark: str) -> int:
    """Return the number of the newest job of a source."""
    cursor = driver.cursor()
    cursor.execute(f"SELECT max(id) FROM jobs WHERE source = {mark}", (source,))
    number: int = cursor.fetchone()[0]
    return number


def bare_get(driver: Driver, mark: str, job_id: int) -> Callable[[], object]:
    """Read a job with its text and sighting, its company and its history: three statements."""
    columns = f"{_COLUMNS}, description, raw, last_seen_at, last_run_id, times_seen"
    job = _bare(
        driver,
        f"SELECT {columns} FROM jobs LEFT JOIN job_texts ON job_texts.job_id = jobs.id "
        f"LEFT JOIN job_sightings ON job_sightings.job_id = jobs.id WHERE jobs.id = {mark}",
        job_id,
    )
    names = ", ".join(f"companies.{column.name}" for column in companies.columns)
    company = _bare(
        driver,
        f"SELECT {names} FROM companies JOIN jobs ON jobs.company_id = companies.id "
        f"WHERE jobs.id = {mark}",
        job_id,
    )
    changes = _bare(
        driver,
        "SELECT id, job_id, at, run_id, kind, changes FROM job_changes "
        f"WHERE job_id = {mark} ORDER BY id DESC",
        job_id,
    )
    return lambda: (job(), company(), changes())
