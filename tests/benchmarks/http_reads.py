"""Lists, searches and single jobs over HTTP, against the SQL of the same answers alone.

Server and clients are two processes on one machine, as for somebody at home. The bare side replays
the very statements of an answer through the driver, on one connection that is open already, one
after the other: no pool, no transaction of its own, no Structs, no JSON. So the ratio holds all that
a request costs beside its SQL, as nothing is kept: HTTP, the token and its pace, routing, two threads, and the JSON.

One client alone shows what a request takes, by the medians; several at once show how many answers
a second the server gives, and what those wait who come last (the p99).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.fixed import Fixed
from tests.benchmarks.databases import Driver
from tests.benchmarks.load import Answers, Load, join, one_by_one
from tests.benchmarks.page_write import SOURCE
from tests.benchmarks.ratio import Ratio
from tests.benchmarks.reads import LIMIT

CLIENTS = 4
SECONDS = 1.0
"""Of one round."""

WORDS = "engineer 99"
"""In the title of one job of a hundred."""


class _Case(Struct, frozen=True, kw_only=True):
    """One kind of request: its path, and the statements that its answer is made of."""

    name: str
    path: str
    bare: Callable[[], object]


def measure(db: Database, driver: Driver, url: str, *, rows: int, rounds: int) -> Iterator[Ratio]:
    """Compare a first page, a page far down, a search and one job."""
    settings = Settings(data_dir=Path(), database_url=url, plugins=())
    with JobTracker(settings) as tracker, served(url, JOBTRACKER_API_KEPT_MB="0") as address:
        token = tracker.tokens.create("bench", ["jobs:read"]).text
        alone, several = (Load(address, token, clients=number) for number in (1, CLIENTS))
        for case in _cases(tracker, driver, rows):
            parts = [
                (
                    one_by_one(case.bare, seconds=SECONDS / 2),
                    alone.get(case.path, seconds=SECONDS),
                    several.get(case.path, seconds=SECONDS),
                )
                for _ in range(rounds)
            ]
            bare, one, many = (join(part) for part in zip(*parts, strict=True))
            of, against = f"{db.dialect}: HTTP {case.name}", "/ bare SQL"
            named = {
                f"1 client {against}": (one, one.percentile(0.5) / bare.percentile(0.5)),
                f"{CLIENTS} clients {against}": (many, bare.per_second / many.per_second),
                f"p99 of {CLIENTS} {against}": (
                    many,
                    many.percentile(0.99) / bare.percentile(0.99),
                ),
            }
            for name, (ours, value) in named.items():
                detail = f"{_said(ours)} against {_said(bare)}"
                yield Ratio(name=f"{of}, {name}", value=value, detail=detail)


def _said(answers: Answers) -> str:
    p50, p99 = (answers.percentile(share) * 1000 for share in (0.5, 0.99))
    return f"{answers.per_second:,.0f}/s (p50 {p50:.3g}, p99 {p99:.3g} ms)"


def _cases(tracker: JobTracker, driver: Driver, rows: int) -> Iterator[_Case]:
    jobs, after = tracker.jobs, str(rows // 2)
    first = jobs.search(source=SOURCE, limit=1).items[0].id
    if tracker.database.dialect == "sqlite":
        # What the database's own connections have, too.
        driver.create_function("lower", 1, str.lower, deterministic=True)  # type: ignore[attr-defined]
    asked: dict[str, tuple[dict[str, object], Callable[[], object]]] = {
        "list": (
            {},
            lambda: (jobs.search(limit=LIMIT), jobs.tally()),
        ),
        "list in the middle": (
            {"after": after, "count": "false"},
            lambda: jobs.search(limit=LIMIT, after=after),
        ),
        "search": (
            {"search": WORDS},
            lambda: (jobs.search(limit=LIMIT, text=WORDS), jobs.tally(text=WORDS)),
        ),
    }
    for name, (words, call) in asked.items():
        path = f"/api/v1/jobs?{urlencode({'limit': LIMIT, **words})}"
        yield _Case(name=name, path=path, bare=_replay(driver, call))
    bare = _replay(driver, lambda: jobs.get(first))
    yield _Case(name="get", path=f"/api/v1/jobs/{first}", bare=bare)


def _replay(driver: Driver, call: Callable[[], object]) -> Callable[[], object]:
    """Return what sends the statements of a call again, through the driver alone."""
    statements: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        statements.append((statement, values))

    rows = Fixed.rows

    def note_fixed(self: Fixed, conn: Any, values: Any = None) -> Any:
        statements.append(self.sent(conn, values))
        return rows(self, conn, values)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        with patch.object(Fixed, "rows", note_fixed):
            call()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    # A transaction's beginning is not part of the answer.
    reads = [each for each in statements if each[0].lstrip().upper().startswith(("SELECT", "WITH"))]
    if not reads:
        raise RuntimeError("the call asked the database nothing")
    cursor = driver.cursor()

    def run() -> None:
        for statement, values in reads:
            cursor.execute(statement, values)
            cursor.fetchall()

    return run


@contextmanager
def served(url: str, *, program: str = "jobtracker_core", **more: str) -> Iterator[str]:
    """Run a server on a database, without a worker; gives its address."""
    command = [sys.executable, "-m", program, "serve", "--no-worker"]
    environment = {
        **os.environ,
        "JOBTRACKER_CONFIG": "",
        "JOBTRACKER_DATABASE_URL": url,
        # More than comes: each request is counted as usual, and none is refused.
        "JOBTRACKER_API_REQUESTS_PER_MINUTE": "1000000",
        **more,
    }
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0"], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            yield next(word for word in line.split() if word.startswith("http://")).rstrip("/")
        finally:
            server.terminate()
