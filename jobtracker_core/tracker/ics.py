"""The calendar as iCalendar text (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar

from jobtracker_core.storage.calendar import CalendarEntry

_PRODUCT = "-//JobTracker//JobTracker//EN"
_ONE_DAY = timedelta(days=1)


def encode(entries: Iterable[CalendarEntry], *, name: str) -> str:
    """Return entries as one calendar of this name.

    Times are UTC instants, so that no calendar has to know a time zone's rules; whole days are
    dates. The same entries always give the same text.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for entry in entries:
        calendar.add_component(_event(entry))
    text: bytes = calendar.to_ical()
    return text.decode()


def _event(entry: CalendarEntry) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", entry.uid)
    # Without a request in between, this is when the entry last changed.
    event.add("dtstamp", entry.updated_at)
    event.add("last-modified", entry.updated_at)
    event.add("sequence", entry.version - 1)
    event.add("summary", _summary(entry))
    event.add("dtstart", _start(entry))
    end = _end(entry)
    if end is not None:
        event.add("dtend", end)
    if entry.place:
        event.add("location", entry.place)
    description = "\n\n".join(part for part in (entry.text, entry.url) if part)
    if description:
        event.add("description", description)
    if entry.url:
        event.add("url", entry.url)
    event.add("categories", [entry.kind.replace("_", " ")])
    # A whole day does not keep one from anything else.
    event.add("transp", "TRANSPARENT" if entry.all_day else "OPAQUE")
    if entry.reminder_min is not None and not entry.done:
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _summary(entry))
        alarm.add("trigger", timedelta(minutes=-entry.reminder_min))
        event.add_component(alarm)
    return event


def _summary(entry: CalendarEntry) -> str:
    subject = ", ".join(part for part in (entry.subject, entry.company) if part)
    return f"{entry.title}: {subject}" if subject else entry.title


def _start(entry: CalendarEntry) -> date:
    return _day(entry.starts_at, entry.timezone) if entry.all_day else entry.starts_at


def _end(entry: CalendarEntry) -> date | None:
    if entry.all_day:
        # The day after the last one: what iCalendar calls the end is not part of the event.
        return _day(entry.ends_at or entry.starts_at, entry.timezone) + _ONE_DAY
    return entry.ends_at


def _day(moment: datetime, timezone: str) -> date:
    return moment.astimezone(ZoneInfo(timezone)).date()
