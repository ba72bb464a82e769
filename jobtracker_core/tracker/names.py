"""What can name something in lists."""

from __future__ import annotations

LONGEST_NAME = 100


def is_name(text: str) -> bool:
    """Say whether a text can name something in lists."""
    return text.isprintable() and text == text.strip() and 0 < len(text) <= LONGEST_NAME


def name_rule(text: str) -> str:
    """Say why a text cannot, in words for its sender."""
    shown = repr(text if len(text) <= LONGEST_NAME else text[:LONGEST_NAME] + "…")
    return f"{shown} is no name; take 1 to {LONGEST_NAME} printable characters"
