"""Days of a calendar page, and what is on them by the reader's clock; no database, no HTML."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from jobtracker_core.storage.calendar import CalendarEntry

_WEEK = 7
_DECEMBER = 12
_DAY = timedelta(days=1)
_OTHER_CLOCKS = timedelta(hours=26)
"""No two places are further apart by their clocks: from UTC+14 to UTC-12."""


class Shown(Struct, frozen=True, kw_only=True):
    """An entry on one of its days.

    Attributes:
        at: When it begins, "14:00"; "" on its later days and for whole days.
        until: When it ends, if it does on the same day.
        path: Where it leads, below the prefix.
        goes_on: It began on an earlier day.
    """

    entry: CalendarEntry
    at: str
    until: str
    path: str
    goes_on: bool


class Day(Struct, frozen=True, kw_only=True):
    """A day of a page; `inside` says that it is one of the month's own."""

    on: date
    inside: bool
    today: bool
    entries: tuple[Shown, ...]


def first_of(month: date, step: int = 0) -> date:
    """Return the first day of a month, or of one that many months later."""
    number = month.year * _DECEMBER + month.month - 1 + step
    return date(number // _DECEMBER, number % _DECEMBER + 1, 1)


def weeks(month: date) -> tuple[tuple[date, ...], ...]:
    """Return the weeks that a month has a part of, each from Monday on."""
    first, after = first_of(month), first_of(month, 1)
    monday = first - timedelta(days=first.weekday())
    count = -(-(after - monday).days // _WEEK)
    return tuple(
        tuple(monday + timedelta(days=week * _WEEK + day) for day in range(_WEEK))
        for week in range(count)
    )


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """Return instants between which all is that may be on these days, by whatever clock."""
    since = datetime.combine(first, time(), tzinfo=UTC) - _OTHER_CLOCKS
    return since, datetime.combine(last + _DAY, time(), tzinfo=UTC) + _OTHER_CLOCKS


def days_of(entry: CalendarEntry, zone: ZoneInfo) -> tuple[date, date]:
    """Return the first and the last day of an entry.

    Whole days are those of its own time zone, wherever the reader is; times are by the reader's
    clock, and what ends at midnight does not take the day that begins then.
    """
    clock = ZoneInfo(entry.timezone) if entry.all_day else zone
    first = entry.starts_at.astimezone(clock).date()
    if entry.ends_at is None or entry.ends_at <= entry.starts_at:
        return first, first
    ends = entry.ends_at if entry.all_day else entry.ends_at - timedelta(microseconds=1)
    return first, max(first, ends.astimezone(clock).date())


def lay_out(
    days: Iterable[date],
    entries: Iterable[CalendarEntry],
    *,
    month: date,
    today: date,
    zone: ZoneInfo,
) -> tuple[Day, ...]:
    """Put entries on the days that they take; whole days come first, then by the hour."""
    wanted = tuple(days)
    on: dict[date, list[Shown]] = {day: [] for day in wanted}
    if wanted:
        for entry in sorted(entries, key=lambda one: (not one.all_day, one.starts_at, one.uid)):
            first, last = days_of(entry, zone)
            day = max(first, wanted[0])
            while day <= min(last, wanted[-1]):
                if day in on:
                    on[day].append(_shown(entry, zone, goes_on=day != first, ends=day == last))
                day += _DAY
    return tuple(
        Day(
            on=day,
            inside=(day.year, day.month) == (month.year, month.month),
            today=day == today,
            entries=tuple(on[day]),
        )
        for day in wanted
    )


def _shown(entry: CalendarEntry, zone: ZoneInfo, *, goes_on: bool, ends: bool) -> Shown:
    timed = not entry.all_day
    of_event = entry.event_id is not None and entry.kind != "status"
    return Shown(
        entry=entry,
        at=f"{entry.starts_at.astimezone(zone):%H:%M}" if timed and not goes_on else "",
        until=f"{entry.ends_at.astimezone(zone):%H:%M}"
        if timed and ends and entry.ends_at is not None
        else "",
        path=f"/events/{entry.event_id}" if of_event else f"/applications/{entry.application_id}",
        goes_on=goes_on,
    )
