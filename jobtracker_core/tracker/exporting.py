"""Whole lists for files: whoever takes one away stands in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, TypeVar

from jobtracker_core.tracker.stored import Installation

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

AT_ONCE: Final = 500
"""Rows of one page of a walk."""


class Page(Protocol[T_co]):
    """A page of a list; `after` leads to the next one."""

    @property
    def items(self) -> tuple[T_co, ...]:
        """The rows."""
        ...

    @property
    def after(self) -> str | None:
        """None where there is no further page."""
        ...


def exported(tracker: Installation, kind: str, rows: Iterable[T]) -> Iterator[T]:
    """Write into the audit log that all of a list is taken, and give its rows; none is read yet."""
    with tracker.change(f"{kind}.export", f"{kind}:*"):
        return iter(rows)


def walk(read: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Yield all rows of a list, however many; each page is a transaction of its own."""
    page = read(None)
    yield from page.items
    while page.after is not None:
        page = read(page.after)
        yield from page.items
