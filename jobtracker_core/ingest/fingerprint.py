"""What a record says, in 16 bytes."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from msgspec import Struct

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import Precision

SIZE: Final = 16
_LEFT_OUT: Final = frozenset(["raw", "content_hash"])


def content_hash(record: Record) -> bytes:
    """Hash all observed fields of a record but `raw` and `content_hash` (which may be b"").

    `None` never counts, nor does the order of fields, so a new optional field changes no hash.
    Whole numbers and floats of one value are equal. A time counts to the second in UTC; one that
    is known to the day counts as its day, and an estimated one ("3 days ago", which moves with
    each look) only as being there. Equal on every machine and Python version.
    """
    said: list[tuple[bytes, Any]] = []
    for name, coded in _fields(type(record)):
        if name in _LEFT_OUT or (value := getattr(record, name)) is None:
            continue
        if name == "posted_at":
            value = _time(value, record.posted_precision)
        said.append((coded, value))
    return hashlib.blake2b(_pairs(said), digest_size=SIZE).digest()


def _time(moment: datetime, precision: Precision | None) -> str:
    if precision is Precision.ESTIMATED:
        return ""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%d}" if precision is Precision.DAY else f"{utc:%Y-%m-%dT%H:%M:%SZ}"


def _encode(value: Any) -> bytes:
    # Each value is written with its type and length, so that no two values run into one another.
    if isinstance(value, str):
        text = value.encode()
        return b"s%d:%b" % (len(text), text)
    if isinstance(value, Struct):
        items = ((coded, getattr(value, name)) for name, coded in _fields(type(value)))
        return _pairs([(coded, item) for coded, item in items if item is not None])
    if isinstance(value, dict):
        kept = sorted((name, item) for name, item in value.items() if item is not None)
        return _pairs([(_name(name), item) for name, item in kept])
    if isinstance(value, tuple):
        return b"(%d:%b" % (len(value), b"".join(map(_encode, value)))
    if isinstance(value, bool):
        return b"b1" if value else b"b0"
    if isinstance(value, int | float):
        # Adding 0.0 makes -0.0 the same as 0.0.
        return b"f" + struct.pack(">d", float(value) + 0.0)
    raise TypeError(f"a record cannot hold {type(value).__name__}; add it to fingerprint._encode")


def _pairs(items: list[tuple[bytes, Any]]) -> bytes:
    return b"{%d:%b" % (len(items), b"".join([coded + _encode(item) for coded, item in items]))


@cache
def _fields(kind: type[Struct]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, _name(name)) for name in sorted(kind.__struct_fields__))


@cache
def _name(name: str) -> bytes:
    return _encode(name)
