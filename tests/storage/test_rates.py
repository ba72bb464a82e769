"""The pace of a site over all processes, and how a refusal slows it down."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from frozen import FrozenTime
from jobtracker_core.contract.host import Grant
from jobtracker_core.storage import collectors, rates
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.tables import rate_limits

KEY = "site:jobs.example"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PER_MINUTE, BURST = 3000, 5


@pytest.fixture
def db(frozen: FrozenTime) -> Database:
    """A database whose clock stands still: what passes, the tests say."""
    return frozen.db


def ask(db: Database, *, per_minute: float = 60, burst: int = 1, key: str = KEY) -> Grant:
    return rates.acquire(db, key, per_minute=per_minute, burst=burst)


def row(db: Database, key: str = KEY) -> tuple[rates.Rate, datetime]:
    found, moment = rates.find(db, [key])
    return found[key], moment


def age(db: Database, **passed: float) -> None:
    """Let time pass for the row, by moving its times back."""
    found, _ = row(db)
    span = timedelta(**passed)
    until = found.blocked_until
    with db.write() as conn:
        conn.execute(
            sa.update(rate_limits).values(
                tat=found.tat - span,
                blocked_until=until and until - span,
                pace_at=found.pace_at - span,
            )
        )


def cooling(db: Database) -> float:
    """Seconds that the site is left alone from now on."""
    found, moment = row(db)
    until = found.cooling_until(moment)
    return 0.0 if until is None else (until - moment).total_seconds()


def pace(db: Database) -> float:
    found, moment = row(db)
    return found.pace_now(moment)


# --- the pace


def test_a_burst_passes_and_the_rest_waits(db: Database) -> None:
    grants = [ask(db, burst=3) for _ in range(4)]
    assert [grant.wait for grant in grants[:3]] == [0, 0, 0]
    assert 0.5 < grants[3].wait <= 1.0
    assert not grants[3].cooling
    assert ask(db, key="site:other.example").wait == 0


def test_a_refusal_reserves_nothing_and_after_its_time_the_grant_comes(db: Database) -> None:
    ask(db)
    for _ in range(5):
        assert 0.5 < ask(db).wait <= 1.0
    age(db, seconds=1)
    assert ask(db).wait == 0


@pytest.mark.parametrize(
    ("per_minute", "burst"), [(0, 1), (-1, 1), (float("nan"), 1), (60, 0), (60, -2)]
)
def test_a_rate_that_means_nothing_is_refused(db: Database, per_minute: float, burst: int) -> None:
    with pytest.raises(ValueError, match="per minute"):
        ask(db, per_minute=per_minute, burst=burst)


def test_a_clock_that_was_set_back_does_not_stop_a_site_for_long(db: Database) -> None:
    ask(db, burst=2)
    age(db, days=-1)
    assert 0 < ask(db, burst=2).wait <= 1.0


@given(
    st.floats(0.5, 60_000),
    st.integers(1, 10),
    st.floats(rates.SLOWEST, 1),
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_no_span_of_time_holds_more_than_rate_and_burst_allow(
    per_minute: float, burst: int, share: float, steps: list[float]
) -> None:
    moment = NOON
    rate = rates.Rate(
        key=KEY, tat=NOON, blocked_until=None, strikes=1, pace=share, pace_at=NOON + timedelta(1)
    )
    granted = []
    for step in steps:
        moment += timedelta(seconds=step * share)
        for _ in range(3):
            tat = rates.next_tat(rate, moment, per_minute=per_minute, burst=burst)
            if isinstance(tat, datetime):
                granted.append(moment.timestamp())
                rate = rates.Rate(
                    key=KEY,
                    tat=tat,
                    blocked_until=None,
                    strikes=1,
                    pace=share,
                    pace_at=rate.pace_at,
                )
            else:
                later = rates.next_tat(rate, moment + tat, per_minute=per_minute, burst=burst)
                assert isinstance(later, datetime)
    assert granted
    assert excess(granted, per_minute * share / 60, burst) <= 0


def excess(moments: list[float], per_second: float, burst: int) -> int:
    """By how many requests the worst window of all exceeds the rate."""
    times = sorted(moments)
    return max(
        last - first + 1 - math.floor(per_second * (times[last] - times[first]) + burst + 1e-3)
        for first in range(len(times))
        for last in range(first, len(times))
    )


EACH = 12
SHARED = f"""
import time
from datetime import datetime
from jobtracker_core.storage import engine, rates
db = engine.open_database(url)
granted, next_tat = [], rates.next_tat
def noted(rate, moment, **how):
    tat = next_tat(rate, moment, **how)
    if isinstance(tat, datetime):
        granted.append(moment.timestamp())
    return tat
