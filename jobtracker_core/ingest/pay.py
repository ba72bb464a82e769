"""Pay: amounts out of texts, and amounts per year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from msgspec import Struct

from jobtracker_core.contract.host import PayRecord
from jobtracker_core.contract.posting import Pay, PayInterval, PayKind
from jobtracker_core.ingest import currency
from jobtracker_core.ingest.payterms import (
    AMOUNT,
    BETWEEN,
    INTERVALS,
    KRONA,
    MULTIPLIERS,
    NO_AMOUNT,
    NOT_PAY_AFTER,
    NOT_PAY_BEFORE,
    ONLY_MAX,
    ONLY_MIN,
    PAY_WORD,
    YEAR_FACTORS,
)
from jobtracker_core.ingest.text import observed

TEXT_LIMIT: Final = 500
_HIGHEST: Final = 1e11
_NEAR: Final = 40
_MOST: Final = 20
_LAST_YEAR: Final = 2100
_FIRST_YEAR: Final = 1900
_GROUP: Final = 3
_FEW: Final = 12
_THOUSAND: Final = 1000
_MILLION: Final = 1e6
_INDIAN: Final = frozenset([1e5, 1e7])
_THOUSANDS: Final = _INDIAN | {1e3}
# Without a currency, fewer than these are tasks, calls or hours.
_LEAST: Final = {
    PayInterval.HOUR: 5,
    PayInterval.DAY: 30,
    PayInterval.WEEK: 100,
    PayInterval.TWO_WEEKS: 200,
    PayInterval.MONTH: 200,
    PayInterval.YEAR: 5000,
}
_LETTER = re.compile(r"[^\W\d_]")
_SENTENCE = re.compile(r"[;!?]|[.,](?!\d)\s")


class _Amount(Struct, frozen=True, kw_only=True):
    """One number of a text with what stands at it; `raw` is before multiplying."""

    start: int
    end: int
    raw: float
    multiplier: float | None
    spelling: str | None
    grouped: bool
    more: bool


class _Around(Struct, frozen=True, kw_only=True):
    """The words before, within and after an amount or a range, within its sentence."""

    before: str
    within: str
    after: str
    is_all: bool

    @classmethod
    def of(cls, text: str, first: _Amount, second: _Amount | None, until: int) -> _Around:
        end = (second or first).end
        rest = text[: first.start] + " " + text[end:]
        for _, pattern in INTERVALS:
            rest = pattern.sub(" ", rest)
        return cls(
            before=_SENTENCE.split(text[max(0, first.start - _NEAR) : first.start])[-1],
            within=text[first.end : second.start] if second else "",
            after=_SENTENCE.split(text[end : min(until, end + _NEAR)])[0],
            is_all=len(_LETTER.findall(rest)) <= _FEW and not re.search(r"\d", rest),
        )

    def interval(self) -> PayInterval | None:
        for text in (self.within, self.after, self.before):
            found = [
                (match.start(), order, interval)
                for order, (interval, pattern) in enumerate(INTERVALS)
                if (match := pattern.search(text))
            ]
            if found:
                return min(found)[2]
        return None

    @property
    def is_other_money(self) -> bool:
        return bool(NOT_PAY_AFTER.match(self.after) or NOT_PAY_BEFORE.search(self.before))


class _Finding(Struct, frozen=True, kw_only=True):
    """An amount or a range, with how sure it is that this is pay."""

    low: float | None
    high: float | None
    spelling: str | None
    interval: PayInterval | None
    thousands: bool
    score: int


def read(text: str, *, default_currency: str | None = None) -> PayRecord | None:
    """Read pay out of a text ("$65,000/yr - $75,000/yr", "60–85k €"); None if there is none.

    A number counts as pay if a currency or an interval stands at it, or if the text is nothing but
    an amount with "k" or (with `default_currency`) with grouped digits. "Up to" gives only `max`,
    "from" only `min`, a single amount gives both. `default_currency` is the currency where the
    text names none, and what a shared symbol means ("$" without it is USD; "kr" and "¥" are left
    open). Where no interval is named, amounts in thousands ("85k", "12 LPA") are per year, and
    others have none; then `year_min` and `year_max` are None.
    """
    shown = observed(text, TEXT_LIMIT)
    if shown is None:
        return None
    # Same length, so that positions stay.
    searched = NO_AMOUNT.sub(lambda match: "\0" * len(match[0]), shown)
    findings = list(_find(searched, has_default=default_currency is not None))
    if not findings:
        return None
    best = max(findings, key=lambda finding: finding.score)
    interval = best.interval or (PayInterval.YEAR if best.thousands else None)
    return _record(
        text=shown,
        low=best.low,
        high=best.high,
        code=_currency(best.spelling, shown, default_currency),
        interval=interval,
        kind=PayKind.PARSED,
    )


def normalise(pay: Pay, *, default_currency: str | None = None) -> PayRecord | None:
    """Check a collector's pay and add the amounts per year; None if it says nothing at all.

    Amounts that are not positive and finite go, swapped ones are put in order. Where both are
    missing they are read out of the text: the kind is then PARSED, except that a site's estimate
    stays an estimate. A currency or interval that the fields lack is taken from the text if its
    amounts are the same. `default_currency` is as in `read`.
    """
    text = observed(pay.text, TEXT_LIMIT)
    named = observed(pay.currency, 20)
    code = currency.resolve(named, default_currency) if named else None
    low, high = _valid(pay.min), _valid(pay.max)
    found = read(text, default_currency=code or default_currency) if text else None
    kind = pay.kind
    interval = pay.interval
    if low is None and high is None:
        if found is None:
            return None if text is None else PayRecord(text=text, kind=kind)
        low, high = found.min, found.max
        kind = PayKind.ESTIMATED if kind is PayKind.ESTIMATED else PayKind.PARSED
    elif found and not {low, high} - {None} <= {found.min, found.max}:
        found = None
    if found:
        code, interval = code or found.currency, interval or found.interval
    return _record(text=text, low=low, high=high, code=code, interval=interval, kind=kind)


def _record(
    *,
    text: str | None,
    low: float | None,
    high: float | None,
    code: str | None,
    interval: PayInterval | None,
    kind: PayKind,
) -> PayRecord:
    if low is not None and high is not None and low > high:
        low, high = high, low
    factor = YEAR_FACTORS[interval] if interval else None
    return PayRecord(
        text=text,
        min=low,
        max=high,
        currency=code,
        interval=interval,
        kind=kind,
        year_min=round(low * factor, 2) if low is not None and factor else None,
        year_max=round(high * factor, 2) if high is not None and factor else None,
        year_factor=factor,
    )


def _valid(amount: float | None) -> float | None:
    # No comparison is true of NaN.
    if amount is None or not 0 < amount <= _HIGHEST:
        return None
    return round(float(amount), 2) or None


def _currency(spelling: str | None, text: str, default: str | None) -> str | None:
    if spelling is None:
        return default if default in currency.CODES else None
    if spelling.lower().startswith("kr") and default not in currency.SHARED["kr"]:
        return next((code for code, words in KRONA if words.search(text)), None)
    return currency.resolve(spelling, default)


def _find(text: str, *, has_default: bool) -> Iterator[_Finding]:
    amounts = [_amount(match) for match in islice(AMOUNT.finditer(text), _MOST)]
    index = 0
    while index < len(amounts):
        first = amounts[index]
        second = None
        if index + 1 < len(amounts) and _is_range(text, first, amounts[index + 1]):
            second = amounts[index + 1]
        index += 2 if second else 1
        until = amounts[index].start if index < len(amounts) else len(text)
        finding = _judge(_Around.of(text, first, second, until), first, second, has_default)
        if finding:
            yield finding


def _amount(match: re.Match[str]) -> _Amount:
    multiplier = MULTIPLIERS[match["multiplier"].lower()] if match["multiplier"] else None
    spelling = match["before"] or match["after"]
    if spelling is None and multiplier in _INDIAN:
        spelling = "₹"
    return _Amount(
        start=match.start(),
        end=match.end(),
        raw=_number(match["number"]),
        multiplier=multiplier,
        spelling=spelling,
        grouped=match["mark"] is not None,
        more=match["more"] is not None,
    )


def _number(written: str) -> float:
    groups = re.split(r"[ .,'’\u00a0\u202f]", written)
    last = groups.pop()
    # Three digits after the only mark are a group ("60.000"), except after a lone nought.
    is_decimal = bool(groups) and (len(last) != _GROUP or groups == ["0"])
    return float("".join(groups) + ("." if is_decimal else "") + last)


def _is_range(text: str, first: _Amount, second: _Amount) -> bool:
    gap = text[first.end : second.start]
    for _, pattern in INTERVALS:
        gap = pattern.sub(" ", gap)
    return len(gap) < _NEAR and BETWEEN.fullmatch(gap) is not None


def _judge(
    around: _Around,
    first: _Amount,
    second: _Amount | None,
    has_default: bool,  # noqa: FBT001
) -> _Finding | None:
    low, high = _ends(around, first, second)
    if low is None and high is None:
        return None
    last = second or first
    spelling = first.spelling or last.spelling
    multiplier = first.multiplier or last.multiplier
    thousands = multiplier in _THOUSANDS
    interval = around.interval()
    has_word = PAY_WORD.search(around.before) is not None
    if spelling is None:
        lowest = min(value for value in (low, high) if value is not None)
        if not (around.is_all or (has_word and (interval or thousands))):
            return None
        if interval:
            plausible = lowest >= _LEAST[interval] and not _is_year(first)
        elif thousands:
            plausible = lowest >= _LEAST[PayInterval.YEAR]
        else:
            plausible = has_default and first.grouped
        if not plausible:
            return None
    score = (
        2 * (spelling is not None)
        + 3 * (interval is not None)
        + 2 * (second is not None)
        + 2 * has_word
        - 3 * (multiplier == _MILLION)
        - 6 * around.is_other_money
    )
    if score < 0 or (around.is_other_money and not interval):
        return None
    return _Finding(
        low=low,
        high=high,
        spelling=spelling,
        interval=interval,
        thousands=thousands,
        score=score,
    )


def _ends(
    around: _Around, first: _Amount, second: _Amount | None
) -> tuple[float | None, float | None]:
    if second:
        multiplier = first.multiplier
        if multiplier is None and first.raw < _THOUSAND:
            # "60-85k" means 60k.
            multiplier = second.multiplier
        return _valid(first.raw * (multiplier or 1)), _valid(second.raw * (second.multiplier or 1))
    value = _valid(first.raw * (first.multiplier or 1))
    if first.more or ONLY_MIN.search(around.before):
        return value, None
    if ONLY_MAX.search(around.before):
        return None, value
    return value, value


def _is_year(amount: _Amount) -> bool:
    return not amount.grouped and not amount.multiplier and _FIRST_YEAR <= amount.raw <= _LAST_YEAR
