"""Ticks become runs: each once, late ones not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from frozen import FrozenTime
from jobtracker_core.contract.run import RunState
from jobtracker_core.runner import schedule as schedules
from jobtracker_core.runner.pump import pump
from jobtracker_core.storage import events, queue_tables, runs, searches, ticks
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.searches import Schedule
from queueing import draft, take, turn_on

HOURLY = Schedule(kind="cron", cron="0 * * * *", misfire_window_s=1800)


@pytest.fixture
def frozen(db_url: str) -> Iterator[FrozenTime]:
    frozen = FrozenTime(db_url)
    turn_on(frozen.db)
    yield frozen
    frozen.close()


def add(frozen: FrozenTime, schedule: Schedule = HOURLY, **facts: Any) -> searches.Search:
    ahead = schedules.next_tick(schedule, frozen.at)
    return searches.create(frozen.db, draft(schedule=schedule, **facts), next_tick_at=ahead)


def kinds(db: Database, run_id: int) -> list[tuple[str, Any]]:
    return [(event.kind, event.data) for event in events.list_events(db, run_id)]


def test_a_tick_becomes_a_run(frozen: FrozenTime) -> None:
    schedule = Schedule(kind="cron", cron="0 * * * *", stagger_s=600, misfire_window_s=1800)
    search = add(frozen, schedule, priority=4, max_attempts=2)
    at = frozen.at + timedelta(hours=1)
    frozen.advance(minutes=59, seconds=59)
    assert pump(frozen.db).ticked == {}
    frozen.advance(seconds=1)
    (ticked,) = pump(frozen.db).ticked.values()
    assert ticked.outcome == "made"
    run = runs.get(frozen.db, ticked.run_id)
    assert (run.trigger, run.search_id, run.tick_at) == ("schedule", search.id, at)
    assert run.scheduled_for == at + schedules.stagger(search.id, 600)
    assert run.expires_at == at + timedelta(minutes=30)
    assert run.dedup_key == f"tick:{search.id}:2026-03-01T13:00:00Z"
    assert (run.singleton_key, run.priority, run.max_attempts) == (f"search:{search.id}", 4, 2)
    row = searches.get(frozen.db, search.id)
    assert (row.last_tick_at, row.next_tick_at) == (at, at + timedelta(hours=1))
    assert pump(frozen.db).ticked == {}


def test_a_tick_during_a_run_is_skipped_and_counted(frozen: FrozenTime) -> None:
    search = add(frozen)
    frozen.advance(hours=1)
    first = pump(frozen.db).ticked[search.id]
    claim = take(frozen.db)
    frozen.advance(hours=1)
    skipped = pump(frozen.db).ticked[search.id]
    assert skipped == ticks.Ticked(run_id=first.run_id, outcome="skipped")
    row = searches.get(frozen.db, search.id)
    assert (row.skipped_ticks, row.missed_ticks, row.last_tick_at) == (1, 0, frozen.at)
    assert kinds(frozen.db, first.run_id)[0][0] == "tick_skipped"
    assert runs.finish(frozen.db, claim, state=RunState.SUCCEEDED) is RunState.SUCCEEDED
    frozen.advance(hours=1)
    assert pump(frozen.db).ticked[search.id].outcome == "made"


def test_overlapping_runs_queue_where_that_is_wanted(frozen: FrozenTime) -> None:
    search = add(frozen, overlap="queue")
    for _ in range(3):
        frozen.advance(hours=1)
        assert pump(frozen.db).ticked[search.id].outcome == "made"
    assert len(runs.list_runs(frozen.db)) == 3


@pytest.mark.fault(
    "F21",
    done="Nothing ran for three days.",
    holds="One run caught up, and the ticks that were skipped were counted.",
)
def test_after_three_days_one_run_and_a_count(frozen: FrozenTime) -> None:
    search = add(frozen)
    frozen.advance(days=3, minutes=5)
    ticked = pump(frozen.db).ticked[search.id]
    assert ticked.outcome == "made"
    (run,) = runs.list_runs(frozen.db)
    assert run.tick_at == frozen.at - timedelta(minutes=5)
    row = searches.get(frozen.db, search.id)
    assert (row.missed_ticks, row.skipped_ticks) == (71, 0)
    assert row.next_tick_at == frozen.at + timedelta(minutes=55)
    assert [(kind, data["count"]) for kind, data in kinds(frozen.db, run.id)] == [
        ("ticks_missed", 71)
    ]


@pytest.mark.fault(
    "F21",
    done="A run waited for longer than its misfire window.",
    holds="It ended as missed, and the event says so.",
)
def test_too_late_is_missed_and_seen(frozen: FrozenTime) -> None:
    search = add(frozen)
    frozen.advance(hours=2, minutes=31)
    ticked = pump(frozen.db).ticked[search.id]
    assert ticked.outcome == "missed"
    (run,) = runs.list_runs(frozen.db)
    assert (run.state, run.finished_at) == (RunState.MISSED, frozen.at)
    assert run.tick_at == frozen.at - timedelta(minutes=31)
    assert searches.get(frozen.db, search.id).missed_ticks == 2
    assert kinds(frozen.db, run.id)[0][1]["began"] is False


def test_a_search_that_is_off_or_edited_meanwhile_does_not_tick(frozen: FrozenTime) -> None:
    search = add(frozen)
    frozen.advance(hours=1)
    (seen,), now = searches.due(frozen.db)
    due = schedules.plan(seen, now)
    assert due is not None
    searches.update(
        frozen.db, search.id, draft(schedule=HOURLY), next_tick_at=now + timedelta(hours=1)
    )
    assert ticks.tick(frozen.db, seen, due) is None
    searches.set_enabled(frozen.db, search.id, False, next_tick_at=seen.next_tick_at)
    assert ticks.tick(frozen.db, seen, due) is None
    assert pump(frozen.db).ticked == {}
    assert runs.list_runs(frozen.db) == ()


def test_pausing_lets_go_of_the_tick_that_waits_and_of_nothing_else(frozen: FrozenTime) -> None:
    paused, other = add(frozen, overlap="queue"), add(frozen, name="other")
    by_hand = searches.start(frozen.db, paused.id).run_id
    frozen.advance(hours=1)
    waiting = pump(frozen.db).ticked
    searches.set_enabled(frozen.db, paused.id, False, next_tick_at=None)
    let_go = runs.get(frozen.db, waiting[paused.id].run_id)
    assert (let_go.state, let_go.error_class) == (RunState.CANCELLED, "cancelled")
    assert (let_go.finished_at, let_go.error_message) == (frozen.at, "its search was paused")
    for left in (by_hand, waiting[other.id].run_id):
        assert runs.get(frozen.db, left).state is RunState.PENDING

    # What has begun once goes on, even if it waits for its next attempt.
    runs.request_cancel(frozen.db, by_hand)
    claim = take(frozen.db)
    again = runs.finish(frozen.db, claim, state=RunState.FAILED, error_class="network")
    assert again is RunState.PENDING
    searches.set_enabled(frozen.db, other.id, False, next_tick_at=None)
    assert runs.get(frozen.db, claim.run_id).state is RunState.PENDING

    # An edit that turns it off does the same.
    back = draft(schedule=HOURLY, overlap="queue")
    searches.update(frozen.db, paused.id, back, next_tick_at=frozen.at + timedelta(hours=1))
    frozen.advance(hours=1)
    waiting = pump(frozen.db).ticked
    off = draft(schedule=HOURLY, enabled=False)
    searches.update(frozen.db, paused.id, off, next_tick_at=None)
    assert runs.get(frozen.db, waiting[paused.id].run_id).state is RunState.CANCELLED


def test_a_scheduler_that_ends_leaves_the_rest_to_others(frozen: FrozenTime) -> None:
    for number in range(4):
        add(frozen, name=f"search {number}")
    frozen.advance(hours=1)
    turns = iter([False, False, True])
    assert len(pump(frozen.db, stop=lambda: next(turns)).ticked) == 2
    assert len(pump(frozen.db).ticked) == 2
    assert len(runs.list_runs(frozen.db)) == 4


def test_a_run_is_made_of_the_search_as_it_is_now(frozen: FrozenTime) -> None:
    search = add(frozen)
    frozen.advance(hours=1)
    (seen,), now = searches.due(frozen.db)
    due = schedules.plan(seen, now)
    assert due is not None
    with frozen.db.write() as conn:
        conn.execute(sa.update(queue_tables.searches).values(query={"text": "go"}))
    ticked = ticks.tick(frozen.db, seen, due)
    assert ticked is not None
    assert runs.get(frozen.db, ticked.run_id).query == {"text": "go"}
    assert search.query == {"text": "python"}


@pytest.mark.fault(
    "F16",
    done="The clock was a day ahead, then set right.",
    holds="No tick became two runs, and schedules went on.",
)
def test_a_clock_that_was_ahead_makes_no_tick_twice(frozen: FrozenTime) -> None:
    search = add(frozen, overlap="queue")
    frozen.advance(hours=1)
    pump(frozen.db)
    frozen.advance(days=1)
    assert pump(frozen.db).ticked[search.id].outcome == "made"
    frozen.advance(days=-1, minutes=5)
    assert pump(frozen.db).ticked == {}
    row = searches.get(frozen.db, search.id)
    assert (row.last_tick_at, row.next_tick_at) == (
        frozen.at,
        frozen.at + timedelta(minutes=55),
    )
    outcomes = []
    for _ in range(25):
        frozen.advance(hours=1)
        outcomes += [ticked.outcome for ticked in pump(frozen.db).ticked.values()]
    # The tick of the next day has its run already.
    assert outcomes == ["made"] * 23 + ["same", "made"]
    keys = [run.dedup_key for run in runs.list_runs(frozen.db)]
    assert len(keys) == len(set(keys)) == 26


def test_a_schedule_that_became_unusable_is_told_of_and_stops_no_other(
    frozen: FrozenTime,
) -> None:
    broken, good = add(frozen, name="broken"), add(frozen, name="good")
    with frozen.db.write() as conn:
        conn.execute(
            sa.update(queue_tables.searches)
            .where(queue_tables.searches.c.id == broken.id)
            .values(timezone="Atlantis/Capital")
        )
    frozen.advance(hours=1)
    done = pump(frozen.db)
    assert set(done.ticked) == {good.id}
    assert done.unusable == {broken.id: "timezone: 'Atlantis/Capital' is no time zone"}


@pytest.mark.fault(
    "F18",
    done="A daily schedule at 02:30 went through both changes of clocks in Berlin.",
    holds="It made one run on each local day.",
)
@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), ["03-29 01:00", "03-30 00:30"]),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), ["10-25 00:30", "10-26 01:30"]),
    ],
)
def test_two_days_around_the_change_of_clocks(
    frozen: FrozenTime, start: datetime, expected: list[str]
) -> None:
    frozen.advance(seconds=(start - frozen.at).total_seconds())
    schedule = Schedule(kind="cron", cron="30 2 * * *", timezone="Europe/Berlin")
    add(frozen, schedule, overlap="queue")
    for _ in range(48 * 4):
        frozen.advance(minutes=15)
        pump(frozen.db)
    ticked = [run.tick_at for run in reversed(runs.list_runs(frozen.db))]
    assert [f"{tick:%m-%d %H:%M}" for tick in ticked if tick] == expected


RACE = """
from datetime import datetime, timedelta, UTC
from jobtracker_core.runner import schedule
from jobtracker_core.storage import engine, searches, ticks
db = engine.open_database(url)
moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
go()
made = 0
for turn in range(15):
    moment += timedelta(hours=1)
    for search in searches.list_all(db):
        due = schedule.plan(search, moment)
        ticked = None if due is None else ticks.tick(db, search, due)
        made += ticked is not None and ticked.outcome == "made"
