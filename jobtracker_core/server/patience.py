"""How long a stranger may take to send a request and to read the answer.

To hold a connection costs them nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Literal, cast

from uvicorn.protocols.http import h11_impl, httptools_impl

from jobtracker_core.server.unread import Unread

HEAD_S: Final = 30.0
"""Seconds to the end of a request's head, from its first byte, or of a connection's first request
from the opening on."""

BODY_S: Final = 300.0
"""Seconds from there to the end of its body: ten megabytes at 35 kB/s."""

Part = Literal["head", "body"]
Line = httptools_impl.HttpToolsProtocol | h11_impl.H11Protocol
_Cycle = httptools_impl.RequestResponseCycle | h11_impl.RequestResponseCycle

_WORDS: Final = b"The request took too long to come."
_REFUSAL: Final = b"".join(
    [
        httptools_impl.STATUS_LINE[408],
        b"content-type: text/plain; charset=utf-8\r\n",
        b"content-length: %d\r\n" % len(_WORDS),
        b"connection: close\r\n\r\n",
        _WORDS,
    ]
)


class Patience:
    """Closes a connection whose request does not come to its end in time. For its event loop.

    Args:
        line: The connection, which has just been opened.
        awaited: Says what of a request has begun to come and is not whole yet.

    Attributes:
        unread: Does the same for answers.
    """

    def __init__(self, line: Line, awaited: Callable[[], Part | None]) -> None:
        self._line = line
        self._awaited = awaited
        self._part: Part | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.unread = Unread(line.transport, line.loop)
        self._wait_for("head")

    def look(self) -> None:
        """See what is waited for now; the time of a part that has begun runs on."""
        self._wait_for(None if self._line.transport.is_closing() else self._awaited())
        self.unread.look()

    def end(self) -> None:
        """Wait for nothing any more."""
        self._wait_for(None)
        self.unread.end()

    def _wait_for(self, part: Part | None) -> None:
        if part == self._part:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._part = part
        if part is not None:
            seconds = HEAD_S if part == "head" else BODY_S
            self._timer = self._line.loop.call_later(seconds, self._over, part)

    def _over(self, part: Part) -> None:
        self._part = self._timer = None
        line = self._line
        cycle = cast("_Cycle | None", line.cycle)  # there is none at first
        is_answering = cycle is not None and not cycle.response_complete
        if line.flow.read_paused or (part == "head" and is_answering):
            # It is we who are slow.
            self._wait_for(part)
        elif part == "head" and self._awaited() is None:
            # Nothing was asked, and nothing is answered.
            line.transport.close()
        elif part == "body" and cycle is not None and self._has_begun(cycle):
            line.transport.abort()
        else:
            if cycle is not None:
                cycle.disconnected = True
            line.transport.write(_REFUSAL)
            line.transport.close()
            self.unread.look()

    def _has_begun(self, cycle: _Cycle) -> bool:
        """Say whether an answer is on the wire already, be it to a request before."""
        waiting = getattr(self._line, "pipeline", ())
        return cycle.response_started or bool(waiting)


class Patient(asyncio.Protocol):
    """A connection with patience of its own: a class that stands before a protocol of uvicorn."""

    _patience: Patience

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._patience = Patience(cast("Line", self), self._awaited)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._patience.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Write no more of an answer: much of it waits to be taken."""
        super().pause_writing()
        self._patience.unread.look()

    def resume_writing(self) -> None:
        """Write on."""
        super().resume_writing()
        self._patience.unread.taken()

    def on_response_complete(self) -> None:
        """Go on to the next request; the end of the answer may still wait to be taken."""
        super().on_response_complete()  # type: ignore[misc]  # each protocol of uvicorn has it
        self._patience.unread.look()

    def _awaited(self) -> Part | None:
        """Say what of a request has begun to come and is not whole yet."""
        raise NotImplementedError
