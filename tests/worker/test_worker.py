"""What a worker does with the runs in the queue."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from jobtracker_core import JobTracker, RunState
from jobtracker_core.contract.host import Record
from jobtracker_core.contract.run import Counts
from jobtracker_core.plugins.discovery import UnknownCollector
from jobtracker_core.runner.worker import Options
from jobtracker_core.storage import (
    attempts,
    collectors,
    endings,
    events,
    jobs,
    queue,
    runs,
    searches,
    slots,
    tables,
    upsert,
    workers,
)
from jobtracker_core.storage.audit_tables import audit_log
from jobtracker_core.tracker.runs import NoRetry
from later import LaterClock
from queueing import PLUGIN, draft, take, wanted


def kinds(tracker, run_id) -> list[str]:
    return [event.kind for event in events.list_events(tracker.database, run_id)]


def test_a_run_of_the_queue_is_executed(tracker, start, lines) -> None:
    db = tracker.database
    run_id = queue.enqueue(
        db, wanted(collector="hiringcafe", query={"text": "engineer"}, site="hiring.cafe")
    ).run_id
    running = start()
    (ended,) = lines.wait("run ended", run=run_id)
    run = tracker.runs.get(run_id)
    assert run.state is RunState.SUCCEEDED, run.error_message
    stored = tracker.jobs.count()
    assert stored == run.counts.new == ended["new"] > 0
    assert run.end_confirmed
    assert [use.word for use in run.filters] == ["text"]
    assert run.fill is not None
    assert run.fill["company"] == run.counts.seen
    (attempt,) = attempts.list_attempts(db, run_id)
    assert (attempt.worker_id, attempt.outcome) == (running.id, "succeeded")
    assert attempt.counts == run.counts
    assert attempt.peak_rss_mb is not None
    assert attempt.peak_rss_mb > 10
    # How much there is to do is told of the list, then of the details.
    assert kinds(tracker, run_id) == ["started", "expects", "expects", "ended"]


def test_work_that_comes_later_wakes_it(tracker, start, lines, enqueue, board) -> None:
    start(poll_s=600)
    lines.wait("worker started")
    first = enqueue()
    lines.wait("run ended", run=first)
    later = enqueue(scheduled_for=datetime.now(UTC) + timedelta(seconds=0.3))
    lines.wait("run ended", run=later)
    run = tracker.runs.get(later)
    assert run.claimed_at >= run.scheduled_for
    assert board.finished == [f"{first} succeeded", f"{later} succeeded"]


def test_two_workers_share_runs_and_keep_a_sites_limit(
    tracker, start, lines, enqueue, board
) -> None:
    numbers = [enqueue("gated", place, max_parallel=2) for place in ("a", "b", "c")]
    pool = [start(slots=2), start(slots=1)]
    lines.wait("at the gate", 2)
    states = Counter(tracker.runs.get(number).state for number in numbers)
    assert states == {RunState.RUNNING: 2, RunState.PENDING: 1}
    board.let_go()
    lines.wait("run ended", 3)
    ended = [tracker.runs.get(number) for number in numbers]
    assert {run.state for run in ended} == {RunState.SUCCEEDED}
    assert {run.worker_id for run in ended} <= {one.id for one in pool}
    assert tracker.jobs.count() == sum(run.counts.new for run in ended) == 18


def test_each_of_two_workers_takes_its_share(tracker, start, lines, enqueue, board) -> None:
    pool = [start(slots=1), start(slots=1)]
    numbers = [enqueue("gated", place, max_parallel=2) for place in ("a", "b")]
    lines.wait("at the gate", 2)
    shown = {one.worker_id: one for one in workers.list_workers(tracker.database)}
    assert {tracker.runs.get(number).worker_id for number in numbers} == set(shown)
    assert {one.running for one in shown.values()} == {1}
    board.let_go()
    lines.wait("run ended", 2)
    for one in pool:
        one.end()
    assert {one.state for one in workers.list_workers(tracker.database)} == {"gone"}


def test_it_serves_only_what_it_is_told_to(tracker, start, lines, enqueue) -> None:
    other = queue.enqueue(
        tracker.database, wanted(collector="hiringcafe", query={}, site="hiring.cafe", priority=0)
    ).run_id
    mine = enqueue()
    start(collectors=frozenset({"gated"}))
    lines.wait("run ended", run=mine)
    assert tracker.runs.get(other).state is RunState.PENDING
    with pytest.raises(UnknownCollector, match="nowhere"):
        tracker.worker(collectors=["nowhere"])
    with pytest.raises(ValueError, match="slots"):
        Options(slots=0)


@pytest.mark.fault(
    "F6",
    done="A worker was told to end while a run waited for its site.",
    holds="The attempt was given back and the next one went on from the kept cursor.",
)
def test_a_drain_gives_the_attempt_back_and_keeps_the_cursor(
    tracker, start, lines, enqueue, board
) -> None:
    run_id = enqueue("gated")
    first = start(drain_s=0.5)
    lines.wait("at the gate")
    first.worker.drain()
    waiting = enqueue("plain", "b")
    first.wait()
    run = tracker.runs.get(run_id)
    assert (run.state, run.attempt, run.cursor) == (RunState.PENDING, 0, "1")
    assert (run.error_class, run.fence, run.counts.new) == ("drained", 1, 2)
    assert tracker.runs.get(waiting).state is RunState.PENDING
    assert kinds(tracker, run_id) == ["started", "expects", "at_the_gate", "given_back"]

    board.let_go()
    second = start()
    lines.wait("run ended", run=run_id)
    run = tracker.runs.get(run_id)
    assert (run.state, run.attempt, run.fence) == (RunState.SUCCEEDED, 1, 2)
    assert run.worker_id == second.id
    lines.wait("run ended", run=waiting)
    assert tracker.jobs.count() == 12
    assert run.counts.new == 6
    drained, done = attempts.list_attempts(tracker.database, run_id)
    assert (drained.outcome, done.outcome) == ("drained", "succeeded")
    assert drained.counts is not None
    assert done.counts is not None
    assert drained.counts.new + done.counts.new == 6


def test_a_draining_worker_lets_a_run_come_to_its_end(
    tracker, start, lines, enqueue, board
) -> None:
    run_id = enqueue("gated")
    running = start(drain_s=60)
    lines.wait("at the gate")
    running.worker.drain()
    lines.wait("worker drains")
    board.let_go()
    running.wait()
    assert tracker.runs.get(run_id).state is RunState.SUCCEEDED
    assert running.worker.draining


@pytest.mark.fault(
    "F6",
    done="A worker with a run that does not listen was told to end twice.",
    holds="It ended at once and gave the run back.",
)
def test_told_twice_it_ends_even_a_run_that_does_not_listen(tracker, start, lines, enqueue) -> None:
    run_id = enqueue("deaf")
    running = start(drain_s=600)
    lines.wait("at the gate")
    running.worker.drain()
    lines.wait("worker drains")
    running.worker.stop()
    running.wait()  # for less than a drain takes
    run = tracker.runs.get(run_id)
    assert (run.state, run.attempt, run.cursor) == (RunState.PENDING, 0, "1")


@pytest.mark.fault(
    "F35",
    done="A run was cancelled between two pages.",
    holds="It ended cancelled and kept the pages that it had stored.",
)
def test_a_running_run_is_cancelled(tracker, start, lines, enqueue, board) -> None:
    run_id = enqueue("gated")
    start()
    lines.wait("at the gate")
    endings.request_cancel(tracker.database, run_id, requested_by="me")
    lines.wait("run ended", run=run_id)
    run = tracker.runs.get(run_id)
    assert (run.state, run.error_class) == (RunState.CANCELLED, "cancelled")
    assert tracker.jobs.count() == run.counts.new == 2
    assert board.finished == [f"{run_id} cancelled"]


def test_a_running_run_hears_at_once_that_it_is_to_be_stopped(
    tracker, start, lines, enqueue
) -> None:
    run_id = enqueue("gated")
    start(lease_s=600.0, poll_s=600)
    lines.wait("at the gate")
    endings.request_cancel(tracker.database, run_id)
    lines.wait("run ended", run=run_id)  # for less than the 150 seconds to the next beat
    assert tracker.runs.get(run_id).state is RunState.CANCELLED


def test_a_run_that_is_cancelled_while_its_worker_drains_is_told_of(
    tracker, start, lines, enqueue, board
) -> None:
    run_id = enqueue("deaf")
    running = start(drain_s=600, lease_s=600.0)
    lines.wait("at the gate")
    running.worker.drain()
    lines.wait("worker drains")
    endings.request_cancel(tracker.database, run_id)
    running.worker.stop()
    running.wait()
    assert tracker.runs.get(run_id).state is RunState.CANCELLED
    assert board.finished == [f"{run_id} cancelled"]
    ended = events.list_events(tracker.database, run_id)[-1]
    assert (ended.kind, ended.data["state"]) == ("ended", "cancelled")


def test_runs_that_the_sweep_ends_are_told_of_with_what_they_brought(
    tracker, start, lines, enqueue, board
) -> None:
    db = tracker.database
    failed = enqueue(max_attempts=1)
    claim = take(db, serving={"gated": PLUGIN}, lease_s=60)
    record = Record(source_id="b-1", url="https://e.org/1", title="t", content_hash=bytes(16))
    with db.write() as conn:
        past = db.now(conn) - timedelta(seconds=1)
        upsert.write_page(
            conn, source="gated", kind="list", records=[record], run_id=failed, now=past
        )
        runs.checkpoint(conn, claim, counts=Counts(new=1, pages=1), lease_s=0)
    missed = enqueue("plain", "b", trigger="schedule", scheduled_for=past, expires_at=past)
    start()
    lines.wait("run missed", run=missed)
    lines.wait("run taken from a dead worker", run=failed, state="failed")
    board.wait_for(2)
    assert sorted(board.finished) == sorted([f"{failed} failed", f"{missed} missed"])
    (brought,) = jobs.brought_by(db, "gated", failed, count=1)
    assert brought.source_id == "b-1"


def end_lease(tracker, run_id: int) -> None:
    """Have the lease of a run be over, as if its worker had not been able to renew it."""
    with tracker.database.write() as conn:
        past = tracker.database.now(conn) - timedelta(seconds=1)
        table = tables.collector_runs
        conn.execute(sa.update(table).where(table.c.id == run_id).values(lease_expires_at=past))


def test_a_run_that_lost_its_last_lease_is_told_of(tracker, start, lines, enqueue, board) -> None:
    run_id = enqueue("gated", max_attempts=1)
    start()
    lines.wait("at the gate")
    end_lease(tracker, run_id)
    board.let_go()
    board.wait_for(1)
    assert board.finished == [f"{run_id} failed"]
    run = tracker.runs.get(run_id)
    assert (run.state, run.error_class) == (RunState.FAILED, "lease_lost")


@pytest.mark.fault(
    "F4",
    done="The lease of a run was over while its worker was at it, and nobody else had taken it.",
    holds="Its worker gave it up as lease_lost and took it up again at once, from the kept cursor.",
)
def test_a_run_whose_lease_is_over_is_taken_up_again_at_once(
    tracker, start, lines, enqueue, board
) -> None:
    run_id = enqueue("gated", max_attempts=3)
    start()
    lines.wait("at the gate")
    end_lease(tracker, run_id)
    board.let_go()
    (started,) = lines.wait("run started", run=run_id, attempt=2)
    assert started["goes_on"]
    lines.wait("run ended", run=run_id)
    lost, done = attempts.list_attempts(tracker.database, run_id)
    assert (lost.outcome, lost.error_class) == ("lost", "lease_lost")
    assert done.outcome == "succeeded"
    assert lost.ended_at is not None
    assert done.started_at - lost.ended_at < timedelta(minutes=1), "it waited for no sweep"
    assert tracker.jobs.count() == tracker.runs.get(run_id).counts.new == 6
    assert paused(tracker).consecutive_failures == 0


def paused(tracker) -> collectors.Collector:
    return collectors.get(tracker.database, "gated")


def pause(tracker, *, failures: int = 5) -> None:
    """As if the collector had failed so often, and its pause were just over."""
    db = tracker.database
    with db.write() as conn:
        conn.execute(
            sa.update(tables.collectors)
            .where(tables.collectors.c.name == "gated")
            .values(
                consecutive_failures=failures,
                paused_until=db.now(conn) - timedelta(seconds=1),
                pause_reason="5 runs in a row failed",
            )
        )


def test_a_probe_ends_a_pause_and_what_waits_begins(tracker, start, lines, enqueue, board) -> None:
    pause(tracker)
    waiting = enqueue(trigger="schedule")
    start()
    (queued,) = lines.wait("probe queued", collector="gated")
    lines.wait("run ended", run=waiting)
    probe = tracker.runs.get(queued["run"])
    assert (probe.trigger, probe.state, probe.query["text"]) == (
        "probe",
        RunState.SUCCEEDED,
        "plain",
    )
    assert probe.counts.new == probe.counts.pages == 0
    assert probe.error_message == "2 postings on the first page"
    assert probe.finished_at <= tracker.runs.get(waiting).claimed_at
    row = paused(tracker)
    assert (row.paused_until, row.consecutive_failures) == (None, 0)
    assert board.finished == [f"{waiting} succeeded"], "a probe is nobody's run"
    with pytest.raises(NoRetry, match="was a probe"):
        tracker.runs.retry(probe.id)


def test_a_probe_that_fails_prolongs_the_pause(tracker, start, lines, enqueue, board) -> None:
    pause(tracker)
    (board.folder / "down").touch()
    waiting = enqueue(trigger="schedule")
    start()
    (queued,) = lines.wait("probe queued", collector="gated")
    lines.wait("run ended", run=queued["run"])
    probe = tracker.runs.get(queued["run"])
    assert (probe.state, probe.error_class) == (RunState.FAILED, "network")
    assert kinds(tracker, probe.id) == ["started", "pause_goes_on", "ended"]
    row = paused(tracker)
    assert row.consecutive_failures == 6
    assert row.paused_until - probe.finished_at == timedelta(hours=2)
    assert tracker.runs.get(waiting).state is RunState.PENDING
    (status,) = [one for one in tracker.collectors.list() if one.info.name == "gated"]
    assert status.probed_at == row.paused_until
    assert "nobody answers" in (status.paused or "")
    # By hand it may be tried all the while.
    (board.folder / "down").unlink()
    by_hand = enqueue()
    lines.wait("run ended", run=by_hand)
    lines.wait("run ended", run=waiting)
    assert paused(tracker).paused_until is None


def test_a_run_sends_no_more_requests_than_it_may(tracker, start, lines) -> None:
    made = queue.enqueue(
        tracker.database,
        wanted(
            collector="hiringcafe",
            query={},
            query_hash="h",
            site="hiring.cafe",
            limits=queue.Limits(requests=2),
        ),
    )
    start()
    lines.wait("run ended", run=made.run_id)
    run = tracker.runs.get(made.run_id)
    assert (run.state, run.error_class) == (RunState.PARTIAL, "request_limit")
    assert run.error_message == "the run's requests are used up"
    assert run.counts.http_requests == 2
    assert run.counts.pages >= 1
    assert run.cursor is not None


def test_a_worker_has_the_sites_follow_their_plugins(tracker, start, lines) -> None:
    db = tracker.database
    with db.write() as conn:
        slots.ensure_site(conn, "board.example", 7)
    start()
    lines.wait("worker started")
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    while tracker.sites.get("board.example").limit != 2:
        assert datetime.now(UTC) < deadline
    tracker.sites.set_limit("board.example", 5)
    start()
    lines.wait("worker started", 2)
    status = tracker.sites.get("board.example")
    assert (status.limit, status.set_by_operator, status.plugin_limit) == (5, True, 2)
    assert status.collectors == ("gated",)
    assert tracker.sites.follow_plugins("board.example").limit == 2


def test_the_tick_of_a_search_runs(tracker, start, lines) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    search = searches.create(
        tracker.database,
        draft(
            collector="gated",
            query={"text": "plain", "location": "berlin"},
            schedule=searches.Schedule(kind="interval", every_s=3600, anchor_at=past),
        ),
        next_tick_at=past,
    )
    start()
    (ticked,) = lines.wait("schedule ticked", search=search.id)
    lines.wait("run ended", run=ticked["run"])
    run = tracker.runs.get(ticked["run"])
    assert (run.search_id, run.trigger, run.tick_at) == (search.id, "schedule", past)
    assert run.state is RunState.SUCCEEDED
    ahead = searches.get(tracker.database, search.id).next_tick_at
    assert ahead == past + timedelta(hours=1)


def test_a_run_far_below_the_usual_is_suspect(tracker, start, lines, enqueue, board) -> None:
    board.holds(24)
    start()
    for _ in range(3):
        lines.wait("run ended", run=enqueue())
    board.holds(2)
    poor = enqueue()
    lines.wait("run ended", run=poor)
    run = tracker.runs.get(poor)
    assert (run.state, run.error_class) == (RunState.SUSPECT, None)
    assert run.error_message == "found only 2 where the last 3 good runs found 24 (median)"
    assert attempts.list_attempts(tracker.database, poor)[0].outcome == "suspect"
    assert board.finished[-1] == f"{poor} suspect"


def test_a_field_that_is_empty_now_is_suspect(tracker, start, lines, enqueue, board) -> None:
    board.holds(24)
    board.let_go()
    start()
    for _ in range(3):
        lines.wait("run ended", run=enqueue())
    bare = enqueue("bare", query_hash="plainberlin")
    lines.wait("run ended", run=bare)
    run = tracker.runs.get(bare)
    assert run.state is RunState.SUSPECT
    assert "company (100% before, 0% now)" in run.error_message


@pytest.mark.parametrize(
    ("facts", "error_class", "says"),
    [
        ({"query": {"nonsense": 1}}, "validation", "nonsense"),
        ({"proxy_pool": "moon"}, "config", "moon"),
        ({"limits": queue.Limits(memory_mb=1)}, "config", "memory_mb"),
    ],
    ids=["query", "pool", "limits"],
)
def test_what_cannot_even_begin_fails_with_its_class(
    tracker, start, lines, enqueue, facts, error_class, says, board
) -> None:
    run_id = enqueue(**facts)
    start()
    lines.wait("run ended", run=run_id)
    run = tracker.runs.get(run_id)
    assert (run.state, run.error_class) == (RunState.FAILED, error_class)
    assert says in run.error_message
    assert board.finished == [f"{run_id} failed"]


def test_a_collector_that_cannot_be_used_here_fails_its_run(
    tracker, start, lines, enqueue, board
) -> None:
    (board.folder / "unavailable").touch()
    run_id = enqueue()
    start()
    lines.wait("run ended", run=run_id)
    run = tracker.runs.get(run_id)
    assert (run.state, run.error_class) == (RunState.FAILED, "plugin_import")
    assert "it is broken" in run.error_message


def test_what_may_pass_is_put_off(tracker, start, lines, enqueue, board) -> None:
    run_id = enqueue("down")
    start()
    (put_off,) = lines.wait("run put off", run=run_id)
    assert put_off["message"] == "nobody answers"
    run = tracker.runs.get(run_id)
    assert (run.state, run.attempt, run.error_class) == (RunState.PENDING, 1, "network")
    assert run.scheduled_for > run.claimed_at
    assert kinds(tracker, run_id) == ["started", "put_off"]
    assert board.finished == []


@pytest.mark.fault(
    "F4",
    done="A run was taken over by another worker while its first worker was still at it.",
    holds="The first worker broke off and wrote nothing more.",
)
def test_a_run_that_somebody_else_has_is_broken_off(tracker, start, lines, enqueue, board) -> None:
    run_id = enqueue("gated")
    start()
    lines.wait("at the gate")
    with tracker.database.write() as conn:
        # For as long as this test takes: else it would be swept up.
        ahead = tracker.database.now(conn) + timedelta(hours=1)
        other = {"fence": 2, "worker_id": "other", "lease_expires_at": ahead}
        conn.execute(sa.update(tables.collector_runs).values(other))
    board.let_go()
    (broken,) = lines.wait("run broken off", run=run_id)
    assert "no longer this worker's" in broken["error"]
    assert "trace" not in broken
    run = tracker.runs.get(run_id)
    assert (run.state, run.worker_id) == (RunState.RUNNING, "other")
    # The slot goes on.
    later = enqueue(site="other.example")
    lines.wait("run ended", run=later)


def test_a_run_reads_no_more_pages_than_it_may(tracker, start, lines, enqueue) -> None:
    run_id = enqueue(limits=queue.Limits(pages=2))
    start()
    lines.wait("run ended", run=run_id)
    run = tracker.runs.get(run_id)
    assert (run.state, run.error_class) == (RunState.PARTIAL, "page_limit")
    assert (run.counts.pages, run.counts.new, run.cursor) == (2, 4, "2")


def test_limits_of_the_run_hold(tracker, start, lines, enqueue) -> None:
    run_id = enqueue("gated", limits=queue.Limits(runtime_s=300))
    start(clock=LaterClock(400, lambda: lines.of("at the gate")))
    lines.wait("run ended", run=run_id)
    run = tracker.runs.get(run_id)
    assert (run.state, run.error_class) == (RunState.PARTIAL, "runtime_limit")
    assert run.cursor == "1"


def test_one_that_is_told_to_end_before_it_begins_claims_nothing(tracker, enqueue, lines) -> None:
    run_id = enqueue()
    worker = tracker.worker(slots=1, drain_timeout=1, on_log=lines.add)
    worker.drain()
    worker.run()
    assert tracker.runs.get(run_id).state is RunState.PENDING
    lines.wait("worker ended")


def test_what_is_over_is_forgotten_by_itself(tracker, start, lines) -> None:
    db = tracker.database
    with db.write() as conn:
        for days in (400, 31, 0):
            at = db.now(conn) - timedelta(days=days)
            row = {"at": at, "action": "job.update", "target": f"job:{days}", "data": {}}
            conn.execute(sa.insert(audit_log), {"actor_kind": "local", "actor_name": "ann", **row})
    start(retention=msgspec.structs.replace(Options().retention, audit=timedelta(days=30)))
    pruned = lines.wait("pruned")[0]
    assert pruned["audit_entries"] == 2
    left = [entry.target for entry in tracker.audit.list(action="job").items]
    assert left == ["job:0"]
    (told,) = tracker.audit.list(action="audit.prune").items
    assert told.actor.label == "local:worker"


def test_what_a_worker_forgets_is_as_the_settings_say(tracker) -> None:
    settings = msgspec.structs.replace(
        tracker.settings, keep_runs_days=7, keep_run_events_days=5, keep_audit_days=9
    )
    with JobTracker(settings) as other:
        rules = other.maintenance.rules
        assert other.worker()._options.retention == rules
    assert (rules.runs.days, rules.events.days, rules.closed_jobs) == (7, 5, None)
    assert rules.audit == timedelta(days=9)
    assert tracker.maintenance.rules.audit is None
