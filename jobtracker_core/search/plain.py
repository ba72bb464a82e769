"""Stored descriptions as plain text."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

# What was stored is sanitised: every tag ends, and what is in quotes may hold a `>`.
_TAG: Final = re.compile(r"""<(/?[a-zA-Z0-9]*)(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "code", "em", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "u"}
)


def plain(html: str) -> str:
    """Return the text of sanitised HTML; what no tag parts is not parted: `<b>N</b>ode`."""
    return unescape(_TAG.sub(_between, html))


def _between(tag: re.Match[str]) -> str:
    return "" if tag[1].lstrip("/").lower() in _INLINE else "\n"
