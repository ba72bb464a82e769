"""Days of the calendar page: borders of months, changes of the clock, whole days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from jobtracker_core.storage.calendar import CalendarEntry
from jobtracker_core.web import months


def entry(
    starts_at: datetime,
    ends_at: datetime | None = None,
    *,
    all_day: bool = False,
    timezone: str = "UTC",
) -> CalendarEntry:
    return CalendarEntry(
        uid="u",
        kind="interview",
        event_id=7,
        application_id=3,
        job_id=None,
        title="Interview",
        text=None,
        place=None,
        starts_at=starts_at,
        ends_at=ends_at,
        timezone=timezone,
        all_day=all_day,
        reminder_min=None,
        done=False,
        subject=None,
        company=None,
        url=None,
        version=1,
        updated_at=starts_at,
    )


@pytest.mark.parametrize(
    ("month", "first", "last", "count"),
    [
        (date(2026, 11, 1), date(2026, 10, 26), date(2026, 12, 6), 6),
        (date(2027, 2, 1), date(2027, 2, 1), date(2027, 2, 28), 4),
        (date(2028, 2, 1), date(2028, 1, 31), date(2028, 3, 5), 5),
        (date(2026, 12, 1), date(2026, 11, 30), date(2027, 1, 3), 5),
    ],
)
def test_a_month_is_whole_weeks_from_monday_on(
    month: date, first: date, last: date, count: int
) -> None:
    weeks = months.weeks(month)
    assert (weeks[0][0], weeks[-1][-1], len(weeks)) == (first, last, count)
    assert {week[0].weekday() for week in weeks} == {0}
    days = [day for week in weeks for day in week]
    assert all(b - a == timedelta(days=1) for a, b in pairwise(days))


@pytest.mark.parametrize(
    ("month", "step", "found"),
    [
        (date(2026, 1, 31), -1, date(2025, 12, 1)),
        (date(2026, 12, 5), 1, date(2027, 1, 1)),
        (date(2026, 11, 29), 0, date(2026, 11, 1)),
    ],
)
def test_months_are_counted_over_the_year(month: date, step: int, found: date) -> None:
    assert months.first_of(month, step) == found


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("America/New_York", date(2026, 10, 31), date(2026, 10, 31)),
        ("Europe/Berlin", date(2026, 11, 1), date(2026, 11, 1)),
        ("Pacific/Auckland", date(2026, 11, 1), date(2026, 11, 1)),
    ],
)
def test_a_time_is_on_the_readers_day(zone: str, first: date, last: date) -> None:
    late = entry(datetime(2026, 11, 1, 0, 30, tzinfo=UTC), datetime(2026, 11, 1, 2, tzinfo=UTC))
    assert months.days_of(late, ZoneInfo(zone)) == (first, last)


@pytest.mark.parametrize("reader", ["America/New_York", "Europe/Berlin", "Pacific/Auckland", "UTC"])
@pytest.mark.parametrize("place", ["America/New_York", "Pacific/Auckland", "Pacific/Pago_Pago"])
def test_whole_days_are_not_shifted(reader: str, place: str) -> None:
    clock = ZoneInfo(place)
    # Over the change of the clock, where there is one.
    first = datetime(2026, 10, 31, tzinfo=clock).astimezone(UTC)
    last = datetime(2026, 11, 2, tzinfo=clock).astimezone(UTC)
    whole = entry(first, last, all_day=True, timezone=place)
    assert months.days_of(whole, ZoneInfo(reader)) == (date(2026, 10, 31), date(2026, 11, 2))
    since, until = months.span(date(2026, 10, 31), date(2026, 10, 31))
    assert since <= first < until


def test_what_ends_at_midnight_does_not_take_the_next_day() -> None:
    zone = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 10, 25, 20, tzinfo=zone).astimezone(UTC)
    midnight = datetime(2026, 10, 26, tzinfo=zone).astimezone(UTC)
    assert months.days_of(entry(evening, midnight), zone) == (date(2026, 10, 25),) * 2
    after = midnight + timedelta(minutes=1)
    assert months.days_of(entry(evening, after), zone)[1] == date(2026, 10, 26)


def test_the_hour_that_comes_twice_is_told_by_the_clock() -> None:
    zone = ZoneInfo("America/New_York")
    both = [
        entry(datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
        entry(datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
    ]
    [day] = months.lay_out(
        [date(2026, 11, 1)], both, month=date(2026, 11, 1), today=date(2026, 11, 1), zone=zone
    )
    assert [(shown.at, shown.until) for shown in day.entries] == [("01:30", "01:30"), ("01:30", "")]


def test_an_entry_of_several_days_is_on_each_within_the_page() -> None:
    long = entry(datetime(2026, 10, 30, 9, tzinfo=UTC), datetime(2026, 11, 2, 17, tzinfo=UTC))
    days = months.lay_out(
        [date(2026, 11, day) for day in (1, 2, 3)],
        [long],
        month=date(2026, 11, 1),
        today=date(2026, 11, 2),
        zone=ZoneInfo("UTC"),
    )
    assert [[(s.goes_on, s.at, s.until) for s in day.entries] for day in days] == [
        [(True, "", "")],
        [(True, "", "17:00")],
        [],
    ]
    assert [day.today for day in days] == [False, True, False]
