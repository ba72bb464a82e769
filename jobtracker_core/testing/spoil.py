"""Answers made worse: a part of a JSON value or of a page dropped, emptied or of another type."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from html.parser import HTMLParser
from typing import Any

import msgspec
from msgspec import Struct

_Place = tuple[str | int, ...]
"""Keys and indexes from the outermost value to a part of it."""

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
_ATTRIBUTE = re.compile(r"(?<=\s)((?!class\b)[\w:-]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_CLASS = re.compile(r"\bclass\s*=\s*(\"[^\"]*\"|'[^']*')")


class Spoil(Struct, frozen=True, kw_only=True):
    """One way to make an answer worse, in words and as the new body.

    Attributes:
        likely: What happens to sites: a list of items that is empty all of a sudden.
    """

    words: str
    make: Callable[[], bytes]
    likely: bool = False


def spoils(content: bytes) -> list[Spoil]:
    """Return all the ways to change one part of an answer.

    Of parts that are alike, such as one field of all items, the middle one stands for all. What is
    neither JSON nor HTML has no parts.
    """
    value = _json(content)
    if value is not None:
        return list(_json_spoils(content, value))
    text = content.decode("utf-8", "replace")
    return list(_html_spoils(text)) if "<" in text else []


def spoil_items(content: bytes) -> bytes:
    """Make about 60 % of an answer's items unreadable.

    Of JSON, the items are the largest list of objects; of HTML, the largest group of equal elements
    beside each other.
    """
    value = _json(content)
    if value is not None:
        lists = [
            each for each in (value, *(v for _, v in _places(value))) if _is_list_of_objects(each)
        ]
        if not lists:
            return content
        items = max(lists, key=lambda each: len(msgspec.json.encode(each)))
        for index in range(len(items)):
            if _is_chosen(index):
                items[index] = {"unreadable": True}
        return msgspec.json.encode(value)
    text = content.decode("utf-8", "replace")
    groups: dict[tuple[int, str], list[Element]] = defaultdict(list)
    for element in elements(text):
        groups[element.parent, element.opening].append(element)
    several = [group for group in groups.values() if len(group) > 1]
    if not several:
        return content
    group = max(several, key=lambda each: sum(one.end - one.start for one in each))
    for index in reversed(range(len(group))):
        if _is_chosen(index):
            one = group[index]
            text = text[: one.start] + _hollow(text[one.start : one.end]) + text[one.end :]
    return text.encode()


def _hollow(element: str) -> str:
    """Take an element's texts and attributes, and leave its tags and classes: still an item."""
    without = _ATTRIBUTE.sub(lambda match: f"{match[1]}=''", element)
    return re.sub(r">[^<>]+<", "><", without)


def _is_chosen(index: int) -> bool:
    """Choose more than half of any number of items."""
    return index % 5 in {0, 1, 3}


# -- JSON


def _json(content: bytes) -> Any:
    if content.lstrip()[:1] not in {b"{", b"["}:
        return None
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(v, dict) for v in value)


def _json_spoils(content: bytes, value: Any) -> Iterator[Spoil]:
    alike: dict[str, list[_Place]] = defaultdict(list)
    for path, inner in _places(value):
        alike["".join(f".{key}" if isinstance(key, str) else "[]" for key in path)].append(path)
        if _is_list_of_objects(inner) and all(isinstance(key, str) for key in path):
            make = partial(_changed, content, path, "emptied")
            yield Spoil(words=f"{_where(path)} emptied", make=make, likely=True)
    for places in alike.values():
        path = places[len(places) // 2]
        where = _where(path)
        for way in ("dropped", "made null", "of another type"):
            yield Spoil(words=f"{where} {way}", make=partial(_changed, content, path, way))


def _where(path: _Place) -> str:
    return "$" + "".join(f".{key}" if isinstance(key, str) else f"[{key}]" for key in path)


def _places(value: Any, path: _Place = ()) -> Iterator[tuple[_Place, Any]]:
    keys: Iterable[str | int] = ()
    if isinstance(value, dict):
        keys = value
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield (*path, key), value[key]
        yield from _places(value[key], (*path, key))


def _changed(content: bytes, path: _Place, way: str) -> bytes:
    value = msgspec.json.decode(content)
    holder = value
    *above, key = path
    for each in above:
        holder = holder[each]
    if way == "dropped":
        del holder[key]
    elif way == "made null":
        holder[key] = None
    elif way == "emptied":
        holder[key] = []
    else:
        holder[key] = 7 if isinstance(holder[key], str) else "seven"
    return msgspec.json.encode(value)


# -- HTML


class Element(Struct, frozen=True, kw_only=True):
    """Where an element stands in a page's text; `inner` to `inner_end` is between its tags.

    Attributes:
        opening: Its name and classes.
        parent: Number of the element that it stands in, -1 for none.
    """

    opening: str
    parent: int
    start: int
    inner: int
    inner_end: int
    end: int


class _Finder(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._open: list[tuple[str, str, int, int, int]] = []
        self._count = 0
        self.found: list[Element] = []
        self.feed(text)
        self.close()

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._at()
        opening = f"{tag}.{dict(attrs).get('class') or ''}"
        inner = start + len(self.get_starttag_text() or "")
        if tag not in _VOID:
            self._open.append((tag, opening, self._count, start, inner))
        self._count += 1

    def handle_endtag(self, tag: str) -> None:
        if tag not in {each[0] for each in self._open}:
            return
        while self._open:
            name, opening, _, start, inner = self._open.pop()
            if name == tag:
                at = self._at()
                parent = self._open[-1][2] if self._open else -1
                self.found.append(
                    Element(
                        opening=opening,
                        parent=parent,
                        start=start,
                        inner=inner,
                        inner_end=at,
                        end=at + len(f"</{tag}>"),
                    )
                )
                return


def elements(text: str) -> list[Element]:
    """Find the elements of a page that are opened and closed, in the order of their ends."""
    return _Finder(text).found


def _html_spoils(text: str) -> Iterator[Spoil]:
    alike: dict[str, list[Element]] = defaultdict(list)
    for element in elements(text):
        alike[element.opening].append(element)
    for opening, group in alike.items():
        one = group[len(group) // 2]
        rest = text[one.end :]
        yield _html(f"<{opening}> dropped", text[: one.start], rest)
        if text[one.inner : one.inner_end].strip():
            yield _html(f"<{opening}> emptied", text[: one.inner], text[one.inner_end :])
    classes: dict[str, list[re.Match[str]]] = defaultdict(list)
    for match in _CLASS.finditer(text):
        classes[match[0]].append(match)
    for written, matches in classes.items():
        match = matches[len(matches) // 2]
        renamed = f'{text[: match.start()]}class="renamed-7"'
        yield _html(f"one {written} renamed", renamed, text[match.end() :])
        yield _html(f"every {written} renamed", text.replace(written, 'class="renamed-7"'), "")


def _html(words: str, before: str, after: str) -> Spoil:
    return Spoil(words=words, make=(before + after).encode)
