"""What a form of a page sends, before anybody knows whether it makes sense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException

from jobtracker_core.plugins.forms import FormError

T = TypeVar("T")


def status_of(
    problems: Mapping[str, str] | None, theirs: Sequence[tuple[str, str]] | None
) -> HTTPStatus:
    """Return what a page with a form is answered with.

    `problems` are what is wrong with what was typed; `theirs`, even if empty, what somebody else
    has changed meanwhile.
    """
    if problems:
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.OK if theirs is None else HTTPStatus.PRECONDITION_FAILED


class Form(Mapping[str, str]):
    """The fields of a form that was sent, each with its last value without blanks around it."""

    def __init__(self, fields: Iterable[tuple[str, str]], files: Mapping[str, bytes]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            # Browsers send lines with CRLF, and everything else keeps them with LF.
            self._fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
        self._files = dict(files)

    def __getitem__(self, name: str) -> str:
        return self._fields[name][-1].strip()

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def text(self, name: str) -> str:
        """Return what a field holds, "" if it was not sent."""
        return self.exact(name).strip()

    def exact(self, name: str) -> str:
        """Return the same with the blanks around it, which belong to a password."""
        return self._fields.get(name, [""])[-1]

    def all(self, name: str) -> tuple[str, ...]:
        """Return each value of a field that may be there several times, without empty ones."""
        return tuple(value.strip() for value in self._fields.get(name, ()) if value.strip())

    def flag(self, name: str) -> bool:
        """Say whether a box is ticked."""
        return self.text(name) in {"on", "true", "1", "yes"}

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return the ids in a field, in each of its values and with commas within one.

        Raises FormError if one is none.
        """
        parts = [part for value in self.all(name) for part in value.split(",")]
        if not all(map(is_number, parts)):
            raise FormError({name: "holds what is no number"})
        return tuple(dict.fromkeys(map(int, parts)))

    def number(self, name: str) -> int | None:
        """Return the id in a field, None if there is none; raises FormError for anything else."""
        found = self.numbers(name)
        if len(found) > 1:
            raise FormError({name: "holds more than one number"})
        return found[0] if found else None

    def version(self) -> int | None:
        """Return which version of a thing the page showed that this form was in.

        Raises FormError if it is no number.
        """
        return self.number("version")

    def packed(self, name: str, kind: type[T]) -> T:
        """Return what a page put into a field as JSON.

        Raises FormError if it is something else.
        """
        text = self.text(name)
        try:
            found = msgspec.json.decode(text, type=kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise FormError({name: "is not what a page of this portal sends"}) from error
        if _ESCAPED_NUL in text:
            raise FormError({name: "holds a character that no text has"})
        return found

    def file(self, name: str) -> bytes:
        """Return a file that was chosen, b"" if none was."""
        return self._files.get(name, b"")


_LONGEST: Final = 18
"""Digits of a number that every database takes."""


def is_number(text: str) -> bool:
    """Say whether a text is an id or a version, of no more digits than every database takes."""
    return text.isascii() and text.isdecimal() and len(text) < _LONGEST


_MOST: Final = 5_000
"""Fields of a form."""

_NUL: Final = "\x00"
_ESCAPED_NUL: Final = "\\u0000"

_KEPT: Final = "jobtracker_form"


async def read_form(request: Request[Any, Any, Any]) -> Form:
    """Read the form of a request, once; a dependency of the portal's handlers by the name `form`.

    Raises ClientException for what is no form.
    """
    scope = cast("dict[str, Any]", request.scope)
    if _KEPT not in scope:
        scope[_KEPT] = await _read(request)
    form: Form = scope[_KEPT]
    return form


async def _read(request: Request[Any, Any, Any]) -> Form:
    kind, _ = request.content_type
    if kind == RequestEncodingType.MULTI_PART:
        try:
            sent = list((await request.form()).multi_items())
        except (LookupError, UnicodeDecodeError) as error:  # a part's own character set
            raise ClientException("This is no form that a page of this portal sends.") from error
        texts = _sound((name, value) for name, value in sent if isinstance(value, str))
        files = {name: await file.read() for name, file in sent if isinstance(file, UploadFile)}
        return Form(texts, files)
    # Litestar's own reader keeps the last thousand bodies, with the passwords in them.
    try:
        body = (await request.body()).decode()
        fields = parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST, errors="strict")
    except ValueError as error:
        raise ClientException("This is no form that a page of this portal sends.") from error
    return Form(_sound(fields), {})


def _sound(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Refuse what no keyboard types, and not every database takes."""
    found = list(fields)
    if any(_NUL in name or _NUL in value for name, value in found):
        raise ClientException("This form holds a character that no text has (NUL).")
    return found
