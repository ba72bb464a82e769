"""What the core must know of a collector before it runs it: data, and each of it enforced."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from jobtracker_core.contract.query import CommonQuery

CONTRACT = 1
"""The contract's number. It changes only if something in it changes its meaning."""

NAME_PATTERN = r"[a-z][a-z0-9_]{1,39}"
"""A collector's name; it is also the `source` of its jobs."""

WHOLE_NAME = rf"^{NAME_PATTERN}(?!\n)$"
"""The same for those who search in a text, and would take one with a line break behind it too."""

Feature = Literal["resume", "details", "own_http"]
"""`resume`: `collect()` can start from any cursor it gave. `details`: `details()` is written.
`own_http`: the collector does its own HTTP, through `ctx.proxy_url()`; the core can throttle it
only between pages."""


class CollectorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The operator's settings of a collector: never part of a query. Subclass it to add more."""

    base_url: (
        Annotated[
            str,
            Meta(
                description="Another address of the site (a mirror, a practice site); "
                "requests to exactly its host are allowed too",
                pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$",
            ),
        ]
        | None
    ) = None
    per_minute: (
        Annotated[
            float,
            Meta(
                description="Requests per minute, in place of the collector's own rate",
                ge=0.01,
                le=1_000_000,
            ),
        ]
        | None
    ) = None
    proxy_pool: (
        Annotated[
            str,
            Meta(
                description="Pool of proxies that every request goes through, and none around it",
                min_length=1,
                max_length=100,
            ),
        ]
        | None
    ) = None


class Limits(Struct, frozen=True, kw_only=True):
    """How much a collector may ask of its site, and how long a run may take.

    Attributes:
        per_minute: Requests per minute to the site, all the collector's hosts together.
        burst: Requests that may follow each other without that pause.
        timeout: Seconds for one request, from connecting to the last byte.
        max_running: Runs at once over all machines.
        max_pages: List pages of one run; at the limit a run ends *partial*.
        max_minutes: Minutes of one run.
        rechecks: Postings with stored details that one run asks for again.
    """

    per_minute: float = 20
    burst: int = 1
    timeout: float = 20.0
    max_running: int = 1
    max_pages: int = 100
    max_minutes: float = 30
    rechecks: int = 20


class FilterSupport(StrEnum):
    """What becomes of one of the common words of a query."""

    NATIVE = "native"
    """The site applies it."""
    AFTER = "after"
    """The core removes what does not fit; what is unknown is kept."""
    IGNORED = "ignored"
    """Nobody applies it; the run says so."""


class Private(Struct, frozen=True, kw_only=True):
    """What in the site's answers is none of our business: blanked before anything is kept.

    Attributes:
        json_keys: Object keys, at any depth, whose values go.
        selectors: CSS selectors of HTML elements that go.
    """

    json_keys: frozenset[str] = frozenset()
    selectors: tuple[str, ...] = ()


class Policy(Struct, frozen=True, kw_only=True):
    """What the site itself says about being read by programs; shown before it is turned on."""

    summary: str
    robots_url: str | None = None
    terms_url: str | None = None
    checked: str | None = None
    """ISO date on which somebody last read them."""


class CollectorInfo(Struct, frozen=True, kw_only=True):
    """A collector's card.

    Attributes:
        name: `[a-z][a-z0-9_]{1,39}`; the `source` of all its jobs, so it never changes.
        contract: The contract number it was written for; write the number, not the constant.
        hosts: Hosts it may talk to, exact or `*.example.org`. Redirects elsewhere are refused.
        filters: Treatment of each common query word except `limit` and `drop_unknown`, which the
            core applies; a word that is not named is IGNORED. AFTER is possible for `remote`,
            `employment` and `posted_within_days`.
        canary: A query for which the site always has results.
    """

    name: str
    title: str
    homepage: str
    contract: int
    query: type[CommonQuery]
    hosts: tuple[str, ...]
    policy: Policy
    canary: CommonQuery
    settings: type[CollectorSettings] = CollectorSettings
    limits: Limits = Limits()
    features: frozenset[Feature] = frozenset()
    filters: Mapping[str, FilterSupport] = {}
    private: Private = Private()
