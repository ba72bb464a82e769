"""The database server goes down and comes back while workers are at work."""

from __future__ import annotations

import random
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Self

import pytest

from jobtracker_core import RunState
from jobtracker_core.storage.errors import StorageError

PLACES = ("berlin", "paris", "rome", "oslo", "wien", "bern")
POSTINGS = 30


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


class Asking:
    """Puts runs into the queue, and keeps the numbers of those that were acknowledged."""

    def __init__(self, enqueue: Callable[..., int]) -> None:
        self.acknowledged: list[int] = []
        self.refused = 0
        self._enqueue = enqueue
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._end.wait(0.5):
            number += 1
            place = PLACES[number % len(PLACES)]
            try:
                self.acknowledged.append(
                    self._enqueue("quick", place, query_hash=f"q{number}", priority=9)
                )
            except StorageError:
                self.refused += 1


@pytest.mark.full
@pytest.mark.parametrize("how", ["fast", "immediate", "kill"])
@pytest.mark.fault(
    "F7",
    done="The PostgreSQL server is stopped (fast, immediate, kill -9 of its first process) and "
    "started again, twice, while two workers run and runs are asked for.",
    holds="Every run asked for ends once, as succeeded, the jobs are exactly the site's, and the "
    "workers are woken again without a restart.",
)
def test_every_run_comes_to_its_end(
    server, tracker, program, enqueue, sql, wait_until, record_property, how
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    record_property("seed", seed)
    chance = random.Random(seed)
    slow = [enqueue("paced", place) for place in PLACES]
    workers = [program("worker", "--slots", "2", lease_s=3.0) for _ in range(2)]
    for worker in workers:
        worker.wait_for("run started")
    with Asking(enqueue) as asking:
        for _ in range(2):
            wait_until(lambda: asking.acknowledged)
            time.sleep(chance.uniform(0.3, 1.2))
            before = asking.refused
            server.stop(how)
            wait_until(lambda before=before: asking.refused > before)
            server.start()
    asked = [*slow, *asking.acknowledged]

    def states() -> Counter[str]:
        rows = sql("SELECT state, count(*) FROM collector_runs GROUP BY state")
        return Counter(dict(rows))

    wait_until(lambda: set(states()) <= {"succeeded", "failed", "cancelled"}, seconds=60)
    runs = {number: tracker.runs.get(number) for number in asked}
    assert {run.state for run in runs.values()} == {RunState.SUCCEEDED}
    # The queue holds what was acknowledged, and at most what was stored before its answer got lost.
    assert len(asked) <= states().total() <= len(asked) + asking.refused

    assert sql("SELECT source_id FROM jobs ORDER BY source_id") == sorted(
        (f"{place}-{number}",) for place in PLACES for number in range(POSTINGS)
    )
    new, pages = sql("SELECT sum(jobs_new), min(pages) FROM collector_runs")[0]
    assert (new, pages) == (POSTINGS * len(PLACES), 6)

    # Nobody polls: only the notice can wake them, and both listen again.
    listening = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    wait_until(lambda: len(sql(listening)) == 2)
    for _ in range(3):
        late = enqueue("quick", "berlin")
        wait_until(lambda late=late: tracker.runs.get(late).state is RunState.SUCCEEDED)
    for worker in workers:
        assert worker.end(signal.SIGTERM) == 0
        assert "Traceback" not in worker.said


@pytest.mark.parametrize("how", ["immediate", "kill"])
@pytest.mark.fault(
    "F7",
    done="The PostgreSQL server of a running portal is stopped and started again.",
    holds="/readyz says 503 while it is away and 200 when it is back; the process goes on.",
)
def test_readiness_tells_the_truth(server, tracker, program, wait_until, how) -> None:
    portal = program("serve", "--listen", "127.0.0.1:0", "--no-worker")
    url = portal.wait_for("JobTracker at ").split()[2]
    assert status(url + "readyz") == 200
    server.stop(how)
    wait_until(lambda: status(url + "readyz") == 503)
    assert status(url + "healthz") == 200
    server.start()
    wait_until(lambda: status(url + "readyz") == 200)
    assert portal.end(signal.SIGTERM) == 0
