"""What a search usually finds."""

from __future__ import annotations

from typing import Any

import pytest

from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import baselines, believing, events, runs, searches
from jobtracker_core.storage.baselines import Baseline
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from queueing import draft, put, take, turn_on


def end(
    db: Database,
    seen: int,
    fill: dict[str, int] | None = None,
    state: RunState = RunState.SUCCEEDED,
    **facts: Any,
) -> None:
    put(db, **facts)
    runs.finish(db, take(db), state=state, counts=Counts(seen=seen), fill=fill)


def test_the_last_ten_good_runs_count(db: Database) -> None:
    turn_on(db)
    search = searches.create(db, draft(), next_tick_at=None)
    assert baselines.of_search(db, search.id, query_hash="q1") is None
    end(db, 9999, {}, search_id=search.id)
    for seen in range(10, 20):
        end(db, seen, {}, search_id=search.id)
        # None of these is comparable.
        end(db, 0, search_id=search.id, state=RunState.SUSPECT)
        end(db, 1, search_id=search.id, state=RunState.PARTIAL)
        end(db, 2, {}, search_id=search.id, trigger="backfill")
        end(db, 3, {}, search_id=search.id, query_hash="q2")  # before an edit
        end(db, 4, None, search_id=search.id)  # it went on from where another stopped
    end(db, 5000, {})
    assert baselines.of_search(db, search.id, query_hash="q1") == Baseline(
        runs=10, found=14.5, fill={}
    )


def test_shares_of_fields(db: Database) -> None:
    turn_on(db)
    for fill in ({"company": 10, "city": 5}, {"company": 9}, {"company": 8, "city": 20}, {}):
        end(db, 10, fill)
    end(db, 0, None)
    found = baselines.of_query(db, collector="site", query_hash="q1")
    assert found == Baseline(runs=5, found=10, fill={"company": 0.9, "city": 0.75})
    assert baselines.of_query(db, collector="site", query_hash="q2") is None
    assert baselines.of_query(db, collector="unknown", query_hash="q1") is None


def test_a_suspect_run_that_is_believed_is_the_first_of_those_that_count(db: Database) -> None:
    turn_on(db)
    for _ in range(5):
        end(db, 300, {"pay": 300})
    put(db)
    runs.finish(
        db,
        take(db),
        state=RunState.SUSPECT,
        error_message="found 20, not 300",
        counts=Counts(seen=20),
        fill={"pay": 0},
    )
    [suspect] = runs.list_runs(db, states=[RunState.SUSPECT])
    before = baselines.of_query(db, collector="site", query_hash="q1")
    assert before == Baseline(runs=5, found=300, fill={"pay": 1.0})
    assert believing.believe(db, suspect.id, by="user:ada") is None
    run = runs.get(db, suspect.id)
    assert (run.state, run.error_message) == (RunState.SUCCEEDED, None)
    assert run.believed_at is not None
    assert baselines.of_query(db, collector="site", query_hash="q1") == Baseline(
        runs=1, found=20, fill={"pay": 0.0}
    )
    end(db, 22, {"pay": 0})
    assert baselines.of_query(db, collector="site", query_hash="q1") == Baseline(
        runs=2, found=21, fill={"pay": 0.0}
    )
    *_, told = events.list_events(db, suspect.id)
    assert (told.kind, told.data) == (
        "believed",
        {"by": "user:ada", "doubt": "found 20, not 300"},
    )
    # A second time there is nothing to believe.
    assert believing.believe(db, suspect.id, by="user:ada") is RunState.SUCCEEDED
    with pytest.raises(NotFound):
        believing.believe(db, 999, by="user:ada")
