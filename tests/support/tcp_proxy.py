"""A wire between a client and a server that can be cut, fall silent or be slow."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Literal, Self

_CHUNK = 65536

Silence = Literal["swallows", "takes nothing", "loses answers"]


class TcpProxy:
    """Passes TCP connections on to a server. A context manager.

    Attributes:
        delay: Seconds that each packet takes on its way, in either direction.
        opened: Connections that were made through it so far.
    """

    def __init__(
        self, target: tuple[str, int], *, host: str = "127.0.0.1", window: int | None = None
    ) -> None:
        """Listen on a free port of `host`.

        `window` is how many bytes it takes from a client beyond what it has passed on.
        """
        self.delay = 0.0
        self.opened = 0
        self._target = target
        self._silent: Silence | None = None
        self._answers_to_lose = 0
        self._changed = threading.Condition()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._ended = False
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if window is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self._listener.bind((host, 0))
        self._listener.listen(64)
        self.host, self.port = self._listener.getsockname()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self._thread.join(5)

    def cut(self) -> None:
        """Reset all connections; those that come later pass."""
        with self._changed:
            pairs, self._pairs = self._pairs, []
            self._silent = None
            self._changed.notify_all()
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)

    def swallow(self) -> None:
        """Take all that comes and pass nothing on, until `cut()`: a peer whose other end is gone."""
        self._fall_silent("swallows")

    def take_nothing(self) -> None:
        """Read no more, until `cut()`: what a client sends stays with it, unacknowledged."""
        self._fall_silent("takes nothing")

    def lose_answers(self) -> None:
        """Pass on what clients send and nothing of what comes back, until `cut()`."""
        self._fall_silent("loses answers")

    def lose_answer(self) -> None:
        """Have the next thing that a server says get lost, and all connections with it."""
        with self._changed:
            self._answers_to_lose += 1

    def _fall_silent(self, how: Silence) -> None:
        with self._changed:
            self._silent = how

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.opened += 1
            try:
                server = socket.create_connection(self._target, timeout=60)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self._pairs.append((client, server))
            left = [2]
            for one, other, asks in ((client, server, True), (server, client, False)):
                arguments = (one, other, left, asks)
                threading.Thread(target=self._pump, args=arguments, daemon=True).start()

    def _pump(
        self,
        source: socket.socket,
        target: socket.socket,
        left: list[int],
        asks: bool,
    ) -> None:
        with suppress(OSError):
            while self._may_read() and (chunk := source.recv(_CHUNK)):
                if not asks and self._loses():
                    self.cut()
                    break
                if self.delay:
                    time.sleep(self.delay)
                if self._silent is None or (asks and self._silent == "loses answers"):
                    target.sendall(chunk)
        with self._changed:
            # Whoever is silent does not say goodbye either.
            self._changed.wait_for(lambda: self._silent is None)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        with self._changed:
            left[0] -= 1
            last = not left[0]
        if last:
            source.close()
            target.close()

    def _loses(self) -> bool:
        with self._changed:
            self._answers_to_lose -= (lost := self._answers_to_lose > 0)
            return lost

    def _may_read(self) -> bool:
        with self._changed:
            return bool(self._changed.wait_for(lambda: self._silent != "takes nothing"))
