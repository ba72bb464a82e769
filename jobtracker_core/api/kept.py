"""Answers that are kept as long as nothing is written; docs/explanation/reading.md."""

from __future__ import annotations

import gzip
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from litestar.concurrency import sync_to_thread
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from msgspec import Struct

from jobtracker_core.api.access import Gate
from jobtracker_core.api.operations import BRIEFLY, KEPT, SCOPE
from jobtracker_core.contract.access import Scope as Allowed
from jobtracker_core.tracker import JobTracker

MOVING_S: Final = 1.0
"""Seconds for which an answer is kept that changes with the time of day."""

_MEGABYTE = 1024 * 1024
_WORTH_BYTES = 500
"""Shorter answers are not compressed."""

_LEVEL = 6
_LARGEST_SHARE = 4
"""No answer takes more than one in so many parts of the room."""

_OVERHEAD = 1000
"""Bytes that an answer takes beside its text."""

_NOT_AT_ALL = re.compile(rb"q\s*=\s*0(\.0*)?")

Headers = tuple[tuple[bytes, bytes], ...]
Key = tuple[str, bytes]


class Answer(Struct, frozen=True, kw_only=True):
    """An answer as it is sent.

    Attributes:
        tag: Its ETag; the same text has the same, in every process.
    """

    headers: Headers
    tag: bytes
    body: bytes


class _Held(Struct, kw_only=True):
    answer: Answer
    version: int
    until: float
    size: int
    packed: bytes | None = None


