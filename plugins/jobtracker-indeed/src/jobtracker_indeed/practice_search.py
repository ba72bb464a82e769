"""What a search asks of the practice site, read strictly out of its arguments."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from jobtracker_indeed import graphql
from jobtracker_indeed.graphql import Field, Word
from jobtracker_indeed.invented import SPOTS, Job, Spot

MOST = 100
"""Postings of one page."""

_MILES_PER_DEGREE = 69.0
_ARGUMENTS = frozenset({"what", "location", "limit", "cursor", "sort", "filters"})
_HOURS = re.compile(r"([1-9]\d*)h")
Test: TypeAlias = Callable[[Job, datetime], bool]


class NotUnderstood(ValueError):  # noqa: N818  (it says what the search is)
    """An argument that this site does not know, or not in this form."""


class Asked(Struct, frozen=True, kw_only=True):
    """A search. `mark` tells it from others: a cursor is valid for one of them."""

    words: tuple[str, ...]
    tests: tuple[Test, ...]
    limit: int
    cursor: str | None
    by_date: bool
    mark: str

    def finds(self, job: Job, today: datetime) -> bool:
        """Say whether a posting is among the results."""
        title = job.title.casefold()
        return all(word in title for word in self.words) and all(
            test(job, today) for test in self.tests
        )

    def order(self, job: Job) -> tuple[bool, int]:
        """Return what the results are sorted by: sponsored ones first unless by date."""
        return not (job.sponsored or self.by_date), -job.index


def understand(text: str) -> tuple[Field, Asked]:
    """Read a query's text; raises NotGraphQL and NotUnderstood."""
    (field, *others) = graphql.read(text)
    if others or not isinstance(field, Field) or field.name != "jobSearch":
        raise NotUnderstood("this site answers `jobSearch` and nothing else")
    arguments = field.arguments
    if unknown := arguments.keys() - _ARGUMENTS:
        raise NotUnderstood(f"unknown argument {', '.join(sorted(unknown))}")
    what = _of_type(arguments, "what", str) or ""
    filters = _of_type(arguments, "filters", list) or []
    sort, limit = _of_type(arguments, "sort", Word), _of_type(arguments, "limit", int)
    if sort not in (Word("RELEVANCE"), Word("DATE")) or not 1 <= (limit or 0) <= MOST:
        raise NotUnderstood(f"sort {sort}, limit {limit}")
    tests = [_filter(each) for each in filters]
    if (location := _of_type(arguments, "location", dict)) is not None:
        tests.append(_place(location))
    rest = {name: value for name, value in arguments.items() if name != "cursor"}
    return field, Asked(
        words=tuple(what.casefold().split()),
        tests=tuple(tests),
        limit=limit or MOST,
        cursor=_of_type(arguments, "cursor", str),
        by_date=sort == Word("DATE"),
        mark=blake2b(msgspec.json.encode(rest, order="sorted"), digest_size=6).hexdigest(),
    )


def _of_type(arguments: Mapping[str, Any], name: str, kind: type) -> Any:
    value = arguments.get(name)
    if value is not None and not isinstance(value, kind):
        raise NotUnderstood(f"{name} is {value!r}")
    return value


def _place(location: Mapping[str, Any]) -> Test:
    """Find the place by its city first, then by state and country, whatever was meant."""
    match location:
        case {"where": str(where), "radius": int(radius), "radiusUnit": Word("MILES"), **rest} if (
            not rest and radius > 0
        ):
            name = where.casefold().partition(",")[0].strip()
        case _:
            raise NotUnderstood(f"location {dict(location)}")
    for centre in SPOTS:
        if centre.city.casefold() == name:
            return lambda job, _: _miles(centre, job.spot) <= radius
    return lambda job, _: name in (job.spot.state_name.casefold(), job.spot.country_name.casefold())


def _miles(one: Spot, other: Spot) -> float:
    north = (one.lat - other.lat) * _MILES_PER_DEGREE
    east = (one.lon - other.lon) * _MILES_PER_DEGREE * math.cos(math.radians(one.lat))
    return math.hypot(north, east)


def _filter(written: Any) -> Test:
    match written:
        case {"date": {"field": "dateOnIndeed", "start": str(start), **rest}} if not rest:
            return _since(start)
        case {"keyword": {"field": "attributes", "keys": [*keys], **rest}}:
            wanted = frozenset(map(str, keys))
            absent = _absent(rest)
            return lambda job, _: wanted.isdisjoint(job.tags) is absent
        case {"keyword": {"field": "indeedApplyScope", "keys": ["DESKTOP"], **rest}} if not rest:
            return lambda job, _: job.easy_apply
        case {"composite": {"filters": [*inner], "operation": Word("OR"), **rest}} if not rest:
            tests = [_filter(each) for each in inner]
            return lambda job, today: any(test(job, today) for test in tests)
        case _:
            raise NotUnderstood(f"filter {written!r}")


def _since(start: str) -> Test:
    hours = _HOURS.fullmatch(start)
    if hours is None:
        raise NotUnderstood(f"date from {start!r}")
    age = timedelta(hours=int(hours[1]))
    return lambda job, today: job.appeared >= today - age


def _absent(rest: Mapping[Any, Any]) -> bool:
    if rest not in ({}, {"match": Word("MUST_NOT")}):
        raise NotUnderstood(f"keyword with {dict(rest)}")
    return bool(rest)
