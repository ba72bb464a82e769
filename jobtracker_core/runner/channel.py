"""The pipe between a run's process and its supervisor: what is said, and how it is framed.

A frame is its length as four bytes, highest first, and so many bytes of msgpack. The child speaks
and, where it asked something, waits for one answer. `Reported`, `Logged` and `Alive` get none;
`Stop` comes unasked.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from jobtracker_core.contract.errors import (
    Cancelled,
    CancelReason,
    CollectError,
    ConfigError,
    ErrorClass,
    Transient,
)
from jobtracker_core.contract.host import Ack, Batch, Grant, Progress, Proxy
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.runner.execute import Result
from jobtracker_core.runner.limits import MEGABYTE, RunLimits
from jobtracker_core.runner.outcome import Outcome, class_of

FRAME_CAP: Final = 16 * MEGABYTE
"""Bytes of one frame. A full page of a hundred postings has about one megabyte."""

SMALL_CAP: Final = MEGABYTE
"""Bytes of one log line or progress report, and of every question but those about postings."""

TEXT_CAP: Final = 4_000
"""Characters kept of one field of a log line."""

_LENGTH = struct.Struct("!I")

Plain = bool | int | float | str | None
"""A field of a log line."""


class Message(Struct, frozen=True, kw_only=True, tag=True):
    """Anything that stands in a frame, told apart by its class's name."""


class Ready(Message, frozen=True):
    """The plugin is imported; the run begins."""


class Deliver(Message, frozen=True, kw_only=True):
    """`RunHost.deliver`; answered by `Acked`."""

    batch: Batch


class DetailsWanted(Message, frozen=True, kw_only=True):
    """`RunHost.details_wanted`; answered by `Chosen`."""

    refs: tuple[PostingRef, ...]
    rechecks: int


class Acquire(Message, frozen=True, kw_only=True):
    """`RunHost.acquire`; answered by `Granted`."""

    key: str
    per_minute: float
    burst: int


class SlowDown(Message, frozen=True, kw_only=True):
    """`RunHost.slow_down`; answered by `Noted`."""

    key: str
    cause: ErrorClass
    retry_after: float | None


class NextProxy(Message, frozen=True, kw_only=True):
    """`RunHost.proxy`; answered by `Proxied`."""

    failed: int | None
    cause: ErrorClass


class Reported(Message, frozen=True, kw_only=True):
    """`RunHost.progress`."""

    progress: Progress


class Logged(Message, frozen=True, kw_only=True):
    """`RunHost.log`, its fields plain and cut."""

    level: Literal["debug", "info", "warning"]
    event: str
    fields: dict[str, Plain]


class Alive(Message, frozen=True):
    """A run that waits is not a run that hangs."""


class Ended(Message, frozen=True, kw_only=True):
    """The run came to an end by itself; nothing follows."""

    result: Result


class GaveUp(Message, frozen=True, kw_only=True):
    """The run could not begin or could not go on; nothing follows."""

    outcome: Outcome


class Start(Message, frozen=True, kw_only=True):
    """What is to be run: the first frame that the child gets.

    Attributes:
        plugin: Name of the one entry point that is loaded.
        settings: The collector's settings, as msgpack of its own type; `query` likewise.
        parent: Process id of the supervisor.
    """

    collector: str
    plugin: str
    settings: bytes
    query: bytes
    cursor: str | None
    max_pages: int | None
    max_requests: int | None = None
    max_seconds: float | None = None
    probe: bool = False
    limits: RunLimits
    parent: int


class Stop(Message, frozen=True, kw_only=True):
    """The answer to `RunHost.cancelled`, told once and before it is asked."""

    reason: CancelReason


class Acked(Message, frozen=True, kw_only=True):
    """Answers `Deliver`: committed."""

    ack: Ack


class Chosen(Message, frozen=True, kw_only=True):
    """Answers `DetailsWanted`."""

    refs: tuple[PostingRef, ...]


class Granted(Message, frozen=True, kw_only=True):
    """Answers `Acquire`."""

    grant: Grant


class Noted(Message, frozen=True):
    """Answers `SlowDown`."""


class Proxied(Message, frozen=True, kw_only=True):
    """Answers `NextProxy`."""

    proxy: Proxy | None


