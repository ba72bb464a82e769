"""Whoever supervises a run: its wish to stop, its failures, its death, and its other runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import msgspec
import psutil
import pytest
from msgspec.structs import replace

from jobtracker_core import CommonQuery, ConfigError, RunState, Transient
from jobtracker_core.contract.errors import Cancelled
from jobtracker_core.plugins import discovery
from jobtracker_core.runner.channel import Start, frame
from jobtracker_core.runner.child import NOBODY_LISTENS
from jobtracker_core.runner.clock import SystemClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.launch import COMMAND, launch
from jobtracker_core.runner.limits import RunLimits
from jobtracker_core.runner.processes import end_marked
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.supervisor import run_in_child
from jobtracker_core.storage.errors import LeaseLost, Unreachable


class FailingHost(DryHost):
    """Raises an error where it is asked."""

    def __init__(self, where: str, error: BaseException) -> None:
        super().__init__()
        self.where = where
        self.error = error

    def deliver(self, batch):
        if self.where == "deliver":
            raise self.error
        return super().deliver(batch)

    def progress(self, progress):
        if self.where == "progress":
            raise self.error

    def cancelled(self):
        # Once a page is there, the plugin hangs: only the supervisor itself asks then.
        if self.where == "cancelled" and self.batches:
            raise self.error
        return super().cancelled()


class StoppingHost(DryHost):
    """Wants to stop once something is delivered."""

    def deliver(self, batch):
        self.reason = "stopped"
        return super().deliver(batch)


class DrainingHost(DryHost):
    """Has its worker shut down once something is delivered."""

    def __init__(self, drain: threading.Event) -> None:
        super().__init__()
        self.drain = drain

    def deliver(self, batch):
        self.drain.set()
        return super().deliver(batch)


@pytest.fixture(autouse=True)
def nothing_left(supervised) -> Iterator[None]:
    yield
    assert supervised.left() == []


def ends(result):
    return result.outcome.state, result.outcome.error_class


def test_a_good_run_reaches_the_host_as_it_does_inline(supervised, hostile_path) -> None:
    from jobtracker_core import CollectorSettings
    from jobtracker_core.http.transport import CurlTransport
    from jobtracker_core.runner.execute import execute

    far = supervised.run("good")
    source = discovery.load({"hostile_board"}).sources["hostile"]
    task = Task(collector=source.cls, settings=CollectorSettings(), query=CommonQuery(text="good"))
    host = DryHost()
    near = execute(task, host, transport=CurlTransport(), clock=SystemClock())
    assert far == near
    assert supervised.host.batches == host.batches
    assert supervised.host.reports == host.reports
    assert supervised.host.events == host.events


@pytest.mark.fault(
    "F35",
    done="A run that listens and one that hangs were cancelled.",
    holds="Both ended cancelled within the grace, and what they had stored counted.",
)
@pytest.mark.parametrize("mode", ["waits_politely", "hangs"])
def test_a_run_stops_when_it_is_asked_to_or_is_killed(supervised, mode) -> None:
    supervised.host = StoppingHost()
    result = supervised.run(mode)
    assert ends(result) == (RunState.CANCELLED, "cancelled")
    assert result.outcome.keep_cursor
    assert result.counts.new == len(supervised.host.listed) == 1


def test_a_polite_run_stops_well_within_the_grace(supervised) -> None:
    supervised.host = StoppingHost()
    supervised.patience = replace(supervised.patience, grace=600)
    assert ends(supervised.run("waits_politely")) == (RunState.CANCELLED, "cancelled")


@pytest.mark.fault(
    "F6",
    done="A worker drained with a run that listens, and with one that hangs.",
    holds="Both ended as drained, not as failed, and kept the cursor.",
)
@pytest.mark.parametrize("mode", ["waits_politely", "hangs"])
def test_a_drained_run_ends_as_drained(supervised, mode) -> None:
    supervised.host = DrainingHost(supervised.drain)
    result = supervised.run(mode)
    assert ends(result) == (RunState.CANCELLED, "drained")
    assert result.outcome.keep_cursor
    assert result.counts.new == len(supervised.host.listed) == 1


def test_a_run_that_is_drained_before_it_begins_ends_as_drained_too(supervised) -> None:
    supervised.drain.set()
    assert ends(supervised.run("hangs")) == (RunState.CANCELLED, "drained")
    assert supervised.host.listed == {}


@pytest.mark.parametrize("where", ["deliver", "progress", "cancelled"])
@pytest.mark.parametrize(
    "error", [LeaseLost("taken over"), Unreachable("no server"), KeyboardInterrupt()], ids=repr
)
def test_what_is_wrong_with_the_host_ends_the_processes_and_is_raised(
    supervised, where, error
) -> None:
    supervised.host = FailingHost(where, error)
    with pytest.raises(type(error)) as caught:
        supervised.run("hangs_in_company")
    assert caught.value is error
    assert supervised.alive() == []


@pytest.mark.parametrize(
    ("error", "state", "error_class"),
    [
        (Cancelled("stopped"), RunState.CANCELLED, "cancelled"),
        (Cancelled("shutdown"), RunState.CANCELLED, "drained"),
        (Transient("none left", error_class="proxy"), RunState.PARTIAL, "proxy"),
        (ConfigError("proxy_pool", "unknown"), RunState.FAILED, "config"),
    ],
    ids=repr,
)
def test_what_a_host_raises_on_purpose_is_raised_in_the_child(
    supervised, error, state, error_class
) -> None:
    supervised.host = FailingHost("deliver", error)
    result = supervised.run("good")
    assert ends(result) == (state, error_class)
    assert result.outcome.message == str(error)


def test_a_cancellation_told_in_passing_stops_the_run(supervised) -> None:
    supervised.host = FailingHost("progress", Cancelled("stopped"))
    assert ends(supervised.run("waits_politely")) == (RunState.CANCELLED, "cancelled")


@pytest.fixture
def supervise(supervisor_script, supervised) -> Callable[[str], subprocess.Popen[str]]:
    """Start a process that supervises a run."""
    return lambda mode: subprocess.Popen(
        [sys.executable, "-c", supervisor_script(), supervised.label, mode],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.fault(
    "F2",
    done="The process that supervises a run was killed (kill -9).",
    holds="The run's process was gone as well.",
)
def test_the_child_dies_with_its_supervisor(supervised, supervise) -> None:
    with supervise("hangs") as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "hanging\n"
        assert len(supervised.alive()) == 1
        supervisor.kill()
    assert supervised.wait_until(lambda: not supervised.alive(), seconds=60)


@pytest.mark.fault(
    "F2",
    done="The supervising process was killed where the kernel does not end its child.",
    holds="The child found its pipe closed and ended.",
)
def test_without_that_tie_it_ends_when_it_finds_the_pipe_closed(
    supervised, supervisor_script, untied
) -> None:
    script = supervisor_script(command=untied)
    with subprocess.Popen(
        [sys.executable, "-c", script, supervised.label, "waits_politely"],
        stdout=subprocess.PIPE,
        text=True,
    ) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "waiting\n"
        supervisor.kill()
    assert supervised.wait_until(lambda: not supervised.alive(), seconds=60)


@pytest.mark.fault(
    "F3",
    done="A run's process crashed where the kernel does not tell of it.",
    holds="Its end was seen all the same, and named crash_signal.",
)
@pytest.mark.parametrize(
    ("mode", "error_class"), [("good", None), ("exits", "internal"), ("segfaults", "crash_signal")]
)
def test_without_a_descriptor_of_the_process_its_end_is_seen_too(
    supervised, monkeypatch, mode, error_class
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    assert supervised.run(mode).outcome.error_class == error_class


@pytest.mark.fault(
    "F2",
    done="A supervising process was killed while its plugin had started another process.",
    holds="Whoever took the run up found that process by its mark and ended it.",
)
def test_what_a_plugin_started_is_found_when_the_run_is_taken_up(supervised, supervise) -> None:
    with supervise("hangs_in_company") as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "hanging\n"
        (company,) = [p for p in supervised.alive() if p.parent().ppid() == supervisor.pid]
        supervisor.kill()
    assert supervised.wait_until(lambda: supervised.alive() == [company], seconds=60)
    assert end_marked("another run") == 0
    assert end_marked(supervised.label) == 1
    assert supervised.wait_until(lambda: not supervised.alive(), seconds=60)


@pytest.mark.parametrize("told", [b"", "wrong parent"], ids=["nothing", "another's"])
def test_a_child_without_its_supervisor_leaves(supervised, told) -> None:
    start = Start(
        collector="hostile",
        plugin="hostile_board",
        settings=msgspec.msgpack.encode({}),
        query=msgspec.msgpack.encode({"text": "good"}),
        cursor=None,
        max_pages=None,
        limits=RunLimits(),
        parent=1,
    )
    with launch(COMMAND, supervised.label) as child:
        out, _ = child.communicate(told and frame(start), timeout=60)
        assert out == b""
        assert child.returncode == NOBODY_LISTENS


def test_runs_side_by_side_end_only_their_own_processes(supervised, hostile_path) -> None:
    from jobtracker_core import CollectorSettings

    hung = threading.Event()

    class Telling(DryHost):
        def deliver(self, batch):
            hung.set()
            return super().deliver(batch)

    source = discovery.load({"hostile_board"}).sources["hostile"]
    other, drain, results = f"{supervised.label}-other", threading.Event(), []

    def run_other() -> None:
        task = Task(
            collector=source.cls,
            settings=CollectorSettings(),
            query=CommonQuery(text="hangs_in_company"),
        )
        results.append(
            run_in_child(
                task,
                Telling(),
                RunLimits(),
                plugin="hostile_board",
                label=other,
                clock=SystemClock(),
                drain=drain,
                patience=supervised.patience,
            )
        )

    thread = threading.Thread(target=run_other)
    thread.start()
    try:
        assert hung.wait(60)
        assert ends(supervised.run("leaves_processes")) == (RunState.SUCCEEDED, None)
        marked = [p for p in psutil.process_iter() if _mark(p) == other]
        assert len(marked) == 2
    finally:
        drain.set()
        thread.join()
    assert ends(results[0]) == (RunState.CANCELLED, "drained")
    assert not any(process.is_running() for process in marked)


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("JT_RUN")
    except psutil.Error:
        return None


class WiderQuery(CommonQuery, frozen=True, kw_only=True):
    """A query with a word that the installed plugin does not know."""

    colour: str = "red"


def test_a_plugin_that_was_updated_meanwhile_says_what_to_do(supervised, hostile_path) -> None:
    source = discovery.load({"hostile_board"}).sources["hostile"]
    task = Task(
        collector=source.cls, settings=source.info.settings(), query=WiderQuery(text="good")
    )
    result = run_in_child(
        task,
        supervised.host,
        supervised.limits,
        plugin="hostile_board",
        label=supervised.label,
        clock=SystemClock(),
    )
    assert ends(result) == (RunState.FAILED, "plugin_import")
    assert "Restart the worker" in str(result.outcome.hint)


def test_a_command_that_cannot_be_started_is_an_error(supervised, hostile_path) -> None:
    source = discovery.load({"hostile_board"}).sources["hostile"]
    task = Task(collector=source.cls, settings=source.info.settings(), query=CommonQuery())
    with pytest.raises(FileNotFoundError):
        run_in_child(
            task,
            supervised.host,
            supervised.limits,
            plugin="hostile_board",
            label=supervised.label,
            clock=SystemClock(),
            command=["/nowhere/python"],
        )


def test_a_child_holds_nothing_of_a_database_in_memory() -> None:
    script = (
        "import sys; import jobtracker_core.runner.child; "
        "print([name for name in sys.modules if name.partition('.')[0] in "
        "('sqlalchemy', 'psycopg', 'sqlite3', 'alembic', 'litestar', 'psutil', 'pandas')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
