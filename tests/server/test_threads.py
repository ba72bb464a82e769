"""Where handlers run."""

from __future__ import annotations

import asyncio
import threading

from litestar.concurrency import get_asyncio_executor, sync_to_thread

from jobtracker_core.server.compose import handler_threads


def test_handlers_run_in_threads_of_ours() -> None:
    together = threading.Barrier(5)

    def handler() -> str:
        together.wait(20)
        return threading.current_thread().name

    async def requests() -> list[str]:
        return list(await asyncio.gather(*(sync_to_thread(handler) for _ in range(5))))

    with handler_threads(5):
        names = asyncio.run(requests())
    assert all(name.startswith("jobtracker") for name in names)
    assert len(set(names)) == 5
    assert get_asyncio_executor() is None
