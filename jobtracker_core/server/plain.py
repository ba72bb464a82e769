"""HTTP/1.1 for senders that wish for another protocol: read on as if they had not."""

from __future__ import annotations

from uvicorn.protocols.http.h11_impl import H11Protocol

from jobtracker_core.server.patience import Part, Patient


class PlainProtocol(Patient, H11Protocol):
    """One connection. The parser bounds heads by itself; here the time is bounded."""

    def handle_events(self) -> None:
        """Take what came, or what had come before the last answer was at its end."""
        super().handle_events()
        self._patience.look()

    def _awaited(self) -> Part | None:
        state = self.conn.their_state.__name__
        if state == "SEND_BODY":
            return "body"
        return "head" if state == "IDLE" and self.conn.trailing_data[0] else None
