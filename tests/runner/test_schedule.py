"""When searches run: cron as people mean it, intervals, and what is said about both."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobtracker_core.runner import schedule as schedules
from jobtracker_core.runner.schedule import ScheduleError, next_tick
from jobtracker_core.storage.queue import Limits
from jobtracker_core.storage.searches import Schedule, Search

SUNDAY = datetime(2026, 3, 1, 13, tzinfo=UTC)


def cron(line: str, timezone: str = "UTC", **facts: Any) -> Schedule:
    return Schedule(kind="cron", cron=line, timezone=timezone, **facts)


def first(schedule: Schedule, after: datetime, count: int) -> list[str]:
    return [f"{tick:%m-%d %H:%M}" for tick in islice(schedules.ticks(schedule, after), count)]


# The table is made by hand, from calendars and the dates on which the clocks change.
BERLIN, LORD_HOWE = "Europe/Berlin", "Australia/Lord_Howe"
TABLE = {
    "weekday 0": ("0 12 * * 0", "UTC", "2026-03-01 13:00", ["03-08 12:00", "03-15 12:00"]),
    "weekday 7": ("0 12 * * 7", "UTC", "2026-03-01 13:00", ["03-08 12:00", "03-15 12:00"]),
    "weekday name": ("0 12 * * Sun", "UTC", "2026-03-01 13:00", ["03-08 12:00", "03-15 12:00"]),
    "weekdays 1-5": ("0 12 * * 1-5", "UTC", "2026-03-05 13:00", ["03-06 12:00", "03-09 12:00"]),
    "names to Sunday": (
        "0 12 * * fri-sun",
        "UTC",
        "2026-03-05 13:00",
        ["03-06 12:00", "03-07 12:00", "03-08 12:00", "03-13 12:00"],
    ),
    "day or weekday": (
        "0 12 13 * 5",
        "UTC",
        "2026-04-01 00:00",
        ["04-03 12:00", "04-10 12:00", "04-13 12:00", "04-17 12:00"],
    ),
    "month name": ("0 0 1 jun *", "UTC", "2026-03-01 00:00", ["06-01 00:00"]),
    "steps": (
        "*/20 6 * * *",
        "UTC",
        "2026-03-01 06:10",
        ["03-01 06:20", "03-01 06:40", "03-02 06:00"],
    ),
    "shorthand": ("@weekly", "UTC", "2026-03-01 13:00", ["03-08 00:00"]),
    # Clocks go from 02:00 to 03:00 at 01:00 UTC.
    "spring, in the gap": (
        "30 2 * * *",
        BERLIN,
        "2026-03-28 12:00",
        ["03-29 01:00", "03-30 00:30"],
    ),
    "spring, several in the gap": (
        "0,20,40 2-3 * * *",
        BERLIN,
        "2026-03-29 00:00",
        ["03-29 01:00", "03-29 01:20", "03-29 01:40", "03-30 00:00"],
    ),
    "spring, every hour": (
        "0 * * * *",
        BERLIN,
        "2026-03-28 23:30",
        ["03-29 00:00", "03-29 01:00", "03-29 02:00"],
    ),
    # Clocks go from 03:00 to 02:00 at 01:00 UTC.
    "autumn, repeated": ("30 2 * * *", BERLIN, "2026-10-24 12:00", ["10-25 00:30", "10-26 01:30"]),
    "autumn, asked between": ("30 2 * * *", BERLIN, "2026-10-25 01:10", ["10-26 01:30"]),
    "autumn, every hour": (
        "0 * * * *",
        BERLIN,
        "2026-10-24 23:30",
        ["10-25 00:00", "10-25 01:00", "10-25 02:00"],
    ),
    # Clocks go by half an hour: from 02:00 to 02:30 in October, from 02:00 to 01:30 in April.
    "half-hour gap": ("15 2 * * *", LORD_HOWE, "2026-10-03 00:00", ["10-03 15:30", "10-04 15:15"]),
    "half-hour repeat": (
        "45 1 * * *",
        LORD_HOWE,
        "2026-04-04 00:00",
        ["04-04 14:45", "04-05 15:15"],
    ),
    # The clock of the place is half or three quarters of an hour off the hours of UTC.
    "half-hour zone": ("0 12 * * *", "Asia/Kolkata", "2026-03-01 07:00", ["03-02 06:30"]),
    "every hour, half-hour zone": (
        "0 * * * *",
        "Asia/Kolkata",
        "2026-03-01 07:00",
        ["03-01 07:30", "03-01 08:30"],
    ),
    "quarter-hour zone": ("15 0 * * *", "Asia/Kathmandu", "2026-03-01 00:00", ["03-01 18:30"]),
    "weekday of the place": ("0 1 * * 1", "Asia/Kolkata", "2026-03-01 13:00", ["03-01 19:30"]),
    "month end": ("0 0 31 * *", "UTC", "2026-01-31 12:00", ["03-31 00:00", "05-31 00:00"]),
    "last day": ("0 0 L * *", "UTC", "2026-01-31 12:00", ["02-28 00:00", "03-31 00:00"]),
}


@pytest.mark.fault(
    "F18",
    done="Ticks around clock changes in several zones were compared with ones worked out by hand.",
    holds="All were the same.",
)
@pytest.mark.parametrize(("line", "zone", "after", "expected"), TABLE.values(), ids=TABLE.keys())
def test_ticks_by_hand(line: str, zone: str, after: str, expected: list[str]) -> None:
    start = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert first(cron(line, zone), start, len(expected)) == expected


@pytest.mark.fault(
    "F19",
    done="A schedule named 29 February.",
    holds="It came in leap years only.",
)
def test_a_leap_day() -> None:
    found = list(islice(schedules.ticks(cron("0 0 29 2 *"), SUNDAY), 3))
    assert [tick.year for tick in found] == [2028, 2032, 2036]
    assert {(tick.month, tick.day) for tick in found} == {(2, 29)}


@pytest.mark.fault(
    "F19",
    done="Schedules named days that never come.",
    holds="Each was refused in words, without a long search.",
)
@pytest.mark.parametrize("line", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30-31 feb *"])
def test_a_line_that_never_comes_is_told_as_such_within_a_second(line: str) -> None:
    start = time.process_time()
    for use in (schedules.validate, lambda given: next_tick(given, SUNDAY)):
        with pytest.raises(ScheduleError, match="never comes") as caught:
            use(cron(line))
        assert caught.value.field == "cron"
        assert "`L` is the last day" in caught.value.hint
    assert time.process_time() - start < 1


@pytest.mark.fault(
    "F19",
    done="The next tick was searched for lines that come rarely or never.",
    holds="No search took a second.",
)
@pytest.mark.parametrize(
    "line", ["0 0 29 2 *", "0 0 * 2 1#5", "0 0 29 2 */7", "59 23 31 12 *", "* * * * *"]
)
def test_no_search_for_a_tick_takes_a_second(line: str) -> None:
    start = time.process_time()
    schedules.validate(cron(line, BERLIN))
    assert next_tick(cron(line, BERLIN), SUNDAY) is not None
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("schedule", "field", "message", "hint"),
    [
        (cron("0 12 * *"), "cron", "does not have five fields", "30 7 * * 1-5"),
        (cron("0 0 12 * * *"), "cron", "does not have five fields", "minute, hour"),
        (Schedule(kind="cron"), "cron", "'' does not have five fields", "@daily"),
        (cron("@reboot"), "cron", "does not have five fields", "@hourly"),
        (cron("61 * * * *"), "cron", "'61' is no minute", "0 to 59"),
        (cron("0 24 * * *"), "cron", "'24' is no hour", "0 to 23"),
        (cron("0 0 32 * *"), "cron", "'32' is no day of the month", "1 to 31"),
        (cron("0 0 1 13 *"), "cron", "'13' is no month", "JAN to DEC"),
        (cron("0 0 * * 8"), "cron", "'8' is no weekday", "0 to 7"),
        (cron("0 0 * * *", "Europe/Berlni"), "timezone", "no time zone", "Europe/Berlin?"),
        (cron("0 0 * * *", ""), "timezone", "no time zone", "such as"),
        (cron("0 0 * * *", "../etc/passwd"), "timezone", "no time zone", "such as"),
        (cron("0 0 * * *", stagger_s=-1), "stagger_s", "less than nothing", "0 or more"),
        (cron("0 0 * * *", stagger_s=3600), "misfire_window_s", "before it may begin", "3600"),
        (Schedule(kind="interval"), "every_s", "every 60 to", "21600"),
        (Schedule(kind="interval", every_s=59), "every_s", "every 60 to", "21600"),
        (Schedule(kind="interval", every_s=60), "anchor_at", "missing", "counted from"),
    ],
)
def test_what_is_wrong_is_named_with_the_next_step(
    schedule: Schedule, field: str, message: str, hint: str
) -> None:
    with pytest.raises(ScheduleError) as caught:
        schedules.validate(schedule)
    assert caught.value.field == field
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert str(caught.value) == f"{field}: {caught.value.message}"


def test_what_is_right_passes() -> None:
    for schedule in (cron("0 0 * * *", BERLIN), Schedule(), every(60)):
        schedules.validate(schedule)
    assert next_tick(Schedule(), SUNDAY) is None


def every(seconds: int, **facts: Any) -> Schedule:
    return Schedule(kind="interval", every_s=seconds, anchor_at=SUNDAY, **facts)


def test_an_interval_is_counted_from_its_anchor() -> None:
    assert first(every(7200), SUNDAY + timedelta(hours=3), 2) == ["03-01 17:00", "03-01 19:00"]
    assert next_tick(every(7200), SUNDAY) == SUNDAY + timedelta(hours=2)
    assert next_tick(every(7200), SUNDAY - timedelta(days=9)) == SUNDAY
    # Real time: it does not mind the clocks.
    assert first(every(86400, timezone=BERLIN), datetime(2026, 3, 28, 20, tzinfo=UTC), 1) == [
        "03-29 13:00"
    ]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (cron("30 7 * * 1-5", BERLIN), "every weekday at 07:30 (Europe/Berlin)"),
        (cron("30 7 * * mon-fri"), "every weekday at 07:30 (UTC)"),
        (cron("5 9 * * *"), "every day at 09:05 (UTC)"),
        (cron("0 6 * * 0,6"), "every Saturday and Sunday at 06:00 (UTC)"),
        (cron("0 6 * * 5-7"), "every Friday, Saturday and Sunday at 06:00 (UTC)"),
        (cron("@hourly"), "at the start of every hour (UTC)"),
        (cron("0 0 1 * *"), "at 00:00 on the first day of every month (UTC)"),
        (cron("0 6 * * 1#2"), "at 06:00 on the second Monday of the month (UTC)"),
        (every(21600), "every 6 hours, counted from 2026-03-01 13:00 UTC"),
        (every(86400), "every day, counted from 2026-03-01 13:00 UTC"),
        (every(90), "every 90 seconds, counted from 2026-03-01 13:00 UTC"),
        (Schedule(), "only when it is started by hand"),
    ],
)
def test_words(schedule: Schedule, words: str) -> None:
    assert schedules.describe(schedule) == words


def test_a_preview_shows_the_clock_of_the_place() -> None:
    shown = schedules.preview(cron("30 2 * * *", BERLIN), datetime(2026, 3, 28, tzinfo=UTC))
    assert len(shown) == 10
    assert [tick.local for tick in shown[:3]] == [
        "Sat 2026-03-28 02:30 CET",
        "Sun 2026-03-29 03:00 CEST",
        "Mon 2026-03-30 02:30 CEST",
    ]
    assert shown[1].at == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_the_stagger_is_always_the_same_and_within_its_bounds() -> None:
    found = {number: schedules.stagger(number, 600) for number in range(1, 200)}
    assert all(timedelta(0) <= delay < timedelta(seconds=600) for delay in found.values())
    assert len(set(found.values())) > 150
    assert found == {number: schedules.stagger(number, 600) for number in found}
    assert schedules.stagger(7, 0) == timedelta(0)


def search(schedule: Schedule, next_tick_at: datetime | None) -> Search:
    return Search(
        id=3,
        name="n",
        collector="c",
        site="s",
        query={},
        query_hash=None,
        schedule=schedule,
        enabled=True,
        overlap="skip",
        priority=5,
        max_attempts=3,
        limits=Limits(),
        proxy_pool=None,
        last_tick_at=None,
        next_tick_at=next_tick_at,
        missed_ticks=0,
        skipped_ticks=0,
        created_at=SUNDAY,
        updated_at=SUNDAY,
    )


def test_plans() -> None:
    hourly = cron("0 * * * *", stagger_s=100, misfire_window_s=1800)
    at = datetime(2026, 3, 1, 14, tzinfo=UTC)
    assert schedules.plan(search(hourly, None), at) is None
    assert schedules.plan(search(hourly, at), at - timedelta(seconds=1)) is None
    due = schedules.plan(search(hourly, at), at + timedelta(minutes=5))
    assert due is not None
    assert (due.at, due.next_at) == (at, at + timedelta(hours=1))
    assert due.begins_at == at + schedules.stagger(3, 100)
    assert (due.expires_at, due.passed_over, due.late) == (at + timedelta(minutes=30), 0, False)


@pytest.mark.fault(
    "F21",
    done="Ticks of three days were due at once.",
    holds="Only the newest counted.",
)
@pytest.mark.parametrize("schedule", [cron("0 * * * *"), every(3600)], ids=["cron", "interval"])
def test_after_three_days_only_the_newest_counts(schedule: Schedule) -> None:
    at = datetime(2026, 3, 1, 14, tzinfo=UTC)
    now = at + timedelta(days=3, minutes=5)
    due = schedules.plan(search(schedule, at), now)
    assert due is not None
    assert (due.at, due.next_at) == (at + timedelta(days=3), at + timedelta(days=3, hours=1))
    assert (due.passed_over, due.late) == (72, False)
    later = schedules.plan(search(schedule, at), now + timedelta(minutes=54))
    assert later is not None
    assert later.late is False
    short = schedules.plan(
        search(schedules_with(schedule, misfire_window_s=60), at), now + timedelta(minutes=54)
    )
    assert short is not None
    assert short.late is True


def schedules_with(schedule: Schedule, **facts: Any) -> Schedule:
    return msgspec.structs.replace(schedule, **facts)


def test_years_of_every_minute_are_not_walked_through() -> None:
    at = datetime(2020, 1, 1, tzinfo=UTC)
    now = datetime(2026, 3, 1, 12, 30, 20, tzinfo=UTC)
    start = time.process_time()
    due = schedules.plan(search(cron("* * * * *", BERLIN), at), now)
    assert time.process_time() - start < 5
    assert due is not None
    assert (due.at, due.passed_over) == (now.replace(second=0), schedules.COUNTED)


NUMBERS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}


@st.composite
def fields(draw: st.DrawFn, name: str, *, fixed: bool = False) -> str:
    low, high = NUMBERS[name]
    number = st.integers(low, high)
    kind = draw(st.sampled_from(["one", "list", "range"] + ([] if fixed else ["*", "step"])))
    if kind == "*":
        return "*"
    if kind == "step":
        return f"*/{draw(st.integers(1, high))}"
    if kind == "range":
        start, end = sorted((draw(number), draw(number)))
        return f"{start}-{end}"
    return ",".join(
        map(str, draw(st.lists(number, min_size=1, max_size=1 if kind == "one" else 3)))
    )


ZONES = st.sampled_from(
    [BERLIN, LORD_HOWE, "UTC", "America/St_Johns", "America/Sao_Paulo", "Asia/Kathmandu"]
)
STARTS = st.integers(0, 366 * 24 * 3600).map(lambda s: SUNDAY + timedelta(seconds=s))


def _lines(*, fixed: bool) -> st.SearchStrategy[str]:
    return st.tuples(
        fields("minute", fixed=fixed),
        fields("hour", fixed=fixed),
        fields("day"),
        fields("month"),
        fields("weekday"),
    ).map(" ".join)


def _some(line: str, zone: str, start: datetime, count: int) -> list[datetime]:
    schedule = cron(line, zone)
    try:
        schedules.validate(schedule)
    except ScheduleError as error:
        if "never comes" not in error.message:
            raise
        return []
    return list(islice(schedules.ticks(schedule, start), count))


@settings(max_examples=150)
@given(line=_lines(fixed=False), zone=ZONES, start=STARTS)
def test_ticks_rise_and_do_not_depend_on_where_one_begins(
    line: str, zone: str, start: datetime
) -> None:
    found = _some(line, zone, start, 6)
    assert all(one < two for one, two in pairwise([start, *found]))
    for one, two in pairwise(found):
        assert next_tick(cron(line, zone), one) == two


# The nights on which the clocks change are where it would go wrong.
NIGHTS = st.sampled_from(
    [datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 28), (4, 4), (10, 3), (10, 24))]
)


@pytest.mark.fault(
    "F18",
    done="Schedules were computed over the clock changes of many zones, half-hour ones among them.",
    holds="No local time came twice.",
)
@settings(max_examples=150)
@given(
    minute=fields("minute", fixed=True),
    hour=st.sampled_from(["1", "2", "3", "1-3", "2,3", "0-4"]),
    zone=st.sampled_from([BERLIN, LORD_HOWE]),
    start=NIGHTS,
)
def test_no_local_time_comes_twice(minute: str, hour: str, zone: str, start: datetime) -> None:
    found = _some(f"{minute} {hour} * * *", zone, start, 200)
    shown = [f"{tick.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for tick in found]
    assert len(shown) == len(set(shown)) == 200
