"""Many workers at once: no run is taken twice, no site is asked by more than it bears."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import attempts, queue, runs, slots
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Busy
from jobtracker_core.storage.tables import RUNNING, collector_runs
from queueing import ME, OTHER, SERVING, put, turn_on, wanted

RUNS, SITES, LIMIT = 600, 6, 2

WORK = """
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import engine, queue, runs
from jobtracker_core.storage.errors import Busy
db = engine.open_database(url)
serving = {"site": queue.Installed(distribution="jobtracker-site", version="1.0")}
def again(call, *arguments, **facts):
    while True:
        try:
            return call(db, *arguments, **facts)
        except Busy:
            continue
go()
done = []
while True:
    claim = again(queue.claim, f"h:b:1:{number}:process", serving=serving)
    if claim is None:
        if queue.next_due(db) is None:
            break
        continue
    assert again(runs.finish, claim, state=RunState.SUCCEEDED) is RunState.SUCCEEDED
    done.append(claim.run_id)
print(*done)
"""


def _again(call: Callable[..., Any], *arguments: Any, **facts: Any) -> Any:
    """Call it until its turn comes, as a worker does: of a file, one of eleven writes at a time."""
    while True:
        try:
            return call(*arguments, **facts)
        except Busy:
            continue


def _work(db: Database, name: str, most: list[int]) -> list[int]:
    done: list[int] = []
    while True:
        claim = _again(queue.claim, db, f"h:b:1:1:{name}", serving=SERVING)
        if claim is None:
            if queue.next_due(db) is None:
                return done
            continue
        most.append(_alive_at_once(db))
        ended = _again(runs.finish, db, claim, state=RunState.SUCCEEDED)
        assert ended is RunState.SUCCEEDED
        done.append(claim.run_id)


def _alive_at_once(db: Database) -> int:
    """Return how many runs of one site are alive, of the site that has most."""
    alive = sa.select(sa.func.count()).where(RUNNING).group_by(collector_runs.c.concurrency_key)
    with db.read() as conn:
        return max(conn.execute(alive).scalars(), default=0)


@pytest.mark.fault(
    "F1",
    done="Eight threads and three processes claimed from one queue at once.",
    holds="Each run was claimed once, and no site had more than its limit.",
)
def test_eight_threads_and_three_processes(
    db: Database, db_url: str, processes: Callable[..., list[str]]
) -> None:
    turn_on(db)
    with db.write() as conn:
        moment = db.now(conn)
        for number in range(RUNS):
            site = f"{number % SITES}.example"
            queue.insert(conn, wanted(site=site, max_parallel=LIMIT), at=moment)
    taken: dict[str, list[int]] = {}
    most: list[int] = []

    def worker(name: str) -> None:
        taken[name] = _work(db, name, most)

    threads = [threading.Thread(target=worker, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    printed = processes(WORK, db_url, 3)
    for thread in threads:
        thread.join()
    every = [run_id for done in taken.values() for run_id in done]
    every += [int(run_id) for line in printed for run_id in line.split()]
    assert sorted(every) == list(range(1, RUNS + 1))
    assert len(taken) == 8, "no thread failed"
    assert 1 <= max(most) <= LIMIT
    with db.read() as conn:
        rows = conn.execute(
            sa.select(collector_runs.c.state, collector_runs.c.attempt, collector_runs.c.fence)
        ).all()
    assert set(rows) == {("succeeded", 1, 1)}
    assert [one.outcome for one in attempts.list_attempts(db, 1)] == ["succeeded"]


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.parametrize("indexed", [True, False], ids=["guarded", "twin"])
@pytest.mark.fault(
    "F1",
    done="Two workers claimed runs of a site that bears one, and both had looked for a slot before either took it; once more without the unique index of the slots (the twin).",
    holds="With the index one of them got a run, without it both did.",
)
def test_two_that_look_before_either_takes(
    db: Database, monkeypatch: pytest.MonkeyPatch, indexed: bool
) -> None:
    turn_on(db)
    for _ in range(2):
        put(db, max_parallel=1)
    if not indexed:
        with db.write() as conn:
            conn.exec_driver_sql("DROP INDEX run_slot_uq")
    looked: list[int | None] = []
    together = threading.Barrier(2)
    free_slot = slots.free_slot

    def slow(conn: sa.Connection, site: str, limit: int) -> int | None:
        looked.append(free_slot(conn, site, limit))
        if len(looked) <= 2:
            together.wait(60)
        return looked[-1]

    monkeypatch.setattr(slots, "free_slot", slow)
    claims: list[runs.Claim | None] = []
    threads = [
        threading.Thread(
            target=lambda name: claims.append(queue.claim(db, name, serving=SERVING)), args=(name,)
        )
        for name in (ME, OTHER)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert looked[:2] == [1, 1]
    assert len([claim for claim in claims if claim is not None]) == (1 if indexed else 2)
    assert _alive_at_once(db) == (1 if indexed else 2)


def test_the_same_key_from_many_at_once(db: Database) -> None:
    results: list[queue.Enqueued] = []
    together = threading.Barrier(6)

    def ask(number: int) -> None:
        together.wait()
        # Half of them give a client's key, half are runs of one search.
        keys = {"dedup_key": "k"} if number % 2 else {"singleton_key": "search:1"}
        results.append(queue.enqueue(db, wanted(**keys)))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (
        sorted(result.outcome for result in results)
        == ["made"] * 2 + ["overlap"] * 2 + ["same"] * 2
    )
    assert len({result.run_id for result in results}) == len(runs.list_runs(db)) == 2
