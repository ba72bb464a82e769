"""The part of the facade that whoever runs an installation needs."""

from __future__ import annotations

from functools import cached_property

from jobtracker_core.tracker.ingest import Ingest
from jobtracker_core.tracker.stored import Installation


class Operating:
    """Pages from elsewhere, plugins, and the installation as a whole."""

    @cached_property
    def ingest(self: Installation) -> Ingest:
        """Pages that somebody else has read."""
        return Ingest(self)
