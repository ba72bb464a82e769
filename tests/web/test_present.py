"""Stored values in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from jobtracker_core.contract.posting import Precision
from jobtracker_core.storage.jobs import Change, Job
from jobtracker_core.web import present

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def job(**fields: Any) -> Job:
    empty = dict.fromkeys(Job.__struct_fields__)
    said = {
        "id": 1,
        "source": "site",
        "source_id": "1",
        "url": "https://example.org/1",
        "title": "Engineer",
        "details_due": False,
        "first_seen_at": NOW,
        "changed_at": NOW,
        "version": 1,
    }
    return msgspec.convert({**empty, **said, **fields}, Job)


@pytest.mark.parametrize(
    ("age", "short", "long"),
    [
        (timedelta(seconds=-59), "now", "just now"),
        (timedelta(seconds=-90), "in 1 min", "in 1 minute"),
        (timedelta(days=-3), "in 3 d", "in 3 days"),
        (timedelta(seconds=59), "now", "just now"),
        (timedelta(seconds=60), "1 min", "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 min", "59 minutes ago"),
        (timedelta(hours=1), "1 h", "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 h", "23 hours ago"),
        (timedelta(days=1), "1 d", "1 day ago"),
        (timedelta(days=60), "60 d", "60 days ago"),
        (timedelta(days=61), "2 mo", "2 months ago"),
        (timedelta(days=729), "24 mo", "24 months ago"),
        (timedelta(days=731), "2 y", "2 years ago"),
    ],
)
def test_ages(age: timedelta, short: str, long: str) -> None:
    shown = present.moment(NOW - age, NOW)
    assert shown is not None
    assert (shown.short, shown.long) == (short, long)


def test_times_as_exact_as_they_are_known() -> None:
    at = datetime(2026, 11, 22, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    exact = present.moment(at, NOW)
    day = present.moment(at, NOW, Precision.DAY)
    about = present.moment(at, NOW, Precision.ESTIMATED)
    assert exact is not None
    assert day is not None
    assert about is not None
    assert (exact.exact, exact.machine) == ("2026-11-21 23:30 UTC", "2026-11-21T23:30:00Z")
    assert (day.exact, day.machine, day.short) == ("2026-11-21", "2026-11-21", "2 d")
    assert (about.exact, about.machine) == ("about 2026-11-21", "2026-11-21")
    assert present.moment(None, NOW) is None


def test_a_day_is_today_until_it_is_over() -> None:
    shown = present.moment(NOW.replace(hour=0), NOW, Precision.DAY)
    assert shown is not None
    assert (shown.short, shown.long) == ("today", "today")


@pytest.mark.parametrize(
    ("fields", "short", "long"),
    [
        ({"min": 60000, "max": 85000, "currency": "EUR", "interval": "year"}, "€60–85k", "€60,000–85,000 a year"),
        ({"min": 62500, "max": 62500, "currency": "GBP", "interval": "year"}, "£62.5k", "£62,500 a year"),
        ({"min": 42.5, "max": 60, "currency": "USD", "interval": "hour"}, "$42.50–60/h", "$42.50–60 an hour"),
        ({"min": 179.62, "max": 233.4, "currency": "GBP", "interval": "day"}, "£180–233/d", "£179.62–233.40 a day"),
        ({"min": 1140.38, "max": 1520.5, "currency": "GBP", "interval": "week"}, "£1,140–1,520/wk", "£1,140.38–1,520.50 a week"),
        ({"min": 9000, "max": 12000, "currency": "PLN", "interval": "month"}, "PLN 9,000–12,000/mo", "PLN 9,000–12,000 a month"),
        ({"min": 50000, "currency": "EUR", "interval": "year"}, "€50k+", "from €50,000 a year"),
        ({"max": 700, "currency": "CHF", "interval": "day"}, "≤ CHF 700/d", "up to CHF 700 a day"),
        ({"min": 1200000, "max": 2500000, "currency": "INR"}, "INR 1.2–2.5M", "INR 1,200,000–2,500,000"),
        ({"min": 900, "max": 900, "interval": "two_weeks"}, "900/2 wk", "900 every two weeks"),
        ({"text": "competitive"}, "competitive", "competitive"),
    ],
)  # fmt: skip
def test_pay(fields: dict[str, Any], short: str, long: str) -> None:
    shown = present.pay(job(**{f"pay_{name}": value for name, value in fields.items()}))
    assert shown is not None
    assert (shown.short, shown.long) == (short, long)


def test_pay_says_whose_figure_it_is() -> None:
    def shown(kind: str) -> tuple[str, bool, str | None]:
        found = present.pay(job(pay_min=1, pay_text="1 or so", pay_kind=kind))
        assert found is not None
        return found.whose, found.guess, found.text

    assert shown("stated") == ("stated by the employer", False, "1 or so")
    assert shown("estimated") == ("estimated by the site", True, "1 or so")
    assert shown("parsed") == ("read from the posting's text", True, "1 or so")
    assert present.pay(job()) is None
    assert present.pay(job(pay_text="x")).text is None  # type: ignore[union-attr]


def test_places() -> None:
    assert present.place(job(place="Berlin (Mitte)", city="Berlin")) == "Berlin (Mitte)"
    assert present.place(job(city="Berlin", country="DE")) == "Berlin, DE"
    assert present.place(job()) is None
    assert present.other_places(job(places=[{"text": "A"}, {"text": "B"}, {}])) == ("B",)
    assert present.other_places(job()) == ()


def test_words() -> None:
    assert [present.words(word) for word in ("onsite", "per_diem", "full_time", "mid", "lead")] == [
        *("on-site", "per diem", "full-time", "mid level", "lead")
    ]


def test_raw_items_are_indented_if_they_are_json() -> None:
    assert present.raw('{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert present.raw("<li>a</li>") == "<li>a</li>"


def test_history_field_by_field() -> None:
    pay = {
        "text": None,
        "min": 1.0,
        "max": None,
        "currency": "EUR",
        "interval": "hour",
        "kind": "parsed",
    }
    changes: dict[str, tuple[Any, Any]] = {
        "title": ("Old", "New"),
        "closed": (False, True),
        "pay": (None, pay),
        "employment": (["full_time"], []),
        "places": ([{"text": "Berlin"}, {"city": "x"}], [{"text": "Bonn"}]),
        "posted_at": (None, "2026-11-22T10:00:00+00:00"),
        "description": ("<p>a</p>", "<p>" + "b" * 1500 + "</p>"),
        "remote": ("onsite", "hybrid"),
        "apply_url": ("", "https://example.org/"),
    }
    change = Change(
        id=1, job_id=1, at=NOW - timedelta(days=1), run_id=7, kind="detail", changes=changes
    )
    (shown,) = present.changes((change,), NOW)
    assert (shown.at.long, shown.run_id, shown.page) == ("1 day ago", 7, "the job's own page")
    assert [(field.name, field.old, field.new) for field in shown.fields] == [
        ("Apply link", None, "https://example.org/"),
        ("State", "open", "closed"),
        ("Description", "8 characters", "1,507 characters"),
        ("Employment", "full-time", None),
        ("Pay", None, "from €1 an hour, read from the posting's text"),
        ("Places", "Berlin; ?", "Bonn"),
        ("Posted", None, "2026-11-22 10:00"),
        ("Remote", "on-site", "hybrid"),
        ("Title", "Old", "New"),
    ]
