"""Collectors as their user sees them: on or off, and how fast their sites may be asked now."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from msgspec import Struct

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.info import CollectorInfo, CollectorSettings
from jobtracker_core.http.address import Hosts
from jobtracker_core.plugins import discovery
from jobtracker_core.storage import collectors, rates
from jobtracker_core.tracker.stored import Installation


class CollectorOff(Exception):  # noqa: N818
    """The collector was not turned on; `policy` is what its site says about programs."""

    def __init__(self, info: CollectorInfo) -> None:
        super().__init__(f"collector {info.name!r} is off")
        self.info = info


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
        raise CollectorOff(source.info)
    return source


def site_of(tracker: Installation, info: CollectorInfo) -> str:
    """Return what a collector's runs at once are counted by; raises ConfigError."""
    return Hosts(info.hosts, tracker.collector_settings(info.name).base_url).site
