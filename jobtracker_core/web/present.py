"""What is stored, in words for people. Pure: no database, no clock, no HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup
from msgspec import Struct

from jobtracker_core.contract.host import PayRecord
from jobtracker_core.contract.posting import (
    Employment,
    PayInterval,
    PayKind,
    Precision,
    Remote,
    Seniority,
)
from jobtracker_core.storage.jobs import Change, Job
from jobtracker_core.storage.snapshots import Snapshot

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_LONGEST_IN_DAYS: Final = 60
_DAYS_OF_A_MONTH: Final = 30.44
_DAYS_OF_A_YEAR: Final = 365.25
_THOUSAND: Final = 1_000
_WITH_TENTHS: Final = 10
_MILLION: Final = 1_000_000
_SHORTENED_FROM: Final = 10_000
_WITHOUT_CENTS: Final = 100
_KEPT: Final = 2_000
"""Times, and kinds of pay, that are kept as they are shown."""

_SIGNS: Final = {"EUR": "€", "GBP": "£", "USD": "$"}
"""Signs that mean one currency; "kr", "¥" and most dollars do not."""

_WORDS: Final[dict[str, str]] = {
    Remote.ONSITE: "on-site",
    Remote.UNKNOWN: "the site does not know",
    Employment.FULL_TIME: "full-time",
    Employment.PART_TIME: "part-time",
    Employment.PER_DIEM: "per diem",
    Seniority.ENTRY: "entry level",
    Seniority.MID: "mid level",
}
_PER: Final = {
    PayInterval.HOUR: ("/h", "an hour"),
    PayInterval.DAY: ("/d", "a day"),
    PayInterval.WEEK: ("/wk", "a week"),
    PayInterval.TWO_WEEKS: ("/2 wk", "every two weeks"),
    PayInterval.MONTH: ("/mo", "a month"),
    PayInterval.YEAR: ("", "a year"),
}
_WHOSE: Final = {
    PayKind.STATED: "stated by the employer",
    PayKind.ESTIMATED: "estimated by the site",
    PayKind.PARSED: "read from the posting's text",
}


class Moment(Struct, frozen=True, kw_only=True):
    """A time to show.

    Attributes:
        short: How long ago, for a column: "3 d".
        long: The same in a sentence: "3 days ago".
        exact: As exactly as it is known, in UTC.
        machine: The same for `<time datetime>`.
    """

    short: str
    long: str
    exact: str
    machine: str


class PayShown(Struct, frozen=True, kw_only=True):
    """Pay to show: for a column, for a sentence, and whose figure it is.

    Attributes:
        guess: It is not the employer's own figure.
        text: What the site wrote, where the words above say it differently.
    """

    short: str
    long: str
    whose: str
    guess: bool
    text: str | None


class FieldChange(Struct, frozen=True, kw_only=True):
    """One field of a change; None is "not known"."""

    name: str
    old: str | None
    new: str | None


class ChangeShown(Struct, frozen=True, kw_only=True):
    """One entry of a job's history."""

    at: Moment
    run_id: int | None
    page: str
    fields: tuple[FieldChange, ...]


def words(value: str) -> str:
    """Return a stored word (of `Remote`, `Employment`, `Seniority`) as it is read."""
    return _WORDS.get(value, value.replace("_", " "))


