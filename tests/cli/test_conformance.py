"""`jobtracker plugins check NAME`: the conformance kit on what is installed."""

from __future__ import annotations

import json
from typing import Any

import click
import msgspec
import pytest

from jobtracker_core.cli import conformance
from jobtracker_core.testing.checks import CHECKS, faults
from tests.testing.board import Board
from tests.testing.broken_card import BadName
from tests.testing.conftest import installed

APPLYING = [check.name for check in CHECKS if not check.only_own_http]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_an_installed_plugin_is_checked_on_its_practice_site(jobtracker, monkeypatch) -> None:
    monkeypatch.setattr(faults, "EXAMPLES", 3)
    checked = jobtracker("plugins", "check", "hiringcafe", "--json")
    assert checked.code == 0, checked.out
    told = json.loads(checked.out)
    assert [plugin["name"] for plugin in told["plugins"]] == ["hiringcafe"]
    verdicts = told["collectors"]["hiringcafe"]
    assert [verdict["check"] for verdict in verdicts] == APPLYING
    assert {verdict["state"] for verdict in verdicts} == {"ok"}


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_failure_has_its_next_step_and_sets_the_exit_code(jobtracker, monkeypatch) -> None:
    def check(registry: Any, names: Any, *, tell: Any) -> Any:
        return real(installed(BadName), ["Bad-Name"], tell=tell)

    real = conformance.check
    monkeypatch.setattr(conformance, "check", check)
    checked = jobtracker("plugins", "check", "hiringcafe")
    assert checked.code == 1
    assert "FAILED       contract: name: bad name 'Bad-Name'\n  Next: a name matches" in checked.out
    assert "ok           lazy: making it and calling collect() do nothing" in checked.out
    assert "not checked  ids: it needs answers: a practice site" in checked.out
    assert checked.out.splitlines()[-1].startswith("Bad-Name: 4 ok, 1 failed, ")


def test_what_cannot_be_used_here_is_not_run() -> None:
    registry = installed(Board)
    source = msgspec.structs.replace(
        registry.sources["board"], unavailable="python-board is missing"
    )
    registry = msgspec.structs.replace(registry, sources={"board": source})
    heard: list[str] = []
    found = conformance.check(registry, ["board"], tell=lambda verdict: heard.append(verdict.check))
    assert heard == APPLYING
    left_out = [verdict for verdict in found["board"] if verdict.state == "not checked"]
    assert {verdict.reason for verdict in left_out} == {
        "the collector cannot be used here: python-board is missing"
    }
    assert {verdict.check for verdict in left_out} == set(APPLYING) - {
        check.name for check in CHECKS if check.needs == "nothing"
    }


def test_a_practice_site_that_cannot_be_loaded_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise ImportError("no module named board_practice")

    monkeypatch.setattr(conformance, "practice_sites", broken)
    with pytest.raises(click.ClickException, match="no module named board_practice; mend"):
        conformance.check(installed(Board), ["board"], tell=lambda verdict: None)
