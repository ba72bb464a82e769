"""Capture and replay: a run's exchanges in a folder, without its secrets."""

from __future__ import annotations

import base64
import binascii
import difflib
import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from jobtracker_core.contract.errors import CollectError
from jobtracker_core.http.address import clean_url, remove_emails
from jobtracker_core.http.exchange import Answer, Request

FORMAT: Final = 1
"""Number of the captures' format; it is raised when an older reader would misread a newer one."""
MANIFEST: Final = "manifest.json"
_EXCHANGES = "[0-9]*.json"

_KEPT_OF_REQUEST = frozenset(
    {"accept", "accept-language", "content-type", "origin", "referer", "x-nextjs-data"}
)
_KEPT_OF_RESPONSE = frozenset(
    {"cf-mitigated", "content-type", "date", "location", "retry-after", "x-vercel-mitigated"}
)


class RecordError(CollectError):
    """A capture cannot be written or read; the message names the file and what to do."""

    hint = "Name another directory, or record again."


class ReplayMiss(RecordError):  # noqa: N818  (what was asked for is missing)
    """A request that was not recorded, or was asked more often than it was recorded."""

    hint = "The collector asks otherwise than when this was recorded: record again."


class _Asked(Struct, frozen=True, kw_only=True):
    method: Literal["GET", "POST"]
    url: str
    headers: dict[str, str]
    body_hash: str = ""


class _Answered(Struct, frozen=True, kw_only=True):
    status: int
    url: str
    headers: tuple[tuple[str, str], ...]
    encoding: Literal["text", "base64"]
    body: str


class _Exchange(Struct, frozen=True, kw_only=True):
    request: _Asked
    response: _Answered


