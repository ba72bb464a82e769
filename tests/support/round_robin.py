"""A load balancer: each request goes to the next of several servers."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Self

_CHUNK = 65536


class RoundRobin:
    """Passes requests of HTTP/1.1 on to servers on this machine, in turn. A context manager.

    Attributes:
        url: Where it listens, without a last slash.
        passed: How many requests each server has got, in the order in which they were named.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.passed = [0] * len(ports)
        self._turns = itertools.cycle(enumerate(ports))
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError):
            if not (request := _read(client)):
                return
            with self._lock:
                number, port = next(self._turns)
                self.passed[number] += 1
            with socket.create_connection(("127.0.0.1", port), timeout=30) as server:
                server.sendall(request)
                while chunk := server.recv(_CHUNK):
                    client.sendall(chunk)


def _read(client: socket.socket) -> bytes:
    """Read one request, with the wish that its connection ends after it."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := client.recv(_CHUNK)):
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    lengths = [line.partition(b":")[2] for line in lines if line.lower().startswith(b"content-len")]
    missing = sum(map(int, lengths)) - len(body)
    while missing > 0 and (chunk := client.recv(_CHUNK)):
        body, missing = body + chunk, missing - len(chunk)
    return b"\r\n".join([*kept, b"Connection: close", b"", body])
