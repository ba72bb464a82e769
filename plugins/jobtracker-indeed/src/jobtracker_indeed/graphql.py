"""As much of GraphQL as the practice site needs: read a query, answer what it selects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

_TOKEN = re.compile(
    r"""[\s,]*(?:\#[^\n]*[\s,]*)*
    (?:(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<number>-?\d+)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>\.\.\.|[{}()\[\]:])
    |(?P<end>\Z))""",
    re.VERBOSE,
)


class NotGraphQL(ValueError):  # noqa: N818  (it says what the text is)
    """The text is no query, or selects what there is not."""


class Word(Struct, frozen=True):
    """A bare word as a value: a member of an enumeration."""

    name: str


class Field(Struct, frozen=True, kw_only=True):
    """A field that is selected, with its arguments and what is selected of it."""

    name: str
    arguments: dict[str, Any]
    selected: tuple[Field | Fragment, ...]


class Fragment(Struct, frozen=True, kw_only=True):
    """What is selected only of objects of one type."""

    type: str
    selected: tuple[Field | Fragment, ...]


def read(text: str) -> tuple[Field | Fragment, ...]:
    """Read a query operation; return what it selects. Raises NotGraphQL."""
    reader = _Reader(text)
    reader.expect("query")
    if reader.kind == "name":
        reader.take()
    selected = reader.selection()
    if reader.kind != "end":
        raise NotGraphQL(f"unexpected {reader.token!r} behind the query")
    return selected


def pick(value: Any, selected: tuple[Field | Fragment, ...], *, where: str) -> Any:
    """Return of an object what is selected; raises NotGraphQL for fields that it does not have."""
    if value is None:
        return None
    if isinstance(value, list):
        return [pick(each, selected, where=where) for each in value]
    if isinstance(value, dict) != bool(selected):
        raise NotGraphQL(f"{where} {'needs' if isinstance(value, dict) else 'has no'} fields")
    if not isinstance(value, dict):
        return value
    return dict(_pick(value, selected, where))


def _pick(
    value: dict[str, Any], selected: tuple[Field | Fragment, ...], where: str
) -> Iterator[tuple[str, Any]]:
    for part in selected:
        if isinstance(part, Fragment):
            if value.get("__typename") == part.type:
                yield from _pick(value, part.selected, where)
        elif part.name not in value:
            raise NotGraphQL(f'Cannot query field "{part.name}" on {where}')
        else:
            path = f"{where}.{part.name}"
            yield part.name, pick(value[part.name], part.selected, where=path)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.take()

    def take(self) -> str:
        """Return the present token and go on to the next."""
        token = getattr(self, "token", "")
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise NotGraphQL(f"unreadable at {self._text[self._at : self._at + 20]!r}")
        self._at = match.end()
        self.kind = match.lastgroup or ""
        self.token: str = match[self.kind]
        return token

    def passes(self, mark: str) -> bool:
        """Say whether the present token is this one; then it is taken."""
        here = self.token == mark
        if here:
            self.take()
        return here

    def expect(self, token: str) -> None:
        if self.token != token:
            raise NotGraphQL(f"{token!r} expected, not {self.token or 'the end'!r}")
        self.take()

    def name(self) -> str:
        if self.kind != "name":
            raise NotGraphQL(f"a name expected, not {self.token or 'the end'!r}")
        return self.take()

    def selection(self) -> tuple[Field | Fragment, ...]:
        self.expect("{")
        return self._selected()

    def _selected(self) -> tuple[Field | Fragment, ...]:
        parts: list[Field | Fragment] = []
        while not self.passes("}"):
            parts.append(self._fragment() if self.passes("...") else self._field())
        if not parts:
            raise NotGraphQL("an empty selection")
        return tuple(parts)

    def _fragment(self) -> Fragment:
        self.expect("on")
        return Fragment(type=self.name(), selected=self.selection())

    def _field(self) -> Field:
        name = self.name()
        arguments = self._pairs(")") if self.passes("(") else {}
        selected = self._selected() if self.passes("{") else ()
        return Field(name=name, arguments=arguments, selected=selected)

    def _pairs(self, closing: str) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        while not self.passes(closing):
            name = self.name()
            if name in pairs:
                raise NotGraphQL(f"{name} is given twice")
            self.expect(":")
            pairs[name] = self._value()
        return pairs

    def _value(self) -> Any:
        if self.kind == "string":
            return _text(self.take())
        if self.kind == "number":
            return int(self.take())
        if self.kind == "name":
            return Word(self.take())
        if self.passes("{"):
            return self._pairs("}")
        self.expect("[")
        values: list[Any] = []
        while not self.passes("]"):
            values.append(self._value())
        return values


def _text(token: str) -> str:
    try:
        text: str = json.loads(token)
    except json.JSONDecodeError as error:
        raise NotGraphQL(f"{token} is no string: {error}") from error
    return text
