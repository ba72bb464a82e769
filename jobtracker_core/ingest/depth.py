"""What a page costs to parse, told before: it grows with the square of nesting and of open tags."""

from __future__ import annotations

import re
from typing import Final

DEEPEST: Final = 300
"""Elements within each other. Recorded pages of 2022 to 2026 nest up to 32 deep."""

_FEW = 5_000
"""Tags that may nest as they like: looking for the open elements costs 1 ns x tags x depth."""

_MOST_REOPENED = 250_000
"""Elements that a parser adds: an open <b> goes on in each paragraph behind it, as a new element.

They cost 0.3 µs and 400 bytes each. Recorded pages could get to 220,000 if they closed nothing.
"""

_MOST_COPIED = 32 * 1024 * 1024
"""Characters of the tags of such elements: each new one has all attributes of the first."""

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
# The tag of an element that goes on in the next paragraph, or of a template (writing those within
# each other is recursive, on the C stack), and what follows its name where that is
# written so plainly that its end is certain. It holds no "<", so that it hides no other tag.
_GOING_ON = re.compile(
    r"<[bcefinstuBCEFINSTU](?i:ig|ode|m|ont|obr|mall|trike|trong|t|emplate|)(?=[\s/>])"
    r"((?:\s++[\w:-]++=\"[^\"<>]*+\")*+\s*+>)?"
)
_FORMATTING = frozenset(
    [
        *("b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt"),
        "u",  # <a> is none of them: a second one closes the first
    ]
)
_RAW = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"})
_FOREIGN = frozenset({"svg", "math"})
_FLAT = frozenset({"br", "embed", "hr", "img", "meta", "li", "p", "dd", "dt", "head", "body"})
"""Elements that cannot hold one of their kind, but with another kind in between."""

_VOID = frozenset({"area", "base", "col", "input", "link", "param", "source", "track", "wbr"})
"""These hold something only inside of a drawing or a formula."""


def is_too_deep(page: str) -> bool:
    """Say whether parsing HTML may take time or memory beyond its length: parse none that does.

    That is so if it nests deeper than `DEEPEST`, unless it has few tags, and if what is open goes
    on in very many paragraphs. Takes linear time.

    Of broken markup it counts too much, never too little: a tag closes what it names only if that
    was opened last, and what stands in a script or in a title may open and never closes.
    """
    return not _is_small(page) and _is_deep(page)


def _is_small(page: str) -> bool:
    """Say whether a page is harmless even if it closes nothing; quicker than to read its tags."""
    tags = page.count("<")
    if tags > _FEW:
        return False
    ends = _GOING_ON.findall(page)
    return (
        len(ends) <= DEEPEST
        and "" not in ends
        and len(ends) * (tags - len(ends)) <= _MOST_REOPENED
        and len("".join(ends)) * (tags - len(ends)) <= _MOST_COPIED
    )


def _is_deep(page: str) -> bool:
    opened: list[tuple[str, int]] = []
    extra = foreign = position = 0
    going_on = size = reopened = copied = 0
    while token := _TOKEN.search(page, position):
        position = token.end()
        reopened += going_on
        copied += size
        if len(opened) > DEEPEST or reopened > _MOST_REOPENED or copied > _MOST_COPIED:
            return True
        name = (token["name"] or "").lower()
        hidden = token["data"] or ""
        if token["close"]:
            if opened and opened[-1][0] == name:
                length = opened.pop()[1]
                going_on -= length > 0
                size -= length
                foreign -= name in _FOREIGN
            continue
        if name and name not in _FLAT and (foreign or name not in _VOID):
            length = len(token[0]) if name in _FORMATTING else 0
            opened.append((name, length))
            going_on += length > 0
            size += length
            foreign += name in _FOREIGN
            if name in _RAW:
                closing = re.compile(f"</{name}", re.IGNORECASE).search(page, position)
                hidden = page[position : closing.start() if closing else len(page)]
                position += len(hidden)
        if hidden:
            extra += len(_OPENING.findall(hidden))
            if inside := len(_GOING_ON.findall(hidden)):
                going_on += inside
                size += len(hidden)
    return len(opened) + extra > DEEPEST
