"""Searches in turn, as many at once as there are processors; docs/explanation/reading.md."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, cast
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

PATIENCE_S: Final = 5.0
"""Seconds after which a search begins though no turn was free: two slow ones stop nobody."""

_FEWEST: Final = 2
"""So many at once also on one processor: one may wait for the database."""


class Turns:
    """Turns for searches, in the order in which they were asked for.

    Args:
        at_once: How many may be taken at the same time; as many as there are processors if None.
    """

    def __init__(self, at_once: int | None = None) -> None:
        self._at_once = at_once or max(os.cpu_count() or 0, _FEWEST)
        # Whoever waits belongs to a loop, and an app may be run by one after the other.
        self._free: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
        self._free = WeakKeyDictionary()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Callable[[], None]]:
        """Wait for a turn, at most `PATIENCE_S`; gives what ends it before the end of the block."""
        loop = asyncio.get_running_loop()
        free = self._free.setdefault(loop, asyncio.Semaphore(self._at_once))
        is_held = True
        try:
            async with asyncio.timeout(PATIENCE_S):
                await free.acquire()
        except TimeoutError:
            is_held = False

        def end() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                free.release()

        try:
            yield end
        finally:
            end()


def in_turn(turns: Turns, words: str) -> Callable[[ASGIApp], ASGIApp]:
    """Return what stands around routes and lets those requests wait that search for words.

    A turn ends where the answer begins: neither a slow reader nor a long export holds one.

    Args:
        turns: What all routes share.
        words: The parameter of an address that holds the words.
    """
    begin = f"{words}=".encode()

    def around(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            asked = cast("HTTPScope", scope)["query_string"]
            if begin not in asked or not _has_words(asked, words):
                await app(scope, receive, send)
                return
            async with turns.taken() as end:

                async def send_on(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        end()
                    await send(message)

                await app(scope, receive, send_on)

        return answer

    return around


def _has_words(asked: bytes, words: str) -> bool:
    return any(name == words for name, _ in parse_qsl(asked.decode("latin-1")))
