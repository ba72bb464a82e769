"""A cron line in plain English."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cronsim import CronSim

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_SHORT = {day[:3].upper(): number for number, day in enumerate(_DAYS)}
_WORKDAYS, _ALL = {1, 2, 3, 4, 5}, set(range(7))


def in_words(line: str) -> str:
    """Return what a line of five fields says, beginning in lower case."""
    minute, hour, day, month, weekday = line.split()
    days = _weekdays(weekday)
    if not (minute.isdecimal() and hour.isdecimal() and (day, month) == ("*", "*") and days):
        said = CronSim(line, datetime.now(UTC)).explain()
        return said[0].lower() + said[1:]
    return f"every {_named(days)} at {int(hour):02}:{int(minute):02}"


def _weekdays(field: str) -> set[int] | None:
    """Return the weekdays of a field of plain days and ranges; None for anything else."""
    if field == "*":
        return _ALL
    found: set[int] = set()
    for part in field.upper().split(","):
        match = re.fullmatch(r"([0-7]|[A-Z]{3})(?:-([0-7]|[A-Z]{3}))?", part)
        if match is None:
            return None
        first = _number(match[1])
        last = first if match[2] is None else _number(match[2])
        found |= {number % 7 for number in range(first, last + 1)}
    return found


def _number(day: str) -> int:
    return int(day) if day.isdecimal() else _SHORT[day]


def _named(days: set[int]) -> str:
    if days == _ALL:
        return "day"
    if days == _WORKDAYS:
        return "weekday"
    # The week begins on Monday, as people list its days.
    names = [_DAYS[number] for number in sorted(days, key=lambda number: (number - 1) % 7)]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
