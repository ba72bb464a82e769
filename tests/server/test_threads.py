"""Where handlers run."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest
from litestar.concurrency import get_asyncio_executor, sync_to_thread

from crews import wait_until
from jobtracker_core.api.problems import Unavailable
from jobtracker_core.server import threads
from jobtracker_core.server.threads import LONGEST_WAIT_S, handler_threads


def test_handlers_run_in_threads_of_ours() -> None:
    together = threading.Barrier(5)

    def handler() -> str:
        together.wait(60)
        return threading.current_thread().name

    async def requests() -> list[str]:
        return list(await asyncio.gather(*(sync_to_thread(handler) for _ in range(5))))

    with handler_threads(5):
        names = asyncio.run(requests())
    assert all(name.startswith("jobtracker") for name in names)
    assert len(set(names)) == 5
    assert get_asyncio_executor() is None


def test_what_has_waited_too_long_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    held, go = threading.Event(), threading.Event()
    passed = [0.0]
    monkeypatch.setattr(threads, "time", SimpleNamespace(monotonic=lambda: passed[0]))

    def hold() -> None:
        held.set()
        go.wait(60)

    async def requests() -> list[object]:
        first = asyncio.create_task(sync_to_thread(hold))
        await asyncio.to_thread(held.wait, 60)
        late = [asyncio.create_task(sync_to_thread(begun.append, n)) for n in range(3)]
        queue = get_asyncio_executor()._work_queue  # type: ignore[union-attr]
        await asyncio.to_thread(wait_until, lambda: queue.qsize() == len(late))
        passed[0] += LONGEST_WAIT_S + 1
        go.set()
        await first
        refused = await asyncio.gather(*late, return_exceptions=True)
        await sync_to_thread(begun.append, 9)
        return list(refused)

    with handler_threads(1):
        refused = asyncio.run(requests())
    assert [type(error) for error in refused] == [Unavailable] * 3
    assert begun == [9]
