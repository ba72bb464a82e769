"""A small job board and a collector for it that keeps every promise, in JSON and in HTML."""

from __future__ import annotations

import html
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core import (
    Blocked,
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
    FilterSupport,
    JobCollector,
    LayoutChanged,
    Limits,
    Page,
    Pay,
    Policy,
    Posting,
    PostingRef,
    RateLimited,
    RunContext,
    Skip,
    Transient,
)
from jobtracker_core.testing.practice import PracticeSite, Reply, Seen

SIZE = 20
START = datetime(2026, 9, 1, tzinfo=UTC)


class BoardSite(PracticeSite):
    """`/api/jobs?page=N` and `/api/jobs/ID`; `/jobs` and `/jobs/ID` are the same in HTML."""

    faults = frozenset({"drift", "endless", "bad_items"})
    details_path = "/api/jobs/*"

    def answer(self, request: Seen) -> Reply:
        parts = request.path.strip("/").split("/")
        in_html = parts[0] == "jobs"
        if parts[-1] != "jobs":
            item = self.item(int(parts[-1].removeprefix("job-")))
            return Reply.html(f"<article>{item['text']}</article>") if in_html else Reply.json(item)
        number = int(request.query.get("page") or 0)
        pages = -(-self.postings // SIZE)
        last = number + 1 >= pages and "endless" not in request.faults
        start = min(number, pages - 1) * SIZE
        items = [self.item(index) for index in range(start, min(start + SIZE, self.postings))]
        for index, item in enumerate(items):
            if "drift" in request.faults:
                item["identity"] = item.pop("id")
            if "bad_items" in request.faults and index == 7:
                item["title"] = None
        if in_html:
            return Reply.html(page_of(items, last=last, total=self.postings))
        return Reply.json({"items": items, "total": self.postings, "last": last})

    def item(self, index: int) -> dict[str, Any]:
        return {
            "id": f"job-{index}",
            "title": f"Engineer & Builder {index}",
            "company": {"name": "Tin Whistle"} if index % 3 else None,
            "pay": {"min": 1000 + index, "max": 2000 + index} if index % 2 else None,
            "at": (START + timedelta(hours=index)).isoformat(),
            "text": f"We look for engineer number {index}.",
        }


def page_of(items: list[dict[str, Any]], *, last: bool, total: int) -> str:
    cards = "".join(
        f'<li class="card" data-id="{item.get("id", "")}"><h3 class="name">'
        f"{html.escape(item['title'] or '')}</h3></li>"
        for item in items
    )
    mark = '<p class="end">The end</p>' if last else '<a class="next" href="?">More</a>'
    return (
        f'<!DOCTYPE html><html><body><p class="total">{total}</p>'
        f'<ul class="cards">{cards}</ul>{mark}</body></html>'
    )


class Item(msgspec.Struct, frozen=True):
    id: str
    title: str
    company: Any = None
    pay: Any = None
    at: Any = None


class Answer(msgspec.Struct, frozen=True):
    items: list[Any]
    total: int
    last: bool


class Text(msgspec.Struct, frozen=True):
    id: str
    text: str


class BoardQuery(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    level: Annotated[str, Meta(description="Level of experience")] | None = None


INFO = CollectorInfo(
    name="board",
    title="Board",
    homepage="https://www.board.example",
    contract=1,
    query=BoardQuery,
    hosts=("board.example",),
    features=frozenset({"resume", "details"}),
    filters={"text": FilterSupport.NATIVE},
    limits=Limits(per_minute=30, burst=2),
    policy=Policy(summary="It welcomes programs."),
    canary=BoardQuery(text="engineer"),
)


class Board(JobCollector[BoardQuery, CollectorSettings]):
    """Keeps every promise."""

    info: ClassVar[CollectorInfo] = INFO

    @property
    def base(self) -> str:
        return self.settings.base_url or "https://board.example"

    def collect(
        self, query: BoardQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        number = int(cursor or 0)
        seen: set[str] = set()
        while True:
            answer = self.ask(ctx, query, number)
            items = ctx.each(answer.items, Item, path="$.items")
            fresh = tuple(
                self.posting(item, raw)
                for raw, item in items.pairs()
                if item.id and item.title and item.id not in seen
            )
            seen |= {posting.source_id for posting in fresh}
            stuck = not fresh and not items.skipped
            number += 1
            yield Page(
                postings=fresh,
                skipped=items.skipped,
                total_hint=answer.total,
                cursor=None if answer.last or stuck else str(number),
                end_unconfirmed=stuck,
            )
            if answer.last or stuck:
                return

    def ask(self, ctx: RunContext, query: BoardQuery, number: int) -> Answer:
        params = {"q": query.text or "", "page": str(number)}
        return ctx.decode(ctx.http.get(f"{self.base}/api/jobs", params=params), Answer)

    def posting(self, item: Item, raw: Any) -> Posting:
        company = item.company.get("name") if isinstance(item.company, dict) else None
        pay = item.pay if isinstance(item.pay, dict) else {}
        low, high = (v if isinstance(v, int) else None for v in (pay.get("min"), pay.get("max")))
        return Posting(
            source_id=item.id,
            url=f"https://board.example/jobs/{item.id}",
            title=item.title,
            company=company if isinstance(company, str) else None,
            pay=Pay(min=low, max=high, currency="EUR") if low and high else None,
            posted_at=datetime.fromisoformat(item.at) if is_time(item.at) else None,
            raw=raw,
        )

    def details(self, ref: PostingRef, ctx: RunContext) -> Posting:
        text = ctx.decode(ctx.http.get(f"{self.base}/api/jobs/{ref.source_id}"), Text)
        if text.id != ref.source_id:
            raise LayoutChanged("$.id", "another posting")
        return Posting(source_id=ref.source_id, url=ref.url, title=ref.title, description=text.text)


def is_time(value: object) -> bool:
    return isinstance(value, str) and "+" in value


class HtmlBoard(Board):
    """Reads the same board's pages."""

    info: ClassVar[CollectorInfo] = msgspec.structs.replace(INFO, name="html_board")

    def collect(
        self, query: BoardQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        number = int(cursor or 0)
        seen: set[str] = set()
        while True:
            params = {"q": query.text or "", "page": str(number)}
            response = ctx.http.get(f"{self.base}/jobs", params=params)
            page = LexborHTMLParser(response.text)
            cards = page.css("li[data-id]")
            if not cards:
                raise LayoutChanged("li[data-id]", "no cards", sample=response.text)
            found: dict[str, Posting] = {}
            skipped = []
            for index, card in enumerate(cards):
                key, name = card.attributes.get("data-id"), card.css_first("h3")
                title = name.text(strip=True) if name else ""
                if not key or not title:
                    skipped.append(Skip(path=f"li[{index}]", reason="no id or title"))
                elif key not in seen:
                    url = f"https://board.example/jobs/{key}"
                    found[key] = Posting(source_id=key, url=url, title=title)
            if len(skipped) * 2 > len(cards):
                raise LayoutChanged("li[data-id]", "unreadable cards", sample=response.text)
            seen |= found.keys()
            end, more = page.css_first("p.end"), page.css_first("a.next")
            last = more is None or not found
            number += 1
            yield Page(
                postings=tuple(found.values()),
                skipped=tuple(skipped),
                cursor=None if last else str(number),
                end_unconfirmed=last and end is None,
            )
            if last:
                return

    def details(self, ref: PostingRef, ctx: RunContext) -> Posting:
        response = ctx.http.get(f"{self.base}/jobs/{ref.source_id}")
        article = LexborHTMLParser(response.text).css_first("article")
        if article is None or not article.text(strip=True):
            raise LayoutChanged("article", "missing", sample=response.text)
        return Posting(
            source_id=ref.source_id, url=ref.url, title=ref.title, description=article.html
        )


class OwnSettings(CollectorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ca_cert: (
        Annotated[str, Meta(description="File with certificates to trust beside the system's")]
        | None
    ) = None


class OwnBoard(JobCollector[CommonQuery, OwnSettings]):
    """Does its own HTTP, as a library would."""

    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="own_board",
        title="Own board",
        homepage="https://board.example",
        contract=1,
        query=CommonQuery,
        settings=OwnSettings,
        hosts=("board.example",),
        features=frozenset({"own_http"}),
        policy=Policy(summary="It welcomes programs."),
        canary=CommonQuery(text="engineer"),
    )

    def collect(
        self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        number = 0
        seen: set[str] = set()
        while True:
            answer = self.ask(ctx, number)
            items = ctx.each(answer.items, Item, path="$.items")
            fresh = tuple(
                Posting(
                    source_id=item.id, url=f"https://board.example/jobs/{item.id}", title=item.title
                )
                for item in items.values
                if item.id not in seen
            )
            seen |= {posting.source_id for posting in fresh}
            stuck = not fresh and not items.skipped
            number += 1
            yield Page(postings=fresh, skipped=items.skipped, end_unconfirmed=stuck)
            if answer.last or stuck:
                return

    def address(self, number: int) -> str:
        return f"{self.settings.base_url or 'https://board.example'}/api/jobs?page={number}"

    def ask(self, ctx: RunContext, number: int) -> Answer:
        url = self.address(number)
        try:
            body = self.fetch(url, ctx.proxy_url())
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 407:
                raise Transient(f"{url}: {error}", error_class="proxy") from None
            if error.code == 429:
                raise RateLimited(f"{url}: {error}") from None
            raise Blocked(f"{url}: {error}") from None
        except OSError as error:
            raise Transient(f"{url}: {error}") from None
        try:
            return msgspec.convert(json.loads(body), Answer)
        except ValueError as error:
            raise LayoutChanged("$", str(error)) from error

    def fetch(self, url: str, proxy: str | None) -> bytes:
        import ssl

        context = ssl.create_default_context(cafile=self.settings.ca_cert)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {}),
            urllib.request.HTTPSHandler(context=context),
        )
        with opener.open(url, timeout=60) as response:
            return bytes(response.read())
