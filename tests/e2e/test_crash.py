"""A collecting process that is killed or finds the site taken."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from jobtracker_core import RunState
from jobtracker_core.storage.errors import Busy, LeaseLost

SCRIPT = """
import sys
from pathlib import Path
from jobtracker_core import JobTracker, Settings

url, base_url, folder = sys.argv[1:]
settings = Settings(
    data_dir=Path(folder), database_url=url,
    collectors={"hiringcafe": {"base_url": base_url, "per_minute": 60_000}},
)
with JobTracker(settings) as tracker:
    def tell(progress):
        print(progress.phase, progress.done, flush=True)
        sys.stdin.readline()
    tracker.collect("hiringcafe", {}, on_progress=tell)
"""


@pytest.fixture
def collecting(site, tracker, db_url, tmp_path):
    """A process that collects, one step for each line that it is sent."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, db_url, site.base_url, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


@pytest.fixture
def tracker(site, open_tracker, quick_clock):
    return open_tracker(site.base_url, clock=quick_clock)


def step_to(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    while (got := process.stdout.readline()) != line + "\n":
        assert got, "the process ended early"
        process.stdin.write("on\n")
        process.stdin.flush()


@pytest.mark.fault(
    "F2",
    done="A collecting process was killed (kill -9) between two pages, and between two details.",
    holds="The next run began at once, and both together stored every posting once.",
)
@pytest.mark.parametrize(("moment", "stored"), [("list 40", 40), ("details 7", 90)])
def test_after_kill_9_the_next_run_starts_at_once_and_nothing_is_lost(
    tracker, collecting, moment, stored
) -> None:
    step_to(collecting, moment)
    collecting.kill()
    collecting.wait()
    assert tracker.jobs.count() == stored
    (killed,) = tracker.runs.list()
    assert killed.state is RunState.RUNNING
    assert killed.counts.new == stored

    collected = tracker.collect("hiringcafe", {})
    assert collected.run.state is RunState.SUCCEEDED, collected.run.error_message
    assert tracker.jobs.count() == 90
    killed = tracker.runs.get(killed.id)
    assert (killed.state, killed.error_class) == (RunState.FAILED, "lease_lost")
    assert killed.counts.new + collected.run.counts.new == 90
    assert killed.counts.details + collected.run.counts.details == 90


def test_two_processes_do_not_read_one_site_at_once(tracker, collecting, site) -> None:
    step_to(collecting, "list 40")
    before = len(site.requests)
    with pytest.raises(Busy, match="is being read by run 1"):
        tracker.collect("hiringcafe", {})
    assert len(site.requests) == before


@pytest.mark.fault(
    "F4",
    done="A run was taken over while it was reading its second page.",
    holds="It stored nothing after that.",
)
def test_a_run_that_was_taken_over_cannot_write_any_more(tracker) -> None:
    stop = threading.Event()

    def take_over(progress) -> None:
        if progress.counts.pages == 1:
            with tracker.database.write() as conn:
                conn.exec_driver_sql("UPDATE collector_runs SET fence = fence + 1")

    with pytest.raises(LeaseLost):
        tracker.collect("hiringcafe", {}, on_progress=take_over, stop=stop)
    assert tracker.jobs.count() == 40


@pytest.mark.fault(
    "F35",
    done="A run was cancelled by another program, through the database alone.",
    holds="The next heartbeat stopped it, and what it had read stayed.",
)
def test_a_cancel_request_in_the_database_stops_the_run(tracker, monkeypatch) -> None:
    from jobtracker_core.runner import beat
    from jobtracker_core.storage import runs

    monkeypatch.setattr(beat, "_BEATS", 600)
    look = threading.Event()

    def ask(progress) -> None:
        if progress.counts.pages == 1:
            runs.request_cancel(tracker.database, 1)
            # The first beat after it hears of it, and has told so when the second one begins.
            for _ in range(2):
                before = tracker.runs.get(1).heartbeat_at
                while tracker.runs.get(1).heartbeat_at == before:
                    look.wait(0.02)

    run = tracker.collect("hiringcafe", {}, on_progress=ask).run
    assert run.state is RunState.CANCELLED
    assert tracker.jobs.count() == 40


def test_an_error_of_ours_never_leaves_a_run_running(tracker) -> None:
    def fail(progress) -> None:
        raise ZeroDivisionError("a bug in whoever watches")

    with pytest.raises(ZeroDivisionError):
        tracker.collect("hiringcafe", {}, on_progress=fail)
    (run,) = tracker.runs.list()
    assert (run.state, run.error_class) == (RunState.FAILED, "internal")


@pytest.mark.fault(
    "F22",
    done="A page's transaction failed after its rows were written and before its counters were.",
    holds="Neither rows nor counters were there.",
)
def test_a_killed_transaction_leaves_neither_rows_nor_counters(tracker, monkeypatch) -> None:
    from jobtracker_core.storage import runs

    def explode(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(runs, "checkpoint", explode)
    with pytest.raises(MemoryError):
        tracker.collect("hiringcafe", {})
    assert tracker.jobs.count() == 0
    (run,) = tracker.runs.list()
    assert run.counts.new == run.counts.pages == 0


def test_notifiers_hear_of_the_run_and_a_failing_one_harms_nobody(tracker) -> None:
    from jobtracker_core import hookimpl

    heard = []
    logged = []

    class Good:
        @hookimpl
        def jobtracker_run_finished(self, new, run):
            heard.append((run.state, len(new)))

    class Bad:
        @hookimpl
        def jobtracker_run_finished(self, run):
            raise RuntimeError("no mail today")

    tracker.registry.hooks.register(Good(), "good")
    tracker.registry.hooks.register(Bad(), "bad")
    tracker.collect("hiringcafe", {}, on_log=lambda *event: logged.append(event))
    assert heard == [(RunState.SUCCEEDED, 90)]
    assert [fields["plugin"] for _, event, fields in logged if event == "notifier failed"] == [
        "bad"
    ]
