"""How deep a page nests, told before parsing: the parser's time grows with the square of that."""

from __future__ import annotations

import re
from typing import Final

DEEPEST: Final = 300
"""Elements within each other. Recorded pages of 2022 to 2026 nest up to 32 deep."""

_TOKEN = re.compile(
    r"""
    <!--(?:-?>|.*?(?:--!?>|\Z))
    | <!\[CDATA\[(?P<data>.*?)(?:\]\]>|\Z)
    | <(?P<close>/?)(?P<name>[a-z][^\s/>]*+)
      (?:[\s/]++
         | (?:=?[^\s/>=]++ | =)(?:\s*+=\s*+(?:"[^"]*+" | '[^']*+' | [^\s>"'][^\s>]*+)?)?+
      )*+ >?
    | <[!?/][^>]*+>?
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_OPENING = re.compile(r"<[a-z]", re.IGNORECASE)
_RAW = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"})
_FLAT = frozenset({"br", "embed", "hr", "img", "meta", "li", "p", "dd", "dt", "head", "body"})
"""Elements that cannot hold one of their kind, but with another kind in between."""

_VOID = frozenset({"area", "base", "col", "input", "link", "param", "source", "track", "wbr"})
"""These hold something only inside of a drawing or a formula."""


def is_too_deep(page: str) -> bool:
    """Say whether HTML may nest deeper than `DEEPEST`: parse none that does. Takes linear time.

    Of broken markup it counts too much, never too little: a tag closes what it names only if that
    was opened last, and what stands in a script or in a title may open and never closes.
    """
    opened: list[str] = []
    extra = foreign = position = 0
    while token := _TOKEN.search(page, position):
        position = token.end()
        if token["data"]:
            extra += len(_OPENING.findall(token["data"]))
        name = (token["name"] or "").lower()
        if not name or name in _FLAT or (name in _VOID and not foreign):
            continue
        if token["close"]:
            if opened and opened[-1] == name:
                opened.pop()
                foreign -= name in {"svg", "math"}
            continue
        opened.append(name)
        foreign += name in {"svg", "math"}
        if name in _RAW:
            closing = re.compile(f"</{name}", re.IGNORECASE).search(page, position)
            end = closing.start() if closing else len(page)
            extra += len(_OPENING.findall(page, position, end))
            position = end
        if len(opened) > DEEPEST:
            break
    return len(opened) + extra > DEEPEST