class Answers:
    """Answers by their address, those that were asked for last. Safe to share between threads.

    Args:
        most: Bytes that all of them may take.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._held: OrderedDict[Key, _Held] = OrderedDict()
        self.size = 0

    def get(self, key: Key, version: int) -> _Held | None:
        """Return the answer to an address, if it is that of this version of the data."""
        with self._lock:
            held = self._held.get(key)
            if held is None:
                return None
            if held.version != version or self._clock() >= held.until:
                self._drop(key)
                return None
            self._held.move_to_end(key)
            return held

    def put(self, key: Key, answer: Answer, *, version: int, until: float) -> _Held:
        """Keep an answer that was made after this version was read, unless it is too large."""
        texts = (*(text for header in answer.headers for text in header), *key)
        size = len(answer.body) + sum(map(len, texts)) + _OVERHEAD
        held = _Held(answer=answer, version=version, until=until, size=size)
        with self._lock:
            if key in self._held:
                self._drop(key)
            if size <= self._most // _LARGEST_SHARE:
                self._held[key] = held
                self.size += size
                self._make_room()
        return held

    def pack(self, key: Key, held: _Held) -> bytes:
        """Return the text of an answer compressed, and keep that too."""
        packed = held.packed
        if packed is None:
            packed = gzip.compress(held.answer.body, _LEVEL, mtime=0)
            with self._lock:
                held.packed = packed
                if self._held.get(key) is held:
                    held.size += len(packed)
                    self.size += len(packed)
                    self._make_room()
        return packed

    def _make_room(self) -> None:
        while self.size > self._most:
            self._drop(next(iter(self._held)))

    def _drop(self, key: Key) -> None:
        self.size -= self._held.pop(key).size


def keeping(tracker: JobTracker, gate: Gate) -> Callable[[ASGIApp], ASGIApp]:
    """Return what stands around the routes: answers from what is kept, and keeps what is answered.

    The version of the data is read before the data itself: what is written meanwhile makes the
    answer one of an older version, which is never given again. Nobody is let in here who was not
    let in within the last second; the gate decides on all others, as on requests that are new.
    """
    kept = _Keeping(tracker, gate)

    def around(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            handler = scope["route_handler"]
            if scope.get("method") == "GET" and handler.opt.get(KEPT):
                briefly = handler.opt[KEPT] == BRIEFLY
                request = _Request(cast("HTTPScope", scope), handler.opt[SCOPE], briefly=briefly)
                await kept.answer(app, request, receive, send)
            else:
                await app(scope, receive, send)

        return answer

    return around


class _Keeping:
    def __init__(self, tracker: JobTracker, gate: Gate) -> None:
        self._tracker = tracker
        self._gate = gate
        self._answers = Answers(tracker.settings.api_kept_mb * _MEGABYTE)

    async def answer(self, app: ASGIApp, request: _Request, receive: Receive, send: Send) -> None:
        asked_at = time.monotonic()
        version = self._tracker.data_version()
        if version is not None:
            held = self._answers.get(request.key, version)
            if held is not None and self._gate.is_open(request.authorization, request.needed):
                await self._send(request, held, send)
                return
        until = asked_at + MOVING_S if request.is_moving else float("inf")

        async def keep(found: Answer) -> None:
            if version is None:
                held = _Held(answer=found, version=0, until=0, size=0)
            else:
                held = self._answers.put(request.key, found, version=version, until=until)
            await self._send(request, held, send)

        await app(cast("Scope", request.plain), receive, _collecting(send, keep))

    async def _send(self, request: _Request, held: _Held, send: Send) -> None:
        answer = held.answer
        headers = [*answer.headers, (b"etag", answer.tag)]
        body: bytes = answer.body
        status = HTTPStatus.OK
        if request.knows(answer.tag):
            headers = [(b"etag", answer.tag)]
            body, status = b"", HTTPStatus.NOT_MODIFIED
        elif request.takes_gzip and len(body) >= _WORTH_BYTES:
            body = await self._packed(request, held)
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"vary", b"Accept-Encoding"))
        if status == HTTPStatus.OK:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _packed(self, request: _Request, held: _Held) -> bytes:
        if held.packed is not None:
            return held.packed
        return await sync_to_thread(self._answers.pack, request.key, held)


class _Request:
    """What of a request matters here.

    Attributes:
        plain: The same request from somebody who takes no compression: that is done here.
    """

    def __init__(self, scope: HTTPScope, needed: Allowed, *, briefly: bool = False) -> None:
        self.needed = needed
        self._briefly = briefly
        self.key: Key = (scope["path"], scope["query_string"])
        self.authorization = ""
        self.takes_gzip = False
        self._known = b""
        kept: list[tuple[bytes, bytes]] = []
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                self.takes_gzip = self.takes_gzip or _takes_gzip(value)
                continue
            if name == b"authorization":
                self.authorization = value.decode("latin-1")
            elif name == b"if-none-match":
                self._known = value
            kept.append((name, value))
        self.plain: dict[str, Any] = {**scope, "headers": kept}

    @property
    def is_moving(self) -> bool:
        """Whether the answer may change with time alone, as to `posted:<7d`."""
        return self._briefly or any(
            name == "search" and ":" in value
            for name, value in parse_qsl(self.key[1].decode("latin-1"))
        )

    def knows(self, tag: bytes) -> bool:
        """Say whether whoever asks has this answer already."""
        if not self._known:
            return False
        return any(
            part.strip().removeprefix(b"W/") in {tag, b"*"} for part in self._known.split(b",")
        )


def _takes_gzip(accepted: bytes) -> bool:
    """Say whether an Accept-Encoding names gzip, and does not refuse it by a weight of 0."""
    for part in accepted.lower().split(b","):
        coding, *parameters = (piece.strip() for piece in part.split(b";"))
        if coding == b"gzip":
            return not any(_NOT_AT_ALL.fullmatch(parameter) for parameter in parameters)
    return False


def _collecting(send: Send, done: Callable[[Answer], Any]) -> Send:
    """Return a `send` that passes on what fails, and gives what succeeds to `done` as a whole."""
    started: list[Message] = []
    parts: list[bytes] = []

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            started.append(message)
        elif message["type"] == "http.response.body" and started:
            parts.append(message["body"])
            if not message.get("more_body"):
                await done(_whole(started[0], b"".join(parts)))
        else:
            await send(message)

    return collect


def _whole(start: Any, body: bytes) -> Answer:
    headers = tuple(
        (bytes(name), bytes(value))
        for name, value in start["headers"]
        if name.lower() not in {b"content-length", b"vary", b"etag"}
    )
    tag = blake2b(body, digest_size=12).hexdigest()
    return Answer(headers=headers, tag=f'"{tag}"'.encode(), body=body)
