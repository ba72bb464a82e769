"""Collectors that make of a fault what it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from jobtracker_core import CollectError, Page
from tests.testing.board import Answer, Board, BoardQuery, HtmlBoard, Item


class Swallowing(Board):
    """Knows no failure: nothing found, all is well."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        try:
            yield from super().collect(query, ctx, cursor=cursor)
        except CollectError:
            yield Page(postings=(), total_hint=0)


class Content(Board):
    """Takes a page of repeats for a certain end, and does not say how many there are."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        number, seen = int(cursor or 0), set[str]()
        while True:
            answer = self.ask(ctx, query, number)
            items = ctx.each(answer.items, Item, path="$.items")
            fresh = [(raw, item) for raw, item in items.pairs() if item.id not in seen]
            if not fresh:
                return
            seen |= {item.id for _, item in fresh}
            number += 1
            yield Page(
                postings=tuple(self.posting(item, raw) for raw, item in fresh),
                cursor=None if answer.last else str(number),
            )
            if answer.last:
                return


class Impatient(Board):
    """Has a time limit of its own, by the clock."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        start: datetime = ctx.now()
        for page in super().collect(query, ctx, cursor=cursor):
            yield page
            if (ctx.now() - start).total_seconds() > 8:
                return


class Trusting(Board):
    """Reads items as if nothing could be missing."""

    def posting(self, item: Item, raw: Any) -> Any:
        posting = super().posting(item, raw)
        assert raw["at"].count(":") == 3
        return posting


class TrustingHtml(HtmlBoard):
    """Reads cards as if nothing could be missing."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        for page in super().collect(query, ctx, cursor=cursor):
            response = ctx.http.get(f"{self.base}/jobs", params={"page": "0"})
            for card in LexborHTMLParser(response.text).css("li"):
                name: Any = card.css_first("h3")
                assert name.text()
            yield page


class Glossing(Board):
    """Leaves out what it cannot read, and says nothing."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        number = int(cursor or 0)
        while True:
            answer = self.ask(ctx, query, number)
            readable = [
                raw for raw in answer.items if isinstance(raw.get("id"), str) and raw.get("title")
            ]
            items = ctx.each(readable, Item)
            number += 1
            yield Page(
                postings=tuple(self.posting(item, raw) for raw, item in items.pairs()),
                cursor=None if answer.last else str(number),
                total_hint=0 if not readable else None,
            )
            if answer.last:
                return


class Strict(Board):
    """Gives a whole page up for one bad item."""

    def ask(self, ctx: Any, query: BoardQuery, number: int) -> Answer:
        answer = super().ask(ctx, query, number)
        if any(
            not raw["title"] for raw in answer.items if isinstance(raw, dict) and "title" in raw
        ):
            return Answer(items=[], total=0, last=True)
        return answer


class Sanguine(Board):
    """Calls an empty list a certain "none", whatever total stands beside it."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        for page in super().collect(query, ctx, cursor=cursor):
            yield page if page.postings else Page(postings=(), total_hint=0)


class Wordless(Board):
    """Ends without a page where there is nothing."""

    def collect(self, query: BoardQuery, ctx: Any, *, cursor: str | None = None) -> Iterator[Page]:
        yield from (page for page in super().collect(query, ctx, cursor=cursor) if page.postings)
