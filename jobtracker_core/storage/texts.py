"""Texts of unknown origin, made fit for a column."""

from __future__ import annotations


def clean(text: str, characters: int) -> str:
    """Return a text that both databases take, cut to so many characters."""
    # Tracebacks and samples hold whatever a site sent; PostgreSQL takes neither of these.
    fit = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return fit if len(fit) <= characters else fit[: characters - 1] + "…"
