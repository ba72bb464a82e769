"""What the portal's first page and its rail show: what is due, what is new, what is wrong."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from jobtracker_core.storage import attention, calendar
from jobtracker_core.storage.attention import Attention, Failure, Strip
from jobtracker_core.storage.calendar import CalendarEntry
from jobtracker_core.storage.jobs import Job
from jobtracker_core.tracker.calendar import entry_of
from jobtracker_core.tracker.stored import Installation

MOST: Final = 100
"""Entries of a day that are shown."""

_SHOWN: Final = 6
_LENGTH: Final = 30
_RECENT: Final = timedelta(days=1)


class Day(Struct, frozen=True, kw_only=True):
    """The reader's day: its date, and the instant at which it ends."""

    date: date
    until: datetime

    @classmethod
    def of(cls, moment: datetime, zone: tzinfo) -> Day:
        """Return the day that a clock of `zone` shows at a moment."""
        day = moment.astimezone(zone).date()
        following = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
        return cls(date=day, until=following)


class Today:
    """What somebody should look at. `stats` and `calendar` give programs the same and more."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def day(self, zone: tzinfo) -> Day:
        """Return the day that it is in a time zone."""
        return Day.of(self._tracker.database.present(), zone)

    def attention(self, day: Day, *, since: datetime | None) -> Attention:
        """Count what is new since then, due on that day, and wrong; cheap, however much is stored.

        Without `since` all jobs are new that wait for a decision.
        """
        return attention.count(self._tracker.database, since=since, until=day.until, day=day.date)

    def due(self, day: Day) -> tuple[CalendarEntry, ...]:
        """Return what is to be done on that day and what is late, the earliest first.

        At most `MOST` events and as many next actions.
        """
        database = self._tracker.database
        kinds = attention.TO_BE_DONE
        events = calendar.due_events(database, day.until, kinds=kinds, limit=MOST)
        actions = calendar.next_actions(database, date.min, day.date, limit=MOST)
        found = [*events, *map(entry_of, actions)]
        return tuple(sorted(found, key=lambda entry: (entry.starts_at, entry.uid)))

    def newest(self, *, since: datetime | None) -> tuple[Job, ...]:
        """Return the newest of the jobs that `attention()` counts as new, at most 6."""
        return attention.newest(self._tracker.database, since=since, limit=_SHOWN)

    def strips(self) -> tuple[Strip, ...]:
        """Return the last 30 runs of each collector that is on."""
        return attention.strips(self._tracker.database, _LENGTH)

    def failures(self) -> tuple[Failure, ...]:
        """Return the newest runs that failed within a day, at most 10."""
        database = self._tracker.database
        return attention.failures(database, database.present() - _RECENT, limit=10)
