"""Answers made worse: a part of a JSON value or of a page dropped, emptied or of another type."""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any, Final

import msgspec
from msgspec import Struct

Choose = Callable[[int], int]
"""Given n, returns a number from 0 to n - 1."""

CHALLENGE: Final = b"""<!DOCTYPE html><html lang="en"><head><title>Just a moment...</title></head>
<body><noscript>Enable JavaScript and cookies to continue</noscript>
<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>"""

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
_CLASS = re.compile(r"\bclass\s*=\s*(\"[^\"]*\"|'[^']*')")
_TEXT = re.compile(r">[^<>]*[^<>\s][^<>]*<")


def spoil(content: bytes, choose: Choose) -> tuple[bytes, str]:
    """Change one part of an answer; return it, and what was changed in words.

    What is neither JSON nor HTML stays as it is, and the words are "".
    """
    value = _json(content)
    if value is not None:
        return _spoil_json(value, choose)
    text = content.decode("utf-8", "replace")
    return _spoil_html(text, choose) if "<" in text else (content, "")


def spoil_items(content: bytes) -> bytes:
    """Make about 60 % of an answer's items unreadable.

    Of JSON, the items are the largest list of objects; of HTML, the largest group of equal elements
    beside each other.
    """
    value = _json(content)
    if value is not None:
        lists = [each for _, each in _nodes(value) if _is_list_of_objects(each)]
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
            text = f"{text[: one.inner]}<i>unreadable</i>{text[one.inner_end :]}"
    return text.encode()


def _is_chosen(index: int) -> bool:
    return index % 5 in {0, 2, 4}


# -- JSON


def _json(content: bytes) -> Any:
    if content.lstrip()[:1] not in {b"{", b"["}:
        return None
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _nodes(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _nodes(each, f"{path}.{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _nodes(each, f"{path}[{index}]")


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(v, dict) for v in value)


def _spoil_json(value: Any, choose: Choose) -> tuple[bytes, str]:
    """Walk down by choice, so that a list's neighbour is chosen as often as the list."""
    value = copy.deepcopy(value)
    holder: Any = None
    key: Any = None
    node, path = value, "$"
    while isinstance(node, dict | list) and node and (holder is None or choose(4)):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        holder, key = node, keys[choose(len(keys))]
        path += f".{key}" if isinstance(node, dict) else f"[{key}]"
        node = holder[key]
    if holder is None:
        return b"null", "$ made null"
    match choose(3):
        case 0:
            del holder[key]
            return msgspec.json.encode(value), f"{path} dropped"
        case 1:
            holder[key] = None
            return msgspec.json.encode(value), f"{path} made null"
        case _:
            holder[key] = 7 if isinstance(node, str) else "seven"
            return msgspec.json.encode(value), f"{path} made {holder[key]!r}"


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


def _spoil_html(text: str, choose: Choose) -> tuple[bytes, str]:
    way = choose(3)
    if way == 0 and (found := elements(text)):
        one = found[choose(len(found))]
        return (text[: one.start] + text[one.end :]).encode(), f"<{one.opening}> dropped"
    if way == 1 and (classes := list(_CLASS.finditer(text))):
        match = classes[choose(len(classes))]
        changed = text[: match.start()] + 'class="renamed-7"' + text[match.end() :]
        return changed.encode(), f"{match[0]} renamed"
    texts = list(_TEXT.finditer(text))
    if not texts:
        return text.encode(), ""
    match = texts[choose(len(texts))]
    emptied = text[: match.start()] + "><" + text[match.end() :]
    return emptied.encode(), f"text {match[0][1:61]!r} emptied"
