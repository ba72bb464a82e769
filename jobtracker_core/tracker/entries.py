"""What a person enters, checked and made fit to be stored.

The bounds are those of the Structs' own types, see `storage.fields`: one list for the check and for
the API's document.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from jobtracker_core.ingest import links
from jobtracker_core.ingest.text import compose, strip_unseen
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage import fields

T = TypeVar("T", bound=Struct)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")


class _Wrong(Exception):  # noqa: N818  (never leaves this module)
    """A value cannot be taken; its text says why."""


def check(entry: T, *, local: Collection[str] = (), also: Mapping[str, str] | None = None) -> T:
    """Return an entry with clean texts and aware times.

    Texts lose what nobody sees; an optional one that is empty becomes None. One with a NUL or half
    of a surrogate pair in it is refused, for that is no text. A time without an offset is UTC, but
    for the fields named by `local`, whose clock the caller knows.

    Args:
        entry: A draft, or changes.
        local: Fields whose times may stay without an offset.
        also: Problems that the caller has found already.

    Raises:
        FormError: It names every field that is wrong, and what is allowed.
    """
    problems = dict(also or {})
    cleaned: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(type(entry), include_extras=True).items():
        try:
            cleaned[name] = _value(getattr(entry, name), hint, is_local=name in local)
        except _Wrong as wrong:
            problems.setdefault(name, str(wrong))
    if problems:
        raise FormError(problems)
    return structs.replace(entry, **cleaned)


def check_value(name: str, value: Any, hint: Any) -> Any:
    """Check one value that stands for itself; raises FormError under the given name."""
    try:
        return _value(value, hint, is_local=False)
    except _Wrong as wrong:
        raise FormError({name: str(wrong)}) from None


def check_words(query: Mapping[str, Any], words: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Return a list's filter words as plain JSON values; those that are None are left out.

    `words` gives the type of each word there is. Raises FormError naming each as `field.word`.
    """
    problems: dict[str, str] = {}
    kept: dict[str, Any] = {}
    for word, value in query.items():
        if word not in words:
            known = ", ".join(words)
            problems[f"{field}.{word}"] = f"there is no such filter; there are {known}"
        elif value is not None:
            try:
                kept[word] = msgspec.to_builtins(_value(value, words[word], is_local=False))
            except _Wrong as wrong:
                problems[f"{field}.{word}"] = str(wrong)
    if problems:
        raise FormError(problems)
    return {word: value for word, value in kept.items() if value is not None}


def given(changes: Struct) -> dict[str, Any]:
    """Return the fields of changes that are given."""
    return {name: value for name, value in structs.asdict(changes).items() if value is not UNSET}


def _value(value: Any, hint: Any, *, is_local: bool) -> Any:
    kinds, meta = _unwrap(hint)
    optional = type(None) in kinds
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    if value is UNSET and UnsetType in kinds:
        return value
    if value is None:
        if optional:
            return None
        raise _Wrong("must not be empty")
    [kind] = [kind for kind in kinds if kind is not UnsetType]
    if typing.get_origin(kind) is tuple:
        return _several(value, typing.get_args(kind)[0])
    plain = _converted(value, kind)
    if isinstance(plain, str) and not isinstance(plain, Enum):
        plain = _text(plain, meta)
        if plain == "" and optional:
            return None
    if isinstance(plain, date):
        return _time(plain, is_local=is_local)
    return _bounded(plain, kind, meta)


def _several(value: Any, item: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise _Wrong("takes a list")
    return tuple(_value(one, item, is_local=False) for one in value)


@cache
def _unwrap(hint: Any) -> tuple[tuple[Any, ...], Meta]:
    """Return the types that a hint allows, and the bounds that it carries."""
    if typing.get_origin(hint) is typing.Annotated:
        bare, *metas = typing.get_args(hint)
        kinds, _ = _unwrap(bare)
        return kinds, next(meta for meta in metas if isinstance(meta, Meta))
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        parts = [_unwrap(part) for part in typing.get_args(hint)]
        metas = [meta for _, meta in parts if meta != Meta()]
        kinds = tuple(kind for kinds, _ in parts for kind in kinds)
        return kinds, metas[0] if metas else Meta()
    return (hint,), Meta()


def _converted(value: Any, kind: Any) -> Any:
    if isinstance(value, datetime) and kind is date:
        raise _Wrong("takes a day, without a time")
    if isinstance(value, str) and kind is str:
        return value
    try:
        plain = value if isinstance(value, date) else msgspec.to_builtins(value)
        return msgspec.convert(plain, kind, strict=not isinstance(value, str))
    except (msgspec.ValidationError, TypeError, UnicodeEncodeError):
        raise _Wrong(f"takes {_allowed(kind)}") from None


def _text(value: str, meta: Meta) -> str:
    _refuse_no_text(value)
    limit = meta.max_length
    extra = meta.extra or {}
    # Far beyond the limit, it is not even cleaned.
    if limit is None or len(value) <= 4 * limit + 1000:
        value = compose(strip_unseen(_LINE_ENDS.sub("\n", value)))
        if fields.LINES not in extra:
            value = _SPACES.sub(" ", value)
        value = value.strip()
    if limit is not None and len(value) > limit:
        raise _Wrong(f"is longer than {limit:,} characters")
    if not value:
        if meta.min_length:
            raise _Wrong("must not be empty")
        return value
    if fields.LINK in extra and links.canonical(value) is None:
        raise _Wrong("is no http(s) address, without a user's name, such as https://jobs.example/1")
    if fields.ADDRESS in extra and not _EMAIL.fullmatch(value):
        raise _Wrong("is no e-mail address")
    if fields.ZONE in extra and not _is_zone(value):
        raise _Wrong(f"{value[:80]!r} is no time zone; it takes one such as Europe/Berlin or UTC")
    if meta.pattern is not None and not re.search(meta.pattern, value):
        raise _Wrong(f"takes a text that matches {meta.pattern}")
    return value


def _refuse_no_text(value: str) -> None:
    if "\0" in value:
        raise _Wrong("holds a NUL character, which no text has")
    if _SURROGATE.search(value):
        raise _Wrong("holds half of a surrogate pair, which is no character")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return False
    except KeyError:
        return False
    return True


def _time(value: date, *, is_local: bool) -> date:
    if not fields.FIRST_YEAR <= value.year <= fields.LAST_YEAR:
        raise _Wrong(
            f"the year {value.year} is not one from {fields.FIRST_YEAR} to {fields.LAST_YEAR}"
        )
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        return value if is_local else value.replace(tzinfo=UTC)
    return value.astimezone(UTC)


def _bounded(value: Any, kind: Any, meta: Meta) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = meta.ge, meta.le
        outside = (low is not None and value < low) or (high is not None and value > high)
        if outside or value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124
            bounds = f" from {low:,.10g} to {high:,.10g}" if low is not None and high else ""
            raise _Wrong(f"takes {_allowed(kind)}{bounds}")
    return value


_WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    datetime: "a time such as 2026-03-31T14:00:00+02:00",
    date: "a day such as 2026-03-31",
}


def _allowed(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, typing.get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(member.value) for member in kind)
    return _WORDS.get(kind, "an object")
