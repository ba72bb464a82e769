"""Tries to log in, counted by the database for all processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from frozen import FrozenTime
from jobtracker_core.storage import logins
from jobtracker_core.storage.account_tables import login_attempts


@pytest.fixture
def time(db_url: str) -> Iterator[FrozenTime]:
    time = FrozenTime(db_url)
    yield time
    time.close()


def take(time: FrozenTime, account: str = "ann", address: str = "192.0.2.1") -> timedelta | None:
    return logins.take(time.db, address=address, account=account)


def test_five_within_15_minutes_for_an_account_from_an_address(time: FrozenTime) -> None:
    for _ in range(5):
        assert take(time) is None
        time.advance(minutes=1)
    assert take(time) == timedelta(minutes=10)
    assert take(time, account="ANN") == timedelta(minutes=10)
    assert take(time, account="bob") is None
    assert take(time, address="192.0.2.2") is None
    time.advance(minutes=9, seconds=59)
    assert take(time) == timedelta(seconds=1)
    time.advance(seconds=1)
    assert take(time) is None
    assert take(time) == timedelta(minutes=1)


def test_twenty_within_an_hour_from_an_address(time: FrozenTime) -> None:
    for number in range(20):
        assert take(time, account=f"user{number}") is None
        time.advance(minutes=1)
    assert take(time, account="user99") == timedelta(minutes=40)
    assert take(time, account="user99", address="192.0.2.2") is None
    time.advance(minutes=40)
    assert take(time, account="user99") is None


def test_a_refused_try_does_not_lengthen_the_wait(time: FrozenTime) -> None:
    for _ in range(5):
        take(time)
    for _ in range(50):
        assert take(time) == timedelta(minutes=15)
    time.advance(minutes=15)
    assert take(time) is None


def test_success_takes_back_the_tries_of_that_account_there(time: FrozenTime) -> None:
    for _ in range(4):
        take(time)
    take(time, account="bob")
    logins.forget(time.db, address="192.0.2.1", account="Ann")
    assert [take(time) for _ in range(5)] == [None] * 5
    assert take(time) is not None
    with time.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(login_attempts)).scalar() == 6


def test_tries_are_forgotten_and_the_typed_name_is_not_kept(time: FrozenTime) -> None:
    take(time, account="canary-typed")
    with time.db.read() as conn:
        [row] = conn.execute(sa.select(login_attempts)).all()
    assert b"canary" not in row.account
    time.advance(hours=1)
    take(time, account="bob")
    with time.db.read() as conn:
        assert len(conn.execute(sa.select(login_attempts)).all()) == 1


def test_a_clock_that_was_ahead_locks_nobody_out(time: FrozenTime) -> None:
    time.advance(days=300)
    for _ in range(5):
        take(time)
    time.advance(days=-300)
    assert take(time) is None


def test_a_clock_that_was_a_little_ahead_does_not_let_more_in(time: FrozenTime) -> None:
    for _ in range(5):
        take(time)
    time.advance(minutes=-5)
    assert take(time) == timedelta(minutes=15)


def test_two_processes_share_the_count(db_url: str, processes: Callable[..., list[str]]) -> None:
    script = """
from jobtracker_core.storage import engine, logins
db = engine.open_database(url)
go()
print(sum(logins.take(db, address="192.0.2.1", account="ann") is None for _ in range(50)))
"""
    assert sum(map(int, processes(script, db_url, 2))) == 5
