"""`jobtracker runs` as the queue's, and `jobtracker workers`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import click
import pytest

from jobtracker_core.cli.app import root
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.runner.clock import SystemClock
from jobtracker_core.storage import events, runs, workers
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.queue import Installed, claim

SERVING = {"hiringcafe": Installed(distribution="jobtracker-hiringcafe", version="1")}
ME = "h:b:1:1:me"


@pytest.fixture
def queued(jobtracker):
    """The command line, with run 1 of a search in the queue."""
    jobtracker("collectors", "enable", "hiringcafe")
    assert jobtracker("searches", "add", "nightly", "hiringcafe", "--cron", "@daily").code == 0
    assert jobtracker("searches", "run", "nightly").code == 0
    return jobtracker


@pytest.fixture
def other(db_url: str) -> Iterator[Database]:
    """The same database, as a worker sees it."""
    database = open_database(db_url)
    yield database
    database.close()


def take(db: Database) -> Claim:
    claimed = claim(db, ME, serving=SERVING)
    assert claimed is not None
    return claimed


def script(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]) -> list[float]:
    """Let each wait of the clock do the next step; returns the waits, in seconds."""
    left, waits = list(steps), []

    def wait(_clock: SystemClock, seconds: float) -> None:
        waits.append(seconds)
        left.pop(0)()

    monkeypatch.setattr(SystemClock, "wait", wait)
    return waits


def test_lists_by_state_and_search(queued) -> None:
    assert queued("collect", "hiringcafe", "--limit", "1").code == 0

    def listed(*arguments: str) -> list[tuple[str, int | None]]:
        found = json.loads(queued("runs", "list", *arguments, "--json").out)
        return [(run["state"], run["search_id"]) for run in found]

    assert listed() == [("succeeded", None), ("pending", 1)]
    assert listed("--state", "pending") == listed("--search", "nightly") == [("pending", 1)]
    assert len(listed("--state", "pending", "--state", "succeeded")) == 2
    assert listed("--state", "succeeded", "--search", "1") == []
    assert listed("--collector", "nobody") == []
    wrong = queued("runs", "list", "--state", "lost")
    assert (wrong.code, "'pending'" in wrong.err) == (2, True)
    assert queued("runs", "list", "--search", "x").code == 2


def test_watching_tells_what_happens_until_the_end(queued, other, monkeypatch) -> None:
    def begin() -> None:
        events.append(other, take(other), "page_stored", {"page": 1, "new": "3\x1b[2J"})

    def nothing() -> None:
        pass

    def end() -> None:
        holder = Claim(run_id=1, fence=1, worker_id=ME)
        events.append(other, holder, "site_slow", level="warning")
        counts = Counts(pages=2, seen=5, new=3, unchanged=2)
        runs.finish(other, holder, state=RunState.PARTIAL, counts=counts, error_message="stopped")

    waits = script(monkeypatch, begin, nothing, nothing, nothing, nothing, end)
    said = queued("runs", "watch", "1")
    assert said.code == 3
    first, page, running, slow, ended, last = said.out.splitlines()
    assert first == "run 1 pending: 0 pages, 0 postings; 0 new, 0 changed, 0 known"
    assert page[8:] == " page stored: new 3 [2J, page 1"
    assert running.startswith("run 1 running: ")
    assert slow[8:] == " warning: site slow"
    assert ended[8:] == " ended: message stopped, state partial"
    assert last == "run 1 partial: 2 pages, 5 postings; 3 new, 0 changed, 2 known; stopped"
    assert "No worker is there to take it" in said.err
    assert waits == [0.25, 0.25, 0.5, 1.0, 2.0, 2.0]


def test_watching_as_json_is_a_line_for_each_thing(queued, other, monkeypatch) -> None:
    workers.register(other, ME, host="h", pid=1, version="1", slots=1)

    def all_of_it() -> None:
        claimed = take(other)
        for number in range(450):
            events.append(other, claimed, "step", {"number": number})
        runs.finish(other, claimed, state=RunState.SUCCEEDED)

    script(monkeypatch, all_of_it)
    said = queued("runs", "watch", "1", "--json")
    assert (said.code, said.err) == (0, "")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["run"]["state"] for line in lines if "run" in line] == ["pending", "succeeded"]
    *steps, ended = [line["event"] for line in lines if "event" in line]
    assert [event["data"]["number"] for event in steps] == list(range(450))
    assert (ended["kind"], ended["data"]) == ("ended", {"state": "succeeded"})


@pytest.mark.parametrize(
    ("state", "error_class", "code"),
    [
        ("succeeded", None, 0),
        ("partial", "blocked", 3),
        ("suspect", None, 3),
        ("failed", "decode", 1),
        ("failed", "config", 2),
        ("cancelled", "cancelled", 1),
    ],
)
def test_watching_exits_as_collecting_does(queued, other, state, error_class, code) -> None:
    runs.finish(other, take(other), state=RunState(state), error_class=error_class)
    assert queued("runs", "watch", "1").code == code


def test_a_run_that_is_not_there_cannot_be_watched_or_retried(jobtracker) -> None:
    for command in ("watch", "retry"):
        said = jobtracker("runs", command, "5")
        assert said.code == 2
        assert "there is no run 5" in said.err


def test_retrying(queued, other) -> None:
    waiting = queued("runs", "retry", "1")
    assert waiting.code == 2
    assert "run 1 is pending: it has not ended" in waiting.err
    assert queued("runs", "cancel", "1").out == "Run 1 is cancelled\n"
    made = json.loads(queued("runs", "retry", "1", "--json").out)
    assert made["outcome"] == "made"
    run = json.loads(queued("runs", "show", str(made["run_id"]), "--json").out)["run"]
    assert (run["trigger"], run["parent_run_id"], run["search_id"]) == ("retry", 1, 1)
    again = queued("runs", "retry", "1")
    assert again.code == 0
    assert again.out.startswith(f"Run {made['run_id']} of the same search is pending")
    runs.finish(other, take(other), state=RunState.FAILED)
    queued("collectors", "disable", "hiringcafe")
    off = queued("runs", "retry", "1")
    assert (off.code, "is off" in off.err) == (2, True)


def test_json_before_and_after_the_command_is_the_same(queued) -> None:
    stopped = json.loads(queued("runs", "--json", "cancel", "1").out)
    assert (stopped["id"], stopped["state"], stopped["error_class"]) == (
        1,
        "cancelled",
        "cancelled",
    )
    assert json.loads(queued("runs", "cancel", "1", "--json").out) == stopped
    assert json.loads(queued("searches", "--json", "list").out)[0]["name"] == "nightly"
    assert json.loads(queued("workers", "--json", "list").out) == []
    refused = queued("collectors", "--json", "disable", "hiringcafe")
    assert (refused.code, "`disable` prints no JSON" in refused.err) == (2, True)


@pytest.mark.parametrize("name", ["searches", "runs", "workers"])
def test_all_that_is_operated_from_the_command_line_prints_json(name: str) -> None:
    group = root.get_command(click.Context(root), name)
    assert isinstance(group, click.Group)
    for command in (group, *group.commands.values()):
        assert any("--json" in option.opts for option in command.params), command.name


def test_a_run_shows_its_attempts_and_events(queued, other) -> None:
    claimed = take(other)
    events.append(other, claimed, "page_stored", {"page": 1})
    runs.requeue(other, claimed, outcome="drained")
    again = take(other)
    shown = queued("runs", "show", "1").out
    assert f"attempt 1 by {ME}: drained" in shown
    assert f"attempt 1 by {ME}: goes on" in shown
    assert "page stored: page 1" in shown
    runs.finish(other, again, state=RunState.SUCCEEDED)
    full = json.loads(queued("runs", "show", "1", "--json").out)
    assert [a["outcome"] for a in full["attempts"]] == ["drained", "succeeded"]
    assert "page_stored" in [e["kind"] for e in full["events"]]


def test_a_pending_run_says_when_it_may_begin(queued) -> None:
    shown = queued("runs", "show", "1").out
    assert "not before" in shown
    assert "None" not in shown


def test_workers_are_listed(queued, other) -> None:
    assert queued("workers", "--json").out == "[]\n"
    workers.register(
        other, ME, host="cellar", pid=7, version="1.2", slots=3, collectors=["hiringcafe"]
    )
    take(other)
    [worker] = json.loads(queued("workers", "list", "--json").out)
    assert (worker["worker_id"], worker["running"], worker["silent"]) == (ME, 1, False)
    header, row = (line.split("\t") for line in queued("workers").out.splitlines())
    assert header[:6] == ["WORKER", "HOST", "PID", "STATE", "RUNNING", "SLOTS"]
    assert row[:7] == [ME, "cellar", "7", "working", "1", "3", "hiringcafe"]
