"""Which site a collector's runs are counted by, and how many of them it bears at once."""

from __future__ import annotations

from collections.abc import Callable

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.info import CollectorInfo, CollectorSettings
from jobtracker_core.http.address import Hosts
from jobtracker_core.plugins.discovery import Registry

SettingsOf = Callable[[str], CollectorSettings]


def site_of(info: CollectorInfo, settings_of: SettingsOf) -> str:
    """Return a collector's site; its own hosts where the operator's settings cannot be read."""
    try:
        base_url = settings_of(info.name).base_url
    except ConfigError:
        # Whatever runs tells of it; which site it is must be known before.
        base_url = None
    return Hosts(info.hosts, base_url).site


def limits_of_sites(registry: Registry, settings_of: SettingsOf) -> dict[str, int]:
    """Return what the plugins say of each site; where several speak of one, the least counts."""
    found: dict[str, int] = {}
    for source in registry.sources.values():
        site = site_of(source.info, settings_of)
        own = source.info.limits.max_running
        found[site] = min(found.get(site, own), own)
    return found
