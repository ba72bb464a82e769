"""Many requests at once over kept connections, and how long each answer took."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from urllib.parse import urlsplit

from msgspec import Struct

WARM_UP_S = 0.2
"""Seconds of going before any is timed."""


class Answers(Struct, frozen=True, kw_only=True):
    """What was answered: seconds per answer, sorted, and the seconds that all of it took."""

    took: tuple[float, ...]
    seconds: float

    @property
    def per_second(self) -> float:
        """Return the answers in a second."""
        return len(self.took) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the seconds within which that share of the answers came."""
        return self.took[min(int(len(self.took) * share), len(self.took) - 1)]


def join(parts: Sequence[Answers]) -> Answers:
    """Take several rounds as one."""
    took = sorted(seconds for part in parts for seconds in part.took)
    return Answers(took=tuple(took), seconds=sum(part.seconds for part in parts))


def one_by_one(function: Callable[[], object], *, seconds: float) -> Answers:
    """Call a function again and again."""
    warm = time.perf_counter() + WARM_UP_S
    while time.perf_counter() < warm:
        function()
    gc.collect()
    took: list[float] = []
    begun = at = time.perf_counter()
    while at - begun < seconds:
        function()
        took.append(-(at - (at := time.perf_counter())))
    return Answers(took=tuple(sorted(took)), seconds=at - begun)


class Load:
    """Clients with a kept connection each that send a request as soon as the last one was answered, as fast as they can.

    Each is a thread with a bare socket, so that little of the time is the client's own.
    """

    def __init__(self, url: str, token: str, *, clients: int, cookie: str = "") -> None:
        parts = urlsplit(url)
        # A page knows its reader by the cookie, the API by the token.
        who = f"Cookie: jt={cookie}" if cookie else f"Authorization: Bearer {token}"
        self._head = f"Host: {parts.netloc}\r\n{who}\r\n\r\n"
        self._place = parts.hostname or "", parts.port or 80
        self._clients = clients

    def get(self, path: str, *, seconds: float) -> Answers:
        """Ask for a path all the time; raises RuntimeError for an answer that is not 200."""
        return self.mixed({"": [path]}, seconds=seconds)[""]

    def mixed(self, kinds: Mapping[str, Sequence[str]], *, seconds: float) -> dict[str, Answers]:
        """Ask for paths of several kinds in turn, each client from another one on.

        Each time that a kind comes round, its next path is asked for. Raises RuntimeError for an
        answer that is not 200.
        """
        together = threading.Barrier(self._clients)
        took: dict[str, list[float]] = {kind: [] for kind in kinds}
        failures: list[Exception] = []

        def ask(first: int) -> None:
            rounds = _rounds(kinds, self._head, first * len(kinds) // self._clients)
            mine: list[tuple[str, float]] = []
            try:
                with socket.create_connection(self._place, timeout=30) as connection:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    warm = time.perf_counter() + WARM_UP_S
                    while time.perf_counter() < warm:
                        _exchange(connection, next(rounds)[1])
                    together.wait()
                    begun = at = time.perf_counter()
                    while at - begun < seconds:
                        kind, request = next(rounds)
                        _exchange(connection, request)
                        mine.append((kind, -(at - (at := time.perf_counter()))))
            except Exception as error:  # noqa: BLE001  (raised below, in the caller's thread)
                failures.append(error)
                together.abort()
            for kind, each in mine:
                took[kind].append(each)

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(self._clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return {
            kind: Answers(took=tuple(sorted(each)), seconds=seconds) for kind, each in took.items()
        }


def _rounds(
    kinds: Mapping[str, Sequence[str]], head: str, first: int
) -> Iterator[tuple[str, bytes]]:
    names = list(kinds)
    asked = {
        kind: cycle([f"GET {path} HTTP/1.1\r\n{head}".encode() for path in paths])
        for kind, paths in kinds.items()
    }
    for kind in cycle([*names[first:], *names[:first]]):
        yield kind, next(asked[kind])


def _exchange(connection: socket.socket, request: bytes) -> None:
    connection.sendall(request)
    data = connection.recv(262_144)
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _more(connection)
    head = data[:end].lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(data[:500])
    length = int(head.partition(b"content-length:")[2].partition(b"\r")[0])
    missing = end + len(b"\r\n\r\n") + length - len(data)
    while missing > 0:
        missing -= len(_more(connection))


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(262_144)
    if not data:
        raise ConnectionError("the server hung up")
    return data
