"""What a browser calls itself, in the words that people have for it."""

from __future__ import annotations

import re
from typing import Final

# The narrower ones come first: most browsers also say that they are Chrome or Safari.
_BROWSERS: Final = (
    (r"\bEdg(A|iOS)?/", "Edge"),
    (r"\bOPR/|\bOpera\b", "Opera"),
    (r"\bSamsungBrowser/", "Samsung Internet"),
    (r"\bVivaldi/", "Vivaldi"),
    (r"\b(Firefox|FxiOS)/", "Firefox"),
    (r"\b(HeadlessChrome|Chrome|CriOS|Chromium)/", "Chrome"),
    (r"\bVersion/[\d.]+.*Safari/", "Safari"),
    (r"\bcurl/", "curl"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X|Macintosh", "Mac"),
    ("Linux", "Linux"),
)
_SHOWN: Final = 40


def describe(agent: str) -> str:
    """Return "Firefox on Android" of a browser's own name; its beginning where it is a new one."""
    browser = _first(_BROWSERS, agent)
    system = _first(_SYSTEMS, agent)
    if browser is None:
        return f"A browser on {system}" if system else agent[:_SHOWN] or "An unknown browser"
    return f"{browser} on {system}" if system else browser


def _first(patterns: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for pattern, name in patterns if re.search(pattern, agent)), None)
