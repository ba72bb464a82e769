"""The part of the facade that whoever runs an installation needs."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from jobtracker_core.runner.clock import Clock
from jobtracker_core.storage import gauges
from jobtracker_core.storage.gauges import Gauges
from jobtracker_core.tracker.change import Change
from jobtracker_core.tracker.collector_settings import Held
from jobtracker_core.tracker.configuration import Configuration
from jobtracker_core.tracker.ingest import Ingest
from jobtracker_core.tracker.maintenance import Maintenance
from jobtracker_core.tracker.opened import Opened
from jobtracker_core.tracker.sites import Sites
from jobtracker_core.tracker.stored import Installation


class _Whole(Installation, Protocol):
    _opened: Opened
    _outer: Change | None
    _clock: Clock


class Operating:
    """Pages from elsewhere, and the installation as a whole."""

    @cached_property
    def sites(self: Installation) -> Sites:
        """How many runs a site bears at once."""
        return Sites(self)

    @cached_property
    def ingest(self: Installation) -> Ingest:
        """Pages that somebody else has read."""
        return Ingest(self)

    @cached_property
    def maintenance(self: Installation) -> Maintenance:
        """Sizes of the database, and what is to go of it."""
        return Maintenance(self)

    @cached_property
    def configuration(self: _Whole) -> Configuration:
        """How this installation is set up, as a document."""
        return Configuration(self, self._clock)

    def held(self: _Whole, name: str) -> Held:
        """Return all that anybody has set for a collector, and who."""
        return self._opened.held(name, None if self._outer is None else self._outer.db)

    def gauges(self: Installation) -> Gauges:
        """Return how the queue and the collectors do now, in numbers."""
        return gauges.read(self.database)

    def data_version(self: _Whole) -> int | None:
        """Return a number that stays the same as long as nothing that lists show is written.

        It takes no time. None where nobody can vouch for one now, as before the database was first
        used; see `storage.data_version`.
        """
        return self._opened.data_version()
