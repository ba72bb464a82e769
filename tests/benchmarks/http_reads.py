"""Lists and single jobs over HTTP, against the same SQL through the driver alone.

Server and client are two processes on one machine, as for somebody at home; the client keeps its
connection open. So the ratio holds all that a request costs: HTTP, routing, the thread, the database
and the JSON.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from jobtracker_core.storage.engine import Database
from tests.benchmarks.databases import Driver
from tests.benchmarks.page_write import SOURCE
from tests.benchmarks.ratio import Ratio, compare
from tests.benchmarks.reads import LIMIT, bare_get, bare_list, newest

TIMES = 100


def measure(db: Database, driver: Driver, url: str, *, rows: int, rounds: int) -> list[Ratio]:
    """Compare a first page, a page far down, and one job."""
    mark = "?" if db.dialect == "sqlite" else "%s"
    first = newest(driver, SOURCE, mark)
    after = rows // 2
    with _served(url) as ask:
        pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "list": (
                lambda: ask(f"/api/v1/jobs?limit={LIMIT}"),
                bare_list(driver, mark),
            ),
            "list in the middle": (
                lambda: ask(f"/api/v1/jobs?limit={LIMIT}&after={after}"),
                bare_list(driver, mark, after=after),
            ),
            "get": (lambda: ask(f"/api/v1/jobs/{first}"), bare_get(driver, mark, first)),
        }
        return [
            compare(
                f"{db.dialect}: HTTP {name} / bare SQL",
                *pair,
                rounds=rounds,
                times=TIMES,
                unit="1 job" if name == "get" else f"{LIMIT} jobs of {rows:,}",
            )
            for name, pair in pairs.items()
        ]


@contextmanager
def _served(url: str) -> Iterator[Callable[[str], bytes]]:
    command = [
        sys.executable,
        "-m",
        "jobtracker_core",
        "serve",
        "--no-worker",
        "--listen",
        "127.0.0.1:0",
    ]
    environment = {**os.environ, "JOBTRACKER_CONFIG": "", "JOBTRACKER_DATABASE_URL": url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            address = next(word for word in line.split() if word.startswith("http://"))
            connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)

            def ask(path: str) -> bytes:
                connection.request("GET", path)
                response = connection.getresponse()
                body = response.read()
                if response.status != http.HTTPStatus.OK:
                    raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")
                return body

            yield ask
            connection.close()
        finally:
            server.terminate()
