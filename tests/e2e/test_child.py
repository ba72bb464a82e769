"""The same run in a process of its own: the same rows, counters and filters as inline."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import psutil
import pytest

from jobtracker_core import JobTracker, RunState
from jobtracker_core.runner.clock import SystemClock
from jobtracker_core.runner.limits import RunLimits
from jobtracker_core.runner.processes import MARK
from jobtracker_core.runner.supervisor import run_in_child
from jobtracker_core.storage.errors import LeaseLost

NUMBERS_AND_TIMES = {
    "id",
    "company_id",
    "last_run_id",
    "first_run_id",
    "first_seen_at",
    "last_seen_at",
    "details_at",
    "changed_at",
}


@pytest.fixture
def in_child(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Let everything that is collected from now on run in a child; gives the runs' label."""
    label = f"test-{uuid.uuid4().hex}"

    def execute_live(task, host, *, clock, recorder):
        return run_in_child(
            task, host, RunLimits(), plugin="hiringcafe", label=label, clock=SystemClock()
        )

    def switch() -> str:
        monkeypatch.setattr("jobtracker_core.runner.live.execute_live", execute_live)
        return label

    return switch


@pytest.fixture
def tracker(site, open_tracker, quick_clock):
    return open_tracker(site.base_url, clock=quick_clock)


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: timeless(inner) for key, inner in value.items() if key not in NUMBERS_AND_TIMES
        }
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def stored(tracker: JobTracker) -> dict[str, Any]:
    """All that is stored of each job, without numbers and times."""
    jobs = [tracker.jobs.get(job.id) for job in tracker.jobs.search(limit=200).items]
    return {job.job.source_id: timeless(msgspec.to_builtins(job)) for job in jobs}


def told(collected: Any) -> dict[str, Any]:
    """All that is told of a run, without numbers and times."""
    run = msgspec.to_builtins(collected.run)
    for name in ("id", "started_at", "finished_at"):
        del run[name]
    return {
        **run,
        "new": [job.source_id for job in collected.new],
        "hint": collected.hint,
    }


@pytest.mark.parametrize(
    ("query", "filtered"), [({"limit": 30}, False), ({"posted_within_days": 20}, True)]
)
def test_a_run_in_a_child_does_what_it_does_inline(tracker, in_child, query, filtered) -> None:
    inline = tracker.collect("hiringcafe", query)
    rows = stored(tracker)
    assert inline.run.state is RunState.SUCCEEDED, inline.run.error_message
    assert (
        len(rows)
        == inline.run.counts.new
        == inline.run.counts.seen - inline.run.counts.filtered
        > 0
    )
    assert bool(inline.run.counts.filtered) == filtered
    with tracker.database.write() as conn:
        conn.exec_driver_sql("DELETE FROM jobs")
    assert stored(tracker) == {}

    in_child()
    far = tracker.collect("hiringcafe", query)
    assert stored(tracker) == rows
    assert told(far) == told(inline)

    # What is stored is seen there as well: nothing new, and no details asked again.
    again = tracker.collect("hiringcafe", query).run.counts
    assert (again.new, again.changed, again.details) == (0, 0, 0)
    assert again.unchanged == len(rows)


@pytest.mark.parametrize(
    ("fault", "state", "error_class", "kept"),
    [
        ({"name": "challenge", "path": "/_next/*", "after": 1}, "partial", "blocked", 40),
        ({"name": "drift", "path": "/_next/*", "after": 1}, "failed", "parse", 40),
    ],
    ids=["challenge", "drift"],
)
def test_what_is_wrong_with_the_site_ends_as_it_does_inline(
    site, tracker, in_child, fault, state, error_class, kept
) -> None:
    in_child()
    site.fail(fault["name"], **{k: v for k, v in fault.items() if k != "name"})
    run = tracker.collect("hiringcafe", {}).run
    assert (run.state.value, run.error_class) == (state, error_class), run.error_message
    assert tracker.jobs.count() == run.counts.new == kept


def test_a_run_that_is_stopped_keeps_its_pages_and_goes_on_later(tracker, in_child) -> None:
    in_child()
    stop, query = threading.Event(), {"limit": 60}
    run = tracker.collect("hiringcafe", query, stop=stop, on_progress=lambda _: stop.set()).run
    assert (run.state, run.error_class) == (RunState.CANCELLED, "cancelled")
    assert tracker.jobs.count() == run.counts.new >= 40
    assert tracker.collect("hiringcafe", query).run.state is RunState.SUCCEEDED
    assert tracker.jobs.count() == 60


@pytest.mark.fault(
    "F4",
    done="A run in a process of its own was taken over by another worker.",
    holds="It wrote nothing more, and none of its processes was left.",
)
def test_a_run_that_was_taken_over_ends_with_all_its_processes(tracker, in_child) -> None:
    label = in_child()

    def take_over(progress) -> None:
        if progress.counts.pages == 1:
            with tracker.database.write() as conn:
                conn.exec_driver_sql("UPDATE collector_runs SET fence = fence + 1")

    with pytest.raises(LeaseLost):
        tracker.collect("hiringcafe", {}, on_progress=take_over)
    assert tracker.jobs.count() == 40
    assert not any(marked(process, label) for process in psutil.process_iter())


def marked(process: psutil.Process, label: str) -> bool:
    try:
        return process.environ().get(MARK) == label
    except psutil.Error:
        return False