def many(count: int, one: str, more: str | None = None) -> str:
    """Return a count with its noun: "1 job", "1,204 jobs", "2 companies"."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def moment(
    at: datetime | None,
    now: datetime,
    precision: Precision | None = Precision.EXACT,
    *,
    zone: tzinfo = UTC,
) -> Moment | None:
    """Describe a time relative to `now`, before or after it, by the clock of `zone`.

    A day without an hour is compared by its date.
    """
    if at is None:
        return None
    day_only = precision is not Precision.EXACT
    # The date of a posting is the site's own: it does not move with the reader.
    at = at.astimezone(UTC if day_only else zone)
    if day_only:
        days = (now.astimezone(UTC).date() - at.date()).days
        number, unit = (days, "day") if days > 0 else (0, "today")
    else:
        number, unit = _age(abs((now - at).total_seconds()))
    if unit == "day" and number > _LONGEST_IN_DAYS:
        number, unit = _long_age(number)
    ahead = number > 0 and at > now
    exact, machine = _write(at, at.tzinfo, precision or Precision.ESTIMATED)
    return Moment(
        short=_short_age(number, unit, ahead=ahead),
        long=_age_in_words(number, unit, ahead=ahead),
        exact=exact,
        machine=machine,
    )


# Lists show the same jobs again and again. The zone counts: equal times may differ in theirs.
@lru_cache(maxsize=_KEPT)
def _write(at: datetime, _zone: tzinfo | None, precision: Precision) -> tuple[str, str]:
    """Return a time as people read it, and as programs do."""
    date = f"{at:%Y-%m-%d}"
    if precision is Precision.EXACT:
        return f"{at:%Y-%m-%d %H:%M} {at:%Z}", f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (date if precision is Precision.DAY else f"about {date}"), date


def duration(seconds: float | None) -> str:
    """Return how long something took: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min"."""
    if seconds is None:
        return ""
    if seconds < _WITH_TENTHS:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    unit, parts = ("s", divmod(whole, _MINUTE)) if whole < _HOUR else ("min", _hours(whole))
    first = "min" if unit == "s" else "h"
    return f"{parts[0]} {first}" + (f" {parts[1]} {unit}" if parts[1] else "")


def _hours(seconds: int) -> tuple[int, int]:
    return seconds // _HOUR, seconds % _HOUR // _MINUTE


