"""How runs end, what is kept of them, and finding them again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobtracker_core.contract.info import FilterSupport
from jobtracker_core.contract.run import Counts, FilterUse, RunState
from jobtracker_core.storage import collectors, runs
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from rows import checkpoint, rescue, set_run

Begin = Callable[..., runs.Claim]


def test_a_beat_brings_the_wish_to_cancel(db: Database, begin: Begin) -> None:
    claim = begin()
    assert runs.beat(db, claim) is False
    assert runs.request_cancel(db, claim.run_id, requested_by="her") is RunState.RUNNING
    assert runs.request_cancel(db, claim.run_id, requested_by="him") is RunState.RUNNING
    assert runs.beat(db, claim) is True
    assert runs.get(db, claim.run_id).cancel_requested_by == "her"
    runs.finish(db, claim, state=RunState.CANCELLED)
    assert runs.request_cancel(db, claim.run_id) is RunState.CANCELLED


def test_a_pending_run_is_cancelled_at_once(db: Database, begin: Begin) -> None:
    claim = begin(lease_s=0)
    set_run(db, claim.run_id, max_attempts=2)
    rescue(db)
    assert runs.request_cancel(db, claim.run_id) is RunState.CANCELLED
    run = runs.get(db, claim.run_id)
    assert (run.state, run.error_class) == (RunState.CANCELLED, "cancelled")
    assert run.finished_at == run.cancel_requested_at


def test_what_finish_keeps(db: Database, begin: Begin) -> None:
    claim = begin()
    checkpoint(db, claim, counts=Counts(new=1), cursor="page 3")
    assert runs.finish(
        db,
        claim,
        state=RunState.PARTIAL,
        error_class="http_429",
        error_message="m\x00" + "x" * 600,
        error_detail="\ud800" + "y" * 30_000,
        end_confirmed=True,
        counts=Counts(http_requests=3),
    )
    run = runs.get(db, claim.run_id)
    assert (run.state, run.error_class, run.end_confirmed) == (RunState.PARTIAL, "http_429", True)
    assert run.error_message is not None
    assert run.error_message.startswith("m\ufffdx")
    assert len(run.error_message) == 500
    assert run.error_detail is not None
    assert len(run.error_detail) == 20_000
    assert run.counts == Counts(new=1, http_requests=3)
    assert (run.slot, run.lease_expires_at, run.cursor) == (None, None, "page 3")
    assert run.worker_id == claim.worker_id
    summary = run.summary
    assert (summary.id, summary.collector, summary.counts) == (run.id, "site", run.counts)
    assert summary.started_at == run.started_at
    assert summary.finished_at == run.finished_at
    assert summary.error_class == "http_429"


def test_finish_takes_no_class_that_nobody_knows(db: Database, begin: Begin) -> None:
    with pytest.raises(ValueError, match="'bogus' is no error class"):
        runs.finish(db, begin(), state=RunState.FAILED, error_class="bogus")  # type: ignore[arg-type]


def test_a_kept_cursor_stays_until_a_page_moves_it_and_grows_no_younger(
    db: Database, begin: Begin
) -> None:
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    claim = begin(kept=runs.Kept(cursor="page 3", at=at))
    runs.finish(db, claim, state=RunState.PARTIAL)
    run = runs.get(db, claim.run_id)
    assert (run.cursor, run.cursor_at) == ("page 3", at)
    assert _kept(db, now=at + timedelta(hours=23)) == "page 3"
    assert _kept(db, now=at + timedelta(hours=25)) is None


def test_finish_needs_a_final_state(db: Database, begin: Begin) -> None:
    claim = begin()
    with pytest.raises(ValueError, match="cannot end as pending"):
        runs.finish(db, claim, state=RunState.PENDING)


def test_failures_in_a_row_are_counted(db: Database, begin: Begin) -> None:
    def end(state: RunState, cause: Any = None) -> int:
        claim = begin()
        runs.finish(db, claim, state=state, error_class=cause)
        collector = collectors.get(db, "site")
        assert collector.last_run_at == runs.get(db, claim.run_id).finished_at
        return collector.consecutive_failures

    assert end(RunState.FAILED, "parse") == 1
    assert end(RunState.FAILED, "blocked") == 2
    assert end(RunState.FAILED, "validation") == 2
    assert end(RunState.CANCELLED, "cancelled") == 2
    assert end(RunState.SUSPECT) == 2
    assert end(RunState.SUCCEEDED) == 0
    assert end(RunState.FAILED, "db") == 0


def _kept(db: Database, **facts: Any) -> str | None:
    with db.read() as conn:
        now = db.now(conn)
    kept = runs.kept_cursor(
        db,
        **{
            "collector": "site",
            "query_hash": "q1",
            "plugin_version": "1.0",
            "now": now,
            **facts,
        },
    )
    return None if kept is None else kept.cursor


def test_a_kept_cursor(db: Database, begin: Begin) -> None:
    assert _kept(db) is None
    claim = begin()
    checkpoint(db, claim, cursor="page 3")
    checkpoint(db, claim)  # details, which have no cursor
    assert _kept(db) is None, "a run that goes on is nobody else's"
    runs.finish(db, claim, state=RunState.PARTIAL)
    at = runs.get(db, claim.run_id).cursor_at
    assert at is not None
    assert _kept(db) == "page 3"
    assert _kept(db, now=at + timedelta(hours=24)) == "page 3"
    assert _kept(db, now=at + timedelta(hours=24, seconds=1)) is None
    assert _kept(db, query_hash="q2") is None
    assert _kept(db, plugin_version="1.1") is None
    assert _kept(db, collector="other") is None
    begin()
    assert _kept(db) == "page 3"


def test_the_newest_ended_run_decides_about_the_cursor(db: Database, begin: Begin) -> None:
    claim = begin()
    checkpoint(db, claim, cursor="page 3")
    runs.finish(db, claim, state=RunState.PARTIAL)
    claim = begin()
    checkpoint(db, claim, cursor="page 9")
    runs.finish(db, claim, state=RunState.SUCCEEDED, keep_cursor=False)
    assert _kept(db) is None
    assert runs.get(db, claim.run_id).cursor is None
    claim = begin()
    checkpoint(db, claim, cursor="page 5")
    checkpoint(db, claim, cursor=None)
    runs.finish(db, claim, state=RunState.FAILED)
    assert _kept(db) is None


def test_a_cursor_survives_its_worker(db: Database, begin: Begin) -> None:
    claim = begin()
    checkpoint(db, claim, cursor="page 4", lease_s=0)
    assert [one.state for one in rescue(db)] == ["failed"]
    assert _kept(db) == "page 4"


def test_lists_of_runs(db: Database, begin: Begin) -> None:
    ids = [begin(concurrency_key=str(n), collector=f"c{n % 2}").run_id for n in range(4)]
    assert [run.id for run in runs.list_runs(db, limit=3)] == ids[:0:-1]
    assert [run.id for run in runs.list_runs(db, limit=3, before=ids[1])] == ids[:1]
    assert [run.id for run in runs.list_runs(db, collector="c1")] == [ids[3], ids[1]]


@pytest.mark.parametrize("run_id", [0, 99, 2**63, -1])
def test_unknown_runs(db: Database, run_id: int) -> None:
    for use in (runs.get, runs.request_cancel):
        with pytest.raises(NotFound, match=f"no run {run_id}"):
            use(db, run_id)


def test_what_became_of_the_filters_is_kept(db: Database, begin: Begin) -> None:
    claim = begin()
    assert runs.get(db, claim.run_id).filters == ()
    uses = (
        FilterUse(word="remote", support=FilterSupport.AFTER, removed=3, unknown=2),
        FilterUse(word="location", support=FilterSupport.IGNORED, note="not\x00here\ud800"),
    )
    runs.finish(db, claim, state=RunState.SUCCEEDED, filters=uses)
    run = runs.get(db, claim.run_id)
    assert run.filters[0] == uses[0]
    assert (run.filters[1].support, run.filters[1].note) == (
        FilterSupport.IGNORED,
        "not\ufffdhere?",
    )
    assert run.summary.filters == run.filters
    assert runs.list_runs(db)[0].filters == run.filters
