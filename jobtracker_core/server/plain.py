"""HTTP/1.1 for senders that wish for another protocol: read on as if they had not."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from jobtracker_core.server.patience import Part, Patience


class PlainProtocol(H11Protocol):
    """One connection. The parser bounds heads by itself; here the time is bounded."""

    _patience: Patience

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._patience = Patience(self, self._awaited)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._patience.end()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Take what came, or what had come before the last answer was at its end."""
        super().handle_events()
        self._patience.look()

    def _awaited(self) -> Part | None:
        state = self.conn.their_state.__name__
        if state == "SEND_BODY":
            return "body"
        return "head" if state == "IDLE" and self.conn.trailing_data[0] else None
