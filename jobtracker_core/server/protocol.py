"""HTTP/1.1 as it comes over a connection, parsed in C, with bounds on what a stranger may send."""

from __future__ import annotations

from typing import Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from jobtracker_core.server.patience import Part, Patient
from jobtracker_core.server.plain import PlainProtocol

LARGEST_HEAD: Final = 65_536
"""Bytes that the head of a request may have, and whatever else is in no body, such as trailers."""


class BoundedProtocol(Patient, HttpToolsProtocol):
    """One connection.

    The parser in C knows no bounds, takes a trailer for a header of the request, and reads nothing
    behind a wish for another protocol: these are dealt with here.
    """

    _unseen = 0
    _in_head = False
    _in_body = False

    def data_received(self, data: bytes) -> None:
        """Take what came, and refuse what is no request or never becomes one."""
        self._take(data)
        self._patience.look()

    def _take(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._unseen += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as wish:
            self._go_on_without(data[wish.args[0] :])
        except httptools.HttpParserError:
            self._refuse()
        else:
            if self._unseen > LARGEST_HEAD:
                self._refuse()

    def on_message_begin(self) -> None:
        """Take a new request."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer says nothing that anybody here would believe."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Take a whole head, and begin to answer."""
        # What came may also hold the body, or the end of another one.
        if self._unseen > LARGEST_HEAD and self._head_size() > LARGEST_HEAD:
            raise ValueError("the head is too large")
        self._unseen = 0
        self._in_head = False
        self._in_body = True
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._unseen = 0
        if not self.parser.should_upgrade():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._unseen = 0
        self._in_body = False
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse(self) -> None:
        self.logger.warning("Invalid HTTP request received.")
        if self._is_answering():
            self.transport.close()
        else:
            self.send_400_response("Invalid HTTP request received.")

    def _awaited(self) -> Part | None:
        if self._in_body:
            return "body"
        return "head" if self._in_head or self._unseen else None

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # there is none at first
        return cycle is not None and not cycle.response_complete

    def _go_on_without(self, rest: bytes) -> None:
        """Read on as if no other protocol had been wished for, with a parser that can do so."""
        if self._is_answering():
            self._refuse()
            return
        version = self.parser.get_http_version().encode()
        head = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        head += [b"%b: %b" % one for one in self.headers if one[0] != b"upgrade"]
        self.connections.discard(self)
        # From here on the other one waits.
        self._in_body = False
        other = PlainProtocol(self.config, self.server_state, self.app_state)
        other.connection_made(self.transport)
        self.transport.set_protocol(other)
        other.data_received(b"\r\n".join([*head, b"", rest]))
