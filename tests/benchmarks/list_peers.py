"""A list of 50 jobs over HTTP, against the same list as people write it; and what servers weigh.

The servers run at once, each in a process of its own, and are asked in turn. Ours checks a token
with each request, the peer none; ours without that check is measured beside them. The peer is served
by uvicorn as it is installed: with the parser and the loop that ours brings along.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from litestar import get
from litestar.connection import ASGIConnection

from jobtracker_core import JobTracker, Settings
from jobtracker_core.api.access import Gate
from jobtracker_core.api.operations import SCOPE
from jobtracker_core.contract.access import Scope
from tests.benchmarks.http_reads import served
from tests.benchmarks.load import Answers, Load, join
from tests.benchmarks.ratio import Ratio

CLIENTS = 8
SECONDS = 1.5
"""Of one round."""

MISSING = "left out: it needs FastAPI, `pip install --group bench`"
_PATH = "/api/v1/jobs?limit=50"
_WITHOUT_TOKENS = "tests.benchmarks.peers.without_tokens"
_MEGABYTE = 2**20


def measure(url: str, *, rounds: int) -> Iterator[Ratio]:
    """Compare lists that are made anew, and lists that are kept, with the peer's."""
    dialect = url.partition(":")[0]
    if find_spec("fastapi") is None:
        sys.stdout.write(f"{dialect}: list against FastAPI: {MISSING}\n")
        return
    settings = Settings(
        data_dir=Path(), database_url=url, plugins=(), api_requests_per_minute=1_000_000
    )
    with ExitStack() as stack:
        tracker = stack.enter_context(JobTracker(settings))
        token = tracker.tokens.create("bench", ["jobs:read"]).text
        peer = stack.enter_context(_peer(url))
        anew, kept = (
            stack.enter_context(served(url, JOBTRACKER_API_KEPT_MB=room)) for room in ("0", "16")
        )
        anybody = stack.enter_context(
            served(url, program=_WITHOUT_TOKENS, JOBTRACKER_API_KEPT_MB="0")
        )
        loads = {
            "the peer": (Load(peer, "", clients=CLIENTS), "/jobs?per_page=50"),
            "made anew": (Load(anew, token, clients=CLIENTS), _PATH),
            "made anew, no token": (Load(anybody, "", clients=CLIENTS), _PATH),
            "unchanged": (Load(kept, token, clients=CLIENTS), _PATH),
        }
        parts: dict[str, list[Answers]] = {name: [] for name in loads}
        for _ in range(rounds):
            for name, (load, path) in loads.items():
                parts[name].append(load.get(path, seconds=SECONDS))
        found = {name: join(part) for name, part in parts.items()}
        for name in ("made anew", "made anew, no token", "unchanged"):
            yield Ratio(
                name=f"{dialect}: list of 50, {CLIENTS} clients, {name} / FastAPI and ORM",
                value=_ratio(parts[name], parts["the peer"]),
                detail=f"{found[name].per_second:,.0f} against "
                f"{found['the peer'].per_second:,.0f} answers a second",
            )
        yield Ratio(
            name=f"{dialect}: list of 50 made anew, without a token / with one",
            value=_ratio(parts["made anew, no token"], parts["made anew"]),
            detail=f"{found['made anew, no token'].per_second:,.0f} against "
            f"{found['made anew'].per_second:,.0f} answers a second",
        )
        yield _token_check(tracker, token, found["made anew"])
    yield from _weights(url)


def _ratio(ours: list[Answers], theirs: list[Answers]) -> float:
    """Return the median over the rounds: what was done at about the same time is compared."""
    pairs = zip(ours, theirs, strict=True)
    return median(our.per_second / their.per_second for our, their in pairs)


def _token_check(tracker: JobTracker, text: str, lists: Answers) -> Ratio:
    """Compare the check of a token that is remembered with a whole list."""
    scope: Any = {
        "type": "http",
        "method": "GET",
        "headers": [(b"authorization", f"Bearer {text}".encode())],
        "client": ("127.0.0.1", 1),
    }
    handler: Any = get("/", opt={SCOPE: Scope.JOBS_READ}, sync_to_thread=False)(lambda: None)
    gate, times = Gate(tracker), 2000

    async def check() -> float:
        begun = time.perf_counter()
        for _ in range(times):
            connection: Any = {**scope, "state": {}}
            await gate.admit(ASGIConnection(connection), handler)
        return (time.perf_counter() - begun) / times

    took = asyncio.run(check())
    return Ratio(
        name=f"{tracker.database.dialect}: check of a token / list of 50 made anew",
        value=took * lists.per_second,
        detail=f"{took * 1e6:.0f} us against {1e6 / lists.per_second:.0f} us",
    )


def _weights(url: str) -> Iterator[Ratio]:
    dialect = url.partition(":")[0]
    for name, most, arguments in (
        ("server", 125, ["serve", "--no-worker", "--listen", "127.0.0.1:0"]),
        ("worker between runs", 80, ["worker"]),
    ):
        with _running([sys.executable, "-m", "jobtracker_core", *arguments], url) as process:
            weight = _settled(process.pid)
        yield Ratio(
            name=f"{dialect}: memory of an idle {name} / {most} MB",
            value=weight / most,
            detail=f"{weight:.0f} MB",
        )


def _settled(pid: int) -> float:
    """Return the resident megabytes of a process that has come to rest."""
    process = psutil.Process(pid)
    before, deadline = -1.0, time.monotonic() + 30
    while time.monotonic() < deadline:
        time.sleep(1)
        busy, before = process.cpu_times().user - before, process.cpu_times().user
        if abs(busy) < 0.02:
            break
    return process.memory_info().rss / _MEGABYTE


@contextmanager
def _running(command: list[str], url: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "JOBTRACKER_CONFIG": "", "JOBTRACKER_DATABASE_URL": url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def _peer(url: str) -> Iterator[str]:
    with _running(
        [sys.executable, "-m", "tests.benchmarks.peers.fastapi_orm", url], url
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