def make_empty(directory: Path) -> None:
    """Make a directory, or see that it is empty; raises `RecordError`."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        taken = any(directory.iterdir())
    except OSError as error:
        raise RecordError(
            f"cannot write to {directory}: {error.strerror}; name another directory"
        ) from error
    if taken:
        raise RecordError(f"{directory} is not empty; name another directory")


class Recorder:
    """Writes each exchange as a file of its own, whole or not at all.

    Kept are the method, both addresses without secret parameters, e-mail addresses and user names,
    a short list of headers (never cookies, never tokens), a hash of what was posted, and the body
    as `redact` leaves it.

    Args:
        directory: Made if it is missing. Raises `RecordError` if it holds anything already or
            cannot be written.
        redact: Given a body and its media type, returns what of it may be kept.
        manifest: What the capture is of: collector, plugin version, query, `recorded_at`. Written
            as it stands, beside the format's number.
    """

    def __init__(
        self,
        directory: Path,
        *,
        redact: Callable[[bytes, str], bytes],
        manifest: Mapping[str, object],
    ) -> None:
        self._directory = directory
        self._redact = redact
        self._count = 0
        make_empty(directory)
        self.write(MANIFEST, {**manifest, "format": FORMAT})

    def record(self, request: Request, answer: Answer) -> None:
        """Keep an exchange. Raises `RecordError` if the disk does not take it."""
        content_type = answer.header("content-type") or ""
        encoding, body = _encode(self._redact(answer.content, content_type))
        exchange = _Exchange(
            request=_Asked(
                method=request.method,
                url=clean_url(request.url),
                headers={
                    name.lower(): _clean_header(name.lower(), value)
                    for name, value in request.headers
                    if value is not None and name.lower() in _KEPT_OF_REQUEST
                },
                body_hash=_hash(request.body),
            ),
            response=_Answered(
                status=answer.status,
                url=clean_url(answer.url),
                headers=tuple(
                    (name, _clean_header(name, value))
                    for name, value in answer.headers
                    if name in _KEPT_OF_RESPONSE
                ),
                encoding=encoding,
                body=body,
            ),
        )
        self._count += 1
        self.write(f"{self._count:04d}.json", exchange)

    def write(self, name: str, content: object) -> None:
        """Write a file of the capture as JSON, whole or not at all; raises `RecordError`."""
        path = self._directory / name
        draft = self._directory / f".{name}.draft"
        try:
            # "x" follows no link that somebody laid there meanwhile.
            with draft.open("xb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(content), indent=2))
            draft.replace(path)
        except OSError as error:
            raise RecordError(
                f"cannot write {path}: {error.strerror}; name another directory"
            ) from error


class ReplayTransport:
    """A transport that answers from a capture, and never touches the network.

    An answer is found by method, cleaned address (order of parameters left out) and hash of what is
    posted; several answers to one request come in the order in which they were recorded, and the
    last one is not repeated. Raises `RecordError` for a folder that is no capture or a damaged one.

    Args:
        directory: Where a `Recorder` wrote.
        any_host: Compare path and query only, so that a capture made at one host or port answers
            for another; redirects within the recorded host then lead to the asked one.
    """

    def __init__(self, directory: Path, *, any_host: bool = False) -> None:
        self._any_host = any_host
        self.manifest: Mapping[str, Any] = _read_manifest(directory)
        """What the capture is of, as the recorder was told, and its `format`."""
        self._left: dict[str, deque[Path]] = defaultdict(deque)
        self._recorded: dict[str, int] = defaultdict(int)
        files = [path for path in directory.glob(_EXCHANGES) if path.stem.isdecimal()]
        for path in sorted(files, key=lambda path: int(path.stem)):
            asked = _read_exchange(path).request
            key = self._key(asked.method, asked.url, asked.body_hash)
            self._left[key].append(path)
            self._recorded[key] += 1

    def send(self, request: Request, *, timeout: float) -> Answer:  # noqa: ARG002  (nothing takes time)
        """Return the next answer to such a request; raises `ReplayMiss` if there is none."""
        key = self._key(request.method, clean_url(request.url), _hash(request.body))
        if not self._left.get(key):
            raise ReplayMiss(self._explain(key))
        exchange = _read_exchange(self._left[key].popleft())
        response = exchange.response
        headers = response.headers
        if self._any_host:
            headers = tuple(
                (
                    name,
                    _move(value, exchange.request.url, request.url)
                    if name == "location"
                    else value,
                )
                for name, value in headers
            )
        return Answer(
            status=response.status,
            url=request.url,
            headers=headers,
            content=_decode(response),
            elapsed=0.0,
        )

    def close(self) -> None:
        """Nothing is open."""

    def unused(self) -> list[str]:
        """Return the recorded requests that were not asked, one entry for each answer left."""
        return [key for key, left in self._left.items() for _ in left]

    def _key(self, method: str, url: str, body_hash: str) -> str:
        parts = urlsplit(url)
        query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)), quote_via=quote)
        path = quote(unquote(parts.path or "/"))
        where = ("", "") if self._any_host else (parts.scheme.lower(), parts.netloc.lower())
        address = urlunsplit((*where, path, query, ""))
        return f"{method} {address}" + (f" (body {body_hash[:16]})" if body_hash else "")

    def _explain(self, key: str) -> str:
        if key in self._recorded:
            return f"{key} was recorded {self._recorded[key]} times and is asked once more"
        near = difflib.get_close_matches(key, self._recorded, n=1, cutoff=0.0)
        nearest = f"the nearest that was: {near[0]}" if near else "the capture is empty"
        return f"{key} was not recorded; {nearest}"


def _hash(body: bytes | None) -> str:
    return hashlib.sha256(body).hexdigest() if body else ""


def _clean_header(name: str, value: str) -> str:
    if name in {"referer", "origin"}:
        value = value.partition("?")[0]
    return clean_url(value) if name in {"referer", "origin", "location"} else remove_emails(value)


def _encode(content: bytes) -> tuple[Literal["text", "base64"], str]:
    try:
        return "text", content.decode("utf-8")
    except UnicodeDecodeError:
        return "base64", base64.b64encode(content).decode("ascii")


def _decode(response: _Answered) -> bytes:
    if response.encoding == "text":
        return response.body.encode("utf-8")
    return base64.b64decode(response.body, validate=True)


def _move(location: str, recorded: str, asked: str) -> str:
    """Give a redirect within the recorded host the host that is asked now."""
    target, old, new = urlsplit(location), urlsplit(recorded), urlsplit(asked)
    if (target.scheme, target.netloc) != (old.scheme, old.netloc):
        return location
    return urlunsplit((new.scheme, new.netloc, target.path, target.query, ""))


def _read_manifest(directory: Path) -> Mapping[str, Any]:
    path = directory / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise RecordError(f"no capture: cannot read {path} ({error.strerror})") from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RecordError(f"no capture: {path} is damaged ({error})") from error
    number = manifest.get("format")
    if not isinstance(number, int) or number < 1:
        raise RecordError(f"no capture: {path} names no format")
    if number > FORMAT:
        raise RecordError(
            f"{path} has format {number}, this version reads up to {FORMAT}: update jobtracker-core"
        )
    return manifest


def _read_exchange(path: Path) -> _Exchange:
    try:
        exchange = msgspec.json.decode(path.read_bytes(), type=_Exchange)
        _decode(exchange.response)
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error
    except (msgspec.MsgspecError, RecursionError, binascii.Error) as error:
        raise RecordError(f"{path} is damaged ({error}); record again") from error
    return exchange
