"""Loading inside this process, for what a process of its own cannot show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jobtracker_core.contract.run import Counts, RunState, RunSummary
from jobtracker_core.plugins import discovery


@pytest.fixture
def registry(installed: Path, monkeypatch: pytest.MonkeyPatch) -> discovery.Registry:
    monkeypatch.syspath_prepend(str(installed))
    return discovery.load()


def test_everything_is_reported_and_only_the_good_can_be_used(registry, capfd) -> None:
    assert {"good_board", "hiringcafe", "not_here", "unknown_hook"} <= registry.sources.keys()
    refused = {"import_error", "wrong_contract", "Bad-Name!", "twin", "no_schema", "no_generator"}
    assert refused.isdisjoint(registry.sources)
    status = {plugin.name: plugin.status for plugin in registry.plugins}
    assert status["good-board"] == status["hiringcafe"] == status["notifier"] == "ok"
    assert status["unknown-hook"] == "warning"
    assert set(status.values()) == {"ok", "warning", "broken"}
    assert all(problem.hint for plugin in registry.plugins for problem in plugin.problems)


def test_a_broken_plugin_is_not_left_among_the_hooks(registry, capfd) -> None:
    names = {name for name, _ in registry.hooks.list_name_plugin()}
    assert "notifier:notifier" in names
    assert "wrong-contract:wrong-contract" not in names


def test_a_notifier_is_called_with_the_arguments_it_takes(registry, capfd) -> None:
    (impl,) = registry.hooks.hook.jobtracker_run_finished.get_hookimpls()
    assert impl.argnames == ("run",)
    now = __import__("datetime").datetime.now().astimezone()
    impl.function(
        RunSummary(
            id=7,
            collector="x",
            state=RunState.SUCCEEDED,
            started_at=now,
            finished_at=now,
            counts=Counts(),
            end_confirmed=True,
        )
    )
    assert "heard of run 7" in capfd.readouterr().out


def test_what_cannot_be_used_here_is_found_but_not_handed_out(registry, capfd) -> None:
    assert discovery.find(registry, "not_here").unavailable
    with pytest.raises(discovery.Unavailable, match="`boardlib` is not installed"):
        discovery.find_usable(registry, "not_here")
    assert discovery.find_usable(registry, "good_board").unavailable is None


def test_find_gives_the_source_or_says_why_not(registry, capfd) -> None:
    assert discovery.find(registry, "good_board").distribution == "good-board"
    with pytest.raises(discovery.UnknownCollector, match="written for contract 99"):
        discovery.find(registry, "wrong_contract")
    with pytest.raises(discovery.UnknownCollector, match="twin-one and twin-two"):
        discovery.find(registry, "twin")


def test_the_allow_list_is_told_where_it_leaves_something_out(installed, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(installed))
    registry = discovery.load(["good-board"])
    assert list(registry.sources) == ["good_board"]
    with pytest.raises(discovery.UnknownCollector, match=r"JOBTRACKER_PLUGINS\) leaves it out"):
        discovery.find(registry, "hiringcafe")


def test_practice_sites_are_found_by_collector() -> None:
    # In a process of its own: a run of a collector in this one may have imported pandas.
    code = (
        "import sys; from jobtracker_core.plugins.practice import practice_sites; "
        "print('hiringcafe' in practice_sites(), 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
