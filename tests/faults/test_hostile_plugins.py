"""Plugins that mean harm, each in a process of its own: each ends in its class, nothing is left."""

from __future__ import annotations

import psutil
import pytest
from msgspec.structs import replace

from jobtracker_core import RunState
from jobtracker_core.runner.limits import RunLimits

S, P, F = RunState.SUCCEEDED, RunState.PARTIAL, RunState.FAILED

# mode: how it must end
HARMLESS = {
    "good": (S, None),
    "prints": (S, None),
    "huge_log": (S, None),
    "leaves_processes": (S, None),
    "leaves_processes_without_a_mark": (S, None),
    "two_copies_go_on": (S, None),
    "changes_the_process": (S, None),
    "never_exits": (S, None),
}
HARMFUL = {
    "floods_output": (F, "output_limit"),
    "floods_log": (F, "output_limit"),
    "huge_page": (F, "output_limit"),
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


@pytest.fixture(autouse=True)
def unharmed(supervised):
    """Whatever a plugin does, nothing of it is left and this process has not grown by it."""
    before = psutil.Process().memory_info().rss
    yield
    assert supervised.left() == []
    assert psutil.Process().memory_info().rss - before < 50 * 1024 * 1024


def ends(result):
    return result.outcome.state, result.outcome.error_class


@pytest.mark.parametrize(("mode", "end"), (HARMLESS | HARMFUL).items(), ids=str)
def test_each_ends_as_what_it_is(supervised, mode, end) -> None:
    result = supervised.run(mode)
    assert ends(result) == end, result.outcome
    if result.outcome.error_class:
        assert result.outcome.message
        assert result.outcome.hint
    assert supervised.seconds < 20