class Raised(Message, frozen=True, kw_only=True):
    """Answers any question: the host raised this, and the child is to raise it too.

    Only what a host raises on purpose crosses the pipe. A database that is gone or a lease that is
    lost ends the child instead.
    """

    kind: Literal["cancelled", "transient", "config", "other"]
    message: str
    error_class: ErrorClass
    reason: CancelReason = "stopped"
    field: str = ""

    @classmethod
    def of(cls, error: CollectError) -> Raised:
        """Tell of an error."""
        told: dict[str, Any] = {"message": str(error), "error_class": class_of(error)}
        match error:
            case Cancelled():
                return cls(kind="cancelled", reason=error.reason, **told)
            case ConfigError():
                told["message"] = str(error).removeprefix(f"{error.field}: ")
                return cls(kind="config", field=error.field, **told)
            case Transient():
                return cls(kind="transient", **told)
            case _:
                return cls(kind="other", **told)

    def error(self) -> CollectError:
        """Return the error again."""
        match self.kind:
            case "cancelled":
                return Cancelled(self.reason)
            case "config":
                return ConfigError(self.field, self.message)
            case "transient":
                return Transient(self.message, error_class=self.error_class)
            case _:
                return CollectError(self.message, error_class=self.error_class)


FromChild = (
    Ready
    | Deliver
    | DetailsWanted
    | Acquire
    | SlowDown
    | NextProxy
    | Reported
    | Logged
    | Alive
    | Ended
    | GaveUp
)
ToChild = Start | Stop | Acked | Chosen | Granted | Noted | Proxied | Raised

_LARGE = (Deliver, DetailsWanted, Ended, Start, Chosen)
_encoder = msgspec.msgpack.Encoder()
_from_child: msgspec.msgpack.Decoder[FromChild] = msgspec.msgpack.Decoder(FromChild)
_to_child: msgspec.msgpack.Decoder[ToChild] = msgspec.msgpack.Decoder(ToChild)


class TooMuch(Exception):  # noqa: N818  (what is wrong is the size)
    """A frame would be larger than frames may be."""


class Garbled(Exception):  # noqa: N818  (the name says the state)
    """What came through the pipe is none of the frames that may come."""


class Frames:
    """Cuts a stream of bytes into the bodies of its frames; holds no more than one of them."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def waiting(self) -> bool:
        """Something was read that is not taken yet."""
        return bool(self._held)

    def feed(self, chunk: bytes) -> None:
        """Take what was read."""
        self._held += chunk

    def take(self) -> bytes | None:
        """Return the next whole body; None until more has come. Raises Garbled."""
        if len(self._held) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._held)
        if not 0 < length <= FRAME_CAP:
            raise Garbled(f"a frame of {length:,} bytes")
        end = _LENGTH.size + length
        if len(self._held) < end:
            return None
        body = bytes(memoryview(self._held)[_LENGTH.size : end])
        del self._held[:end]
        return body


def frame(message: Message) -> bytes:
    """Return a message as it crosses the pipe; raises TooMuch."""
    try:
        body = _encoder.encode(message)
    except (UnicodeEncodeError, OverflowError):
        # A plugin's own words may hold what no encoding has; the rest of them is still worth it.
        plain = msgspec.to_builtins(message, builtin_types=(bytes,))
        body = _encoder.encode(_encodable(plain))
    cap = FRAME_CAP if isinstance(message, _LARGE) else SMALL_CAP
    if len(body) > cap:
        raise TooMuch(f"{type(message).__name__} of {len(body):,} bytes; {cap:,} are allowed")
    return _LENGTH.pack(len(body)) + body


def read_from_child(body: bytes) -> FromChild:
    """Read a body at the supervisor's end; raises Garbled for whatever a child may not say."""
    try:
        message = _from_child.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Garbled(str(error)) from error
    if len(body) > SMALL_CAP and not isinstance(message, _LARGE):
        raise Garbled(f"{type(message).__name__} of {len(body):,} bytes")
    return message


def read_to_child(body: bytes) -> ToChild:
    """Read a body at the child's end."""
    return _to_child.decode(body)


def plain_fields(fields: Mapping[str, object]) -> dict[str, Plain]:
    """Make a log line's fields plain, and cut what nobody reads to its end."""
    return {str(key)[:TEXT_CAP]: _plain(value) for key, value in fields.items()}


def _plain(value: object) -> Plain:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= TEXT_CAP else text[:TEXT_CAP] + "…"


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_encodable(key): _encodable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_encodable(inner) for inner in value]
        case bool():
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else str(value)
        case _:
            return value
