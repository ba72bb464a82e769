"""Plugins that mean harm, each in a process of its own: each ends in its class, nothing is left."""

from __future__ import annotations

import os

import psutil
import pytest
from msgspec.structs import replace

from jobtracker_core import CollectorSettings, RunState
from later import LaterClock

S, P, F = RunState.SUCCEEDED, RunState.PARTIAL, RunState.FAILED

# mode: how it must end
ENDS = {
    "good": (S, None),
    "prints": (S, None),
    "huge_log": (S, None),
    "leaves_processes": (S, None),
    "leaves_processes_without_a_mark": (S, None),
    "two_copies_go_on": (S, None),
    "changes_the_process": (S, None),
    "never_exits": (S, None),
    "floods_output": (F, "output_limit"),
    "floods_log": (F, "output_limit"),
    "many_pages": (F, "output_limit"),
    "leaks_files": (F, "internal"),
    "exits": (F, "internal"),
    "exits_with_a_code": (F, "internal"),
    "leaves_by_exception": (F, "internal"),
    "interrupts": (F, "internal"),
    "writes_rubbish": (F, "internal"),
    "closes_the_pipe": (F, "internal"),
    "hogs_memory": (F, "memory_limit"),
    "hogs_shared_memory": (F, "memory_limit"),
    "hogs_memory_in_children": (F, "memory_limit"),
    "segfaults": (F, "crash_signal"),
    "aborts": (F, "crash_signal"),
}
HEAVY = {"huge_page": (F, "output_limit")}


@pytest.fixture(autouse=True)
def unharmed(supervised):
    """Whatever a plugin does, nothing of it is left and this process has not grown by it."""
    before = psutil.Process().memory_info().rss
    yield
    assert supervised.left() == []
    assert psutil.Process().memory_info().rss - before < 50 * 1024 * 1024


def ends(result):
    return result.outcome.state, result.outcome.error_class


@pytest.mark.fault(
    "F33",
    done="A plugin took memory, files and output without bound, left processes, crashed or wrote rubbish.",
    holds="The run ended in the class that says so, nothing was left of it, and the supervisor did not grow.",
)
@pytest.mark.fault(
    "F3",
    done="A run's process crashed (SIGSEGV, SIGABRT) or left with and without a code.",
    holds="The run ended as crash_signal or internal, and the supervisor lived on.",
)
@pytest.mark.parametrize(
    ("mode", "end"),
    [
        *(pytest.param(*item, id=item[0]) for item in ENDS.items()),
        *(pytest.param(*item, id=item[0], marks=pytest.mark.full) for item in HEAVY.items()),
    ],
)
def test_each_ends_as_what_it_is(supervised, mode, end) -> None:
    result = supervised.run(mode)
    assert ends(result) == end, result.outcome
    assert bool(result.outcome.message and result.outcome.hint) == (end[1] is not None)


@pytest.mark.fault(
    "F33",
    done="A plugin kept the processor busy: a loop, a search that backtracks for ever, eight forks.",
    holds="The run ended as cpu_limit, all its processes counted together.",
)
@pytest.mark.parametrize(
    "mode",
    [
        "loops",
        pytest.param("matches_for_ever", marks=pytest.mark.full),
        "eight_forks_that_spin",
    ],
)
def test_processor_time_is_bounded_over_all_processes(supervised, mode) -> None:
    supervised.limits = replace(supervised.limits, cpu_s=2)
    result = supervised.run(mode)
    assert ends(result) == (F, "cpu_limit")


@pytest.mark.fault(
    "F33",
    done="A plugin ignored SIGTERM, stopped itself or hung beyond its time.",
    holds="The run ended as runtime_limit, and what it had read stood.",
)
@pytest.mark.parametrize(
    ("mode", "state", "stored"),
    [
        ("ignores_sigterm", F, 0),
        ("stops_itself", F, 0),
        ("hangs", P, 1),
        ("waits_politely", P, 1),
    ],
)
def test_time_is_bounded_and_what_was_read_stands(supervised, mode, state, stored) -> None:
    supervised.limits = replace(supervised.limits, runtime_s=500)
    supervised.patience = replace(supervised.patience, silence=600)
    supervised.clock = LaterClock(
        550, lambda: supervised.events("hanging") or supervised.events("waiting")
    )
    result = supervised.run(mode)
    assert ends(result) == (state, "runtime_limit")
    assert result.outcome.keep_cursor
    assert result.counts.new == result.counts.pages == len(supervised.host.listed) == stored


@pytest.mark.fault(
    "F33",
    done="A plugin hung without a sign of life.",
    holds="The run was given up and kept what it had read.",
)
def test_a_run_without_a_sign_of_life_is_given_up(supervised) -> None:
    supervised.limits = replace(supervised.limits, runtime_s=500)
    supervised.clock = LaterClock(30, lambda: supervised.events("hanging"))
    result = supervised.run("hangs")
    assert ends(result) == (P, "runtime_limit")
    assert "no sign of life" in result.outcome.message