rates.next_tat = noted
go()
while len(granted) < {EACH}:
    time.sleep(rates.acquire(db, "{KEY}", per_minute={PER_MINUTE}, burst={BURST}).wait)
print(granted)
"""
# The guard removed: each process keeps an account of its own.
APART = f"""
import time
from jobtracker_core.testing.throttle import Throttle
throttle, granted = Throttle(time.time), []
go()
while len(granted) < {EACH}:
    wait = throttle.acquire("{KEY}", per_minute={PER_MINUTE}, burst={BURST}).wait
    time.sleep(wait)
    if not wait:
        granted.append(time.time())
print(granted)
"""


def moments_of(printed: list[str]) -> list[float]:
    return [float(part) for line in printed for part in line.strip("[]").split(",")]


@pytest.mark.fault(
    "F26",
    done="Eight processes asked for one site's grants at once.",
    holds="No span of time held more grants than the rate and its burst allow.",
)
def test_eight_processes_share_one_rate(db_url: str, processes: Callable[..., list[str]]) -> None:
    moments = moments_of(processes(SHARED, db_url, 8))
    assert len(moments) == 8 * EACH
    assert excess(moments, PER_MINUTE / 60, BURST) <= 0


@pytest.mark.fault(
    "F26",
    done="Twin: each of eight processes kept its own account of the rate.",
    holds="Together they exceeded it.",
)
def test_eight_processes_with_accounts_of_their_own_exceed_it(
    processes: Callable[..., list[str]],
) -> None:
    moments = moments_of(processes(APART, "", 8))
    assert len(moments) == 8 * EACH
    assert excess(moments, PER_MINUTE / 60, BURST) > 0


# --- slowing down


def test_a_site_is_left_alone_for_as_long_as_it_said(db: Database) -> None:
    rates.slow_down(db, KEY, cause="http_429", retry_after=120)
    grant = ask(db)
    assert grant.cooling
    assert 115 < grant.wait <= 120
    age(db, seconds=120)
    assert ask(db).wait == 0


@pytest.mark.parametrize("said", [3600.5, 86_400, float("inf")])
def test_nobody_is_left_alone_for_more_than_an_hour_after_a_429(db: Database, said: float) -> None:
    rates.slow_down(db, KEY, cause="http_429", retry_after=said)
    assert 3590 < cooling(db) <= 3600


@pytest.mark.parametrize("said", [None, 0.0, 0.5, -1.0, float("nan")])
def test_without_a_time_it_is_half_a_minute_doubling_to_an_hour(
    db: Database, said: float | None
) -> None:
    lengths = []
    for _ in range(9):
        rates.slow_down(db, KEY, cause="http_5xx", retry_after=said)
        lengths.append(round(cooling(db), -1))
        age(db, hours=1)
    assert lengths == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_site_that_took_us_for_a_robot_is_left_alone_for_longer(db: Database) -> None:
    lengths = []
    for _ in range(6):
        rates.slow_down(db, KEY, cause="blocked")
        lengths.append(round(cooling(db) / 60))
        age(db, hours=6)
    assert lengths == [30, 60, 120, 240, 360, 360]
    assert pace(db) == 1


def test_reports_while_it_cools_are_one_incident(db: Database) -> None:
    rates.slow_down(db, KEY, cause="http_429", retry_after=600)
    rates.slow_down(db, KEY, cause="http_429")
    rates.slow_down(db, KEY, cause="http_429", retry_after=60)
    assert 590 < cooling(db) <= 600
    assert (row(db)[0].strikes, pace(db)) == (1, 0.5)
    rates.slow_down(db, KEY, cause="http_429", retry_after=900)
    assert 890 < cooling(db) <= 900
    assert (row(db)[0].strikes, pace(db)) == (1, 0.5)


def test_who_is_told_to_wait_hears_why(db: Database) -> None:
    rates.slow_down(db, KEY, cause="blocked")
    rates.slow_down(db, KEY, cause="http_429", retry_after=60)
    assert (ask(db).cooling, ask(db).cause) == (True, "blocked"), "the longer one is in force"
    rates.slow_down(db, KEY, cause="http_429", retry_after=3600)
    assert ask(db).cause == "http_429"


def test_the_pace_halves_to_a_sixteenth_and_recovers_by_a_tenth(db: Database) -> None:
    seen = []
    for _ in range(6):
        rates.slow_down(db, KEY, cause="http_429", retry_after=60)
        seen.append(pace(db))
        age(db, seconds=61)
    assert seen == [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16]
    ask(db)
    assert 14 < ask(db).wait <= 16
    age(db, minutes=10)
    assert pace(db) == pytest.approx(1.1 / 16)
    age(db, minutes=10)
    assert pace(db) == pytest.approx(1.21 / 16)
    age(db, hours=5)
    assert pace(db) == 1
    age(db, days=10_000)
    assert pace(db) == 1


def test_strikes_are_forgotten_after_six_clean_hours(db: Database) -> None:
    for _ in range(3):
        rates.slow_down(db, KEY, cause="http_429")
        age(db, hours=1)
    age(db, hours=4.5)
    rates.slow_down(db, KEY, cause="http_429")
    assert 235 < cooling(db) <= 240
    age(db, hours=6.5)
    rates.slow_down(db, KEY, cause="http_429")
    assert 25 < cooling(db) <= 30


def test_turning_a_collector_on_ends_the_cooling_of_its_site_alone(db: Database) -> None:
    collectors.ensure(db, ["board"])
    rates.slow_down(db, KEY, cause="blocked")
    rates.slow_down(db, "site:other.example", cause="blocked")
    collectors.set_enabled(db, "board", False, rate_key=KEY)
    assert ask(db).cooling
    collectors.set_enabled(db, "board", True, rate_key=KEY)
    assert not ask(db).cooling
    assert ask(db, key="site:other.example").cooling
    assert row(db)[0].strikes == 0


def test_a_cooling_begun_by_a_clock_that_was_ahead_does_not_last_for_years(db: Database) -> None:
    ask(db)
    with db.write() as conn:
        ahead = db.now(conn) + timedelta(days=3650)
        conn.execute(sa.update(rate_limits).values(blocked_until=ahead))
    assert not ask(db).cooling


def test_who_asked_is_forgotten_after_a_day_and_sites_never(frozen) -> None:
    for key in ("request:token:1", "request:address:192.0.2.0/24", "site:example.org"):
        rates.acquire(frozen.db, key, per_minute=60, burst=5)
    frozen.advance(hours=23)
    rates.acquire(frozen.db, "request:token:1", per_minute=60, burst=5)
    assert rates.prune(frozen.db) == 0
    frozen.advance(hours=2)
    assert rates.prune(frozen.db) == 1
    left, _ = rates.find(
        frozen.db, ["request:token:1", "request:address:192.0.2.0/24", "site:example.org"]
    )
    assert set(left) == {"request:token:1", "site:example.org"}
    # One that comes back begins anew.
    assert (
        rates.acquire(frozen.db, "request:address:192.0.2.0/24", per_minute=60, burst=5).wait == 0
    )
