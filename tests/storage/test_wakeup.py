"""Waiting ends when there may be something to do: the same on both databases."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import collectors, runs, searches, slots
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Unreachable
from jobtracker_core.storage.wakeup import Wakeup, open_wakeup
from queueing import draft, put, take, turn_on
from rows import set_run

LONG = 20.0


@pytest.fixture
def wakeup(db: Database) -> Iterator[Wakeup]:
    turn_on(db)
    wakeup = open_wakeup(db)
    yield wakeup
    wakeup.close()


def _quiet(wakeup: Wakeup) -> None:
    """Use up what was heard so far."""
    while wakeup.wait(0.1):
        continue


def _ends_early(wakeup: Wakeup) -> bool:
    start = time.monotonic()
    return wakeup.wait(LONG) and time.monotonic() - start < LONG / 2


def test_nothing_happens(wakeup: Wakeup) -> None:
    start = time.monotonic()
    assert wakeup.wait(0.2) is False
    assert time.monotonic() - start >= 0.2
    assert wakeup.wait(0) is False


def test_whatever_makes_a_run_ready_wakes(db: Database, wakeup: Wakeup) -> None:
    search = searches.create(db, draft(site="other.org"), next_tick_at=None)

    def lost() -> None:
        set_run(db, take(db).run_id, lease_expires_at=moment)
        _quiet(wakeup)
        with db.write() as conn:
            assert runs.rescue(conn)

    with db.read() as conn:
        moment = db.now(conn)
    put(db, max_attempts=9)
    happenings: list[Callable[[], object]] = [
        lambda: put(db),
        lambda: searches.start(db, search.id),
        lambda: runs.requeue(db, take(db), outcome="drained"),
        lambda: runs.finish(db, take(db), state=RunState.SUCCEEDED),
        lambda: slots.set_limit(db, "example.org", 3),
        lambda: collectors.set_enabled(db, "site", True),
        lost,
    ]
    for happening in happenings:
        _quiet(wakeup)
        happening()
        assert _ends_early(wakeup)
    _quiet(wakeup)


def test_another_process_wakes(
    wakeup: Wakeup, db_url: str, processes: Callable[..., list[str]]
) -> None:
    script = """
from jobtracker_core.storage import engine, queue
db = engine.open_database(url)
go()
queue.enqueue(db, queue.Wanted(collector="site", trigger="manual", query={}, query_hash=None,
                               site="example.org"))
"""
    _quiet(wakeup)
    processes(script, db_url, 1)
    assert _ends_early(wakeup)


def _waiting(wakeup: Wakeup, end: Callable[[], object]) -> list[bool]:
    """Wait in a thread while something happens in this one."""
    results: list[bool] = []
    waiting = threading.Thread(target=lambda: results.append(_ends_early(wakeup)))
    waiting.start()
    end()
    waiting.join()
    return results


def test_a_wait_that_goes_on_is_ended(db: Database, wakeup: Wakeup) -> None:
    for end in (wakeup.wake, lambda: put(db)):
        _quiet(wakeup)
        assert _waiting(wakeup, end) == [True]


def test_a_wake_is_kept_for_the_next_wait(wakeup: Wakeup) -> None:
    _quiet(wakeup)
    for _ in range(1000):
        wakeup.wake()
    assert _ends_early(wakeup)
    _quiet(wakeup)


def _cut(db_url: str) -> None:
    """End the connections that listen, as a server does that goes down."""
    with psycopg.connect(db_url, autocommit=True) as admin:
        cut = admin.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        ).fetchone()
    assert cut == (1,)


@pytest.mark.fault(
    "F8",
    done="The connection that waits for new work was cut.",
    holds="It was made again and woke.",
)
def test_a_lost_connection_is_made_again(db: Database, db_url: str, wakeup: Wakeup) -> None:
    if db.dialect == "postgresql":
        _cut(db_url)
        assert _ends_early(wakeup), "something may have been missed"
        # Subscribing again is a reason to look, too.
        assert _ends_early(wakeup)
    _quiet(wakeup)
    put(db)
    assert _ends_early(wakeup)


def test_while_the_server_is_away_a_wait_lasts_as_long_as_it_should(
    db: Database, db_url: str, wakeup: Wakeup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_db: Database) -> None:
        raise Unreachable("no server")

    _quiet(wakeup)
    if db.dialect == "postgresql":
        monkeypatch.setattr(Database, "dedicated", refuse)
        _cut(db_url)
        assert _ends_early(wakeup)
    start, used = time.monotonic(), time.process_time()
    assert wakeup.wait(1.5) is False
    assert time.monotonic() - start >= 1.5
    assert time.process_time() - used < 0.5, "it does not spin"
    monkeypatch.undo()
    put(db)
    assert _ends_early(wakeup)