@pytest.mark.fault(
    "F25",
    done="A site's pages never came to an end.",
    holds="The run ended at the collector's page limit.",
)
def test_endless_paging_ends_at_the_page_limit(supervised) -> None:
    result = supervised.run("endless_paging", collector="hostile_endless")
    assert ends(result) == (P, "page_limit")
    assert len(supervised.host.listed) == 50


@pytest.mark.fault(
    "F34",
    done="A plugin raised, hung, exited, crashed or took all memory at its import, or was not there.",
    holds="The run failed as plugin_import or crash_signal with words that say why.",
)
@pytest.mark.parametrize(
    ("plugin", "error_class", "told"),
    [
        ("import_error", "plugin_import", "boom at import"),
        ("import_hang", "plugin_import", "does not come to an end"),
        ("import_exit", "plugin_import", "code 0"),
        ("import_nothing", "plugin_import", "there is no collector 'hostile'"),
        ("import_hog", "plugin_import", "MemoryError"),
        ("import_crash", "crash_signal", "SIGSEGV"),
        ("not_installed", "plugin_import", "there is no collector 'hostile'"),
    ],
)
def test_what_goes_wrong_while_it_is_imported(supervised, plugin, error_class, told) -> None:
    supervised.plugin = plugin
    if plugin == "import_hang":
        supervised.patience = replace(supervised.patience, loading=1.5)
    result = supervised.run("good")
    assert ends(result) == (F, error_class)
    assert told in result.outcome.message


@pytest.mark.fault(
    "F34",
    done="A plugin's import never ended and kept the processor busy.",
    holds="The run ended as cpu_limit.",
)
@pytest.mark.full
def test_an_import_that_spins_uses_up_its_processor_time(supervised) -> None:
    supervised.plugin = "import_spin"
    supervised.limits = replace(supervised.limits, cpu_s=2)
    assert ends(supervised.run("good")) == (F, "cpu_limit")


@pytest.mark.fault(
    "F34",
    done="A plugin printed text and bytes to its output and its errors.",
    holds="They became lines of the run's log, and the run succeeded.",
)
def test_what_is_printed_becomes_lines_of_the_log(supervised) -> None:
    supervised.run("prints")
    told = supervised.events("printed")
    assert {line["text"] for line in told} == {
        *("by print", "by print to stderr", "by write", "by a program"),
        "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} no text",
    }
    assert all(line["page"] == 0 or line["page"] == 1 for line in told)


@pytest.mark.fault(
    "F33",
    done="A plugin flooded its output.",
    holds="A thousand short lines were passed on and no more.",
)
def test_a_flood_is_not_passed_on(supervised) -> None:
    supervised.run("floods_output")
    lines = supervised.events("printed")
    assert 1_000 <= len(lines) <= 1_001
    assert max(len(line["text"]) for line in lines) <= 1_000


def test_a_long_log_line_is_cut(supervised) -> None:
    supervised.run("huge_log")
    (line,) = (fields for _, event, fields in supervised.host.events if event.startswith("eee"))
    assert len(line["text"]) == 4_001
    assert line["number"] == str(2**70)
    assert line["odd"] == "?"


@pytest.mark.fault(
    "F3",
    done="A plugin crashed with SIGSEGV.",
    holds="The run's message named the signal and the function.",
)
def test_a_crash_says_where(supervised) -> None:
    result = supervised.run("segfaults")
    assert "SIGSEGV" in result.outcome.message
    assert "in segfaults" in result.outcome.detail


def test_a_run_finds_nothing_secret(supervised, monkeypatch, tmp_path) -> None:
    secret = "canary-4711"
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:{secret}@db/x")
    monkeypatch.setenv("JOBTRACKER_DATABASE_URL", f"postgresql://user:{secret}@db/x")
    monkeypatch.setenv("JOBTRACKER_HIRINGCAFE_TOKEN", secret)
    monkeypatch.setenv("PGPASSWORD", secret)
    supervised.settings = CollectorSettings(base_url=f"https://board.example/{secret}")
    with (tmp_path / f"{secret}.db").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        result = supervised.run("spies")
    assert ends(result) == (S, None)
    told = [fields for _, event, fields in supervised.host.events if "page" in fields]
    assert any("JT_RUN=" in str(line.get("text")) for line in told)
    assert len(supervised.events("descriptor")) >= 5
    assert secret not in str(told)
    assert "JOBTRACKER_" not in str(told)


@pytest.mark.fault(
    "F33",
    done="A plugin started a program in a session and an environment of its own.",
    holds="The program was found and ended with the run.",
)
def test_whoever_left_session_and_environment_is_found_by_its_parent(supervised) -> None:
    supervised.run("leaves_processes_without_a_mark")
    (line,) = supervised.events("started")
    assert not psutil.pid_exists(line["pid"])
