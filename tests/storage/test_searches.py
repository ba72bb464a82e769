"""Searches are kept as they are given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from frozen import FrozenTime
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import collectors, queue, runs, searches
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Duplicate, NotFound, StorageError
from jobtracker_core.storage.searches import Schedule
from queueing import draft, put, take, turn_on
from rows import NOON

HOURLY = Schedule(kind="cron", cron="0 * * * *", timezone="Europe/Berlin")


def test_a_search_is_kept(frozen: FrozenTime) -> None:
    db = frozen.db
    schedule = Schedule(
        kind="interval", every_s=3600, anchor_at=NOON, stagger_s=60, misfire_window_s=600
    )
    limits = queue.Limits(runtime_s=1, memory_mb=2, cpu_s=3, requests=4, pages=5)
    given = draft(
        schedule=schedule, overlap="queue", priority=2, max_attempts=4, limits=limits,
        proxy_pool="home",
    )  # fmt: skip
    made = searches.create(db, given, next_tick_at=NOON)
    assert (made.name, made.collector, made.site) == ("python in Berlin", "site", "example.org")
    assert (made.query, made.query_hash) == ({"text": "python"}, "q1")
    assert (made.schedule, made.limits, made.overlap) == (schedule, limits, "queue")
    assert (made.priority, made.max_attempts, made.proxy_pool) == (2, 4, "home")
    assert (made.enabled, made.next_tick_at, made.last_tick_at) == (True, NOON, None)
    assert (made.missed_ticks, made.skipped_ticks) == (0, 0)
    assert made == searches.get(db, made.id) == searches.find(db, made.name)
    assert collectors.get(db, "site").enabled is False


def test_lists(db: Database) -> None:
    for name, collector in (("b", "two"), ("a", "one"), ("c", "one")):
        searches.create(db, draft(name=name, collector=collector), next_tick_at=None)
    assert [search.name for search in searches.list_all(db)] == ["a", "b", "c"]
    assert [search.name for search in searches.list_all(db, collector="one")] == ["a", "c"]


def test_changing_and_pausing_are_done_with_what_was_due(frozen: FrozenTime) -> None:
    db = frozen.db
    made = searches.create(db, draft(schedule=HOURLY), next_tick_at=frozen.at)
    frozen.advance(hours=2)
    later = frozen.at + timedelta(hours=1)
    changed = searches.update(db, made.id, draft(name="x", query={}), next_tick_at=None)
    assert (changed.name, changed.query, changed.schedule) == ("x", {}, Schedule())
    assert (changed.last_tick_at, changed.next_tick_at) == (frozen.at, None)
    assert changed.created_at < changed.updated_at
    off = searches.set_enabled(db, made.id, False, next_tick_at=None)
    assert (off.enabled, off.next_tick_at) == (False, None)
    searches.update(db, made.id, draft(schedule=HOURLY), next_tick_at=later)
    on = searches.set_enabled(db, made.id, True, next_tick_at=later)
    assert (on.enabled, on.next_tick_at, on.last_tick_at) == (True, later, frozen.at)


def test_names_are_unique(db: Database) -> None:
    searches.create(db, draft(), next_tick_at=None)
    other = searches.create(db, draft(name="other"), next_tick_at=None)
    with pytest.raises(Duplicate, match="'python in Berlin' already"):
        searches.create(db, draft(), next_tick_at=None)
    with pytest.raises(Duplicate):
        searches.update(db, other.id, draft(), next_tick_at=None)


@pytest.mark.parametrize(
    "facts",
    [
        {"schedule": Schedule(kind="cron")},
        {"schedule": Schedule(cron="0 * * * *")},
        {"schedule": Schedule(kind="interval", every_s=60)},
        {"schedule": Schedule(stagger_s=3600)},
        {"schedule": Schedule(kind="often")},  # type: ignore[arg-type]
        {"overlap": "both"},
        {"max_attempts": 0},
    ],
)
def test_impossible_searches_are_refused(db: Database, facts: dict[str, Any]) -> None:
    with pytest.raises(StorageError):
        searches.create(db, draft(**facts), next_tick_at=None)
    assert searches.list_all(db) == ()


def test_runs_of_a_search(db: Database) -> None:
    turn_on(db)
    search = searches.create(
        db, draft(limits=queue.Limits(pages=7), proxy_pool="home", priority=9), next_tick_at=None
    )
    made = searches.start(db, search.id, requested_by="me", dedup_key="k")
    run = runs.get(db, made.run_id)
    assert (run.search_id, run.trigger, run.requested_by) == (search.id, "manual", "me")
    assert (run.query, run.query_hash, run.limit_pages) == ({"text": "python"}, "q1", 7)
    assert (run.proxy_pool, run.priority, run.singleton_key) == ("home", 3, f"search:{search.id}")
    assert searches.start(db, search.id).outcome == "overlap"
    assert searches.start(db, search.id, dedup_key="k").outcome == "same"
    queued = searches.create(db, draft(name="queued", overlap="queue"), next_tick_at=None)
    assert [searches.start(db, queued.id).outcome for _ in range(2)] == ["made", "made"]


def test_a_search_that_is_deleted_leaves_its_runs(db: Database) -> None:
    turn_on(db)
    search = searches.create(db, draft(), next_tick_at=None)
    run_id = searches.start(db, search.id).run_id
    searches.delete(db, search.id)
    assert runs.get(db, run_id).search_id is None
    assert take(db).run_id == run_id


@pytest.mark.parametrize("search_id", [0, 99, 2**63])
def test_unknown_searches(db: Database, search_id: int) -> None:
    for use in (
        lambda: searches.get(db, search_id),
        lambda: searches.start(db, search_id),
        lambda: searches.delete(db, search_id),
        lambda: searches.update(db, search_id, draft(), next_tick_at=None),
        lambda: searches.set_enabled(db, search_id, True, next_tick_at=None),
    ):
        with pytest.raises(NotFound, match=f"no search {search_id}"):
            use()
    with pytest.raises(NotFound, match="'nope'"):
        searches.find(db, "nope")


def test_the_delay_from_tick_to_claim(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    search = searches.create(db, draft(), next_tick_at=None)
    assert searches.last_delay_s(db, search.id) is None
    put(db, search_id=search.id, tick_at=frozen.at)
    assert searches.last_delay_s(db, search.id) is None
    frozen.advance(seconds=2.5)
    runs.finish(db, take(db), state=RunState.SUCCEEDED)
    assert searches.last_delay_s(db, search.id) == 2.5
