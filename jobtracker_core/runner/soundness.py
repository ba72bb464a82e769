"""Does what a collector hands up have the types that the contract names? Python does not ask."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, structs

from jobtracker_core.contract.page import Page, Probe, Skip
from jobtracker_core.contract.posting import Posting
from jobtracker_core.ingest.normalise import Unreadable
from jobtracker_core.runner.context import locate

CURSOR_BYTES = 8_000
"""A cursor is a mark, not a store."""

MOST_ANNOUNCED = 2**53
"""No site has so many postings; what is greater does not go through the pipe either."""


_HALF = re.compile("[\ud800-\udfff]")


class _Frame(Struct):
    """The parts of a page that are not postings."""

    cursor: str | None
    total_hint: Annotated[int, Meta(ge=0, le=MOST_ANNOUNCED)] | None
    end_unconfirmed: bool
    skipped: tuple[Skip, ...]


def sound_page(page: object) -> Page:
    """Return a page as the contract has it; raise TypeError or ValueError if it is not."""
    if not isinstance(page, Page):
        raise TypeError(f"collect() yielded {type(page).__name__}, not a Page")
    if not isinstance(page.postings, tuple):
        raise TypeError(f"Page.postings is a tuple, not {type(page.postings).__name__}")
    frame = {name: getattr(page, name) for name in _Frame.__struct_fields__}
    checked = msgspec.convert(_plain(frame), _Frame)
    cursor = checked.cursor
    if cursor is not None and ("\x00" in cursor or len(cursor.encode()) > CURSOR_BYTES):
        raise ValueError(f"a cursor is text of up to {CURSOR_BYTES} bytes, without NUL")
    return structs.replace(page, cursor=cursor, skipped=checked.skipped)


def sound_posting(posting: object) -> Posting:
    """Return a posting whose fields have their types; raise Unreadable, which costs only itself.

    What Python takes for the same is made the same: a subclass of `str` as HTML parsers give it
    becomes a `str`, and an enum's value its member.
    """
    if not isinstance(posting, Posting):
        raise Unreadable("posting", f"is {type(posting).__name__}, not a Posting")
    try:
        raw = _plain(posting.raw)
    except (TypeError, RecursionError) as error:
        raise Unreadable("raw", f"is no JSON: it holds {error}") from error
    try:
        checked = to_posting(_plain(structs.replace(posting, raw=None)))
    except msgspec.ValidationError as error:
        path, what = locate(error)
        raise Unreadable(path.removeprefix("$."), what) from error
    except (TypeError, RecursionError) as error:
        raise Unreadable(
            "posting", f"holds what is neither text, number nor date: {error}"
        ) from error
    if not isinstance(raw, dict | str | None):
        raise Unreadable("raw", f"is {type(raw).__name__}, not an object or text")
    return structs.replace(checked, raw=raw)


def to_posting(plain: Any) -> Posting:
    """Make a posting of plain values; raises msgspec's ValidationError, which names the place."""
    try:
        return msgspec.convert(plain, Posting)
    except UnicodeEncodeError:
        # Half of a surrogate pair stands where a word or a time belongs; msgspec does not say
        # where. With NUL in its place it does, and texts lose the one like the other.
        return msgspec.convert(_without_halves(plain), Posting)


def _without_halves(value: Any) -> Any:
    match value:
        case str():
            return _HALF.sub("\0", value)
        case dict():
            return {_without_halves(key): _without_halves(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_without_halves(inner) for inner in value]
        case _:
            return value


def sound_probe(probe: object) -> Probe:
    """Return what a probe said as the contract has it; raise TypeError if it is not."""
    if not isinstance(probe, Probe):
        raise TypeError(f"probe() returned {type(probe).__name__}, not a Probe")
    return msgspec.convert(_plain(probe), Probe)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=_text, builtin_types=(datetime, bytes))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return "".join(value)
    raise TypeError(type(value).__name__)
