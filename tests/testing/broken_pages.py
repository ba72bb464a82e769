"""Collectors whose pages break a promise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

from msgspec import structs

from jobtracker_core import Page, Posting, Skip
from tests.testing.board import Board, BoardQuery, Item


class Altering(Board):
    """Alters each page of the good board."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        for page in super().collect(query, ctx, cursor=cursor):
            yield self.altered(page)

    def altered(self, page: Page) -> Page:
        raise NotImplementedError


class Skipping(Altering):
    """Cannot read what is fine."""

    def altered(self, page: Page) -> Page:
        skip = Skip(path="$.items[0]", reason="too hard")
        return structs.replace(page, postings=page.postings[1:], skipped=(skip,))


class Crashing(Altering):
    def altered(self, page: Page) -> Page:
        raise KeyError("colour")


class Repeating(Altering):
    """Gives the first posting of the site on every page."""

    def altered(self, page: Page) -> Page:
        first = structs.replace(page.postings[0], source_id="job-0")
        return structs.replace(page, postings=(first, *page.postings[1:]))


_numbers = count()


class Counting(Board):
    """Numbers postings itself."""

    def posting(self, item: Item, raw: Any) -> Posting:
        return structs.replace(super().posting(item, raw), source_id=f"n-{next(_numbers)}")

    def details(self, ref: Any, ctx: Any) -> Posting:
        return Posting(source_id=ref.source_id, url=ref.url, title=ref.title, closed=False)


class ByProcess(Counting):
    """Ids hold the id of the process that it runs in."""

    def posting(self, item: Item, raw: Any) -> Posting:
        posting = Board.posting(self, item, raw)
        return structs.replace(posting, source_id=f"{os.getpid()}-{item.id}")


class ByHash(Counting):
    """Ids are Python's hashes, other ones in each process."""

    def posting(self, item: Item, raw: Any) -> Posting:
        posting = Board.posting(self, item, raw)
        return structs.replace(posting, source_id=str(hash(item.id)))


class Odd(Board):
    """Gives one field that no posting should have; `changes` says which."""

    changes: dict[str, Any]

    def posting(self, item: Item, raw: Any) -> Posting:
        changes = {name: v(self) if callable(v) else v for name, v in self.changes.items()}
        return structs.replace(super().posting(item, raw), **changes)


def odd(**changes: Any) -> type[Odd]:
    return type("Odd", (Odd,), {"changes": changes, "__module__": __name__})


class OddDetails(Board):
    def details(self, ref: Any, ctx: Any) -> Posting:
        return structs.replace(super().details(ref, ctx), company="N/A")


class Forgetful(Board):
    """Starts at the front whatever the cursor is."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        return (yield from super().collect(query, ctx))


class Cursorless(Altering):
    """Promises to resume, and gives no cursors."""

    def altered(self, page: Page) -> Page:
        return structs.replace(page, cursor=None)
