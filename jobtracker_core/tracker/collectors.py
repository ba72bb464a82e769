"""Collectors as their user sees them: on or off, and how fast their sites may be asked now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from msgspec import Struct, structs

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.info import CollectorInfo, CollectorSettings
from jobtracker_core.http.address import Hosts, read_address
from jobtracker_core.http.guard import Guard, Refused
from jobtracker_core.http.ranges import Allowed
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.housekeeping import probe_of
from jobtracker_core.settings.hidden import is_secret
from jobtracker_core.storage import collector_settings, collectors, queue, rates
from jobtracker_core.storage.collector_settings import CollectorChange
from jobtracker_core.storage.queue import Enqueued
from jobtracker_core.tracker.change import differing
from jobtracker_core.tracker.collector_reports import (
    CollectorReport,
    CollectorSchema,
    report,
    schema_of,
)
from jobtracker_core.tracker.collector_settings import SettingStatus, describe
from jobtracker_core.tracker.collector_settings import check as check_settings
from jobtracker_core.tracker.collector_settings import read as read_settings
from jobtracker_core.tracker.stored import Installation, check_pool


class CollectorOff(Exception):  # noqa: N818
    """The collector of that name was not turned on."""

    def __init__(self, name: str) -> None:
        super().__init__(f"collector {name!r} is off")
        self.name = name


class CollectorStatus(Struct, frozen=True, kw_only=True):
    """A collector, and whether it may be used; `unavailable` says why it cannot be.

    Attributes:
        rate: Requests a minute in force: less than what is set after its site asked for quiet.
            None where its settings cannot be read.
        cooling_until: Its site is left alone until then.
        paused: Why it does not run by itself, in words; None while it does.
        probed_at: When that is looked at again; None where it waits for another version.
    """

    info: CollectorInfo
    distribution: str
    version: str
    enabled: bool
    unavailable: str | None = None
    rate: float | None = None
    cooling_until: datetime | None = None
    paused: str | None = None
    probed_at: datetime | None = None


class Collectors:
    """Which sites are collected: all are off until they are turned on."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(self) -> tuple[CollectorStatus, ...]:
        """List the collectors that are installed."""
        sources = self._tracker.registry.sources
        database = self._tracker.database
        stored = {row.name: row for row in collectors.list_all(database)}
        settings = {name: self._settings(name) for name in sources}
        keys = {name: _rate_key(source.info, settings[name]) for name, source in sources.items()}
        found, moment = rates.find(database, set(keys.values()))
        listed = []
        for name, source in sorted(sources.items()):
            mine = settings[name]
            row = found.get(keys[name])
            rate = None
            if mine is not None:
                rate = mine.per_minute or source.info.limits.per_minute
                rate *= 1.0 if row is None else row.pace_now(moment)
            listed.append(
                CollectorStatus(
                    info=source.info,
                    distribution=source.distribution,
                    version=source.version,
                    enabled=name in stored and stored[name].enabled,
                    unavailable=source.unavailable,
                    rate=rate,
                    cooling_until=None if row is None else row.cooling_until(moment),
                    **_pause(stored.get(name), source.version),
                )
            )
        return tuple(listed)

    def enabled(self, name: str) -> bool:
        """Say whether a collector is on; raises UnknownCollector."""
        discovery.find(self._tracker.registry, name)
        rows = collectors.list_all(self._tracker.database)
        return any(row.enabled for row in rows if row.name == name)

    def set_enabled(self, name: str, enabled: bool) -> CollectorInfo:  # noqa: FBT001
        """Turn a collector on or off; return its card, whose policy note the user must see.

        On also lets its site be asked again at once if that is being left alone.
        """
        info = discovery.find(self._tracker.registry, name).info
        key = _rate_key(info, self._settings(name))
        action = "collector.enable" if enabled else "collector.disable"
        with self._tracker.change(action, f"collector:{name}") as change:
            collectors.ensure(change.db, [name])
            collectors.set_enabled(change.db, name, enabled, rate_key=key)
        return info

    def reports(self) -> tuple[CollectorReport, ...]:
        """List all collectors by name, those whose plugin is gone included, and how they do."""
        rows = {row.name: row for row in collectors.list_all(self._tracker.database)}
        known = {status.info.name: status for status in self.list()}
        return tuple(
            self._report(name, rows.get(name), known.get(name))
            for name in sorted(rows.keys() | known.keys())
        )

    def report(self, name: str) -> CollectorReport:
        """Return one collector as `reports()` does; raises UnknownCollector."""
        for found in self.reports():
            if found.name == name:
                return found
        # It says which there are, or why this one cannot be loaded.
        raise discovery.not_found(self._tracker.registry, name)

    def schema(self, name: str) -> CollectorSchema:
        """Describe a collector's queries and settings; raises UnknownCollector."""
        return schema_of(discovery.find(self._tracker.registry, name))

    def update(
        self,
        name: str,
        *,
        enabled: bool | None = None,
        settings: Mapping[str, Any] | None = None,
        expected_version: int | None = None,
    ) -> CollectorReport:
        """Change what is given of a collector, and nothing else.

        A setting that is None goes, so that the file, the environment or the default holds. Those
        two go before what is set here, see `CollectorReport.settings`. Workers take it up with the
        next run that they begin. Turning it on does what `set_enabled()` does.

        Raises UnknownCollector, FormError naming each wrong setting as `settings.NAME`, and Stale.
        """
        info = discovery.find(self._tracker.registry, name).info
        given = {field: value for field, value in (settings or {}).items() if value is not None}
        self._check(info, settings or {}, given)
        wanted = CollectorChange(
            enabled=enabled,
            settings={k: value for k, value in given.items() if not is_secret(k)},
            secrets={k: value for k, value in given.items() if is_secret(k)},
            dropped=(settings or {}).keys() - given.keys(),
            rate_key=_rate_key(info, self._settings(name)),
        )
        with self._tracker.change("collector.update", f"collector:{name}") as change:
            before = collectors.settings_of(change.db, name)
            after = collector_settings.update(
                change.db, name, wanted, expected_version=expected_version
            )
            if enabled is not None:
                change.note(enabled=enabled)
            if wanted.secrets:
                change.note(secrets=sorted(wanted.secrets))
            change.note(**differing(before, after.settings))
        return self.report(name)

    def probe(self, name: str) -> Enqueued:
        """Have a worker look whether a collector's site answers as its plugin expects.

        The probe is a run that stores nothing; its end says how it went, and counts for the
        collector's pause as the probes do that workers begin. One that is pending or running is
        returned instead, with the outcome `overlap`. Raises CollectorOff, UnknownCollector,
        Unavailable and ConfigError.
        """
        source = turned_on(self._tracker, name)
        wanted = structs.replace(
            probe_of(source, self._tracker.collector_settings),
            requested_by=self._tracker.actor.label,
        )
        with self._tracker.change("collector.probe", f"collector:{name}") as change:
            made = queue.enqueue(change.db, wanted)
            change.note(run=made.run_id, outcome=made.outcome)
            return change.made(made, change.target)

    def _check(
        self, info: CollectorInfo, settings: Mapping[str, Any], given: Mapping[str, Any]
    ) -> None:
        known = {field.name for field in forms.fields(info.settings)}
        problems = {
            f"settings.{field}": "there is no such setting; there are " + ", ".join(sorted(known))
            for field in settings.keys() - known
        }
        problems |= {
            f"settings.{field}": "it takes a text"
            for field in given.keys() & known
            if is_secret(field) and not isinstance(given[field], str)
        }
        if problems:
            raise FormError(problems)
        check_settings(info.settings, given)
        self._check_aim(info, given.get("base_url"))
        try:
            check_pool(self._tracker, given.get("proxy_pool"))
        except FormError as error:
            raise FormError({f"settings.{k}": v for k, v in error.problems.items()}) from error

    def _check_aim(self, info: CollectorInfo, base_url: str | None) -> None:
        """Raise FormError if somebody from elsewhere would have this machine ask inside.

        Whoever sits at this machine can ask there anyway.
        """
        if base_url is None or self._tracker.actor.kind == "local":
            return
        if Hosts(info.hosts, None).allow(read_address(base_url)):
            return
        try:
            Guard(Allowed(self._tracker.settings.allow_private_addresses)).check(base_url)
        except Refused as error:
            raise FormError({"settings.base_url": f"{error}. {error.hint}"}) from error

    def _report(
        self, name: str, row: collectors.Collector | None, status: CollectorStatus | None
    ) -> CollectorReport:
        if status is None:
            return report(name, row, None)
        source = self._tracker.registry.sources[name]
        settings: tuple[SettingStatus, ...] = ()
        problem = None
        try:
            held = self._tracker.held(name)
            settings = describe(held, source)
            read_settings(held, source)
        except ConfigError as error:
            problem = str(error)
        return report(
            name,
            row,
            source,
            rate=status.rate,
            cooling_until=status.cooling_until,
            settings=settings,
            problem=problem,
        )

    def _settings(self, name: str) -> CollectorSettings | None:
        # A wrong setting is told by whatever needs it; it must not hide the other collectors.
        try:
            return self._tracker.collector_settings(name)
        except ConfigError:
            return None


class _Pause(TypedDict, total=False):
    paused: str | None
    probed_at: datetime | None


def _pause(row: collectors.Collector | None, version: str) -> _Pause:
    if row is None or not (row.paused_until or row.paused_version == version):
        return {}
    return {"paused": row.pause_reason, "probed_at": row.paused_until}


def _rate_key(info: CollectorInfo, settings: CollectorSettings | None) -> str:
    return Hosts(info.hosts, None if settings is None else settings.base_url).rate_key


def turned_on(tracker: Installation, name: str) -> discovery.Source:
    """Return a collector that may run; raises CollectorOff, UnknownCollector and Unavailable."""
    source = discovery.find_usable(tracker.registry, name)
    if not Collectors(tracker).enabled(name):
        raise CollectorOff(name)
    return source


def site_of(tracker: Installation, info: CollectorInfo) -> str:
    """Return what a collector's runs at once are counted by; raises ConfigError."""
    return Hosts(info.hosts, tracker.collector_settings(info.name).base_url).site
