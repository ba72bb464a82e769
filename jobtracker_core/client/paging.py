"""Lists longer than a server gives at once, put together of its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from msgspec import structs

PAGE: Final = 200
"""Rows that the API gives at most in one answer."""


class _List(Protocol):
    @property
    def items(self) -> tuple[Any, ...]: ...

    @property
    def after(self) -> str | None: ...


L = TypeVar("L", bound=_List)


def joined(read: Callable[[int, str | None], L], limit: int, after: str | None) -> L:
    """Return so many rows as one list; `read` gives up to so many behind a mark."""
    whole = read(min(limit, PAGE), after)
    while whole.after is not None and len(whole.items) < limit:
        more = read(min(limit - len(whole.items), PAGE), whole.after)
        whole = structs.replace(  # type: ignore[type-var]  # all lists are structs
            whole, items=whole.items + more.items, after=more.after
        )
        if not more.items:  # else a server that makes no sense would be asked for ever
            break
    return whole


def joined_back(read: Callable[[int, str], L], limit: int, before: str) -> L:
    """Return so many rows that stand before a mark; `read` gives up to so many before one."""
    whole: Any = read(min(limit, PAGE), before)
    while whole.before is not None and len(whole.items) < limit:
        more: Any = read(min(limit - len(whole.items), PAGE), whole.before)
        whole = structs.replace(whole, items=more.items + whole.items, before=more.before)
        if not more.items:
            break
    found: L = whole
    return found


def skipped(read: Callable[[int, str | None], L], offset: int, after: str | None) -> L | None:
    """Return the last page of the rows that are left out; None where none are."""
    page: L | None = None
    while offset > 0 and (page is None or page.after is not None):
        page = read(min(offset, PAGE), after if page is None else page.after)
        offset -= len(page.items)
        if not page.items:
            break
    return page
