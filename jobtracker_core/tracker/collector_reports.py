"""Collectors as they are shown: their cards, how they do, and how they are set up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from jobtracker_core.contract.info import Feature, FilterSupport, Limits, Policy
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.plugins.forms import FormField
from jobtracker_core.storage.collectors import Collector
from jobtracker_core.tracker.collector_settings import SettingStatus


class CollectorReport(Struct, frozen=True, kw_only=True):
    """A collector with all that its operator looks at.

    Attributes:
        installed: A plugin brings it here; else only its history is left.
        unavailable: Why it cannot be used on this machine.
        rate: Requests a minute in force; None where its settings cannot be read.
        cooling_until: Its site is left alone until then.
        paused_until: It does not run by itself before.
        paused_version: The plugin's version that is too old for the site.
        settings_problem: What keeps it from running, and who set that.
        version: Grows with each change of enabled and settings; 0 before the first.
    """

    name: str
    title: str | None
    homepage: str | None
    installed: bool
    distribution: str | None
    plugin_version: str | None
    unavailable: str | None
    enabled: bool
    rate: float | None
    cooling_until: datetime | None
    paused_until: datetime | None
    paused_version: str | None
    pause_reason: str | None
    consecutive_failures: int
    last_run_at: datetime | None
    features: tuple[Feature, ...]
    policy: Policy | None
    settings: tuple[SettingStatus, ...]
    settings_problem: str | None
    version: int


class CollectorSchema(Struct, frozen=True, kw_only=True):
    """What can be asked of a collector, and how it can be set up.

    Attributes:
        query, settings: JSON schemas (2020-12).
        query_fields, settings_fields: The same as fields of a form.
        filters: What becomes of each common word of a query: `native` (the site applies it),
            `after` (the core removes what does not fit), `ignored`.
        canary: A query for which the site always has results.
    """

    name: str
    query: dict[str, Any]
    settings: dict[str, Any]
    query_fields: tuple[FormField, ...]
    settings_fields: tuple[FormField, ...]
    filters: Mapping[str, FilterSupport]
    features: tuple[Feature, ...]
    limits: Limits
    policy: Policy
    canary: dict[str, Any]


def schema_of(source: discovery.Source) -> CollectorSchema:
    """Describe a collector."""
    info = source.info
    return CollectorSchema(
        name=info.name,
        query=msgspec.json.schema(info.query),
        settings=msgspec.json.schema(info.settings),
        query_fields=forms.fields(info.query),
        settings_fields=forms.fields(info.settings),
        filters=dict(info.filters),
        features=tuple(sorted(info.features)),
        limits=info.limits,
        policy=info.policy,
        canary=forms.as_words(info.canary),
    )


def report(
    name: str,
    row: Collector | None,
    source: discovery.Source | None,
    *,
    rate: float | None = None,
    cooling_until: datetime | None = None,
    settings: tuple[SettingStatus, ...] = (),
    problem: str | None = None,
) -> CollectorReport:
    """Put together what is known of a collector: its row, its plugin, or both."""
    info = None if source is None else source.info
    return CollectorReport(
        name=name,
        title=None if info is None else info.title,
        homepage=None if info is None else info.homepage,
        installed=source is not None,
        distribution=None if source is None else source.distribution,
        plugin_version=None if source is None else source.version,
        unavailable=None if source is None else source.unavailable,
        enabled=row is not None and row.enabled,
        rate=rate,
        cooling_until=cooling_until,
        paused_until=None if row is None else row.paused_until,
        paused_version=None if row is None else row.paused_version,
        pause_reason=None if row is None else row.pause_reason,
        consecutive_failures=0 if row is None else row.consecutive_failures,
        last_run_at=None if row is None else row.last_run_at,
        features=() if info is None else tuple(sorted(info.features)),
        policy=None if info is None else info.policy,
        settings=settings,
        settings_problem=problem,
        version=0 if row is None else row.version,
    )
