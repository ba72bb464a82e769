"""Searches take turns: so many at once, in their order, and nothing else waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar.testing import TestClient

from access import cookie_for, let_in
from jobtracker_core.api import in_turn
from jobtracker_core.api.in_turn import Turns
from jobtracker_core.server import compose
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.jobs import Jobs

LIST = "/api/v1/jobs"
DEADLINE_S = 20.0


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody loses his patience, unless a test says so."""
    monkeypatch.setattr(in_turn, "PATIENCE_S", 60.0)


def run(play: Callable[[Turns], Any], turns: Turns) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(DEADLINE_S):
            return await play(turns)

    return asyncio.run(bounded())


def free(turns: Turns) -> int:
    (semaphore,) = turns._free.values()
    return semaphore._value


def test_so_many_are_taken_at_once_and_the_others_in_their_order() -> None:
    async def play(turns: Turns) -> list[list[int]]:
        inside: list[int] = []
        seen: list[list[int]] = []
        gates = [asyncio.Event() for _ in range(4)]

        async def search(number: int) -> None:
            async with turns.taken():
                inside.append(number)
                seen.append(inside.copy())
                await gates[number].wait()
                inside.remove(number)

        tasks = []
        for number in range(4):
            tasks.append(asyncio.create_task(search(number)))
            await asyncio.sleep(0)
        for gate in gates:
            gate.set()
            await tasks[gates.index(gate)]
        return seen

    assert run(play, Turns(2)) == [[0], [0, 1], [1, 2], [2, 3]]


def test_a_turn_that_ends_early_is_free_once_and_one_that_fails_is_free_too() -> None:
    async def play(turns: Turns) -> int:
        async with turns.taken() as end:
            end()
            end()
            async with turns.taken():
                waiting = asyncio.create_task(turns.taken().__aenter__())
                await asyncio.sleep(0)
                waiting.cancel()
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with turns.taken():
                    raise ZeroDivisionError
        return free(turns)

    assert run(play, Turns(1)) == 1


def test_who_waited_for_long_goes_ahead_and_frees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(turns: Turns) -> int:
        async with turns.taken():
            monkeypatch.setattr(in_turn, "PATIENCE_S", 0.0)
            async with turns.taken(), turns.taken():
                pass
            return free(turns)

    assert run(play, Turns(1)) == 0


class Told(Turns):
    """One turn; says when somebody asks for it."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked = threading.Semaphore(0)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Callable[[], None]]:
        self.asked.release()
        async with super().taken() as end:
            yield end


@pytest.mark.parametrize("path", [LIST, "/jobs"])
def test_a_search_waits_for_another_one_and_nothing_else_does(
    path: str, tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, begun, go = Told(), threading.Event(), threading.Event()
    read: list[str | None] = []
    answers: list[int] = []
    first_page = Jobs.first_page

    def slow_page(jobs: Jobs, **filters: Any) -> Any:
        read.append(filters.get("text"))
        if filters.get("text") == "slow":
            begun.set()
            assert go.wait(DEADLINE_S)
        return first_page(jobs, **filters)

    monkeypatch.setattr(Jobs, "first_page", slow_page)
    monkeypatch.setattr(compose, "Turns", lambda: turns)
    monkeypatch.setattr(JobTracker, "data_version", lambda _: 1)
    name = "search" if path == LIST else "q"
    with TestClient(compose.create_app(tracker), base_url="http://127.0.0.1") as client:
        let_in(client, tracker)
        client.cookies.set("jt", cookie_for(tracker))

        def ask(words: str) -> None:
            answers.append(client.get(path, params={name: words}).status_code)

        assert client.get(LIST, params={"search": "kept"}).status_code == 200
        assert turns.asked.acquire(timeout=DEADLINE_S)
        asking = [threading.Thread(target=ask, args=(words,)) for words in ("slow", "other")]
        asking[0].start()
        assert begun.wait(DEADLINE_S)
        assert turns.asked.acquire(timeout=DEADLINE_S)
        asking[1].start()
        assert turns.asked.acquire(timeout=DEADLINE_S)

        assert client.get(LIST, params={"search": "kept"}).status_code == 200
        assert client.get(path).status_code == 200
        assert client.get(path, params={name: ""}).status_code == 200
        assert "other" not in read
        go.set()
        for thread in asking:
            thread.join(DEADLINE_S)
    assert answers == [200, 200]
    assert [words for words in read if words] == ["kept", "slow", "other"]
    assert not turns.asked.acquire(blocking=False)
