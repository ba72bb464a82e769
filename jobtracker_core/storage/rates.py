"""How often a site may be asked: one row per key, shared by all processes and machines.

Requests are paced by the generic cell rate algorithm (GCRA). A row holds the moment at which its
key's allowance is whole again (`tat`), until when nobody may ask at all (`blocked_until`), and at
which share of the rate that was asked for requests are granted (`pace`).

- A 429 or a 503 halves the pace, down to a sixteenth; any refusal starts a cooling. What is told
  while a cooling lasts is the same incident: it may lengthen the cooling, and nothing else.
- The pace recovers by a tenth of itself for every ten minutes since the end of the last cooling.
- Coolings without a `Retry-After` double with each strike. Strikes are forgotten six hours after
  the end of the last cooling.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.host import Grant
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.statements import insert_or_ignore, one_of
from jobtracker_core.storage.tables import rate_limits
from jobtracker_core.storage.turns import Turns, forget
from jobtracker_core.storage.types import UtcDateTime

SLOWEST: Final = 1 / 16
"""The least share of the rate that is left after refusals."""

CLEAN_SPELL: Final = timedelta(hours=6)
"""After so long without a cooling, earlier strikes count no more."""

REQUEST: Final = "request:"
"""How the keys begin of those who ask this installation."""

_FORGOTTEN_AFTER = timedelta(days=1)
_RECOVERY, _RECOVERS_EVERY = 1.1, timedelta(minutes=10)
_FIRST, _LONGEST = timedelta(seconds=30), timedelta(hours=1)
_FIRST_AS_ROBOT, _LONGEST_AS_ROBOT = timedelta(minutes=30), timedelta(hours=6)
_MOST_DOUBLINGS = 10
_SOON = 1.0
"""Seconds; a site that asks for less quiet than this names no time."""

_LOCK_SQLITE = sa.select(rate_limits).where(rate_limits.c.key == sa.bindparam("b_key"))
_locked = (
    _LOCK_SQLITE.with_for_update().cte("locked").prefix_with("MATERIALIZED", dialect="postgresql")
)
# The clock is read above the lock: whoever waited for the row gets the time after the waiting.
_LOCK_POSTGRESQL = sa.select(_locked, sa.func.clock_timestamp(type_=UtcDateTime).label("now"))
_SET_TAT = (
    sa.update(rate_limits)
    .where(rate_limits.c.key == sa.bindparam("b_key"))
    .values(tat=sa.bindparam("b_tat"))
)


class Rate(Struct, frozen=True, kw_only=True):
    """A key's row.

    Attributes:
        tat: When the allowance is whole again.
        strikes: Refusals in a row, each of which began a cooling.
        pace: Share of the rate in force at `pace_at`, from where on it recovers.
        cause: What the last cooling was begun for.
    """

    key: str
    tat: datetime
    blocked_until: datetime | None
    strikes: int
    pace: float
    pace_at: datetime
    cause: ErrorClass | None = None

    def pace_now(self, moment: datetime) -> float:
        """Return the share of the rate in force at a moment, 1 at most."""
        steps = max(0, (moment - self.pace_at) // _RECOVERS_EVERY)
        # Recovered from any pace long before, and a larger power would not be a number.
        return min(1.0, self.pace * _RECOVERY ** min(steps, 100))

    def cooling_until(self, moment: datetime) -> datetime | None:
        """Return until when nobody may ask; None if that is over.

        None is longer than the longest: one that seems so was begun by a clock that was ahead.
        """
        until = self.blocked_until
        if until is None or not moment < until <= moment + _LONGEST_AS_ROBOT:
            return None
        return until


def acquire(db: Database, key: str, *, per_minute: float, burst: int) -> Grant:
    """Grant one request under `key`, or tell how long to wait; one short transaction.

    No window of T seconds holds more than `per_minute / 60 * T + burst` grants, over all processes,
    by the clock of the database. A grant with `wait` > 0 grants nothing and reserves nothing.
    Raises `ValueError` for a rate that is not above 0 or a burst below 1.
    """
    if not per_minute > 0 or burst < 1:
        raise ValueError(f"a rate of {per_minute} per minute with a burst of {burst}")
    with db.write(shown=False) as conn:
        rate, moment = _lock(conn, key)
        until = rate.cooling_until(moment)
        if until is not None:
            return Grant(wait=(until - moment).total_seconds(), cooling=True, cause=rate.cause)
        tat = next_tat(rate, moment, per_minute=per_minute, burst=burst)
        if isinstance(tat, timedelta):
            return Grant(wait=tat.total_seconds())
        conn.execute(_SET_TAT, {"b_key": key, "b_tat": tat})
    return Grant()


def next_tat(
    rate: Rate, moment: datetime, *, per_minute: float, burst: int
) -> datetime | timedelta:
    """Return the row's next `tat` if a request is granted at this moment, else the time to wait."""
    # Rounded up: what is lost to rounding may only make it slower.
    seconds = 60.0 / (per_minute * rate.pace_now(moment))
    interval = timedelta(microseconds=math.ceil(seconds * 1_000_000))
    start = max(rate.tat, moment)
    if start - moment > burst * interval / SLOWEST:
        # No grant at this rate leads so far ahead: the clock was set back, or the rate was raised.
        start = moment + burst * interval
    wait = start - (burst - 1) * interval - moment
    return wait if wait > timedelta(0) else start + interval


