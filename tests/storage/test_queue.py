"""Runs go into the queue once, and out of it in order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from frozen import FrozenTime
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import attempts, collectors, queue, runs, searches, slots
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import Busy, NotFound
from queueing import ME, OTHER, PLUGIN, SERVING, draft, put, take, turn_on, wanted
from rows import checkpoint, set_collector, set_run


def test_what_is_put_in(frozen: FrozenTime) -> None:
    db = frozen.db
    later = frozen.at + timedelta(hours=1)
    run = runs.get(
        db,
        put(
            db,
            trigger="api",
            requested_by="token 1",
            scheduled_for=later,
            expires_at=later + timedelta(hours=1),
            dedup_key="k",
            singleton_key="s",
            max_attempts=2,
            limits=queue.Limits(runtime_s=1, memory_mb=2, cpu_s=3, requests=4, pages=5),
            proxy_pool="home",
            params={"a": 1},
        ),
    )
    assert (run.state, run.attempt, run.fence, run.slot) == (RunState.PENDING, 0, 0, None)
    assert (run.trigger, run.requested_by, run.priority) == ("api", "token 1", 3)
    assert (run.scheduled_for, run.expires_at) == (later, later + timedelta(hours=1))
    assert (run.dedup_key, run.singleton_key, run.max_attempts) == ("k", "s", 2)
    assert (run.limit_runtime_s, run.limit_memory_mb, run.limit_cpu_s) == (1, 2, 3)
    assert (run.limit_requests, run.limit_pages, run.proxy_pool) == (4, 5, "home")
    assert (run.params, run.query, run.query_hash) == ({"a": 1}, {"text": "python"}, "q1")
    assert run.concurrency_key == "example.org"


def test_a_key_that_was_used_gives_the_run_it_made(db: Database) -> None:
    turn_on(db)
    run_id = put(db, dedup_key="mine")
    assert queue.enqueue(db, wanted(dedup_key="mine")) == queue.Enqueued(
        run_id=run_id, outcome="same"
    )
    runs.finish(db, take(db), state=RunState.SUCCEEDED)
    assert queue.enqueue(db, wanted(dedup_key="mine")).outcome == "same"
    assert put(db, dedup_key="another") != run_id


def test_one_run_of_a_search_is_pending_or_running(db: Database) -> None:
    turn_on(db)
    run_id = put(db, singleton_key="search:1")
    overlap = queue.Enqueued(run_id=run_id, outcome="overlap")
    assert queue.enqueue(db, wanted(singleton_key="search:1")) == overlap
    claim = take(db)
    assert queue.enqueue(db, wanted(singleton_key="search:1")) == overlap
    # Going back to pending cannot collide: nobody could take its place.
    assert runs.requeue(db, claim, outcome="drained") is RunState.PENDING
    assert queue.enqueue(db, wanted(singleton_key="search:1")) == overlap
    runs.finish(db, take(db), state=RunState.FAILED, error_class="network")
    assert queue.enqueue(db, wanted(singleton_key="search:1")) == overlap
    assert runs.request_cancel(db, run_id) is RunState.CANCELLED
    assert put(db, singleton_key="search:1") > run_id


def test_the_order_is_priority_then_time_then_arrival(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    slots.set_limit(db, "example.org", 9)
    early = frozen.at - timedelta(hours=1)
    old = put(db, trigger="backfill")
    clock = put(db, trigger="schedule")
    first, second = put(db), put(db)
    before = put(db, scheduled_for=early)
    urgent = put(db, priority=1)
    put(db, priority=0, scheduled_for=frozen.at + timedelta(seconds=1))
    order = [take(db).run_id for _ in range(6)]
    assert order == [urgent, before, first, second, clock, old]
    assert queue.claim(db, ME, serving=SERVING) is None
    assert queue.next_due(db) == frozen.at + timedelta(seconds=1)
    assert queue.seconds_to_next(db) == pytest.approx(1)
    frozen.advance(seconds=1)
    assert queue.seconds_to_next(db) is None
    take(db)
    assert queue.next_due(db) is None


def test_what_a_claim_writes(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    run_id = put(db)
    frozen.advance(seconds=5)
    claim = take(db, lease_s=30)
    assert claim == runs.Claim(run_id=run_id, fence=1, worker_id=ME)
    run = runs.get(db, run_id)
    assert (run.state, run.attempt, run.slot, run.worker_id) == (RunState.RUNNING, 1, 1, ME)
    assert run.started_at == run.claimed_at == run.heartbeat_at == frozen.at
    assert run.lease_expires_at == frozen.at + timedelta(seconds=30)
    assert (run.plugin_name, run.plugin_version) == ("jobtracker-site", "1.0")
    (attempt,) = attempts.list_attempts(db, run_id)
    assert (attempt.attempt, attempt.fence, attempt.worker_id) == (1, 1, ME)
    assert (attempt.started_at, attempt.ended_at, attempt.outcome) == (frozen.at, None, None)


def test_only_what_the_worker_serves_and_what_is_on(db: Database) -> None:
    turn_on(db, "a", "b")
    collectors.ensure(db, ["off"])
    for name in ("a", "b", "off"):
        put(db, collector=name, site=name)
    assert queue.claim(db, ME, serving={}) is None
    assert queue.claim(db, ME, serving={"off": PLUGIN, "unknown": PLUGIN}) is None
    claim = take(db, serving={"b": PLUGIN, "off": PLUGIN})
    assert runs.get(db, claim.run_id).collector == "b"


def test_slots_of_a_site(db: Database) -> None:
    turn_on(db, "a", "b")
    both = {"a": PLUGIN, "b": PLUGIN}
    for name in ("a", "b", "a"):
        put(db, collector=name)
    other = put(db, collector="a", site="other.org", priority=9)
    first = take(db, serving=both)
    assert take(db, serving=both).run_id == other, "a full site keeps nobody else waiting"
    assert queue.claim(db, ME, serving=both) is None
    slots.set_limit(db, "example.org", 2)
    second = take(db, serving=both)
    assert queue.claim(db, ME, serving=both) is None
    assert {runs.get(db, claim.run_id).slot for claim in (first, second)} == {1, 2}
    slots.set_limit(db, "example.org", 1)
    runs.finish(db, first, state=RunState.SUCCEEDED)
    assert queue.claim(db, ME, serving=both) is None, "the slot above the limit counts"
    runs.finish(db, second, state=RunState.SUCCEEDED)
    take(db, serving=both)


@pytest.mark.parametrize("limit", [0, 65])
def test_a_limit_has_limits(db: Database, limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        slots.set_limit(db, "example.org", limit)


def test_who_came_first_says_what_a_site_bears(db: Database) -> None:
    put(db, max_parallel=3)
    put(db, max_parallel=9)
    with db.read() as conn:
        assert slots.limit_of(conn, "example.org") == 3
        assert slots.limit_of(conn, "unknown.org") == 1


def test_the_index_decides_about_slots_of_claims(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: with a count that sees nothing, the database still lets nobody in twice."""
    turn_on(db)
    put(db, max_parallel=2)
    put(db)
    take(db)
    monkeypatch.setattr(slots, "free_slot", lambda *_args: 1)
    assert queue.claim(db, OTHER, serving=SERVING) is None
    assert [run.state for run in runs.list_runs(db)] == [RunState.PENDING, RunState.RUNNING]


