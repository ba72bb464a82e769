"""LinkedIn as guests see it: list fragments and detail fragments, in HTML."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote

from msgspec import Meta

from jobtracker_core import (
    BadQuery,
    Blocked,
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
    Employment,
    FilterSupport,
    JobCollector,
    LayoutChanged,
    Limits,
    Page,
    Policy,
    Posting,
    PostingRef,
    Private,
    RunContext,
)
from jobtracker_linkedin import parse
from jobtracker_linkedin.elements import CARD
from jobtracker_linkedin.wire import EMPTY, PRIVATE

LIST = "/jobs-guest/jobs/api/seeMoreJobPostings/search"
DETAIL = "/jobs-guest/jobs/api/jobPosting/"

WORKPLACES = {"onsite": "1", "remote": "2", "hybrid": "3"}
EMPLOYMENT = {
    Employment.FULL_TIME: "F",
    Employment.PART_TIME: "P",
    Employment.CONTRACT: "C",
    Employment.TEMPORARY: "T",
    Employment.INTERNSHIP: "I",
    Employment.VOLUNTEER: "V",
    Employment.OTHER: "O",
}
LEVELS = {
    "internship": "1",
    "entry": "2",
    "associate": "3",
    "mid_senior": "4",
    "director": "5",
    "executive": "6",
}
PAGE_SIZE = 10
START_CAP = 1000
"""The site answers 400 from this offset on."""

WORLDWIDE = "Worldwide"
"""Without a place the site takes the one of the caller's network address (seen August 2026)."""

MILES = frozenset(
    {
        *("united states", "united states of america", "usa", "us", "u.s.", "canada"),
        *("united kingdom", "uk", "great britain", "england", "scotland", "wales"),
        *("northern ireland", "australia", "new zealand"),
        # Codes of states that are no country's as well: "Berlin, DE" is not in Delaware.
        *("ak", "ca", "ct", "dc", "fl", "hi", "ia", "ks", "mi", "nd", "nh", "nj", "nm", "nv"),
        *("ny", "oh", "ok", "or", "ri", "tx", "ut", "vt", "wa", "wi", "wv", "wy"),
    }
)
"""Last parts of places around which the site counts miles; kilometres elsewhere."""

_KM_PER_MILE = 1.609344
_DAY = 86_400
_LEAST_PAY, _PAY_STEP, _PAY_STEPS = 40_000, 20_000, 7
_CONTROLS = 2
"""Postings that are asked for where one is said to be gone, until one of them is there."""
_SECOND_LOOK = 4
"""So many times the usual distance between requests passes before an empty answer is doubted."""


