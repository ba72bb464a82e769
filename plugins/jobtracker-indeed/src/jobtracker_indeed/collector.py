"""Indeed as its mobile app asks for it: one GraphQL search, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

from jobtracker_core import (
    Blocked,
    CollectError,
    CollectorInfo,
    CollectorSettings,
    FilterSupport,
    JobCollector,
    LayoutChanged,
    Limits,
    Page,
    Policy,
    Posting,
    Private,
    RateLimited,
    Response,
    RunContext,
    Transient,
)
from jobtracker_indeed import facts as jobspy
from jobtracker_indeed import parse, wire
from jobtracker_indeed.parse import Edition
from jobtracker_indeed.query import IndeedQuery, Search, prepare

API = "https://apis.indeed.com"
PATH = "/graphql"
FULL_UP_TO = 1000
"""About so many postings of one search the site shows."""

KEY_REFUSED = frozenset({"UNAUTHENTICATED", "UNAUTHORIZED", "FORBIDDEN"})
NOT_UNDERSTOOD = frozenset(
    {"BAD_USER_INPUT", "BAD_REQUEST", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}
)
TOO_FAST = frozenset({"RATE_LIMITED", "TOO_MANY_REQUESTS"})
BAD_DAY = frozenset({"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "DOWNSTREAM_SERVICE_ERROR"})

_SECOND_LOOK = 10.0
"""Seconds before a request that failed inside the site, or brought nothing, is sent again."""

_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN = 400, 401, 403
_JOBS = "$.data.jobSearch"
_ERRORS = "$.errors"


class Indeed(JobCollector[IndeedQuery, CollectorSettings]):
    """Reads Indeed's GraphQL interface. The cursor is the site's own."""

    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="indeed",
        title="Indeed",
        homepage="https://www.indeed.com",
        contract=1,
        query=IndeedQuery,
        hosts=("apis.indeed.com",),
        policy=Policy(
            summary="This collector asks the interface that Indeed's own mobile app uses, with "
            "the app's key as python-jobspy publishes it. Indeed offers neither to the public. "
            "Nobody has read its robots file and terms for this plugin: read them before you "
            "turn it on.",
            robots_url="https://www.indeed.com/robots.txt",
            terms_url="https://www.indeed.com/legal",
        ),
        canary=IndeedQuery(text="engineer", limit=10),
        limits=Limits(per_minute=15, burst=1, timeout=30, max_pages=120, max_minutes=30),
        features=frozenset({"resume"}),
        filters=dict.fromkeys(
            ("text", "location", "distance_km", "remote", "employment", "posted_within_days"),
            FilterSupport.NATIVE,
        ),
        # Marks of this visit and of its clicks, and the token of an application.
        private=Private(json_keys=frozenset({"trackingKey", "tracking", "indeedApply"})),
    )

    @classmethod
    def unavailable(cls) -> str | None:
        """See JobCollector."""
        return jobspy.missing()

    def __init__(self, settings: CollectorSettings) -> None:
        super().__init__(settings)
        self._url = (settings.base_url or API).rstrip("/") + PATH
        self._odd: set[str] = set()

    def collect(
        self, query: IndeedQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        """Yield list pages; a posting that comes again on a later page is left out there."""
        search = prepare(query, jobspy.load())
        answer, kept = self._first(search, ctx, cursor)
        seen: set[str] = set()
        asked = {cursor} if kept else set()
        at = cursor if kept else None
        doubted: str | None = None
        while True:
            found = self._results(answer, search.version)
            if not found.results and not seen and not kept:
                yield _nothing(answer, found)
                return
            items = ctx.each(found.results, wire.Result, path=f"{_JOBS}.results")
            fresh: list[Posting] = []
            for raw, result in items.pairs():
                if result.job.key not in seen:
                    seen.add(result.job.key)
                    fresh.append(self._read(ctx, result.job, raw["job"], search.edition))
            following = found.page_info.next_cursor
            barren = not fresh and not items.skipped
            if barren and not following and at != doubted:
                ctx.log.info("asking once more", cursor=at)
                ctx.pause(_SECOND_LOOK)
                doubted, answer = at, self._ask(search, ctx, at)
                continue
            last = not following or following in asked or barren
            yield Page(
                postings=tuple(fresh),
                cursor=None if last else following,
                skipped=items.skipped,
                end_unconfirmed=last and _is_doubtful(answer, following, barren=barren),
            )
            if last:
                _tell_the_end(ctx, len(seen))
                return
            asked.add(following)
            at, answer = following, self._ask(search, ctx, following)

    # -- one page

    def _first(
        self, search: Search, ctx: RunContext, cursor: str | None
    ) -> tuple[wire.Answer, bool]:
        """Ask for the page at a kept cursor, and for the first one if that is refused.

        Returns the answer, and whether it is the kept cursor's.
        """
        answer = self._ask(search, ctx, cursor)
        if cursor is None or _found(answer) or not _codes(answer) & NOT_UNDERSTOOD:
            return answer, cursor is not None
        ctx.log.warning("the site no longer takes the kept cursor; reading from the front")
        return self._ask(search, ctx, None), False

    def _ask(self, search: Search, ctx: RunContext, cursor: str | None) -> wire.Answer:
        """Ask for a page, and once more if the site failed inside."""
        answer = self._send(search, ctx, cursor)
        if not _found(answer) and _codes(answer) & BAD_DAY:
            ctx.log.info("asking once more", error=_told(answer))
            ctx.pause(_SECOND_LOOK)
            answer = self._send(search, ctx, cursor)
        if answer.errors and _found(answer):
            ctx.log.warning("the site answered with errors beside results", error=_told(answer))
        return answer

    def _send(self, search: Search, ctx: RunContext, cursor: str | None) -> wire.Answer:
        response = ctx.http.post(
            self._url,
            headers=search.headers,
            json={"query": search.at(cursor)},
            accept=(200, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN),
        )
        if not response.content.lstrip().startswith(b"{"):
            _refuse(response)
        if response.status in {_UNAUTHORIZED, _FORBIDDEN}:
            raise _key_refused(f"HTTP {response.status}", search.version, response.text)
        answer = ctx.decode(response, wire.Answer)
        if response.status == _BAD_REQUEST and _found(answer):
            raise LayoutChanged(
                _JOBS, f"results with HTTP {_BAD_REQUEST} ({_told(answer)})", sample=response.text
            )
        return answer

    def _results(self, answer: wire.Answer, version: str) -> wire.JobSearch:
        """Return the results, or raise what the errors in their place stand for."""
        if found := _found(answer):
            return found
        told, codes = _told(answer), _codes(answer)
        if codes & KEY_REFUSED:
            raise _key_refused(told, version, told)
        if codes & TOO_FAST:
            raise RateLimited(told)
        if codes & BAD_DAY:
            raise Transient(told, error_class="http_5xx")
        if codes & NOT_UNDERSTOOD:
            raise LayoutChanged(
                _ERRORS,
                f"the query of python-jobspy {version} is not understood: {told}; "
                "update python-jobspy",
            )
        raise LayoutChanged(_JOBS, f"missing ({told})")

    def _read(
        self, ctx: RunContext, item: wire.Item, raw: dict[str, Any], edition: Edition
    ) -> Posting:
        job, odd = wire.lenient(raw, wire.Job)
        missing = wire.PROMISED - raw.keys()
        new = {*odd, *(f"{name} (missing)" for name in missing)} - self._odd
        if new:
            self._odd |= new
            ctx.log.warning("values of an unknown form were left out", fields=sorted(new))
        return parse.posting(item, job, raw, edition)


def _found(answer: wire.Answer) -> wire.JobSearch | None:
    return answer.data.job_search if answer.data else None


def _codes(answer: wire.Answer) -> set[str]:
    return {error.code for error in answer.errors or ()}


def _told(answer: wire.Answer) -> str:
    """Say in one line what the errors of an answer are."""
    errors = answer.errors or ()
    return "; ".join(f"{error.code or 'no code'}: {error.message}" for error in errors[:3]) or (
        "no errors are named"
    )


def _nothing(answer: wire.Answer, found: wire.JobSearch) -> Page:
    """Return the answer to a first page without results.

    The site tells no total, so it is the canary search that shows whether this is to be believed.
    """
    if found.page_info.next_cursor or answer.errors:
        why = _told(answer) if answer.errors else "a next page is announced"
        raise LayoutChanged(f"{_JOBS}.results", f"empty, although {why}")
    return Page(postings=())


def _is_doubtful(answer: wire.Answer, following: str | None, *, barren: bool) -> bool:
    """Say whether the results end here without the site saying so.

    It says so with a null cursor. Yet an error beside the results may be what took the cursor away,
    and a page without anything new may be how the site refuses one that it announced.
    """
    return following is not None or bool(answer.errors) or barren


def _refuse(response: Response) -> NoReturn:
    """Raise what an answer that is no JSON object stands for."""
    error: CollectError = LayoutChanged(
        PATH, f"HTTP {response.status} without JSON", sample=response.text, error_class="decode"
    )
    if response.status == _FORBIDDEN:
        error = Blocked(f"HTTP {_FORBIDDEN} from {PATH}")
    elif response.status == _UNAUTHORIZED:
        error = LayoutChanged(PATH, f"HTTP {_UNAUTHORIZED}", error_class="auth")
    raise error


def _key_refused(told: str, version: str, sample: str) -> LayoutChanged:
    return LayoutChanged(
        PATH,
        f"the key of python-jobspy {version} is refused ({told}); update python-jobspy",
        sample=sample,
        error_class="auth",
    )


def _tell_the_end(ctx: RunContext, received: int) -> None:
    if received >= FULL_UP_TO:
        ctx.log.warning(
            "the site shows only about this many postings of a search; narrow it to see others",
            received=received,
        )
