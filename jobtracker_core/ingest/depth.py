"""How deep HTML is nested: parsers take more than the square of it."""

from __future__ import annotations

import re
from typing import Final

DEEPEST: Final = 1_000
"""Elements within each other; real pages have some dozens."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ALONE = frozenset(
    [
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"),
        *("track", "wbr", "p", "li", "dt", "dd", "option"),
        *("tr", "td", "th", "thead", "tbody", "tfoot"),
    ]
)
"""Elements without an end, and those that another of their kind ends."""


def is_too_deep(markup: str) -> bool:
    """Say whether a page is nested beyond all reason. Takes time linear in its length."""
    depth = 0
    for end, name in _TAG.findall(markup):
        if name.lower() in _ALONE:
            continue
        depth = max(0, depth - 1) if end else depth + 1
        if depth > DEEPEST:
            return True
    return False
