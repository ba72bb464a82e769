"""What can be asked of Indeed, and how it is written for the site."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from jobtracker_core import BadQuery, CommonQuery
from jobtracker_indeed.facts import SORT, Facts
from jobtracker_indeed.parse import Edition

SORTS = {"relevance": SORT, "date": "sort: DATE"}
"""`DATE` is what python-jobspy asked with before its pull request 197."""

NOT_THE_APPS: dict[str, str | None] = dict.fromkeys(
    (
        *("sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "upgrade-insecure-requests"),
        *("sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "priority"),
    )
)
"""What a browser sends and the mobile app does not."""

_KM_PER_MILE = 1.609344
_EASY_APPLY = '{ keyword: { field: "indeedApplyScope", keys: ["DESKTOP"] } }'


class IndeedQuery(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be asked of Indeed."""

    country: Annotated[
        str,
        Meta(
            description="Country whose Indeed is asked, as two letters (GB, DE, IN …). Places are "
            'looked for there first: "Egypt" in US is Egypt, Arkansas',
            pattern="^[A-Za-z]{2}$",
            examples=["US"],
        ),
    ] = "US"
    language: (
        Annotated[
            str,
            Meta(
                description="Language that the site answers in, as two letters; the country's own "
                "unless given",
                pattern="^[a-z]{2}$",
                examples=["en"],
            ),
        ]
        | None
    ) = None
    posted_within_hours: (
        Annotated[
            int,
            Meta(description="Published within that many hours, in place of days", ge=1, le=8760),
        ]
        | None
    ) = None
    easy_apply: Annotated[
        bool, Meta(description="Only postings that one applies for on Indeed itself")
    ] = False
    sort: Annotated[
        Literal["relevance", "date"],
        Meta(description="Order in which the site gives its results"),
    ] = "relevance"


class Search(Struct, frozen=True, kw_only=True):
    """A query as it is sent: the same with every page but for the cursor."""

    headers: dict[str, str | None]
    before_cursor: str
    after_cursor: str
    edition: Edition
    version: str

    def at(self, cursor: str | None) -> str:
        """Return the text that asks for the page at a cursor."""
        place = f"cursor: {_literal(cursor)}" if cursor else ""
        return f"{self.before_cursor}{place}{self.after_cursor}"


def prepare(query: IndeedQuery, facts: Facts) -> Search:
    """Write a query as the site understands it; raises BadQuery for what it does not have."""
    country = query.country.upper()
    if country not in facts.domains:
        raise BadQuery(
            "country",
            f"{country} has no Indeed that python-jobspy {facts.version} knows; it knows "
            f"{', '.join(sorted(facts.domains))} (the United Kingdom is GB)",
        )
    if query.distance_km is not None and not query.location:
        raise BadQuery("distance_km", "a distance needs a location to start from; name one")
    miles = max(1, round(query.distance_km / _KM_PER_MILE)) if query.distance_km else facts.radius
    filters = list(_filters(query, facts, country))
    mark = "\x00"
    text = facts.query.replace(SORT, SORTS[query.sort]).format(
        what=f"what: {_literal(query.text)}" if query.text else "",
        location=_location(query.location, miles) if query.location else "",
        limit=min(facts.page_size, query.limit or facts.page_size),
        cursor=mark,
        filters=f"filters: [{', '.join(filters)}]" if filters else "",
    )
    before, _, after = text.partition(mark)
    language = query.language or facts.languages.get(country, "en")
    return Search(
        headers={
            **NOT_THE_APPS,
            **facts.headers,
            "indeed-co": country,
            "indeed-locale": f"{language}-{country}",
        },
        before_cursor=before,
        after_cursor=after,
        edition=Edition.of(facts, country),
        version=facts.version,
    )


def _filters(query: IndeedQuery, facts: Facts, country: str) -> Iterator[str]:
    if query.posted_within_days and query.posted_within_hours:
        raise BadQuery("posted_within_hours", "give days or hours, not both")
    if hours := query.posted_within_hours or (query.posted_within_days or 0) * 24:
        yield _within_hours(hours)
    unknown = [kind.value for kind in query.employment if kind not in facts.employment]
    if unknown:
        allowed = ", ".join(kind.value for kind in facts.employment)
        raise BadQuery("employment", f"Indeed has no {', '.join(unknown)}; it has {allowed}")
    if query.employment:
        keys = (key for key, kind in facts.kinds(country).items() if kind in query.employment)
        yield _any_of([_attribute(key) for key in keys])
    yield from _workplace(frozenset(query.remote), facts)
    if query.easy_apply:
        yield _EASY_APPLY


def _workplace(wanted: frozenset[str], facts: Facts) -> Iterator[str]:
    """Write which tags are wanted: hybrid work may carry the remote tag too, work on site none."""
    remote, hybrid = _attribute(facts.remote), _attribute(facts.hybrid)
    no_remote = _attribute(facts.remote, absent=True)
    no_hybrid = _attribute(facts.hybrid, absent=True)
    match sorted(wanted):
        case ["remote"]:
            yield from (remote, no_hybrid)
        case ["hybrid"]:
            yield hybrid
        case ["onsite"]:
            yield from (no_remote, no_hybrid)
        case ["hybrid", "remote"]:
            yield _any_of([remote, hybrid])
        case ["hybrid", "onsite"]:
            yield _any_of([hybrid, no_remote])
        case ["onsite", "remote"]:
            yield no_hybrid
        case _:
            return  # none or all of them


def _literal(text: str) -> str:
    """Write a text as a GraphQL string; its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _attribute(key: str, *, absent: bool = False) -> str:
    """Write the filter for postings with an attribute, or for those without it."""
    match = ", match: MUST_NOT" if absent else ""
    return f'{{ keyword: {{ field: "attributes", keys: [{_literal(key)}]{match} }} }}'


def _any_of(filters: Sequence[str]) -> str:
    """Write the filter for postings that one of the filters lets through."""
    if len(filters) == 1:
        return filters[0]
    return f"{{ composite: {{ filters: [{', '.join(filters)}], operation: OR }} }}"


def _within_hours(hours: int) -> str:
    """Write the filter for postings that appeared on the site within so many hours."""
    return f'{{ date: {{ field: "dateOnIndeed", start: "{hours}h" }} }}'


def _location(where: str, miles: int) -> str:
    """Write the place of a search."""
    return f"location: {{where: {_literal(where)}, radius: {miles}, radiusUnit: MILES}}"