class LinkedInQuery(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be asked of LinkedIn's guest pages."""

    geo_id: (
        Annotated[
            int, Meta(description="LinkedIn's own number of a place, instead of its name", ge=1)
        ]
        | None
    ) = None
    seniority: Annotated[
        tuple[
            Literal["internship", "entry", "associate", "mid_senior", "director", "executive"], ...
        ],
        Meta(description="Level of experience (may be repeated)"),
    ] = ()
    easy_apply: Annotated[
        bool, Meta(description="Only postings that one applies to on LinkedIn itself")
    ] = False
    company_ids: Annotated[
        tuple[Annotated[int, Meta(ge=1)], ...],
        Meta(description="LinkedIn's own numbers of employers (may be repeated)"),
    ] = ()
    min_pay: (
        Annotated[
            int,
            Meta(
                description="At least this much per year in US dollars; the site knows steps of "
                "20,000 up to 160,000, and the one at or below it is asked for",
                ge=_LEAST_PAY,
            ),
        ]
        | None
    ) = None
    sort: Annotated[
        Literal["relevance", "date"], Meta(description="Order in which the site gives its results")
    ] = "relevance"


_CANARY = LinkedInQuery(text="engineer", location="United States")


class LinkedIn(JobCollector[LinkedInQuery, CollectorSettings]):
    """Reads linkedin.com without an account. The cursor is the offset of a list page."""

    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="linkedin",
        title="LinkedIn",
        homepage="https://www.linkedin.com/jobs",
        contract=1,
        query=LinkedInQuery,
        hosts=("www.linkedin.com", "*.linkedin.com"),
        policy=Policy(
            summary="The robots file disallows /jobs-guest/, which is what this collector asks "
            "for, and the User Agreement forbids reading it with programs. The site sends "
            "readers that it takes for robots to a login wall.",
            robots_url="https://www.linkedin.com/robots.txt",
            terms_url="https://www.linkedin.com/legal/user-agreement",
        ),
        canary=_CANARY,
        limits=Limits(
            per_minute=8, burst=1, timeout=30, max_pages=100, max_minutes=60, rechecks=10
        ),
        features=frozenset({"resume", "details"}),
        filters=dict.fromkeys(
            ("text", "location", "distance_km", "remote", "employment", "posted_within_days"),
            FilterSupport.NATIVE,
        ),
        private=Private(selectors=PRIVATE),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        super().__init__(settings)
        self._base = (settings.base_url or parse.SITE).rstrip("/")
        # The labels of the criteria follow the language.
        self._headers = {
            "accept": "text/html,application/xhtml+xml",
            "accept-language": "en-US,en;q=0.9",
        }
        self._pause = 60 * _SECOND_LOOK / (settings.per_minute or self.info.limits.per_minute)
        self._odd: set[str] = set()
        self._listed: tuple[PostingRef, ...] = ()
        self._shown: PostingRef | None = None

    def collect(
        self, query: LinkedInQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        """Yield list pages; a posting that comes again on a later page is left out there."""
        params = _params(query, ctx)
        start = 0 if cursor is None else int(cursor)
        seen: set[str] = set()
        while start < START_CAP:
            cards = self._settled(ctx, params, start)
            if cards is None:
                # The site gives this body also to those that it takes for too fast.
                yield Page(postings=(), end_unconfirmed=start > 0)
                return
            fresh: dict[str, Posting] = {}
            for posting in cards.postings:
                if posting.source_id not in seen:
                    fresh[posting.source_id] = posting
            seen.update(fresh)
            self._listed = _refs(fresh.values()) or self._listed
            start += PAGE_SIZE
            last = not fresh or start >= START_CAP
            if start >= START_CAP and cards.found >= PAGE_SIZE:
                ctx.log.warning("the site shows 1,000 postings of a search; split it to see more")
            yield Page(
                postings=tuple(fresh.values()),
                cursor=None if last else str(start),
                skipped=cards.skipped,
                end_unconfirmed=last,
            )
            if last:
                return

    def details(self, ref: PostingRef, ctx: RunContext) -> Posting:
        """Read description, criteria and pay; a posting that the site knows no longer is closed.

        Raises:
            Blocked: The site says of others too that they are not there, which its lists show.
        """
        found = self._ask(ref, ctx)
        if found is None:
            self._believe(ref, ctx)
            return parse.gone(ref)
        new = set(found.odd) - self._odd
        if new:
            self._odd |= new
            ctx.log.warning("criteria in words that are not known were left out", words=sorted(new))
        return found.posting

    def _ask(self, ref: PostingRef, ctx: RunContext) -> parse.Details | None:
        """Read a posting's own page, None if the site says that there is none."""
        response = ctx.http.get(
            self._base + DETAIL + quote(ref.source_id, safe=""),
            headers=self._headers,
            accept=(200, 404),
        )
        if response.status == 404:  # noqa: PLR2004
            return None
        found = parse.details(ref, response.text)
        if not found.posting.closed:
            self._shown = ref
        return found

    def _believe(self, ref: PostingRef, ctx: RunContext) -> None:
        """Ask for postings that are there: a reader who is shut out may get 404 for everything."""
        for other in self._others(ref, ctx):
            if self._ask(other, ctx) is not None:
                return
        raise Blocked(f"404 for posting {ref.source_id}, and no other that the lists show is there")

    def _others(self, ref: PostingRef, ctx: RunContext) -> list[PostingRef]:
        listed = self._listed
        if not listed and self._shown is None:
            cards = self._read(ctx, _params(_CANARY, ctx), 0)
            listed = () if cards is None else _refs(cards.postings)
        known = {one.source_id: one for one in (self._shown, *listed) if one is not None}
        known.pop(ref.source_id, None)
        return [*known.values()][:_CONTROLS]

    def _settled(self, ctx: RunContext, params: dict[str, str], start: int) -> parse.Cards | None:
        """Read a list page, None if it is empty; an empty one after others is asked again."""
        cards = self._read(ctx, params, start)
        if cards is None and start > 0:
            ctx.log.info("asking once more", start=start)
            ctx.pause(self._pause)
            cards = self._read(ctx, params, start)
        return cards

    def _read(self, ctx: RunContext, params: dict[str, str], start: int) -> parse.Cards | None:
        response = ctx.http.get(
            self._base + LIST, params={**params, "start": str(start)}, headers=self._headers
        )
        page = response.text
        if page.strip() == EMPTY:
            return None
        cards = parse.cards(page)
        if not cards.found:
            raise LayoutChanged(CARD, "no cards, and not the site's empty answer", sample=page)
        if len(cards.skipped) * 2 > cards.found:
            first, count = cards.skipped[0], len(cards.skipped)
            raise LayoutChanged(
                first.path,
                f"{first.reason} ({count} of {cards.found} cards are unreadable)",
                sample=cards.bad,
            )
        if cards.lost:
            raise LayoutChanged(cards.lost[0], f"in none of {cards.found} cards", sample=page)
        return cards


def _refs(postings: Iterable[Posting]) -> tuple[PostingRef, ...]:
    """Return as many as are needed to tell a posting that is gone from a site that says nothing."""
    some = itertools.islice(postings, _CONTROLS + 1)
    return tuple(PostingRef(source_id=one.source_id, url=one.url, title=one.title) for one in some)


def _params(query: LinkedInQuery, ctx: RunContext) -> dict[str, str]:
    """Put a query into the site's own words."""
    if query.location and query.geo_id:
        raise BadQuery("geo_id", "the place has a name already; give one or the other")
    unknown = [kind.value for kind in query.employment if kind not in EMPLOYMENT]
    if unknown:
        allowed = ", ".join(kind.value for kind in EMPLOYMENT)
        raise BadQuery("employment", f"LinkedIn has no {', '.join(unknown)}; it has {allowed}")
    days = query.posted_within_days
    place = query.location or (None if query.geo_id else WORLDWIDE)
    params = {
        "keywords": query.text,
        "location": place,
        "geoId": query.geo_id and str(query.geo_id),
        "distance": _distance(query, ctx),
        "f_TPR": days and f"r{days * _DAY}",
        "f_WT": ",".join(WORKPLACES[kind] for kind in query.remote),
        "f_JT": ",".join(EMPLOYMENT[kind] for kind in query.employment),
        "f_E": ",".join(LEVELS[level] for level in query.seniority),
        "f_C": ",".join(map(str, query.company_ids)),
        "f_AL": "true" if query.easy_apply else None,
        "f_SB2": query.min_pay and str(_pay_step(query.min_pay)),
        "sortBy": "DD" if query.sort == "date" else None,
    }
    return {name: value for name, value in params.items() if value}


def _distance(query: LinkedInQuery, ctx: RunContext) -> str | None:
    """Return the radius in the unit of the place; the next greater one where it must be rounded.

    A place that does not show its country gets the number of kilometres: if the site counts miles
    there, the circle is wider than was asked, and nothing is lost.
    """
    if query.distance_km is None:
        return None
    if not query.location and not query.geo_id:
        raise BadQuery("distance_km", "a distance needs a place to start from; name one")
    last = (query.location or "").rpartition(",")[2].strip().casefold()
    if last in MILES:
        return str(math.ceil(query.distance_km / _KM_PER_MILE))
    ctx.log.info("distance sent in kilometres", km=query.distance_km)
    return str(query.distance_km)


def _pay_step(pay: int) -> int:
    return min((pay - _LEAST_PAY) // _PAY_STEP + 1, _PAY_STEPS)
