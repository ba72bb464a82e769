"""Reads Board: pages of a JSON list, and one JSON document for each posting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from msgspec import Struct

from jobtracker_core import (
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
    FilterSupport,
    JobCollector,
    LayoutChanged,
    Limits,
    Page,
    Place,
    Policy,
    Posting,
    PostingRef,
    Precision,
    Private,
    Remote,
    RunContext,
)

SITE = "https://board.example"


class Item(Struct, frozen=True, kw_only=True):
    """A posting on a list page. Without id and title it is unreadable."""

    id: str
    title: str
    employer: str | None = None
    city: str | None = None
    country: str | None = None
    from_home: bool | None = None
    posted: date | None = None


class ListAnswer(Struct, frozen=True, kw_only=True):
    """The body of `/api/jobs`. Items are read one by one, so that a bad one costs only itself."""

    jobs: list[Any]
    total: int
    more: bool


class Details(Struct, frozen=True, kw_only=True):
    """The body of `/api/jobs/{id}`."""

    id: str
    text: str
    open: bool


class Board(JobCollector[CommonQuery, CollectorSettings]):
    """Reads board.example. The cursor is the number of a list page, from 1."""

    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="board",
        title="Board",
        homepage=SITE,
        contract=1,
        query=CommonQuery,
        hosts=("board.example",),
        policy=Policy(summary="Say what the site's robots file and terms say about programs."),
        canary=CommonQuery(text="engineer"),
        limits=Limits(per_minute=20),
        features=frozenset({"resume", "details"}),
        filters={"text": FilterSupport.NATIVE, "remote": FilterSupport.AFTER},
        private=Private(json_keys=frozenset({"contact"})),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        super().__init__(settings)
        self._base = (settings.base_url or SITE).rstrip("/")

    def collect(
        self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        """Yield list pages; a posting that comes again on a later page is left out there."""
        number = int(cursor or 1)
        seen: set[str] = set()
        while True:
            params = {"q": query.text or "", "page": str(number)}
            response = ctx.http.get(f"{self._base}/api/jobs", params=params)
            answer = ctx.decode(response, ListAnswer)
            items = ctx.each(answer.jobs, Item, path="$.jobs")
            fresh = [posting(item, raw) for raw, item in items.pairs() if item.id not in seen]
            seen.update(item.id for item in items.values)
            stuck = answer.more and not fresh and not items.skipped
            last = stuck or not answer.more
            yield Page(
                postings=tuple(fresh),
                skipped=items.skipped,
                total_hint=answer.total,
                cursor=None if last else str(number + 1),
                end_unconfirmed=stuck,
            )
            if last:
                return
            number += 1

    def details(self, ref: PostingRef, ctx: RunContext) -> Posting:
        """Read the description; a posting that the site knows no longer is closed."""
        path = f"/api/jobs/{ref.source_id}"
        response = ctx.http.get(self._base + path, accept=(200, 404))
        if response.status == 404:  # noqa: PLR2004
            return Posting(source_id=ref.source_id, url=ref.url, title=ref.title, closed=True)
        found = ctx.decode(response, Details)
        if found.id != ref.source_id:
            raise LayoutChanged(f"{path} $.id", f"asked for {ref.source_id}, got {found.id}")
        return Posting(
            source_id=ref.source_id,
            url=ref.url,
            title=ref.title,
            description=found.text,
            closed=not found.open,
        )


def posting(item: Item, raw: dict[str, Any]) -> Posting:
    """Say in the contract's words what a list item says; what it does not say stays None."""
    place = Place(city=item.city, country=item.country) if item.city or item.country else None
    remote = None if item.from_home is None else Remote.REMOTE if item.from_home else Remote.ONSITE
    day = item.posted
    return Posting(
        source_id=item.id,
        url=f"{SITE}/jobs/{item.id}",
        title=item.title,
        company=item.employer,
        places=None if place is None else (place,),
        remote=remote,
        posted_at=None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC),
        posted_precision=Precision.DAY,
        raw=raw,
    )
