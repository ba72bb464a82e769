"""When a search runs by itself: cron lines, intervals, time zones. Pure.

Cron is what people mean by it, that is Debian's: weekdays are 0 to 7 (both Sunday) or names, and a
day of the month *or* a weekday suffices where both are given. A line with fixed hours runs once a
day: what falls into the hour that spring leaves out runs right after it, and in the hour that
autumn repeats only the first time counts. Lines with `*` in the hour or the minute go by the time
that really passes.
"""

from __future__ import annotations

import difflib
import re
import zlib
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError
from msgspec import Struct

from jobtracker_core.runner.cron_words import in_words
from jobtracker_core.storage.searches import Schedule, Search
from jobtracker_core.storage.ticks import Tick

SHORTEST_S = 60
"""Seconds between two runs of a search, at least."""

LONGEST_S = 366 * 24 * 3600
COUNTED = 10_000
"""Missed ticks are counted up to here: years of every minute are not walked through."""

_FIELDS = ("minute", "hour", "day of the month", "month", "weekday")
_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_LOOKS_BACK = (timedelta(hours=2), timedelta(days=2), timedelta(days=62), timedelta(days=3660))


class ScheduleError(ValueError):
    """A schedule that cannot be used. `field` is a field of `Schedule`; `hint` the next step."""

    def __init__(self, field: str, message: str, hint: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.hint = hint


class Upcoming(Struct, frozen=True, kw_only=True):
    """A tick to come: the instant, and what the clock of the schedule's place shows then."""

    at: datetime
    local: str


def validate(schedule: Schedule) -> None:
    """Raise ScheduleError if a schedule cannot be used."""
    _zone(schedule.timezone)
    if schedule.stagger_s < 0:
        raise ScheduleError("stagger_s", "is less than nothing", "Give 0 or more seconds.")
    if schedule.misfire_window_s <= schedule.stagger_s:
        raise ScheduleError(
            "misfire_window_s",
            "a run would be missed before it may begin",
            f"Give more than the {schedule.stagger_s} seconds of the stagger.",
        )
    if schedule.kind == "interval":
        _validate_interval(schedule)
    if schedule.kind == "cron":
        _validate_cron(schedule)


def _validate_interval(schedule: Schedule) -> None:
    if schedule.every_s is None or not SHORTEST_S <= schedule.every_s <= LONGEST_S:
        raise ScheduleError(
            "every_s",
            f"a search runs every {SHORTEST_S} to {LONGEST_S} seconds",
            "Give the seconds between two runs, such as 21600 for six hours.",
        )
    if schedule.anchor_at is None:
        raise ScheduleError("anchor_at", "is missing", "Give the time that runs are counted from.")


def _validate_cron(schedule: Schedule) -> None:
    line = _line(schedule)
    now = datetime.now(UTC)
    try:
        found = next(_cron(line, _zone(schedule.timezone), now), None)
    except CronSimError as error:
        raise _wrong(line, str(error)) from error
    if found is None:
        raise _never(line)


def _line(schedule: Schedule) -> str:
    """Return a cron line with five fields, as cronsim takes it; raises ScheduleError."""
    given = (schedule.cron or "").strip()
    line = _SHORTHANDS.get(given.lower(), given)
    if len(line.split()) != len(_FIELDS):
        raise ScheduleError(
            "cron",
            f"{given!r} does not have five fields",
            f"Give {', '.join(_FIELDS)}, such as 30 7 * * 1-5, or one of {', '.join(_SHORTHANDS)}.",
        )
    # As the end of a range, Sunday is the seventh day.
    return re.sub(r"-sun\b", "-7", line, flags=re.IGNORECASE)


def _wrong(line: str, problem: str) -> ScheduleError:
    """Say which field is wrong; the only word of cronsim's that is needed is the field's name."""
    parts = line.split()
    names = ("Bad minute", "Bad hour", "Bad day-of-month", "Bad month", "Bad day-of-week")
    index = names.index(problem) if problem in names else 0
    if index == 2 and _parses([*parts[:3], "*", parts[4]]):  # noqa: PLR2004  (the day)
        return _never(line)
    ranges = ("0 to 59", "0 to 23", "1 to 31, or L", "1 to 12, or JAN to DEC", "0 to 7, or names")
    return ScheduleError(
        "cron",
        f"{parts[index]!r} is no {_FIELDS[index]}",
        f"Give {ranges[index]}, with `,`, `-` and `/`, or `*`.",
    )


def _parses(parts: list[str]) -> bool:
    try:
        CronSim(" ".join(parts), datetime.now(UTC))
    except CronSimError:
        return False
    return True


def _never(line: str) -> ScheduleError:
    return ScheduleError(
        "cron",
        f"{line!r} never comes: no such month has that day",
        "Change the day or the month; `L` is the last day of any month.",
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        tails = {zone.rpartition("/")[2].lower(): zone for zone in sorted(known)}
        asked = name.rpartition("/")[2].lower().replace(" ", "_")
        near = difflib.get_close_matches(asked, tails, n=1)
        hint = f"Did you mean {tails[near[0]]}?" if near else "Give one such as Europe/Berlin."
        raise ScheduleError("timezone", f"{name!r} is no time zone", hint) from None


def ticks(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Yield the ticks later than an instant, in UTC, each later than the one before.

    Raises ScheduleError at once if the schedule cannot be used.
    """
    if schedule.kind == "cron":
        zone, line = _zone(schedule.timezone), _line(schedule)
        try:
            return _cron(line, zone, after)
        except CronSimError as error:
            raise _wrong(line, str(error)) from error
    if schedule.kind == "interval":
        _validate_interval(schedule)
        return _interval(schedule, after)
    return iter(())


def _cron(line: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    # Made here and not in the generator, so that a wrong line is told of at once.
    found = CronSim(line, after.astimezone(zone))
    return _rising(found, after)


def _rising(found: Iterator[datetime], after: datetime) -> Iterator[datetime]:
    last = after
    for tick in found:
        # Lines of which several times fall into the gap of spring meet at its end, and an instant
        # in the repeated hour of autumn has the local time of one that is an hour older.
        instant = tick.astimezone(UTC)
        if instant > last:
            yield instant
            last = instant


def _interval(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    anchor, every = _anchored(schedule)
    passed = max((after - anchor) // every + 1, 0)
    while True:
        yield anchor + passed * every
        passed += 1


def _anchored(schedule: Schedule) -> tuple[datetime, timedelta]:
    if schedule.anchor_at is None or schedule.every_s is None:
        raise ScheduleError("anchor_at", "is missing", "Give the time that runs are counted from.")
    return schedule.anchor_at.astimezone(UTC), timedelta(seconds=schedule.every_s)


def next_tick(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first tick later than an instant; None if there is none."""
    return next(ticks(schedule, after), None)


def preview(schedule: Schedule, after: datetime, count: int = 10) -> tuple[Upcoming, ...]:
    """Return the next ticks, each with what the clock of the place shows."""
    zone = _zone(schedule.timezone)
    return tuple(
        Upcoming(at=tick, local=f"{tick.astimezone(zone):%a %Y-%m-%d %H:%M %Z}")
        for tick in islice(ticks(schedule, after), count)
    )


def describe(schedule: Schedule) -> str:
    """Return a schedule in plain English."""
    if schedule.kind == "cron":
        return f"{in_words(_line(schedule))} ({schedule.timezone})"
    if schedule.kind == "interval":
        anchor, every = _anchored(schedule)
        often = _duration(int(every.total_seconds()))
        return f"every {often}, counted from {anchor:%Y-%m-%d %H:%M} UTC"
    return "only when it is started by hand"


def _duration(seconds: int) -> str:
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds % size == 0:
            number = seconds // size
            return unit if number == 1 else f"{number} {unit}s"
    return f"{seconds} seconds"


def stagger(search_id: int, stagger_s: int) -> timedelta:
    """Return how long after its ticks a search begins: by its number, so always the same."""
    if stagger_s <= 0:
        return timedelta(0)
    return timedelta(seconds=zlib.crc32(str(search_id).encode()) % stagger_s)


def plan(search: Search, now: datetime) -> Tick | None:
    """Return what is to be done for a search; None if no tick has come.

    Of all ticks since the last one dealt with only the newest runs, and only within its window.
    """
    first = search.next_tick_at
    if first is None or first > now:
        return None
    schedule = search.schedule
    newest, passed_over = _newest(schedule, first, now)
    expires_at = newest + timedelta(seconds=schedule.misfire_window_s)
    return Tick(
        at=newest,
        next_at=next_tick(schedule, now),
        begins_at=newest + stagger(search.id, schedule.stagger_s),
        expires_at=expires_at,
        passed_over=passed_over,
        late=expires_at <= now,
    )


def _newest(schedule: Schedule, first: datetime, now: datetime) -> tuple[datetime, int]:
    """Return the newest tick up to now, and how many there were before it from `first` on."""
    if schedule.kind == "interval":
        _, every = _anchored(schedule)
        passed = (now - first) // every
        return first + passed * every, passed
    newest, passed = first, 0
    for tick in islice(ticks(schedule, first), COUNTED):
        if tick > now:
            return newest, passed
        newest, passed = tick, passed + 1
    for span in _LOOKS_BACK:
        come = takewhile(lambda tick: tick <= now, ticks(schedule, max(newest, now - span)))
        last = deque(come, maxlen=1)
        if last:
            return last[0], passed
    return newest, passed
