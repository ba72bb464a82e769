"""Facts of the query language as conditions on jobs, and as tokens where the index has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from jobtracker_core.contract.info import NAME_PATTERN
from jobtracker_core.search.nodes import Fact, Name
from jobtracker_core.storage.find_tokens import Mark, Tokens, both, either
from jobtracker_core.storage.index_tokens import PAY_BANDS, facet
from jobtracker_core.storage.tables import PAY_OF_YEAR, job_sightings, jobs
from jobtracker_core.storage.tracking_tables import applications, job_tags, tags

TOKENS: Final = frozenset({"source", "remote", "employment", "seniority", "country", "language"})
"""Facts that the index has as tokens, exactly."""

_DAY: Final = timedelta(days=1)
_APPLIED: Final = sa.select(applications.c.job_id).where(applications.c.job_id.is_not(None))


def tokens_of(fact: Fact) -> Tokens:
    """Return the token of a fact that is one of TOKENS."""
    value = str(fact.value)
    if fact.name == "source":
        return of_source(value)
    if fact.name == "language":
        exact, dialects = (facet("language", text) for text in (value, f"{value}-"))
        return either([Mark(exact), Mark(dialects, is_prefix=True)]) or Mark(exact)
    return Mark(facet(fact.name, value))


def of_source(name: str) -> Tokens:
    """Return the token of a source; one that no job has where this is the name of none."""
    is_name = re.fullmatch(NAME_PATTERN, name) is not None
    return Mark(facet("source", name if is_name else ""))


def hint(fact: Fact) -> Tokens | None:
    """Return what all jobs have that a fact is true of, if the index knows that."""
    if fact.name in TOKENS:
        return tokens_of(fact)
    if fact.name != "pay" or not isinstance(fact.value, float):
        return None
    bands = pay_bands(fact.operator, fact.value)
    if fact.currency is None:
        return bands
    return both([bands, Mark(facet("currency", fact.currency))])


def pay_bands(operator: str, amount: float) -> Tokens:
    """Return the bands of pay in which jobs may stand whose pay compares so."""
    ends = (*PAY_BANDS[1:], float("inf"))
    found = [
        Mark(f"=pay:{begin}")
        for begin, end in zip(PAY_BANDS, ends, strict=True)
        if (end > amount or operator in {"<", "<="}) and (begin <= amount or ">" in operator)
    ]
    return either(found) or Mark(f"=pay:{PAY_BANDS[0]}")


def condition(fact: Fact, at: datetime) -> ColumnElement[bool]:
    """Return a fact as a condition that is true or false of a job, never unknown.

    Args:
        fact: Any.
        at: The present, from which ages count.
    """
    if fact.name == "pay":
        return _pay(fact)
    if fact.name == "posted":
        return _known(jobs.c.posted_at, *_times(jobs.c.posted_at, fact, at))
    if fact.name == "seen":
        last = job_sightings.c.last_seen_at
        of_job = job_sightings.c.job_id == jobs.c.id
        return sa.exists().where(of_job, last.is_not(None), *_times(last, fact, at))
    return _of_word(fact.name, str(fact.value))


def begins(fact: Fact, at: datetime) -> sa.Select[Any] | None:
    """Select the numbers of the jobs that a fact is true of, if something better than a walk does.

    An index does, or the narrow table of sightings, which is read as a whole.
    """
    if fact.name == "seen":
        last = job_sightings.c.last_seen_at
        return sa.select(job_sightings.c.job_id).where(*_times(last, fact, at))
    named = fact.value if fact.name == "is" else fact.name
    if named in {"posted", "pay", "status", "tag", "closed", "applied", "dismissed"}:
        return sa.select(jobs.c.id).where(condition(fact, at))
    return None


def _of_word(name: Name, word: str) -> ColumnElement[bool]:
    match name:
        case "status":
            return jobs.c.id.in_(_APPLIED.where(applications.c.status == word))
        case "tag":
            return jobs.c.id.in_(tagged(word))
        case "is":
            return _state(word)
    column = jobs.c[name]
    fits = column == word
    if name == "employment":
        # A list of words in quotes, in the same spelling on both databases.
        fits = sa.cast(column, sa.Text).contains(f'"{word}"')
    elif name == "language":
        fits = sa.or_(fits, column.startswith(f"{word}-"))
    return _known(column, fits)


def tagged(name: str) -> sa.Select[Any]:
    """Select the numbers of the jobs that have a tag."""
    return (
        sa.select(job_tags.c.job_id)
        .join(tags, tags.c.id == job_tags.c.tag_id)
        .where(tags.c.key == name.casefold())
    )


def _known(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return sa.and_(column.is_not(None), *conditions)


def _pay(fact: Fact) -> ColumnElement[bool]:
    amount = sa.literal(fact.value, sa.Double)
    found = _known(PAY_OF_YEAR, _compared(PAY_OF_YEAR, fact.operator, amount))
    if fact.currency is None:
        return found
    return sa.and_(found, _known(jobs.c.pay_currency, jobs.c.pay_currency == fact.currency))


def _compared(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    found: dict[str, ColumnElement[bool]] = {
        "=": column == value,
        "<": column < value,
        "<=": column <= value,
        ">": column > value,
        ">=": column >= value,
    }
    return found[operator]


_OLDER: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _times(column: Any, fact: Fact, at: datetime) -> Sequence[ColumnElement[bool]]:
    if isinstance(fact.value, timedelta):
        # The larger the age, the earlier the time.
        return [_compared(column, _OLDER.get(fact.operator, ">"), at - fact.value)]
    if not isinstance(fact.value, date):
        raise TypeError(f"{fact.name}: {fact.value!r} is no time")
    begin = datetime.combine(fact.value, time(), UTC)
    last = fact.value == date.max
    end = datetime.max.replace(tzinfo=UTC) if last else begin + _DAY
    bounds = {
        "=": [column >= begin, column < end],
        "<": [column < begin],
        "<=": [column < end],
        ">": [column >= end],
        ">=": [column >= begin],
    }
    return bounds[fact.operator]


def _state(word: str) -> ColumnElement[bool]:
    has_application = jobs.c.id.in_(_APPLIED)
    states: dict[str, ColumnElement[bool]] = {
        "new": sa.and_(~has_application, jobs.c.dismissed_at.is_(None)),
        "open": jobs.c.closed_at.is_(None),
        "closed": jobs.c.closed_at.is_not(None),
        "applied": has_application,
        "dismissed": jobs.c.dismissed_at.is_not(None),
    }
    return states[word]
