"""Where in a query a mistake is, for people who read it in a terminal."""

from __future__ import annotations

from typing import Final

from jobtracker_core.search.nodes import SearchError

_WIDTH: Final = 70
_BEFORE: Final = 30


def point(error: SearchError, text: str) -> SearchError:
    """Add two lines to an error as its note: a piece of the query, and signs below the mistake."""
    start = max(min(error.start, len(text)), 0)
    first = max(start - _BEFORE, 0)
    # Each character as one that prints, so that the signs stand below it.
    piece = "".join(c if c.isprintable() else " " for c in text[first : first + _WIDTH])
    signs = max(min(error.end, first + _WIDTH) - start, 1)
    note = f"{piece}\n{' ' * (start - first)}{'^' * signs}"
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error
