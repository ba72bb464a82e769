"""Is a collector class what the contract asks for? Answered without running any of its code."""

from __future__ import annotations

import inspect
import math
import re
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from jobtracker_core.contract.collector import JobCollector
from jobtracker_core.contract.info import (
    NAME_PATTERN,
    CollectorInfo,
    CollectorSettings,
    Feature,
    FilterSupport,
    Limits,
)
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.plugins import forms

SUPPORTED_CONTRACTS = frozenset({1})
FILTERS = frozenset(
    {"text", "location", "distance_km", "remote", "employment", "posted_within_days"}
)
AFTER_FILTERS = frozenset({"remote", "employment", "posted_within_days"})
"""The filters that the core can apply to what a site sent."""

SLOWEST, FASTEST, MOST_AT_ONCE = 0.01, 1_000_000, 10_000
"""Bounds of a collector's rate, the same as those of the setting `per_minute`."""

RESERVED = frozenset({"record", "json", "as_json", "help", "database", "proxy_pool"})
"""Names that the command line itself uses beside a query's fields."""

_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")


class Defect(Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `hint` is the plugin author's next step."""

    stage: str
    message: str
    hint: str


def examine(cls: object) -> list[Defect]:
    """Return what keeps `cls` from being used; nothing if it is fine."""
    if not (inspect.isclass(cls) and issubclass(cls, JobCollector)):
        return [_problem("class", f"{cls!r} is not a JobCollector class", "return classes")]
    info = getattr(cls, "info", None)
    if not isinstance(info, CollectorInfo):
        return [
            _problem("info", f"{cls.__name__}.info is not a CollectorInfo", "set the attribute")
        ]
    # The contract number goes first: under another number nothing else means the same.
    if info.contract not in SUPPORTED_CONTRACTS:
        supported = ", ".join(map(str, sorted(SUPPORTED_CONTRACTS)))
        return [
            _problem(
                "contract",
                f"written for contract {info.contract}, this core knows {supported}",
                "update jobtracker-core, or install an older version of the plugin",
            )
        ]
    return [*_examine_info(info), *_examine_types(cls, info), *_examine_methods(cls, info)]


def _problem(stage: str, message: str, hint: str) -> Defect:
    return Defect(stage=stage, message=message, hint=hint)


def _examine_info(info: CollectorInfo) -> Iterator[Defect]:
    if not re.fullmatch(NAME_PATTERN, info.name):
        yield _problem("name", f"bad name {info.name!r}", f"a name matches {NAME_PATTERN}")
    if not re.match(r"https?://[^/\s]+", info.homepage):
        yield _problem("info", f"homepage {info.homepage!r} is no web address", "give its URL")
    if not info.hosts:
        yield _problem("hosts", "no hosts", "name every host that the collector talks to")
    for host in info.hosts:
        if not _HOST.fullmatch(host):
            yield _problem("hosts", f"bad host {host!r}", "write example.org or *.example.org")
    yield from _examine_filters(info)
    yield from _examine_limits(info.limits)
    unknown = info.features - set(typing.get_args(Feature))
    if unknown:
        known = ", ".join(typing.get_args(Feature))
        yield _problem("features", f"unknown: {', '.join(sorted(unknown))}", f"there are {known}")
    if not info.policy.summary.strip():
        yield _problem(
            "policy", "the policy note is empty", "say what the site's robots file and terms say"
        )


def _examine_limits(limits: Limits) -> Iterator[Defect]:
    for name in limits.__struct_fields__:
        value = getattr(limits, name)
        if not math.isfinite(value) or value < 0 or (value == 0 and name != "rechecks"):
            yield _problem("limits", f"{name} cannot be {value}", "see Limits")
    if not SLOWEST <= limits.per_minute <= FASTEST or limits.burst > MOST_AT_ONCE:
        yield _problem(
            "limits",
            f"{limits.per_minute:g} requests a minute with a burst of {limits.burst:,}",
            f"from {SLOWEST:g} to {FASTEST:,} a minute, and a burst of up to {MOST_AT_ONCE:,}",
        )


def _examine_filters(info: CollectorInfo) -> Iterator[Defect]:
    for word, support in info.filters.items():
        if word not in FILTERS:
            yield _problem("filters", f"unknown filter {word!r}", f"one of {sorted(FILTERS)}")
        elif support is FilterSupport.AFTER and word not in AFTER_FILTERS:
            yield _problem(
                "filters",
                f"{word!r} cannot be applied after the fact",
                f"AFTER is possible for {sorted(AFTER_FILTERS)}",
            )


def _examine_types(cls: type[JobCollector[Any, Any]], info: CollectorInfo) -> Iterator[Defect]:
    # The annotations promise these types, a stranger's module does not.
    typed: tuple[tuple[str, Any, type[Struct]], ...] = (
        ("query", info.query, CommonQuery),
        ("settings", info.settings, CollectorSettings),
    )
    for name, given, base in typed:
        if not (inspect.isclass(given) and issubclass(given, base)):
            yield _problem(
                name, f"{given!r} is no {base.__name__}", f"derive it from {base.__name__}"
            )
            continue
        if not given.__struct_config__.frozen or not given.__struct_config__.forbid_unknown_fields:
            yield _problem(
                name,
                f"{given.__name__} must be frozen and forbid unknown fields",
                "class …(…, frozen=True, kw_only=True, forbid_unknown_fields=True)",
            )
        try:
            msgspec.json.schema(given)
            names = {field.name for field in forms.fields(given)}
        except Exception as error:  # noqa: BLE001  (whatever a stranger's type raises)
            yield _problem(
                "schema",
                f"no JSON schema can be built of {given.__name__}: {error}",
                "use plain types, enums and tuples that msgspec knows",
            )
            continue
        if name == "query" and names & RESERVED:
            taken = ", ".join(sorted(names & RESERVED))
            yield _problem(name, f"reserved field names: {taken}", "name them otherwise")
    if not isinstance(info.canary, info.query):
        yield _problem("canary", "the canary is not of the query's type", "give such a query")
    declared = _declared_types(cls)
    if declared is not None and declared != (info.query, info.settings):
        yield _problem(
            "types",
            f"JobCollector[{declared[0].__name__}, {declared[1].__name__}] is not what info says",
            "use the same query and settings types in both places",
        )


def _declared_types(cls: type[JobCollector[Any, Any]]) -> tuple[type, type] | None:
    """Return the type arguments of the JobCollector base, if they are classes."""
    for base in getattr(cls, "__orig_bases__", ()):
        arguments = typing.get_args(base)
        if typing.get_origin(base) is JobCollector and all(map(inspect.isclass, arguments)):
            query, settings = arguments
            return query, settings
    return None


def _examine_methods(cls: type[JobCollector[Any, Any]], info: CollectorInfo) -> Iterator[Defect]:
    abstract: frozenset[str] = getattr(cls, "__abstractmethods__", frozenset())
    if abstract:
        yield _problem("class", f"not written: {', '.join(sorted(abstract))}", "write it")
    elif not inspect.isgeneratorfunction(inspect.unwrap(cls.collect)):
        yield _problem(
            "collect", "collect() is not a generator", "yield pages; do not return a list"
        )
    written = cls.details is not JobCollector.details
    if written != ("details" in info.features):
        said = "is written but not declared" if written else "is declared but not written"
        yield _problem("details", f"details() {said}", "make features and methods agree")
