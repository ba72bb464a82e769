"""A server that answers every request with the same bytes, however wrong, piece by piece."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

HELLO = b"\x16\x03"
"""How TLS begins."""

Answer = Callable[[bytes], Iterator[bytes]]
"""Gives the pieces of an answer to a request, of which it gets the head."""


class HostileServer:
    """Listens on a port of this machine; `requests` are the heads that it got.

    With a `certificate` (and its key, in one file) it speaks TLS.
    """

    def __init__(self, answer: Answer, *, certificate: Path | None = None) -> None:
        self._answer = answer
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while not self._over.is_set():
                taken, _ = self._listener.accept()
                with taken, contextlib.suppress(OSError):
                    taken.settimeout(60)
                    if self._tls is None:
                        self._talk(taken)
                    else:
                        with self._tls.wrap_socket(taken, server_side=True) as wrapped:
                            self._talk(wrapped)

    def _talk(self, taken: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and not head.startswith(HELLO):
            more = taken.recv(65_536)
            if not more:
                return
            head += more
        self.requests.append(head)
        for piece in self._answer(head):
            if self._over.is_set():
                return
            taken.sendall(piece)

    @property
    def over(self) -> threading.Event:
        """Set when the server is to end: what drips for ever looks at it."""
        return self._over

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(60)


def saying(*pieces: bytes) -> Answer:
    """Return an answer of these pieces."""
    return lambda _: iter(pieces)


def page(
    status: str, body: bytes = b"", *, kind: str = "application/json", more: tuple[str, ...] = ()
) -> bytes:
    """Return a whole answer."""
    headers = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    # It takes one request each: who waited a moment could not know otherwise.
    headers.append("Connection: close")
    return "\r\n".join([*headers, "", ""]).encode() + body
