"""Workers that are killed at random moments: nothing is lost, doubled or left."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import Self

import pytest

from crews import Crew, served, wait_until
from jobtracker_core import RunState

SEED = 20260301
SITES, LIMIT = 3, 2


class Watch:
    """Looks at the database again and again while workers are killed."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.looks = 0
        self.wrong: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.02):
            there, said = self._crew.counted()
            if there != said:
                self.wrong.append(f"{there} jobs, {said} by the counters")
            sites = Counter(self._crew.sites_running())
            self.wrong += [f"{n} at once on {site}" for site, n in sites.items() if n > LIMIT]
            self.looks += 1


def kill_while_they_work(crew: Crew, rng: random.Random, *, runs: int, kills: int, workers: int):
    """Have workers execute runs, and kill one after the other; return the runs' places."""
    places = {
        crew.put(
            "plain" if number else "gated",
            f"place-{number}",
            site=f"board-{number % SITES}.example",
        ): number
        for number in range(runs)
    }
    alive = [crew.launch() for _ in range(workers)]
    with Watch(crew) as watch:
        # The first is hit in the middle of a run, whatever becomes of the others.
        victim = wait_until(lambda: [n for n in range(workers) if alive[n].said("at the gate")])[0]
        for _ in range(kills):
            alive[victim].kill()
            alive[victim] = crew.launch()
            crew.open_gate()
            victim = rng.randrange(workers)
            alive[victim].wait("worker started")
            time.sleep(rng.uniform(0.0, 0.8))  # the moment is what is left to chance
        crew.wait_for_end(*places, seconds=200)
    assert watch.wrong == []
    assert watch.looks > kills
    return places


def pid_of(worker_id: str) -> int:
    return int(worker_id.split(":")[3])


def check(crew: Crew, places: dict[int, int]) -> None:
    states = Counter(crew.state(number) for number in places)
    assert states == {RunState.SUCCEEDED: len(places)}
    expected = set().union(*(served(f"place-{number}") for number in places.values()))
    assert crew.stored() == sorted(expected)
    assert crew.counted() == (len(expected), len(expected))
    assert crew.backwards() == 0
    killed = {member.pid for member in crew.members if member.killed}
    lost = [one for number in places for one in crew.attempts(number) if one.outcome == "lost"]
    # Found dead: the leases are longer than all this takes.
    assert lost
    assert {pid_of(one.worker_id) for one in lost} <= killed
    wait_until(lambda: not crew.left())


@pytest.mark.fault(
    "F1",
    done="Three workers with 14 runs were killed (kill -9) one after the other, 5 times at random.",
    holds="Each run ended once, jobs were exactly what the sites have, counters and rows always agreed, no fence went back, no site exceeded its limit.",
)
def test_workers_are_killed_at_random(crew: Crew, record_property) -> None:
    record_property("seed", SEED)
    check(crew, kill_while_they_work(crew, random.Random(SEED), runs=14, kills=5, workers=3))
