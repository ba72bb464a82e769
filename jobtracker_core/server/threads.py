"""The threads that handlers run in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from litestar.concurrency import set_asyncio_executor

from jobtracker_core.api.problems import Unavailable

LONGEST_WAIT_S: Final = 5.0
"""Seconds after which a request that no thread was free for is refused."""


@contextlib.contextmanager
def handler_threads(number: int, *, longest_wait: float = LONGEST_WAIT_S) -> Iterator[None]:
    """Run the handlers of this process in `number` threads; enter it before the event loop runs.

    For a process that is the server. Inside somebody's app, theirs are used.
    """
    with _ImpatientThreads(number, longest_wait) as threads:
        set_asyncio_executor(threads)
        try:
            yield
        finally:
            set_asyncio_executor(None)


class _ImpatientThreads(ThreadPoolExecutor):
    """Begins nothing that has waited for too long.

    While the database stands still, each request holds its thread for seconds. Those behind it
    would add up their waits, and be answered when nobody is left to hear it.
    """

    def __init__(self, number: int, longest_wait: float) -> None:
        super().__init__(number, "jobtracker")
        self._longest_wait = longest_wait

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(self._begin, time.monotonic(), fn, args, kwargs)

    def _begin(
        self,
        since: float,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        if time.monotonic() - since > self._longest_wait:
            raise Unavailable("The server is too busy.")
        return fn(*args, **kwargs)
