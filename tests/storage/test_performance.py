"""How collecting did, by source and day, the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import performance
from jobtracker_core.storage.endings import finish
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.tables import collector_runs as runs
from queueing import put, take, turn_on

DAYS = 7


@pytest.fixture(autouse=True)
def collectors(db: Database) -> None:
    turn_on(db, "site")


def ran(
    db: Database,
    ago: timedelta,
    *,
    took_s: float = 10,
    state: RunState = RunState.SUCCEEDED,
    **counts: int,
) -> None:
    run_id = put(db)
    finish(db, take(db), state=state, counts=Counts(**counts))
    with db.write() as conn:
        end = now(conn) - ago
        conn.execute(
            sa.update(runs)
            .where(runs.c.id == run_id)
            .values(started_at=end - timedelta(seconds=took_s), finished_at=end)
        )


def test_without_runs_there_is_each_day(db: Database) -> None:
    found = performance.measure(db, days=DAYS, zone=UTC)
    assert len(found.days) == DAYS
    assert (found.until - found.since).days == DAYS - 1
    assert (found.sources, found.complete) == ((), True)
    assert found.days[0].median_s is None
    assert found.days[0].new_per_request is None


def test_figures_of_a_source(db: Database) -> None:
    for took in (1, 2, 3, 4, 100):
        ran(db, timedelta(), took_s=took, seen=10, new=2, http_requests=4, bytes_in=1_000)
    ran(db, timedelta(), took_s=5, state=RunState.FAILED)
    ran(db, timedelta(days=2), seen=1, changed=1)
    ran(db, timedelta(days=DAYS + 1), seen=1_000)
    found = performance.measure(db, days=DAYS, zone=UTC)
    [source] = found.sources
    assert (source.source, source.runs, source.bad) == ("site", 7, 1)
    assert (source.seen, source.new, source.changed) == (51, 10, 1)
    assert (source.requests, source.bytes_in, source.new_per_request) == (20, 5_000, 0.5)
    today = source.days[-1]
    assert (today.runs, today.median_s, today.slowest_s) == (6, 3, 100)
    assert [day.runs for day in found.days] == [0, 0, 0, 0, 1, 0, 6]
    assert performance.measure(db, days=DAYS, zone=UTC, source="other").sources == ()


def test_a_day_is_one_of_the_readers_clock(db: Database) -> None:
    ran(db, timedelta())
    for zone in (ZoneInfo("Pacific/Auckland"), ZoneInfo("Pacific/Pago_Pago")):
        found = performance.measure(db, days=2, zone=zone)
        assert found.until == datetime.now(zone).date()
        assert found.days[-1].runs == 1


def test_runs_that_wait_or_never_began_do_not_count(db: Database) -> None:
    put(db)
    assert performance.measure(db, days=DAYS, zone=UTC).sources == ()


def test_only_so_many_runs_are_looked_at(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performance, "LOOKED_AT", 2)
    for days in (3, 2, 1):
        ran(db, timedelta(days=days), seen=days)
    found = performance.measure(db, days=DAYS, zone=UTC)
    assert (found.complete, [day.seen for day in found.days]) == (False, [0, 0, 0, 0, 2, 1, 0])