def slow_down(
    db: Database, key: str, *, cause: ErrorClass, retry_after: float | None = None
) -> datetime:
    """Have everybody leave a site alone for a while; return until when.

    That is what the site said itself (`retry_after` seconds, an hour at most), or 30 seconds
    doubling to an hour. One that took us for a robot (`blocked`) is left alone for 30 minutes,
    doubling to six hours. What is in force already is never shortened.
    """
    with db.write(shown=False) as conn:
        rate, moment = _lock(conn, key)
        slowed = _slowed(rate, moment, cause, retry_after)
        conn.execute(
            sa.update(rate_limits)
            .where(rate_limits.c.key == key)
            .values(
                blocked_until=slowed.blocked_until,
                strikes=slowed.strikes,
                pace=slowed.pace,
                pace_at=slowed.pace_at,
                cause=slowed.cause,
            )
        )
    return slowed.pace_at


def _slowed(rate: Rate, moment: datetime, cause: ErrorClass, retry_after: float | None) -> Rate:
    pace = rate.pace_now(moment)
    strikes = 0 if moment - rate.pace_at >= CLEAN_SPELL else rate.strikes
    cooling = rate.cooling_until(moment)
    if cooling is None:
        strikes += 1
        if cause != "blocked":
            pace = max(SLOWEST, pace / 2)
    until = moment + _cooling(cause, retry_after, strikes)
    if cooling is not None and cooling >= until:
        until, cause = cooling, rate.cause or cause
    return Rate(
        key=rate.key,
        tat=rate.tat,
        blocked_until=until,
        strikes=strikes,
        pace=pace,
        pace_at=until,
        cause=cause,
    )


def _cooling(cause: ErrorClass, retry_after: float | None, strikes: int) -> timedelta:
    if cause == "blocked":
        first, longest = _FIRST_AS_ROBOT, _LONGEST_AS_ROBOT
    else:
        first, longest = _FIRST, _LONGEST
        if retry_after is not None and retry_after >= _SOON:
            return timedelta(seconds=min(retry_after, longest.total_seconds()))
    return min(first * (1 << min(max(strikes - 1, 0), _MOST_DOUBLINGS)), longest)


def end_cooling(conn: Connection, key: str) -> None:
    """Let a site be asked again at once, and forget its strikes; the pace recovers as before."""
    moment = now(conn)
    conn.execute(
        sa.update(rate_limits)
        .where(rate_limits.c.key == key, rate_limits.c.blocked_until > moment)
        .values(blocked_until=None, strikes=0, pace_at=moment)
    )


def find(db: Database, keys: Collection[str]) -> tuple[Mapping[str, Rate], datetime]:
    """Return the rows of keys that have one, and the present by the clock they go by."""
    with db.read() as conn:
        rows = conn.execute(
            sa.select(rate_limits).where(one_of(conn, rate_limits.c.key, sorted(keys)))
        ).mappings()
        return {row["key"]: to_struct(row, Rate) for row in rows}, now(conn)


def prune(db: Database, turns: Turns | None = None, *, dry_run: bool = False) -> int:
    """Forget who asked, of those whose allowance has been whole for a day; return how many.

    Sites stay: what they told about their pace is worth knowing however long ago it was.
    """
    over = sa.and_(
        rate_limits.c.key.startswith(REQUEST), rate_limits.c.tat < db.present() - _FORGOTTEN_AFTER
    )
    return forget(db, rate_limits, over, turns or Turns(), dry_run=dry_run)


def _lock(conn: Connection, key: str) -> tuple[Rate, datetime]:
    """Return the row, locked to the end of the transaction, and the time once it was locked."""
    for _ in range(2):
        if conn.dialect.name == "postgresql":
            row = conn.execute(_LOCK_POSTGRESQL, {"b_key": key}).mappings().first()
        else:
            row = conn.execute(_LOCK_SQLITE, {"b_key": key}).mappings().first()
        if row is not None:
            fields: dict[str, Any] = dict(row)
            moment = fields.pop("now", None) or now(conn)
            return to_struct(fields, Rate), moment
        moment = now(conn)
        conn.execute(
            insert_or_ignore(conn, rate_limits, "key"),
            {"key": key, "tat": moment, "pace_at": moment},
        )
    raise RuntimeError(f"the row {key!r} was deleted while it was being asked for")
