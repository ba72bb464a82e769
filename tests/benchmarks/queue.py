"""The queue with a long history against an empty one, and being told against asking.

The history is 500,000 ended runs in the queue's own table: it is the queue and the record in one, so
what was must not slow down what is. For the latency, a worker waits in a thread; what is timed is
from before `enqueue` to the moment the worker has its claim.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import psycopg
from sqlalchemy.engine import make_url

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import collectors, queue, runs
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.wakeup import open_wakeup
from tests.benchmarks.databases import Driver, opened, settle
from tests.benchmarks.ratio import Ratio, compare

HISTORY = 500_000
CLAIMS = 20
"""Runs claimed and finished in one go."""

ASK_EVERY_S = 1.0
_PLUGIN = queue.Installed(distribution="jobtracker-bench", version="1")
_SERVING = {"bench": _PLUGIN}


def measure(url: str, *, rounds: int, history: int = HISTORY) -> Iterator[Ratio]:
    """Measure on two new databases beside that of the URL."""
    with (
        _beside(url, "queue_full") as (full, driver),
        _beside(url, "queue_empty") as (empty, other),
    ):
        for db in (full, empty):
            _prepare(db, (rounds + 1) * CLAIMS)
        _fill(full, driver, history)
        for db, own in ((full, driver), (empty, other)):
            # Both know what they hold, and neither is still busy writing it to the disk.
            settle(db, own)
            db.empty_log()
        yield compare(
            f"{full.dialect}: claim + finish, long / no history",
            lambda: _work(full),
            lambda: _work(empty),
            rounds=rounds,
            unit=f"{CLAIMS} runs beside {history:,} ended ones",
        )
        yield _latency(full, rounds)


@contextmanager
def _beside(url: str, name: str) -> Iterator[tuple[Database, Driver]]:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        place = parts.set(database=str(parts.database).replace("bench.db", f"{name}.db"))
    else:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        place = parts.set(database=name)
    with opened(place.render_as_string(hide_password=False)) as pair:
        yield pair


def _wanted() -> queue.Wanted:
    return queue.Wanted(
        collector="bench", trigger="manual", query={}, query_hash="q", site="bench.example"
    )


def _prepare(db: Database, pending: int) -> None:
    collectors.ensure(db, ["bench"])
    collectors.set_enabled(db, "bench", True)
    with db.write() as conn:
        moment = db.now(conn)
        for _ in range(pending):
            queue.insert(conn, _wanted(), at=moment)


def _fill(db: Database, driver: Driver, history: int) -> None:
    """Insert ended runs as one statement of the database's own."""
    moment = "'2026-01-01T00:00:00.000000Z'"
    series = (
        f"generate_series(1, {history}) AS s(n)"
        if db.dialect == "postgresql"
        else f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {history})"
        " SELECT n FROM s)"
    )
    at = f"CAST({moment} AS timestamptz)" if db.dialect == "postgresql" else moment
    driver.cursor().execute(
        "INSERT INTO collector_runs (collector_id, state, trigger, scheduled_for, concurrency_key,"
        " attempt, fence, worker_id, started_at, claimed_at, finished_at, created_at, query_hash)"
        f" SELECT 1, 'succeeded', 'schedule', {at}, 'bench.example', 1, 1, 'w', {at}, {at}, {at},"
        f" {at}, 'q' || n % 50 FROM {series}"
    )
    driver.commit()


def _work(db: Database) -> None:
    for _ in range(CLAIMS):
        claim = queue.claim(db, "bench", serving=_SERVING)
        assert claim is not None
        assert runs.finish(db, claim, state=RunState.SUCCEEDED) is RunState.SUCCEEDED


def _latency(db: Database, rounds: int) -> Ratio:
    """Compare the wake-up with asking once a second."""
    wakeup = open_wakeup(db)
    stop = threading.Event()

    def end() -> None:
        stop.set()
        wakeup.wake()

    asking = _latencies(db, lambda: stop.wait(ASK_EVERY_S), stop, end, rounds)
    stop.clear()
    told = _latencies(db, lambda: wakeup.wait(60), stop, end, rounds)
    wakeup.close()
    ours, theirs = median(told), median(asking)
    return Ratio(
        name=f"{db.dialect}: enqueue to claim, told / asking",
        value=ours / theirs,
        detail=f"{ours * 1000:.3g} ms against {theirs * 1000:.3g} ms, asking every {ASK_EVERY_S:g} s",
    )


def _latencies(
    db: Database,
    wait: Callable[[], object],
    stop: threading.Event,
    end: Callable[[], object],
    rounds: int,
) -> list[float]:
    claimed = threading.Event()
    at = [0.0]

    def worker() -> None:
        while not stop.is_set():
            claim = queue.claim(db, "bench", serving=_SERVING)
            if claim is None:
                wait()
                continue
            at[0] = time.perf_counter()
            runs.finish(db, claim, state=RunState.SUCCEEDED)
            claimed.set()

    thread = threading.Thread(target=worker)
    thread.start()
    chance = random.Random(7)
    found = []
    for _ in range(rounds * 2):
        # At any moment between two questions, not always right after one.
        time.sleep(chance.uniform(0.1, 0.1 + ASK_EVERY_S))
        claimed.clear()
        start = time.perf_counter()
        queue.enqueue(db, _wanted())
        assert claimed.wait(30)
        found.append(at[0] - start)
    end()
    thread.join()
    return found
