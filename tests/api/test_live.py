"""Many who watch one run, and those who go away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from jobtracker_core.api import live
from jobtracker_core.api.live import LiveRuns
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.errors import NotFound, Unreachable
from jobtracker_core.storage.events import Event
from jobtracker_core.storage.runs import Run
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.runs import Watched
from queueing import put, turn_on


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY_S", 0.02)


@pytest.fixture
def run(tracker: JobTracker) -> Run:
    turn_on(tracker.database)
    return tracker.runs.get(put(tracker.database))


class Source:
    """A run that has one event more at each look, and ends with the last."""

    def __init__(
        self, run: Run, looks: int, failing: Callable[[int], Any] = lambda _: None
    ) -> None:
        self.run = run
        self.left = looks
        self.looks = 0
        self.failing = failing
        self.at_work = threading.Lock()

    def __call__(self, run_id: int, after: int) -> Watched:
        assert self.at_work.acquire(blocking=False), "two looks at once"
        try:
            self.looks += 1
            error = self.failing(self.looks)
            if error is not None:
                raise error
            self.left -= 1
            state = RunState.RUNNING if self.left > 0 else RunState.SUCCEEDED
            event = Event(
                id=after + 1,
                run_id=run_id,
                at=datetime.now(UTC),
                kind="noted",
                level="info",
                data={},
            )
            return Watched(run=structs.replace(self.run, state=state), events=(event,))
        finally:
            self.at_work.release()


async def watched(runs: LiveRuns, after: int = 0) -> list[int]:
    told = [one async for one in runs.follow(7, after=after) if one is not None]
    assert told[-1].over
    return [event.id for one in told for event in one.events]


def test_fifty_watchers_cost_no_more_looks_than_one(run) -> None:
    source = Source(run, 5)

    async def many() -> list[list[int]]:
        runs = LiveRuns(source)
        return await asyncio.gather(*(watched(runs, after=n % 3) for n in range(50)))

    for number, ids in enumerate(asyncio.run(many())):
        assert ids == list(range(number % 3 + 1, 6))
    assert source.looks == 5


def test_nobody_looks_for_those_who_went_away(run) -> None:
    source = Source(run, 10_000)

    async def leave() -> int:
        runs = LiveRuns(source)
        for _ in range(20):
            following = runs.follow(7, after=0)
            await anext(following)
            await following.aclose()
        while runs.watched:  # noqa: ASYNC110  (nothing tells of it)
            await asyncio.sleep(0.005)
        return source.looks

    # Twenty came and went within the time of a few looks.
    assert asyncio.run(leave()) < 10


def test_a_failure_before_the_first_answer_is_raised_and_later_ones_are_waited_for(run) -> None:
    gone = Source(run, 3, lambda _: NotFound("there is no run 7"))
    broken = Source(run, 3, lambda _: ZeroDivisionError())
    down = Source(run, 3, lambda look: Unreachable("down") if look in {2, 3} else None)

    async def follow(source: Source) -> list[int]:
        return await watched(LiveRuns(source))

    with pytest.raises(NotFound):
        asyncio.run(follow(gone))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(follow(broken))
    assert asyncio.run(follow(down)) == [1, 2, 3]
    assert down.looks == 5


def test_a_process_that_is_about_to_end_holds_nobody(run) -> None:
    source = Source(run, 10_000)

    async def follow() -> list[Watched | None]:
        runs = LiveRuns(source, lambda: source.looks >= 3)
        return [one async for one in runs.follow(7, after=0)]

    told = asyncio.run(follow())
    assert [one.over for one in told if one is not None][-1] is False


class Giant:
    """A run that has ended, with very many lines."""

    def __init__(self, run: Run, lines: int) -> None:
        self.run = structs.replace(run, state=RunState.SUCCEEDED)
        self.lines = lines
        self.read = 0
        self.largest = 0

    def __call__(self, run_id: int, after: int) -> Watched:
        numbers = range(after + 1, min(after + 10, self.lines) + 1)
        at = datetime.now(UTC)
        lines = tuple(
            Event(id=number, run_id=run_id, at=at, kind="noted", level="info", data={})
            for number in numbers
        )
        self.read += len(lines)
        self.largest = max(self.largest, len(lines))
        return Watched(run=self.run, events=lines, more=bool(lines) and lines[-1].id < self.lines)


def test_of_a_giant_run_the_end_is_read_for_all_and_the_rest_for_who_wants_it(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "KEPT", 15)
    source = Giant(run, 500)

    async def follow(*marks: int) -> list[list[int]]:
        runs = LiveRuns(source, begin=lambda _: 485)
        return await asyncio.gather(*(watched(runs, after=mark) for mark in marks))

    assert asyncio.run(follow(*[490] * 20)) == [[*range(491, 501)]] * 20
    assert source.read == 15
    for ids, mark in zip(asyncio.run(follow(0, 477, 500)), (0, 477, 500), strict=True):
        assert ids == [*range(mark + 1, 501)]
    assert source.read <= 15 + 15 + 500 + 23
    assert source.largest == 10


def test_lines_that_come_quicker_than_they_are_told_are_told_all(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "KEPT", 5)
    source = Giant(run, 500)

    async def follow() -> list[int]:
        return await watched(LiveRuns(source), after=0)

    assert asyncio.run(follow()) == [*range(1, 501)]
