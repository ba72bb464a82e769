"""What a page tells after something was done, and how that is undone."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from litestar import Request
from litestar.datastructures import Cookie
from msgspec import Struct

SAID_COOKIE: Final = "jt-said"
_LONGEST: Final = 3_500
"""Bytes of a cookie that every browser keeps."""

_LONGEST_OPENED: Final = 100_000
"""Bytes of a message before it is packed: more than any form of ours holds."""

# Browsers read "//host" as another server, drop tabs and line ends, and resolve dots.
_PATH: Final = re.compile(r"(/[A-Za-z0-9_-]+)+")


class Undo(Struct, frozen=True, kw_only=True):
    """A form that takes back what was done.

    Attributes:
        path: Where it is sent, below the prefix.
        fields: What it sends.
    """

    path: str
    fields: Mapping[str, str | int] = {}


class Said(Struct, frozen=True, kw_only=True):
    """A short message, with a button that undoes what it tells of.

    It is shown once: in the answer itself where that is a part of a page, else on the next page
    (a cookie brings it there).
    """

    text: str
    undo: Undo | None = None
    tone: Literal["done", "wrong"] = "done"

    @property
    def shown_ms(self) -> int:
        """How long it stays, in milliseconds, while nobody points at it."""
        if self.tone == "wrong":
            return 12_000
        return 4_000 if self.undo is None else 8_000


def fits(said: Said) -> bool:
    """Say whether a message comes to the next page with its undo; long texts may be in there."""
    return len(_pack(said)) <= _LONGEST


def keep(request: Request[Any, Any, Any], base: str, said: Said) -> Cookie:
    """Return the cookie that brings a message to the next page.

    One that is too long for a cookie loses its undo, and in the end its last words.
    """
    text = _pack(said)
    if not fits(said):
        text = _pack(Said(text=said.text[:500], tone=said.tone))
    return _cookie(request, base, text, 60)


def forget(request: Request[Any, Any, Any], base: str) -> Cookie:
    """Return the cookie that takes a message away once it is shown."""
    return _cookie(request, base, "", 0)


def kept(request: Request[Any, Any, Any]) -> Said | None:
    """Return the message that the last answer left for this page."""
    text = request.cookies.get(SAID_COOKIE)
    if not text:
        return None
    try:
        said = _open(text)
    except (ValueError, RecursionError, zlib.error, msgspec.MsgspecError):  # not of ours, or cut
        return None
    sound = said.undo is None or _PATH.fullmatch(said.undo.path)
    return said if sound else None


def _pack(said: Said) -> str:
    # Compressed, for what an undo sets back may be a long note. Without the padding, which some put
    # into quotes in a cookie.
    packed = zlib.compress(msgspec.json.encode(said), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _open(text: str) -> Said:
    opening = zlib.decompressobj()
    plain = opening.decompress(base64.urlsafe_b64decode(f"{text}=="), _LONGEST_OPENED)
    if not opening.eof:
        raise ValueError("it was cut, or made to fill the memory")
    return msgspec.json.decode(plain, type=Said)


def _cookie(request: Request[Any, Any, Any], base: str, text: str, seconds: int) -> Cookie:
    return Cookie(
        SAID_COOKIE,
        value=text,
        path=base or "/",
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
