"""Plugins as they are found: each of the broken ones is told of, and none harms another."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest


def problem(report: dict[str, Any]) -> tuple[str, str]:
    (found,) = report["problems"]
    assert found["hint"]
    return found["stage"], found["message"]


def test_the_good_ones_work_beside_all_the_broken_ones(reports: dict[str, Any]) -> None:
    for name, collector in (("good-board", "good_board"), ("hiringcafe", "hiringcafe")):
        assert reports[name]["status"] == "ok"
        assert reports[name]["collectors"] == [collector]
        assert reports[name]["problems"] == []


def test_distribution_and_version_are_told(reports: dict[str, Any]) -> None:
    assert (reports["good-board"]["distribution"], reports["good-board"]["version"]) == (
        "good-board",
        "1.2.3",
    )


@pytest.mark.parametrize(
    ("name", "stage", "words"),
    [
        ("import-error", "import", "RuntimeError: boom at import"),
        ("exit-at-import", "import", "SystemExit: leaving"),
        ("wrong-contract", "contract", "written for contract 99, this core knows 1"),
        ("bad-name", "name", "bad name 'Bad-Name!'"),
        ("no-schema", "schema", "no JSON schema can be built of OddQuery"),
        ("no-generator", "collect", "collect() is not a generator"),
    ],
)
def test_a_broken_plugin_becomes_a_line_with_its_reason(
    reports: dict[str, Any], name: str, stage: str, words: str
) -> None:
    assert reports[name]["status"] == "broken"
    assert reports[name]["collectors"] == []
    found = problem(reports[name])
    assert found[0] == stage
    assert words in found[1]


def test_one_that_cannot_be_used_here_is_listed_with_its_reason(
    reports: dict[str, Any], jobtracker: Callable[..., Any]
) -> None:
    why = "the library `boardlib` is not installed"
    assert reports["not-here"]["unavailable"] == {"not_here": why}
    assert reports["not-here"]["problems"] == []
    assert reports["good-board"]["unavailable"] == {}
    listed = jobtracker("collectors").stdout
    assert f"not_here cannot be used here: {why}" in listed
    assert f"not_here cannot be used here: {why}" in jobtracker("plugins").stdout
    started = jobtracker("collect", "not_here")
    assert started.returncode == 1
    assert why in started.stderr
    assert "see `jobtracker collectors`" in started.stderr


def test_one_that_fails_to_say_so_is_broken(reports: dict[str, Any]) -> None:
    assert reports["cannot-say"]["status"] == "broken"
    assert "disk on fire" in problem(reports["cannot-say"])[1]


def test_an_unknown_hook_is_a_warning_and_the_rest_works(reports: dict[str, Any]) -> None:
    report = reports["unknown-hook"]
    assert report["status"] == "warning"
    assert report["collectors"] == ["unknown_hook"]
    assert "'jobtracker_makes_coffee'" in problem(report)[1]


def test_duplicate_names_are_both_refused_and_both_named(reports: dict[str, Any]) -> None:
    for name in ("twin-one", "twin-two"):
        assert reports[name]["status"] == "broken"
        assert reports[name]["collectors"] == []
        assert "twin-one and twin-two" in problem(reports[name])[1]


def test_a_plugin_without_collectors_is_fine(reports: dict[str, Any]) -> None:
    assert reports["notifier"]["status"] == "ok"


def test_what_a_plugin_prints_does_not_spoil_the_output(jobtracker: Callable[..., Any]) -> None:
    result = jobtracker("plugins", "list", "--json")
    assert "printed while importing" not in result.stdout
    assert "printed while importing" in result.stderr


def test_the_allow_list_leaves_the_others_alone(jobtracker: Callable[..., Any]) -> None:
    result = jobtracker("plugins", "list", "--json", JOBTRACKER_PLUGINS="good-board, twin-one")
    status = {p["name"]: p["status"] for p in json.loads(result.stdout)}
    assert status.pop("good-board") == "ok"
    assert status.pop("twin-one") == "ok"
    assert set(status.values()) == {"off"}
    assert "printed while importing" not in result.stderr


def test_an_empty_allow_list_loads_nothing(jobtracker: Callable[..., Any]) -> None:
    result = jobtracker("plugins", "list", "--json", JOBTRACKER_PLUGINS="")
    assert {p["status"] for p in json.loads(result.stdout)} == {"off"}


def test_check_fails_for_the_broken_and_passes_for_the_good(jobtracker: Callable[..., Any]) -> None:
    assert jobtracker("plugins", "check", "good-board").returncode == 0
    assert jobtracker("plugins", "check", "good_board").returncode == 0
    broken = jobtracker("plugins", "check", "wrong-contract")
    assert broken.returncode == 1
    assert "contract 99" in broken.stdout
    assert "Next: " in broken.stdout
    assert jobtracker("plugins", "check").returncode == 1


def test_an_unknown_plugin_is_wrong_use(jobtracker: Callable[..., Any]) -> None:
    result = jobtracker("plugins", "show", "nobody")
    assert result.returncode == 2
    assert "good-board" in result.stderr


def test_show_tells_of_query_filters_limits_and_rules(jobtracker: Callable[..., Any]) -> None:
    result = jobtracker("plugins", "show", "good_board")
    assert result.returncode == 0
    assert "It welcomes programs." in result.stdout
    assert "posted_within_days" in result.stdout
    card = json.loads(jobtracker("plugins", "show", "good_board", "--json").stdout)
    assert card["info"]["hosts"] == ["board.example"]
    assert {f["name"] for f in card["query"]} >= {"text", "remote", "limit"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("import-error", "boom at import"),
        ("twin", "twin-one and twin-two"),
        ("wrong_contract", "contract 99"),
        ("nobody", "there is no collector 'nobody'; installed: "),
    ],
)
def test_collecting_with_what_is_not_there_says_why(
    jobtracker: Callable[..., Any], name: str, words: str
) -> None:
    result = jobtracker("collect", name)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
