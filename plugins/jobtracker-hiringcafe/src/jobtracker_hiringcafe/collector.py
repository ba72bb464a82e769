"""HiringCafe as it answers since May 2026: server-rendered search pages and their JSON twins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta, structs

from jobtracker_core import (
    BadQuery,
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
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
    Transient,
)
from jobtracker_hiringcafe import parse
from jobtracker_hiringcafe.wire import (
    DataAnswer,
    DescriptionAnswer,
    Hit,
    NextData,
    PageProps,
    Refusal,
    SearchState,
    Suggestion,
    misfits,
)

WORKPLACES = {"remote": ("Remote",), "hybrid": ("Hybrid",), "onsite": ("Onsite", "Field")}
COMMITMENTS = {employment: name for name, employment in parse.EMPLOYMENT.items()}
LEVELS = {
    "entry": ("No Prior Experience Required", "Entry Level"),
    "mid": ("Mid Level",),
    "senior": ("Senior Level",),
}
SORTS = {"date": "date", "date_asc": "date_asc", "pay": "compensation_desc"}
DAYS = (1, 3, 7, 14, 30)
"""Windows that the site's own form offers; it takes other numbers of days too."""

WIDE = frozenset({"country", "continent", "administrative_area_level_1"})
"""Kinds of places that have no radius."""

_RADIUS_MILES = 50
_KM_PER_MILE = 1.609344
_FULL_UP_TO = 10_000
"""About so many postings of a search the site shows; a larger total is never reached."""

_SECOND_LOOK = 10.0
"""Seconds before a doubtful answer is asked for again."""

_BARREN = 2
"""So many pages in a row of nothing but repeats are the end, whatever the site says."""

_BUILD = re.compile(r'"buildId":\s*"([^"]+)"')
_SCRIPT = b'<script id="__NEXT_DATA__"'


