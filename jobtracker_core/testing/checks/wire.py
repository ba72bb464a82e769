"""What a collector sends, where to, and how fast."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import structs

from jobtracker_core.contract.errors import BadQuery
from jobtracker_core.contract.info import FilterSupport
from jobtracker_core.contract.posting import Employment
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.http.address import ForbiddenHost, Hosts, read_address
from jobtracker_core.http.exchange import Request
from jobtracker_core.testing.bench import Bench
from jobtracker_core.testing.registry import Check
from jobtracker_core.testing.spies import Passing, side_doors
from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.verdict import CheckFailed, require

_JITTER = 0.3
"""Part of the time between two requests that the client waits at most after its turn has come."""

_HAIR = 1e-6
"""Seconds by which sums of waits may be off."""


_VALUES: Final[Mapping[str, tuple[Any, ...]]] = MappingProxyType(
    {
        "text": ("nurse", "welder"),
        "location": ("Berlin", "London"),
        "distance_km": (15, 120),
        "remote": (("remote",), ("onsite",)),
        "employment": ((Employment.FULL_TIME,), (Employment.CONTRACT,)),
        "posted_within_days": (3, 21),
    }
)
"""Values of the common words. Two of each: one may be what the site is asked for anyway."""


def hosts(subject: Subject) -> None:
    """It asks its declared hosts and no other, and follows `base_url` wholly."""
    for bench in subject.benches:
        with suppress(CheckFailed):  # a stray request may be why there is no plain run
            _ = bench.plain
        require(
            not bench.strays,
            f"with base_url {bench.settings.base_url} it asked for {bench.strays[:1]}",
            "build every address on self.settings.base_url, or the site's own where it is None",
        )
        read = bench.plain.read
        refused = [error for error in read.raised if isinstance(error, ForbiddenHost)]
        require(
            not refused,
            f"it asked for a host that it has not declared: {refused[:1]}",
            "declare the host in info.hosts, or do not ask it",
        )
        allowed = Hosts(bench.info.hosts, bench.settings.base_url)
        outside = [
            request.url
            for _, request in bench.plain.ran.sent
            if not allowed.allow(read_address(request.url))
        ]
        require(not outside, f"it reached {outside[:1]}", "ask through ctx.http alone")


def side_door(subject: Subject) -> None:
    """It has no sleep, no connection and no process of its own."""
    for bench in subject.benches:
        _ = bench.plain
        with side_doors() as seen:
            bench.run(lambda transport, _clock: Passing(transport))
        require(
            not seen,
            f"it went past its context: {', '.join(dict.fromkeys(seen))}",
            "wait with ctx.pause() and ask with ctx.http: only those know stop, rate and proxy",
        )


def rate(subject: Subject) -> None:
    """No span of time holds more requests than the declared rate and burst allow."""
    for bench in subject.benches:
        limits = bench.info.limits
        per_minute = bench.settings.per_minute or limits.per_minute
        stamps = [at for at, _ in bench.plain.ran.sent]
        require(
            len(stamps) <= bench.plain.ran.host.granted,
            f"{len(stamps)} requests were sent, and {bench.plain.ran.host.granted} were granted",
            "ask through ctx.http alone: it waits for each request's turn",
        )
        for first, start in enumerate(stamps):
            for last in range(first + 1, len(stamps)):
                span = stamps[last] - start + _JITTER * 60 / per_minute + _HAIR
                sent, allowed = last - first + 1, per_minute / 60 * span + limits.burst
                require(
                    sent <= allowed,
                    f"{sent} requests within {span:.1f} s, where {per_minute:g} a minute and a "
                    f"burst of {limits.burst} allow {allowed:.1f} (from request {first + 1})",
                    "ask through ctx.http alone: it keeps the rate",
                )


def filters(subject: Subject) -> None:
    """What the site is said to apply reaches the site, or is refused."""
    bench = subject.on_site
    _ = bench.plain
    for word, support in bench.info.filters.items():
        if support is not FilterSupport.NATIVE or word not in _VALUES:
            continue
        without, values = _without(bench.query, word), _VALUES[word]
        require(
            any(_reaches(bench, without, word, value) for value in values),
            f"{word!r} is declared native and never sent: a run with "
            f"{' or '.join(map(repr, values))} asks for nothing that a run without it does not",
            f"send query.{word} to the site, raise BadQuery for values that it does not know, "
            "or declare the word AFTER or IGNORED in info.filters",
        )


def _without(query: CommonQuery, word: str) -> CommonQuery:
    """Take a word out of a query. A distance is from somewhere, and goes with its place."""
    changes: dict[str, Any] = {word: () if word in ("remote", "employment") else None}
    if word == "location":
        changes["distance_km"] = None
    elif word == "distance_km":
        changes["location"] = query.location or _VALUES["location"][0]
    return structs.replace(query, **changes)


def _reaches(bench: Bench, without: CommonQuery, word: str, value: Any) -> bool:
    """Say whether a word makes a request that is not made without it, or is refused."""
    words = msgspec.to_builtins(structs.replace(without, **{word: value}))
    try:
        asked = msgspec.convert(words, type(without))
    except msgspec.ValidationError:
        return True  # the query's own type refuses the value
    read = bench.read(details=False, query=asked)
    if isinstance(read.error, BadQuery):
        return True
    known = {_key(request) for request in bench.read(details=False, query=without).sent}
    return any(_key(request) not in known for request in read.sent)


def _key(request: Request) -> tuple[str, str, bytes]:
    return request.method, request.url, request.body or b""


CHECKS = (
    Check(
        name="hosts",
        proves="it asks only its declared hosts, and base_url moves every request",
        needs="answers",
        run=hosts,
        own_http="its requests do not pass the core; the check `proxy_hosts` looks at them",
    ),
    Check(
        name="side_door",
        proves="it neither sleeps, nor connects, nor starts a process by itself",
        needs="answers",
        run=side_door,
        own_http="its own HTTP is the side door; the check `proxy_only` sees where it leads",
    ),
    Check(
        name="rate",
        proves="no span of time holds more requests than its declared rate and burst",
        needs="answers",
        run=rate,
        own_http="the core can throttle it only between pages, and its library waits in real time",
    ),
    Check(
        name="filters",
        proves="each common word that is declared native changes what is sent, or is refused",
        needs="site",
        run=filters,
        own_http="its requests do not pass the core, so nobody can compare them",
    ),
)
