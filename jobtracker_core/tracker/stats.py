"""Numbers for a front page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

from jobtracker_core.storage import performance, stats
from jobtracker_core.storage.fields import Moment, SourceName, Zone
from jobtracker_core.storage.performance import Performance
from jobtracker_core.storage.stats import Stats as FrontStats
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.stored import Installation

LONGEST_DAYS = 90
"""Days that a look back may reach."""

Days = Annotated[int, Meta(ge=1, le=LONGEST_DAYS)]

_LAST = timedelta(days=1)


class Stats:
    """What there is, what is new, and what is to be done."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def front(self, *, since: datetime | None = None) -> FrontStats:
        """Count everything; what is new came since then, or in the last 24 hours.

        Raises FormError for a time that is none.
        """
        database = self._tracker.database
        moment = entries.check_value("since", since, Moment | None) or database.present() - _LAST
        return stats.front(database, moment)

    def performance(
        self, *, days: int = 30, source: str | None = None, timezone: str = "UTC"
    ) -> Performance:
        """Say how collecting did in the last days, today included, by the clock of a place.

        At most 90 days and the newest 50,000 runs. Raises FormError naming what is wrong.
        """
        zone = entries.check_value("timezone", timezone, Zone)
        return performance.measure(
            self._tracker.database,
            days=entries.check_value("days", days, Days),
            zone=ZoneInfo(zone),
            source=entries.check_value("source", source, SourceName | None),
        )
