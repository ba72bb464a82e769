"""How long an answer may stand unread: not to read one costs a stranger nothing."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import Final

UNREAD_S: Final = 300.0
"""Seconds in which something of an answer must be taken, while any of it waits to be."""

LOOKS: Final = 10
"""So often that is looked at. Where this process stood still, only one of them was in vain."""

_AT_ONCE: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Unread:
    """Ends a connection of which nothing is taken for too long. For its event loop.

    Whoever takes a little again and again is waited for, however long the whole answer lasts.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0
        self._in_vain = 0

    def look(self) -> None:
        """See whether anything waits to be taken; if so, look again until nothing does."""
        if self._timer is None and self._transport.get_write_buffer_size():
            self._in_vain = 0
            self._look_later()

    def taken(self) -> None:
        """Note that much was taken: as much may wait already to be taken next."""
        self._in_vain = 0

    def end(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_later(self) -> None:
        self._left = self._transport.get_write_buffer_size()
        self._timer = self._loop.call_later(UNREAD_S / LOOKS, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        left = self._transport.get_write_buffer_size()
        # What has become more was asked for meanwhile.
        self._in_vain = self._in_vain + 1 if left == self._left else 0
        if self._in_vain == LOOKS:
            self._give_up()
        elif left:
            self._look_later()

    def _give_up(self) -> None:
        opened = self._transport.get_extra_info("socket")
        if opened is not None:
            # Else the system would go on offering what it holds of the answer, for minutes.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()