def _age(seconds: float) -> tuple[int, str]:
    if seconds < _MINUTE:
        return 0, "now"
    if seconds < _HOUR:
        return int(seconds // _MINUTE), "minute"
    if seconds < _DAY:
        return int(seconds // _HOUR), "hour"
    return int(seconds // _DAY), "day"


def _long_age(days: int) -> tuple[int, str]:
    if days < 2 * _DAYS_OF_A_YEAR:
        return round(days / _DAYS_OF_A_MONTH), "month"
    return int(days / _DAYS_OF_A_YEAR), "year"


def _short_age(number: int, unit: str, *, ahead: bool) -> str:
    signs = {"minute": "min", "hour": "h", "day": "d", "month": "mo", "year": "y"}
    return f"{'in ' if ahead else ''}{number} {signs[unit]}" if unit in signs else unit


def _age_in_words(number: int, unit: str, *, ahead: bool) -> str:
    if not number:
        return "just now" if unit == "now" else unit
    span = f"{number} {unit}{'' if number == 1 else 's'}"
    return f"in {span}" if ahead else f"{span} ago"


def pay(job: Job) -> PayShown | None:
    """Describe a job's pay; None where nothing is known of it."""
    return _pay(
        PayRecord(
            text=job.pay_text,
            min=job.pay_min,
            max=job.pay_max,
            currency=job.pay_currency,
            interval=job.pay_interval,
            kind=job.pay_kind or PayKind.STATED,
        )
    )


@lru_cache(maxsize=_KEPT)
def _pay(record: PayRecord) -> PayShown | None:
    words = _amounts(record)
    if words is None and not record.text:
        return None
    short, long = words or (record.text or "", record.text or "")
    return PayShown(
        short=short,
        long=long,
        whose=_WHOSE[record.kind],
        guess=record.kind is not PayKind.STATED,
        text=record.text if record.text != long else None,
    )


def _amounts(record: PayRecord) -> tuple[str, str] | None:
    """Return the amounts for a column and for a sentence; None where there are none."""
    suffix, per = _PER[record.interval] if record.interval else ("", "")
    code = record.currency or ""
    sign = _SIGNS.get(code, f"{code} " if code else "")
    match record.min, record.max:
        case None, None:
            return None
        case None, float(high):
            short, long = f"≤ {sign}{_short(high, high)}", f"up to {sign}{_full(high)}"
        case float(low), None:
            short, long = f"{sign}{_short(low, low)}+", f"from {sign}{_full(low)}"
        case float(low), float(high):
            short = f"{sign}{_short(low, high)}"
            long = f"{sign}{_range(_full(low), _full(high))}"
    return f"{short}{suffix}", f"{long} {per}".strip()


def _short(low: float, high: float) -> str:
    for least, unit, sign in ((_MILLION, _MILLION, "M"), (_SHORTENED_FROM, _THOUSAND, "k")):
        if min(low, high) >= least:
            tenths = (f"{amount / unit:,.1f}".removesuffix(".0") for amount in (low, high))
            return _range(*tenths) + sign
    if min(low, high) >= _WITHOUT_CENTS:
        return _range(f"{low:,.0f}", f"{high:,.0f}")
    return _range(_full(low), _full(high))


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low}–{high}"


def _full(amount: float) -> str:
    return f"{amount:,.2f}".removesuffix(".00") if amount % 1 else f"{amount:,.0f}"


def place(job: Job) -> str | None:
    """Return where a job is, as the site shows it or else put together of its parts."""
    parts = ", ".join(part for part in (job.city, job.region, job.country) if part)
    return job.place or parts or None


def other_places(job: Job) -> tuple[str, ...]:
    """Return the places of a job beside the first."""
    return tuple(entry.text for entry in (job.places or ())[1:] if entry.text)


def raw(text: str) -> str:
    """Return a site's own item, indented if it is JSON."""
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:
        return text


def changes(found: tuple[Change, ...], now: datetime) -> tuple[ChangeShown, ...]:
    """Describe a job's history in its order; fields by name, since PostgreSQL keeps none."""
    shown = []
    for change in found:
        at = moment(change.at, now)
        assert at is not None  # noqa: S101  (only a missing time gives none)
        shown.append(
            ChangeShown(
                at=at,
                run_id=change.run_id,
                page="the list" if change.kind == "list" else "the job's own page",
                fields=tuple(
                    field_change(name, old, new)
                    for name, (old, new) in sorted(change.changes.items())
                ),
            )
        )
    return tuple(shown)


def field_change(name: str, old: Any, new: Any) -> FieldChange:
    """Describe what one field was and became; values as they stand in a history."""
    return FieldChange(name=_field(name), old=_value(name, old), new=_value(name, new))


def _field(name: str) -> str:
    names = {"closed": "state", "posted_at": "posted", "apply_url": "apply link", "url": "link"}
    return names.get(name, name).capitalize()


def _value(name: str, value: Any) -> str | None:
    if name == "closed":
        return "closed" if value else "open"
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, list | tuple):
        return ("; " if name == "places" else ", ").join(_entry(entry) for entry in value)
    return _SHOWN.get(name, str)(value)


def _entry(value: Any) -> str:
    return str(value.get("text") or "?") if isinstance(value, Mapping) else words(str(value))


def _pay_of(value: Mapping[str, Any]) -> str | None:
    shown = _pay(msgspec.convert(value, PayRecord))
    return None if shown is None else f"{shown.long}, {shown.whose}"


_SHOWN: Final[dict[str, Callable[[Any], str | None]]] = {
    "description": lambda value: f"{len(value):,} characters",
    "pay": _pay_of,
    "posted_at": lambda value: value[:16].replace("T", " "),
    "remote": words,
    "seniority": words,
}


class SnapshotShown(Struct, frozen=True, kw_only=True):
    """What a posting said, to show; `description` was sanitised before it was stored."""

    taken: Moment
    title: str
    company: str | None
    place: str | None
    pay: PayShown | None
    url: str
    source: str
    description: Markup | None


def snapshot_of(snapshot: Snapshot, zone: tzinfo, now: datetime) -> SnapshotShown:
    """Describe what a posting said when somebody applied."""
    taken = moment(snapshot.taken_at, now, zone=zone)
    assert taken is not None  # noqa: S101  (only a missing time gives none)
    return SnapshotShown(
        taken=taken,
        title=snapshot.title,
        company=snapshot.company,
        place=snapshot.place,
        pay=_pay(
            PayRecord(
                text=snapshot.pay_text,
                min=snapshot.pay_min,
                max=snapshot.pay_max,
                currency=snapshot.pay_currency,
                interval=snapshot.pay_interval,
                kind=snapshot.pay_kind or PayKind.STATED,
            )
        ),
        url=snapshot.url,
        source=snapshot.source,
        description=Markup(snapshot.description) if snapshot.description else None,  # noqa: S704
    )


def day_of(at: datetime, zone: str) -> date:
    """Return the day of an instant, as the calendar of a place counts it."""
    return at.astimezone(ZoneInfo(zone)).date()
