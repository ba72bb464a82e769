"""The guards taken away: what they prevent must happen then, or their tests prove nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from jobtracker_core import RunState
from jobtracker_core.runner.processes import Tree, Use, end_marked

pytestmark = pytest.mark.full

UNBOUND = """
from jobtracker_core.runner import child, confine
confine.limit = lambda limits: None
child.main()
"""


@pytest.fixture(autouse=True)
def cleaned(supervised) -> Iterator[None]:
    yield
    end_marked(supervised.label)
    assert supervised.left() == []


@pytest.mark.fault(
    "F2",
    done="Twin: the tie between a run's process and its supervisor was taken away.",
    holds="The process outlived the supervisor that was killed.",
)
def test_without_its_tie_a_child_survives_its_supervisor(
    supervised, supervisor_script, untied
) -> None:
    script = supervisor_script(command=untied)
    with subprocess.Popen(
        [sys.executable, "-c", script, supervised.label, "hangs"],
        stdout=subprocess.PIPE,
        text=True,
    ) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "hanging\n"
        supervisor.kill()
    assert not supervised.wait_until(lambda: not supervised.alive(), seconds=2)


@pytest.mark.fault(
    "F33",
    done="Twin: the search for a run's descendants was taken away.",
    holds="What the plugin had started was left.",
)
def test_without_a_search_for_them_descendants_stay(supervised, monkeypatch) -> None:
    monkeypatch.setattr(Tree, "_found", lambda _: ())
    assert supervised.run("leaves_processes").outcome.state is RunState.SUCCEEDED
    assert len(supervised.alive()) >= 3


@pytest.mark.fault(
    "F33",
    done="Twin: memory was not added up over a run's processes.",
    holds="A plugin's children held more than the limit, unseen.",
)
def test_without_a_look_at_all_of_them_children_take_the_memory(supervised, monkeypatch) -> None:
    monkeypatch.setattr(Tree, "weigh", lambda *_, **__: Use(memory=0, cpu=0.0))
    supervised.limits = replace(supervised.limits, runtime_s=3)
    result = supervised.run("hogs_memory_in_children")
    assert result.outcome.error_class == "runtime_limit"


@pytest.mark.fault(
    "F33",
    done="Twin: the bounds of a run's process were taken away.",
    holds="A plugin opened more files than it may.",
)
def test_without_bounds_a_child_opens_as_many_files_as_it_likes(supervised) -> None:
    supervised.command = [sys.executable, "-P", "-c", UNBOUND]
    assert supervised.run("opens_many_files").outcome.state is RunState.SUCCEEDED
    supervised.command = None
    assert supervised.run("opens_many_files").outcome.error_class == "internal"