print(made)
"""


@pytest.mark.fault(
    "F20",
    done="Six schedulers raced over the same ticks.",
    holds="Each tick became one run.",
)
def test_six_schedulers_make_one_run_of_each_tick(
    frozen: FrozenTime, db_url: str, processes: Callable[..., list[str]]
) -> None:
    for number in range(4):
        add(frozen, name=str(number), overlap="queue")
    made = [int(line) for line in processes(RACE, db_url, 6)]
    found = runs.list_runs(frozen.db, limit=500)
    assert sum(made) == len(found) == 60
    assert len({(run.search_id, run.tick_at) for run in found}) == 60
    assert sum(search.missed_ticks for search in searches.list_all(frozen.db)) == 0


@pytest.mark.fault(
    "F20",
    done="Twin: the unique key of a tick was dropped and the watermark moved back.",
    holds="The tick became two runs.",
)
def test_without_the_key_a_moved_watermark_ticks_twice(
    frozen: FrozenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: the watermark may be wrong (a restored backup), the key still says no."""
    search = add(frozen, overlap="queue")

    def again() -> str:
        with frozen.db.write() as conn:
            conn.execute(
                sa.update(queue_tables.searches).values(last_tick_at=None, next_tick_at=frozen.at)
            )
        return pump(frozen.db).ticked[search.id].outcome

    frozen.advance(hours=1)
    assert [again(), again()] == ["made", "same"]
    with frozen.db.write() as conn:
        conn.exec_driver_sql("DROP INDEX run_dedup")
    assert again() == "made"
