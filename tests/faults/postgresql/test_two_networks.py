"""Two workers on two networks share one database and one site, over TCP."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jobtracker_core import RunState
from jobtracker_hiringcafe.practice import HiringCafeSite
from networks import Place, two_places
from queueing import turn_on
from tcp_proxy import TcpProxy

WORDS = ("engineer", "manager", "nurse", "designer", "analyst", "developer", "driver", "sales")
SLOTS = 2


@pytest.fixture
def places() -> Iterator[tuple[Place, Place]]:
    with two_places() as places:
        yield places


@pytest.fixture
def site() -> Iterator[HiringCafeSite]:
    with HiringCafeSite(postings=120) as site:
        yield site


def most_at_once(intervals) -> int:
    """Return how many of them held at the same moment, at most."""
    steps = sorted([(end, -1) for _, end in intervals] + [(start, 1) for start, _ in intervals])
    running = most = 0
    for _, step in steps:
        running += step
        most = max(most, running)
    return most


@pytest.mark.full
@pytest.mark.parametrize("limit", [3, 2 * SLOTS])
def test_runs_spread_and_the_limit_holds(
    server, name, tracker, program, enqueue, places, site, sql, wait_until, record_property, limit
) -> None:
    turn_on(tracker.database, "hiringcafe")
    record_property("namespaces", places[0].apart)
    at_site = urlsplit(site.base_url)
    seen = 0
    wires = [
        TcpProxy(target, host=place.host)
        for place in places
        for target in [("127.0.0.1", server.port), ("127.0.0.1", at_site.port)]
    ]
    to_database, to_site = wires[::2], wires[1::2]
    with wires[0], wires[1], wires[2], wires[3]:
        workers = [
            program(
                "worker",
                "--slots",
                str(SLOTS),
                url=server.url(name, user=user, host=place.host, port=wire.port),
                within=place.within,
                JOBTRACKER_PLUGINS="hiringcafe",
                JOBTRACKER_HIRINGCAFE_BASE_URL=f"http://{place.host}:{page.port}",
                JOBTRACKER_HIRINGCAFE_PER_MINUTE="60000",
            )
            for place, user, wire, page in zip(
                places, ("one", "two"), to_database, to_site, strict=True
            )
        ]
        for worker in workers:
            worker.wait_for("worker started")
        # Now that both are there: else one of them might do it all.
        runs = [
            enqueue(
                collector="hiringcafe",
                query={"text": word},
                query_hash=word,
                site="hiring.cafe",
                max_parallel=limit,
            )
            for word in WORDS
        ]
        if places[0].apart:
            numbers = ["self", *(worker.process.pid for worker in workers)]
            assert len({Path(f"/proc/{n}/ns/net").readlink() for n in numbers}) == 3

        def over() -> bool:
            nonlocal seen
            rows = dict(sql("SELECT state, count(*) FROM collector_runs GROUP BY state"))
            seen = max(seen, rows.get("running", 0))
            return set(rows) == {"succeeded"}

        wait_until(over)
        for worker in workers:
            assert worker.end(signal.SIGTERM) == 0
    assert all(wire.opened for wire in wires)
    assert {tracker.runs.get(number).state for number in runs} == {RunState.SUCCEEDED}
    attempts = sql("SELECT worker_id, started_at, ended_at FROM collector_run_attempts")
    assert len(attempts) == len(runs)
    assert len({worker for worker, _, _ in attempts}) == 2
    # By what was seen while it lasted, and by the times that the database wrote.
    assert 0 < seen <= limit
    assert most_at_once([(start, end) for _, start, end in attempts]) == limit
    assert sql("SELECT sum(jobs_new) FROM collector_runs") == sql("SELECT count(*) FROM jobs")
    assert tracker.jobs.count() > 0
