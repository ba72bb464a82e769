"""What the page of the jobs list offers beside the list itself, kept until something is written."""

from __future__ import annotations

from msgspec import Struct

from jobtracker_core.storage.views import View
from jobtracker_core.tracker import JobTracker


class Offered(Struct, frozen=True, kw_only=True):
    """Collectors that jobs are stored of, and the saved views of the list."""

    sources: tuple[str, ...]
    views: tuple[View, ...]


class Offers:
    """Reads them again once the version of the data has moved. Safe to share between threads."""

    def __init__(self, tracker: JobTracker) -> None:
        self._tracker = tracker
        self._kept: tuple[int, Offered] | None = None

    def read(self) -> Offered:
        """Return them as they were a second ago, or later.

        Outside of `reading()`: what is seen in there may be older than the version is.
        """
        # The version first: what is written meanwhile moves it, and what is kept is not used again.
        version = self._tracker.data_version()
        kept = self._kept
        if kept is not None and kept[0] == version:
            return kept[1]
        offered = Offered(
            sources=self._tracker.jobs.sources(), views=self._tracker.views.list(kind="jobs")
        )
        if version is not None:
            self._kept = version, offered
        return offered
