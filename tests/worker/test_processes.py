"""Workers as processes of their own: killed, told to end, and inside the server."""

from __future__ import annotations

import json
import re
import signal
import urllib.error
import urllib.request

import psutil
import pytest

from access import bearer, token_for
from crews import wait_until
from jobtracker_core import RunState
from jobtracker_core.cli.app import run as cli
from jobtracker_core.runner.attempt import label_of
from jobtracker_core.runner.processes import MARK
from jobtracker_core.storage import attempts, events, workers


def kinds(tracker, run_id: int) -> list[str]:
    return [event.kind for event in events.list_events(tracker.database, run_id)]


def alive(label: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == label
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.fault(
    "F2",
    done="A worker was killed (kill -9) in the middle of a run; what its plugin had started lived on.",
    holds="Another worker went on from the kept cursor before the lease was over, ended what was left, and stored each posting once.",
)
def test_after_kill_9_another_worker_goes_on_within_seconds(
    tracker, program, start, lines, enqueue, board
) -> None:
    run_id = enqueue("orphan")
    killed = program("worker", "--slots", "1")
    killed.read_to("at the gate")
    # It is told on the child's output before it is written down: what is not written dies with the worker.
    wait_until(lambda: "at_the_gate" in kinds(tracker, run_id))
    run = tracker.runs.get(run_id)
    assert (run.state, run.counts.new, tracker.jobs.count()) == (RunState.RUNNING, 2, 2)
    label = label_of(run.worker_id, run_id, run.fence)
    assert "sleep" in {process.name() for process in alive(label)}
    killed.process.kill()
    killed.process.wait()
    # What the plugin had started does not die with the worker.
    assert "sleep" in {process.name() for process in alive(label)}

    board.let_go()
    lease = tracker.runs.get(run_id).lease_expires_at
    start()
    (started,) = lines.wait("run started", run=run_id)
    assert (started["attempt"], started["goes_on"]) == (2, True)
    lines.wait("run ended", run=run_id)
    assert alive(label) == []
    run = tracker.runs.get(run_id)
    assert (run.state, run.rescue_count) == (RunState.SUCCEEDED, 1)
    ids = sorted(job.source_id for job in tracker.jobs.search(limit=100).items)
    assert ids == [f"berlin-{number}" for number in range(6)]
    assert run.counts.new == 6
    lost, done = attempts.list_attempts(tracker.database, run_id)
    assert (lost.outcome, done.outcome) == ("lost", "succeeded")
    assert lost.ended_at < lease, "it was found dead"
    assert lost.counts is not None
    assert done.counts is not None
    assert lost.counts.new + done.counts.new == 6
    again = ["started", "expects", "at_the_gate"]
    assert kinds(tracker, run_id) == [*again, "worker_lost", *again, "ended"]


@pytest.mark.fault(
    "F6",
    done="A worker with a run that ignores SIGTERM got SIGTERM, then SIGINT.",
    holds="It ended with code 0 at once, the attempt was given back, and no process was left.",
)
def test_a_signal_drains_and_a_second_one_ends_at_once(tracker, program, enqueue) -> None:
    run_id = enqueue("deaf")
    worker = program("worker", "--slots", "1", "--drain-timeout", "600")
    assert "slots=1" in worker.read_to("worker started")
    worker.read_to("at the gate")
    worker.process.send_signal(signal.SIGTERM)
    assert "runs=1" in worker.read_to("worker drains")
    assert worker.end(signal.SIGINT) == 0
    assert "Traceback" not in worker.said
    run = tracker.runs.get(run_id)
    assert (run.state, run.attempt, run.error_class) == (RunState.PENDING, 0, "drained")
    (shown,) = workers.list_workers(tracker.database)
    assert (shown.state, shown.slots, shown.running) == ("gone", 1, 0)
    assert alive(label_of(shown.worker_id, run_id, run.fence)) == []


def test_the_old_spelling_serves_one_collector(tracker, program, enqueue) -> None:
    run_id = enqueue()
    worker = program("collect", "--collector", "gated", "--poll-interval", "5")
    worker.read_to("run ended")
    assert worker.end(signal.SIGTERM) == 0
    assert tracker.runs.get(run_id).state is RunState.SUCCEEDED
    (shown,) = workers.list_workers(tracker.database)
    assert shown.collectors == ["gated"]


def test_wrong_words_of_a_worker_are_told(capfd, board, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("JOBTRACKER_DATA_DIR", str(tmp_path / "data"))
    assert cli(["worker", "--slots", "none"]) == 2
    assert "slots: 'none' is not allowed; it takes a whole number" in capfd.readouterr().err
    assert cli(["worker", "--collector", "nowhere"]) == 2
    assert "there is no collector 'nowhere'" in capfd.readouterr().err
    assert cli(["collect", "--collector", "gated", "gated"]) == 2
    assert "do not go with 'gated'" in capfd.readouterr().err


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.fault(
    "F6",
    done="A server with a run got SIGTERM.",
    holds="The run came to its end, requests were answered and /readyz said 503 meanwhile, the exit code was 0.",
)
def test_the_server_brings_a_worker_and_outlives_it(tracker, program, enqueue, board) -> None:
    run_id = enqueue("gated")
    server = program("serve", "--listen", "127.0.0.1:0", "--slots", "1")
    server.read_to("at the gate")
    assert server.process.stdout is not None
    [url] = re.findall(r"http://\S+/", server.process.stdout.readline())
    assert status(url + "readyz") == 200
    server.process.send_signal(signal.SIGTERM)
    server.read_to("worker drains")
    assert status(url + "readyz") == 503
    assert status(url + "healthz") == 200
    asked = urllib.request.Request(url + "api/v1/jobs", headers=bearer(token_for(tracker)))
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert len(json.load(answer)["items"]) == 2
    board.let_go()
    assert server.end() == 0
    assert "Traceback" not in server.said
    assert tracker.runs.get(run_id).state is RunState.SUCCEEDED


@pytest.mark.fault(
    "F6",
    done="A server with a run that ignores SIGTERM got SIGTERM twice.",
    holds="It ended at once with code 0, and the run was pending again.",
)
def test_the_server_gives_runs_back_when_told_twice(tracker, program, enqueue) -> None:
    run_id = enqueue("deaf")
    server = program("serve", "--listen", "127.0.0.1:0")
    server.read_to("at the gate")
    server.process.send_signal(signal.SIGTERM)
    server.read_to("worker drains")
    assert server.end(signal.SIGTERM) == 0
    assert tracker.runs.get(run_id).state is RunState.PENDING


def test_a_server_without_a_worker_executes_nothing(tracker, program, enqueue) -> None:
    run_id = enqueue()
    server = program("serve", "--listen", "127.0.0.1:0", "--no-worker")
    assert server.process.stdout is not None
    [url] = re.findall(r"http://\S+/", server.process.stdout.readline())
    assert status(url + "readyz") == 200
    assert server.end(signal.SIGTERM) == 0
    assert server.said == ""
    assert tracker.runs.get(run_id).state is RunState.PENDING
    assert workers.list_workers(tracker.database) == ()
