"""Sites as their operator sees them: how many runs each of them bears at once."""

from __future__ import annotations

from msgspec import Struct

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.sites import limits_of_sites, site_of
from jobtracker_core.storage import slots
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.tracker.stored import Installation

MOST = 64
"""Runs at once that any site can be given."""


class SiteStatus(Struct, frozen=True, kw_only=True):
    """A site, and how many of its runs may be alive at once, over all machines.

    Attributes:
        site: Its name, such as a host; collectors of the same one share its limit.
        limit: What is in force.
        set_by_operator: Somebody set it; else it follows the plugins.
        plugin_limit: What the plugins that are installed here say; None where none speaks of it.
        running: Runs that are alive now.
        collectors: Those that read it, as far as they are installed here.
    """

    site: str
    limit: int
    set_by_operator: bool
    plugin_limit: int | None
    running: int
    collectors: tuple[str, ...]


class Sites:
    """Limits of the sites: those of the plugins, unless an operator sets one."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(self) -> tuple[SiteStatus, ...]:
        """List the sites that a plugin or the database knows, by name."""
        registry, settings_of = self._tracker.registry, self._tracker.collector_settings
        stored = {site.key: site for site in slots.list_sites(self._tracker.database)}
        limits = limits_of_sites(registry, settings_of)
        readers: dict[str, list[str]] = {}
        for name, source in sorted(registry.sources.items()):
            readers.setdefault(site_of(source.info, settings_of), []).append(name)
        found = []
        for site in sorted(stored.keys() | limits.keys()):
            row = stored.get(site)
            found.append(
                SiteStatus(
                    site=site,
                    limit=limits[site] if row is None else row.max_parallel,
                    set_by_operator=row is not None and row.set_by_operator,
                    plugin_limit=limits.get(site),
                    running=0 if row is None else row.running,
                    collectors=tuple(readers.get(site, ())),
                )
            )
        return tuple(found)

    def get(self, site: str) -> SiteStatus:
        """Return one site; raises NotFound."""
        for found in self.list():
            if found.site == site:
                return found
        raise NotFound(f"there is no site {site!r}", "List the sites to see their names.")

    def set_limit(self, site: str, limit: int) -> SiteStatus:
        """Set how many runs of a site may be alive at once; raises FormError and NotFound.

        Runs that are alive already go on. A plugin that says something else later does not change
        it.
        """
        if not 1 <= limit <= MOST:
            raise FormError({"limit": f"a site bears 1 to {MOST} runs at once, not {limit}"})
        before = self.get(site)
        with self._tracker.change("site.limit", f"site:{site}") as change:
            slots.set_limit(change.db, site, limit)
            change.note(was=before.limit, limit=limit)
        return self.get(site)

    def follow_plugins(self, site: str) -> SiteStatus:
        """Let a site's limit follow the plugins again; raises NotFound.

        Where no plugin speaks of it, the limit stays as it is until one does.
        """
        before = self.get(site)
        limit = before.limit if before.plugin_limit is None else before.plugin_limit
        with self._tracker.change("site.follow", f"site:{site}") as change:
            slots.leave_to_plugins(change.db, site, limit)
            change.note(was=before.limit, limit=limit)
        return self.get(site)