def test_a_paused_collector_runs_by_hand_only(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    clock, hand = put(db, trigger="schedule", priority=1), put(db)
    set_collector(db, "site", paused_until=frozen.at + timedelta(hours=1))
    claim = take(db)
    assert claim.run_id == hand
    runs.finish(db, claim, state=RunState.FAILED, error_class="parse")
    assert queue.claim(db, ME, serving=SERVING) is None
    # That it is over is seen by a probe first.
    frozen.advance(hours=1)
    assert queue.claim(db, ME, serving=SERVING) is None
    probe = put(db, trigger="probe")
    claim = take(db)
    assert claim.run_id == probe
    runs.finish(db, claim, state=RunState.SUCCEEDED)
    assert take(db).run_id == clock


def test_a_version_that_is_too_old_waits_for_a_newer_one(db: Database) -> None:
    turn_on(db)
    run_id = put(db, trigger="schedule")
    set_collector(db, "site", paused_version="1.0", pause_reason="too old")
    assert queue.claim(db, ME, serving=SERVING) is None
    newer = {"site": msgspec.structs.replace(PLUGIN, version="1.1")}
    assert take(db, serving=newer).run_id == run_id


def test_a_run_goes_on_where_the_last_one_of_its_query_stopped(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    put(db)
    claim = take(db)
    checkpoint(db, claim, cursor="page 3")
    at = frozen.at
    runs.finish(db, claim, state=RunState.PARTIAL)
    frozen.advance(hours=1)
    put(db)
    run = runs.get(db, take(db).run_id)
    assert (run.cursor, run.cursor_at) == ("page 3", at)
    put(db, query_hash="q2", site="two")
    put(db, query_hash=None, site="three")
    for _ in range(2):
        assert runs.get(db, take(db).run_id).cursor is None


def test_another_version_of_the_plugin_begins_at_the_front(db: Database) -> None:
    turn_on(db)
    put(db)
    claim = take(db)
    checkpoint(db, claim, cursor="page 3")
    runs.requeue(db, claim, outcome="drained")
    again = take(db)
    assert runs.get(db, again.run_id).cursor == "page 3"
    runs.requeue(db, again, outcome="drained")
    newer = {"site": msgspec.structs.replace(PLUGIN, version="1.1")}
    run = runs.get(db, take(db, serving=newer).run_id)
    assert (run.cursor, run.cursor_at, run.plugin_version) == (None, None, "1.1")


def test_a_run_again(db: Database) -> None:
    turn_on(db)
    search = searches.create(db, draft(limits=queue.Limits(pages=3)), next_tick_at=None)
    run_id = searches.start(db, search.id).run_id
    with pytest.raises(Busy, match=f"run {run_id} is pending"):
        queue.run_again(db, run_id)
    runs.finish(db, take(db), state=RunState.FAILED, error_class="parse")
    again = queue.run_again(db, run_id, requested_by="me")
    assert again.outcome == "made"
    run = runs.get(db, again.run_id)
    assert (run.parent_run_id, run.trigger, run.requested_by) == (run_id, "retry", "me")
    assert (run.search_id, run.query, run.limit_pages) == (search.id, {"text": "python"}, 3)
    assert (run.attempt, run.priority) == (0, 3)
    assert queue.run_again(db, run_id) == queue.Enqueued(run_id=run.id, outcome="overlap")
    with pytest.raises(NotFound):
        queue.run_again(db, 99)


def test_the_present_of_a_pending_run_that_expired(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    put(db, expires_at=frozen.at + timedelta(minutes=1))
    begun = put(db, expires_at=frozen.at + timedelta(minutes=1), site="other.org")
    claim = take(db)
    runs.requeue(db, claim, outcome="drained")
    set_run(db, begun, started_at=frozen.at)
    frozen.advance(minutes=1)
    assert {take(db).run_id for _ in range(2)} == {claim.run_id, begun}
    put(db, expires_at=frozen.at, site="third.org")
    assert queue.claim(db, ME, serving=SERVING) is None


def test_counts_of_attempts_are_their_own(db: Database) -> None:
    turn_on(db)
    put(db)
    for number in (1, 2, 3):
        claim = take(db)
        checkpoint(db, claim, counts=Counts(new=number, pages=1))
        if number < 3:
            runs.requeue(db, claim, outcome="snoozed", counts=Counts(http_requests=number))
        else:
            usage = attempts.Usage(peak_rss_mb=80, cpu_s=1.5)
            runs.finish(db, claim, state=RunState.SUCCEEDED, usage=usage, fill={"title": 6})
    run = runs.get(db, claim.run_id)
    assert (run.counts, run.attempt, run.fence) == (Counts(new=6, pages=3, http_requests=3), 1, 3)
    assert run.fill == {"title": 6}
    found = attempts.list_attempts(db, run.id)
    assert [(one.attempt, one.fence, one.outcome) for one in found] == [
        (1, 1, "snoozed"),
        (1, 2, "snoozed"),
        (1, 3, "succeeded"),
    ]
    assert [one.counts for one in found] == [
        Counts(new=1, pages=1, http_requests=1),
        Counts(new=2, pages=1, http_requests=2),
        Counts(new=3, pages=1),
    ]
    assert (found[2].peak_rss_mb, found[2].cpu_s, found[0].cpu_s) == (80, 1.5, None)


def test_snoozing_waits(frozen: FrozenTime) -> None:
    db = frozen.db
    turn_on(db)
    put(db)
    assert runs.requeue(db, take(db), outcome="snoozed", delay_s=90) is RunState.PENDING
    assert queue.next_due(db) == frozen.at + timedelta(seconds=90)
    assert queue.claim(db, ME, serving=SERVING) is None
    frozen.advance(seconds=90)
    assert take(db).fence == 2


def test_what_was_to_be_cancelled_is_not_queued_again(db: Database) -> None:
    turn_on(db)
    ends: list[Any] = [
        lambda claim: runs.requeue(db, claim, outcome="drained"),
        lambda claim: runs.finish(db, claim, state=RunState.FAILED, error_class="network"),
    ]
    for end in ends:
        run_id = put(db)
        claim = take(db)
        runs.request_cancel(db, run_id)
        assert end(claim) is RunState.CANCELLED
        assert runs.get(db, run_id).state is RunState.CANCELLED


def test_runs_are_listed_by_state_and_search_newest_first(db: Database) -> None:
    turn_on(db)
    search = searches.create(db, draft(overlap="queue"), next_tick_at=None)
    ids = [put(db, site=f"{number}.example") for number in range(3)]
    ids.append(searches.start(db, search.id).run_id)
    taken = take(db)
    ended = take(db)
    runs.finish(db, ended, state=RunState.SUCCEEDED)

    def listed(*states: RunState, **facts: Any) -> list[int]:
        return [run.id for run in runs.list_runs(db, states=states, **facts)]

    assert (taken.run_id, ended.run_id) == (ids[0], ids[1])
    assert listed() == ids[::-1]
    assert listed(RunState.PENDING) == [ids[3], ids[2]]
    assert listed(RunState.PENDING, RunState.RUNNING) == [ids[3], ids[2], ids[0]]
    assert listed(RunState.PENDING, RunState.SUCCEEDED) == [ids[3], ids[2], ids[1]]
    assert listed(RunState.PENDING, RunState.RUNNING, limit=1, before=ids[3]) == [ids[2]]
    assert listed(RunState.FAILED) == []
    assert listed(search_id=search.id) == [ids[3]]
    assert listed(RunState.RUNNING, search_id=search.id) == listed(search_id=2**70) == []
