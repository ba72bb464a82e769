"""A worker whose clock is wrong."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from jobtracker_core import RunState
from jobtracker_core.storage import searches
from queueing import draft

LEASE_S = 6.0


@pytest.mark.full
@pytest.mark.parametrize("minutes", [5, -5], ids=["ahead", "behind"])
@pytest.mark.fault(
    "F17",
    done="The clock of one of two workers is 5 minutes off the database's.",
    holds="Leases and ticks go by the database's clock: no worker takes the other's run, each "
    "tick runs once and none before its time; the log warns of the clock.",
)
def test_five_minutes_off(tracker, program, enqueue, board, wait_until, sql, minutes) -> None:
    now = tracker.database.present()

    def search(name: str, tick: timedelta) -> int:
        first = now + tick
        made = searches.create(
            tracker.database,
            draft(
                name=name,
                collector="paced",
                query={"text": "quick", "location": name},
                query_hash=name,
                schedule=searches.Schedule(kind="interval", every_s=3600, anchor_at=first),
            ),
            next_tick_at=first,
        )
        return made.id

    due = [search(f"due{number}", timedelta(seconds=-30 + number)) for number in range(3)]
    early = search("early", timedelta(minutes=4))
    gated = [enqueue("gated", place, priority=0) for place in ("berlin", "paris")]
    wrong = program("worker", "--slots", "1", clock_s=60 * minutes, lease_s=LEASE_S)
    wrong.wait_for("at the gate")
    right = program("worker", "--slots", "1", lease_s=LEASE_S)
    right.wait_for("at the gate")
    # For longer than two leases each sees the other's run under its own clock.
    for number in gated:
        claimed = tracker.runs.get(number).claimed_at
        assert abs((claimed - now).total_seconds()) < 60
        wait_until(
            lambda number=number, claimed=claimed: (
                tracker.runs.get(number).heartbeat_at > claimed + timedelta(seconds=2 * LEASE_S)
            )
        )
    board.let_go()
    wait_until(
        lambda: sql("SELECT count(*) FROM collector_runs WHERE state = 'succeeded'") == [(5,)]
    )
    for number in gated:
        run = tracker.runs.get(number)
        assert (run.state, run.attempt, run.rescue_count) == (RunState.SUCCEEDED, 1, 0)
    ticked = sql("SELECT search_id, count(*) FROM collector_runs GROUP BY 1 HAVING count(*) = 1")
    assert {number for number, _ in ticked} >= set(due)
    assert searches.get(tracker.database, early).last_tick_at is None
    warned = wrong.wait_for("clock skew")
    [ahead] = re.findall(r"database_ahead_s=(\S+)", warned)
    assert abs(float(ahead) + 60 * minutes) < 5
    assert right.lines("clock skew") == []