class HiringCafeQuery(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be asked of HiringCafe."""

    seniority: Annotated[
        tuple[Literal["entry", "mid", "senior"], ...],
        Meta(description="Level of experience (may be repeated)"),
    ] = ()
    min_pay: (
        Annotated[
            int, Meta(description="The pay range starts at this much per year or above", ge=1)
        ]
        | None
    ) = None
    sort: Annotated[
        Literal["relevance", "date", "date_asc", "pay"],
        Meta(description="Order in which the site gives its results"),
    ] = "relevance"


class HiringCafe(JobCollector[HiringCafeQuery, CollectorSettings]):
    """Reads hiringcafe.com. The cursor is the number of a list page, from 0."""

    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="hiringcafe",
        title="HiringCafe",
        homepage="https://hiringcafe.com",
        contract=1,
        query=HiringCafeQuery,
        hosts=("hiringcafe.com", "www.hiringcafe.com", "hiring.cafe"),
        policy=Policy(
            summary="The robots file disallows searches with parameters (/*?searchState=*, "
            "/*?page=*), which is what this collector asks for, and allows the role pages under "
            "/jobs/. The site puts fast readers before a browser challenge.",
            robots_url="https://hiringcafe.com/robots.txt",
            checked="2026-08-26",
        ),
        canary=HiringCafeQuery(text="engineer"),
        limits=Limits(
            per_minute=20, burst=1, timeout=30, max_pages=260, max_minutes=60, rechecks=20
        ),
        features=frozenset({"resume", "details"}),
        filters={
            **dict.fromkeys(
                ("text", "location", "distance_km", "remote", "employment"), FilterSupport.NATIVE
            ),
            # The site counts from when it found a posting, which may be long after its publication.
            "posted_within_days": FilterSupport.AFTER,
        },
        private=Private(
            json_keys=frozenset(
                {"viewedByUsers", "appliedFromUsers", "savedFromUsers", "hiddenFromUsers"}
            )
        ),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        super().__init__(settings)
        self._base = (settings.base_url or parse.SITE).rstrip("/")
        self._headers = {"accept": "*/*", "referer": f"{self._base}/"}
        self._build: str | None = None
        self._build_renewed = False
        self._rendered = False
        self._odd: set[str] = set()

    def collect(
        self, query: HiringCafeQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        """Yield list pages; a posting that comes again on a later page is left out there."""
        state = msgspec.json.encode(self._search_state(query, ctx)).decode()
        number = 0 if cursor is None else int(cursor)
        seen: set[str] = set()
        unread = barren = 0
        while True:
            props = self._settled(ctx, state, number, place=bool(query.location))
            hits = props.hits or []
            if not hits and number == 0:
                yield _nothing(props)
                return
            items = ctx.each(hits, Hit, path="$.pageProps.ssrHits")
            fresh: list[Posting] = []
            for raw, hit in items.pairs():
                if hit.object_id not in seen:
                    seen.add(hit.object_id)
                    fresh.append(parse.posting(hit, raw))
                self._report_misfits(ctx, hit)
            unread += len(items.skipped)
            barren = 0 if fresh or items.skipped else barren + 1
            doubtful = _is_doubtful(props, barren)
            last = bool(props.is_last) or not hits or doubtful
            if last and cursor is None:
                doubtful = doubtful or _is_short(props, len(seen) + unread)
            if fresh or items.skipped or doubtful:
                yield Page(
                    postings=tuple(fresh),
                    cursor=None if last else str(number + 1),
                    skipped=items.skipped,
                    total_hint=props.total,
                    end_unconfirmed=doubtful,
                )
            if last:
                return
            number += 1

    def details(self, ref: PostingRef, ctx: RunContext) -> Posting:
        """Read the description; a posting that the site knows no longer is closed."""
        path = "/api/job-description"
        response = ctx.http.get(
            self._base + path,
            params={"id": ref.source_id},
            headers=self._headers,
            accept=(200, 404),
        )
        if response.status == 404:  # noqa: PLR2004
            error = ctx.decode(response, Refusal).error
            if error.strip().rstrip(".").casefold() != "job not found":
                raise LayoutChanged(path, f"404 with another error: {error}", sample=response.text)
            return parse.gone(ref)
        job = ctx.decode(response, DescriptionAnswer).job
        if job.object_id not in (None, ref.source_id):
            raise LayoutChanged(
                f"{path} $.job.objectID", f"asked for {ref.source_id}, got {job.object_id}"
            )
        return parse.details(ref, job)

    # -- one search

    def _search_state(self, query: HiringCafeQuery, ctx: RunContext) -> SearchState:
        unknown = [kind.value for kind in query.employment if kind not in COMMITMENTS]
        if unknown:
            allowed = ", ".join(kind.value for kind in COMMITMENTS)
            raise BadQuery(
                "employment", f"HiringCafe has no {', '.join(unknown)}; it has {allowed}"
            )
        if query.distance_km is not None and not query.location:
            raise BadQuery("distance_km", "a distance needs a location to start from; name one")
        days = query.posted_within_days
        return SearchState(
            default_to_user_location=False,
            search_query=query.text,
            locations=(self._place(query, ctx),) if query.location else (),
            workplace_types=tuple(w for kind in query.remote for w in WORKPLACES[kind]),
            commitment_types=tuple(COMMITMENTS[kind] for kind in query.employment),
            seniority_level=tuple(level for kind in query.seniority for level in LEVELS[kind]),
            date_fetched_past_n_days=days and next((d for d in DAYS if d >= days), days),
            min_compensation_low_end=query.min_pay,
            calc_frequency="Yearly" if query.min_pay else None,
            sort_by=SORTS.get(query.sort),
        )

    def _place(self, query: HiringCafeQuery, ctx: RunContext) -> dict[str, Any]:
        """Ask the site for its own description of a place: a cut one makes every search fail."""
        wanted = query.location or ""
        response = ctx.http.get(
            f"{self._base}/api/searchLocation", params={"query": wanted}, headers=self._headers
        )
        places = ctx.each(ctx.decode(response, list[Any]), Suggestion).values
        if not places:
            raise BadQuery(
                "location",
                f"{wanted!r} was not found; try the English name, or a larger place near it",
            )
        same = (place for place in places if place.label.casefold() == wanted.casefold())
        chosen = next(same, places[0])
        ctx.log.info("place chosen", asked=wanted, chosen=chosen.label)
        detail = chosen.place_detail
        kinds = detail.get("types")
        if isinstance(kinds, list) and not WIDE.isdisjoint(map(str, kinds)):
            if query.distance_km is not None:
                ctx.filter_ignored(
                    "distance_km", "the site has no distance around a country or a state"
                )
            return detail
        miles = round(query.distance_km / _KM_PER_MILE) if query.distance_km else _RADIUS_MILES
        options = {"radius": miles, "radius_unit": "miles", "ignore_radius": False}
        return {**detail, "options": options}

    def _report_misfits(self, ctx: RunContext, hit: Hit) -> None:
        new = set(misfits(hit)) - self._odd
        if new:
            self._odd |= new
            ctx.log.warning("values of an unknown form were left out", fields=sorted(new))

    # -- one list page

    def _settled(self, ctx: RunContext, state: str, number: int, *, place: bool) -> PageProps:
        """Read a list page, and once more if the first answer is an error or doubtfully empty.

        `place`: the search names one; on the first page the site has not shown yet that it
        understands it.
        """
        props = self._read(ctx, state, number)
        vanished = number > 0 and not props.hits and not props.is_last
        if props.error or vanished:
            ctx.log.info("asking once more", error=str(props.error or "no results"))
            ctx.pause(_SECOND_LOOK)
            props = self._read(ctx, state, number)
        where = "$.pageProps.ssrError"
        if props.error and place and number == 0:
            raise LayoutChanged(where, f"{props.error} (the place may not be understood)")
        if props.error:
            raise Transient(f"{where}: {props.error}", error_class="http_5xx")
        if props.hits is None:
            raise LayoutChanged("$.pageProps.ssrHits", "missing")
        return props

    def _read(self, ctx: RunContext, state: str, number: int) -> PageProps:
        params = {"searchState": state, "page": str(number)}
        if not self._rendered:
            props = self._read_data(ctx, params)
            if props is not None:
                return props
            ctx.log.warning("HTML came where JSON was asked; reading the rendered pages from now")
            self._rendered = True
        return self._read_rendered(ctx, params)

    def _read_data(self, ctx: RunContext, params: dict[str, str]) -> PageProps | None:
        """Read a page's JSON; None if the site answers with an app shell instead."""
        while True:
            build = self._build = self._build or self._find_build(ctx)
            path = f"/_next/data/{quote(build, safe='')}/index.json"
            headers = {**self._headers, "x-nextjs-data": "1"}
            response = ctx.http.get(
                self._base + path, params=params, headers=headers, accept=(200, 404)
            )
            if response.status == 200:  # noqa: PLR2004
                break
            if self._build_renewed:
                raise LayoutChanged(
                    path, "404, with a build id that was just read", sample=response.text
                )
            self._build, self._build_renewed = None, True
        if response.content.lstrip().startswith(b"<"):
            return None
        return ctx.decode(response, DataAnswer).page_props

    def _find_build(self, ctx: RunContext) -> str:
        """Read the id of the site's present build; the home page also sets the cookies."""
        page = ctx.http.get(f"{self._base}/", headers={"accept": "text/html,*/*;q=0.8"}).text
        match = _BUILD.search(page)
        if match is None:
            raise LayoutChanged("/", 'no `"buildId"` in the home page', sample=page)
        return match[1]

    def _read_rendered(self, ctx: RunContext, params: dict[str, str]) -> PageProps:
        headers = {**self._headers, "accept": "text/html,*/*;q=0.8"}
        response = ctx.http.get(f"{self._base}/", params=params, headers=headers)
        body = response.content
        try:
            start = body.index(b">", body.index(_SCRIPT)) + 1
            script = body[start : body.index(b"</script>", start)]
        except ValueError:
            raise LayoutChanged(
                "script#__NEXT_DATA__", "not in the search page", sample=response.text
            ) from None
        return ctx.decode(structs.replace(response, content=script), NextData).props.page_props


def _nothing(props: PageProps) -> Page:
    """Return the answer to a first page without hits: only a total of 0 is a certain "none"."""
    if props.total:
        raise LayoutChanged(
            "$.pageProps.ssrHits", f"empty, although {props.total} postings are announced"
        )
    return Page(postings=(), total_hint=props.total)


def _is_doubtful(props: PageProps, barren: int) -> bool:
    """Say whether the results stop here without the site saying so."""
    return not props.is_last and (not props.hits or barren >= _BARREN)


def _is_short(props: PageProps, received: int) -> bool:
    """Say whether the site, at its end, has given less than half of what it announced."""
    return props.total is not None and received * 2 < props.total <= _FULL_UP_TO
