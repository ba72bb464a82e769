"""Numbers for a front page."""

from __future__ import annotations

from datetime import datetime, timedelta

from jobtracker_core.storage import stats
from jobtracker_core.storage.fields import Moment
from jobtracker_core.storage.stats import Stats as FrontStats
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.stored import Installation

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
