"""`jobtracker searches`: kept, changed, started, looked ahead."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest

DAILY = ("--cron", "30 2 * * *", "--timezone", "Europe/Berlin")


def add(jobtracker, *arguments: str, name: str = "nightly") -> dict[str, Any]:
    said = jobtracker("searches", "add", name, "hiringcafe", *arguments, "--json")
    assert said.code == 0, said.err
    made: dict[str, Any] = json.loads(said.out)
    return made


def test_a_search_is_added_and_shown(jobtracker) -> None:
    said = jobtracker(
        *("searches", "add", "python in Berlin", "hiringcafe"),
        *("--query", "text=python", "--query", "remote=remote", "--query", "remote=hybrid"),
        *("--query", "posted-within-days=7", *DAILY),
        *("--stagger", "10m", "--misfire-window", "2h", "--overlap", "queue", "--priority", "4"),
        *("--max-attempts", "5", "--memory-mb", "512", "--runtime", "1h", "--cpu", "90"),
        *("--pages", "20", "--requests", "300"),
    )
    assert said.code == 0, said.err
    told, ahead = said.out.splitlines()
    assert told == "Search 1, python in Berlin, runs every day at 02:30 (Europe/Berlin)."
    assert ahead.startswith("Next: ")
    assert " 02:30 CE" in ahead
    assert "jobtracker collectors enable hiringcafe" in said.err
    report = json.loads(jobtracker("searches", "show", "python in Berlin", "--json").out)
    assert " 02:30 CE" in jobtracker("searches", "list").out
    assert " 02:30 CE" in jobtracker("searches", "show", "python in Berlin").out
    search = report["search"]
    assert search["query"]["remote"] == ["remote", "hybrid"]
    assert (search["query"]["text"], search["query"]["posted_within_days"]) == ("python", 7)
    assert search["schedule"] == {
        "kind": "cron", "cron": "30 2 * * *", "every_s": None, "anchor_at": None,
        "timezone": "Europe/Berlin", "stagger_s": 600, "misfire_window_s": 7200,
    }  # fmt: skip
    assert (search["overlap"], search["priority"], search["max_attempts"]) == ("queue", 4, 5)
    assert search["limits"] == {
        "runtime_s": 3600, "memory_mb": 512, "cpu_s": 90, "requests": 300, "pages": 20,
    }  # fmt: skip
    assert (report["collector_on"], report["usual"], report["last_delay_s"]) == (False, None, None)
    shown = jobtracker("searches", "show", "1").out
    assert "remote=remote, hybrid" in shown
    assert "every day at 02:30 (Europe/Berlin)" in shown


def test_lists(jobtracker) -> None:
    assert jobtracker("searches", "--json").out == "[]\n"
    add(jobtracker, name="b")
    add(jobtracker, "--every", "6h", name="a")
    header, first, second = (line.split("\t") for line in jobtracker("searches").out.splitlines())
    assert header[:4] == ["ID", "NAME", "COLLECTOR", "ON"]
    assert first[1].startswith("a")
    assert first[7].startswith("every 6 hours, counted from ")
    assert second[1:5] == ["b", "hiringcafe", "yes", ""]
    listed = json.loads(jobtracker("searches", "list", "--collector", "hiringcafe", "--json").out)
    assert [search["name"] for search in listed] == ["a", "b"]
    assert jobtracker("searches", "list", "--collector", "nobody", "--json").out == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x", "nobody"], ["no collector 'nobody'", "see `jobtracker plugins`"]),
        (["x", "hiringcafe", "--query", "colour=red"], ["--query colour: there is no such field"]),
        (
            ["12", "hiringcafe", "--query", "limit=many", "--memory-mb", "5", "--proxy-pool", "no"],
            [
                "--name: '12' is no name",
                "--query limit: 'many' is not allowed; it takes a whole number from 1 to 100,000",
                "--memory-mb: '5' is not allowed; it takes a whole number from 256 to",
                "--proxy-pool: there is no proxy pool 'no'",
            ],
        ),
        (["x", "hiringcafe", "--query", "text"], ["--query takes WORD=VALUE, not 'text'"]),
        (
            ["x", "hiringcafe", "--query", "text=a", "--query", "text=b"],
            ["--query text takes one value, and is given twice"],
        ),
        (["x", "hiringcafe", "--query", "remote=", "--overlap", "both"], ["skip, queue"]),
        (
            ["x", "hiringcafe", "--cron", "99 * * * *"],
            ["Error: --cron: '99' is no minute", "Next: Give 0 to 59"],
        ),
        (
            ["x", "hiringcafe", "--cron", "daily"],
            ["--cron: 'daily' does not have five fields", "Next: Give minute, hour"],
        ),
        (
            ["x", "hiringcafe", "--cron", "0 0 30 2 *"],
            ["--cron: '0 0 30 2 *' never comes", "Next: Change the day or the month"],
        ),
        (
            ["x", "hiringcafe", "--timezone", "Europe/Berln"],
            ["--timezone: 'Europe/Berln' is no time zone", "Next: Did you mean Europe/Berlin?"],
        ),
        (
            ["x", "hiringcafe", "--every", "10s"],
            ["--every: 10 is not allowed", "a whole number from 60 to"],
        ),
        (["x", "hiringcafe", "--every", "often"], ["--every", "such as 6h"]),
        (["x", "hiringcafe", "--every", "1h", *DAILY], ["--cron", "not both"]),
        (["x", "hiringcafe", "--manual", *DAILY], ["--manual excludes --cron and --every"]),
        (
            ["x", "hiringcafe", "--stagger", "2h"],
            ["--misfire-window: a run would be missed", "Next: Give more than the 7200 seconds"],
        ),
    ],
)
def test_a_wrong_search_names_the_option_and_is_not_kept(jobtracker, arguments, words) -> None:
    said = jobtracker("searches", "add", *arguments)
    assert said.code == 2
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert jobtracker("searches", "--json").out == "[]\n"


def test_names_are_taken_once(jobtracker) -> None:
    add(jobtracker, name="a")
    add(jobtracker, name="b")
    for said in (
        jobtracker("searches", "add", "a", "hiringcafe"),
        jobtracker("searches", "edit", "b", "--name", "a"),
        jobtracker("searches", "clone", "b", "a"),
    ):
        assert said.code == 2
        assert "there is a search named 'a' already" in said.err
        assert "Next: Choose another name" in said.err


@pytest.mark.parametrize(
    "command", ["show", "preview", "pause", "resume", "run", "remove", "edit", "clone"]
)
@pytest.mark.parametrize("search", ["nightly", "7", "9" * 30, "9" * 5000])
def test_a_search_that_is_not_there(jobtracker, command, search) -> None:
    more = {"edit": ("--name", "x"), "clone": ("x",)}.get(command, ())
    said = jobtracker("searches", command, search, *more)
    assert said.code == 2
    assert "there is no search" in said.err
    assert "Next: List the searches" in said.err


def test_editing_changes_what_is_given(jobtracker) -> None:
    before = add(jobtracker, "--query", "text=python", "--query", "location=Berlin", *DAILY)
    said = jobtracker("searches", "edit", "nightly", "--memory-mb", "300", "--json")
    after = json.loads(said.out)
    moved = {"updated_at", "last_tick_at", "limits"}
    assert {k: v for k, v in after.items() if k not in moved} == {
        k: v for k, v in before.items() if k not in moved
    }
    assert after["limits"]["memory_mb"] == 300
    changed = json.loads(
        jobtracker(
            *("searches", "edit", "1", "--query", "text=rust", "--query", "location="),
            *("--every", "1d", "--memory-mb", "", "--timezone", "", "--name", "daily", "--json"),
        ).out
    )
    assert (changed["name"], changed["query"]["text"]) == ("daily", "rust")
    assert "location" not in changed["query"]
    assert changed["query_hash"] != before["query_hash"]
    assert changed["limits"]["memory_mb"] is None
    schedule = changed["schedule"]
    assert (schedule["kind"], schedule["cron"], schedule["every_s"]) == ("interval", None, 86_400)
    assert schedule["timezone"] == "UTC"
    again = json.loads(jobtracker("searches", "edit", "1", "--every", "2d", "--json").out)
    assert again["schedule"]["anchor_at"] == schedule["anchor_at"]
    by_hand = jobtracker("searches", "edit", "1", "--manual")
    assert by_hand.out == "Search 1, daily, runs only when it is started by hand.\n"
    nothing = jobtracker("searches", "edit", "1")
    assert (nothing.code, "say what to change" in nothing.err) == (2, True)
    wrong = jobtracker("searches", "edit", "1", "--cron", "0 25 * * *")
    assert (wrong.code, "--cron: '25' is no hour" in wrong.err) == (2, True)


def test_pausing_and_resuming(jobtracker) -> None:
    made = add(jobtracker, "--cron", "0 0 1 1 *")
    assert jobtracker("searches", "pause", "nightly").out == "Search 1, nightly, is paused.\n"
    paused = json.loads(jobtracker("searches", "--json").out)[0]
    assert (paused["enabled"], paused["next_tick_at"]) == (False, None)
    still = json.loads(jobtracker("searches", "edit", "1", "--priority", "1", "--json").out)
    assert (still["enabled"], still["next_tick_at"]) == (False, None)
    said = jobtracker("searches", "resume", "nightly")
    assert said.out.startswith("Search 1, nightly, runs ")
    resumed = json.loads(jobtracker("searches", "show", "1", "--json").out)["search"]
    assert (resumed["enabled"], resumed["next_tick_at"]) == (True, made["next_tick_at"])


def test_a_copy_is_paused(jobtracker) -> None:
    made = add(jobtracker, "--query", "text=python", "--cron", "@hourly")
    copy = json.loads(jobtracker("searches", "clone", "nightly", "hourly", "--json").out)
    own = {"id", "name", "enabled", "next_tick_at", "created_at", "updated_at"}
    assert {k: v for k, v in copy.items() if k not in own} == {
        k: v for k, v in made.items() if k not in own
    }
    assert (copy["name"], copy["enabled"], copy["next_tick_at"]) == ("hourly", False, None)
    said = jobtracker("searches", "clone", "nightly", "third")
    assert "Search 3, third, is paused; it would run " in said.out
    unnamed = jobtracker("searches", "clone", "nightly", "33")
    assert (unnamed.code, "'33' is no name" in unnamed.err) == (2, True)


def test_removing_leaves_its_runs(jobtracker) -> None:
    jobtracker("collectors", "enable", "hiringcafe")
    add(jobtracker)
    jobtracker("searches", "run", "nightly")
    said = jobtracker("searches", "remove", "nightly")
    assert said.out == "Search 1, nightly, is gone; its runs stay.\n"
    [run] = json.loads(jobtracker("runs", "--json").out)
    assert (run["state"], run["search_id"]) == ("pending", None)


def test_a_run_is_queued_once(jobtracker, site) -> None:
    add(jobtracker, "--query", "text=python", "--memory-mb", "300")
    off = jobtracker("searches", "run", "nightly")
    assert off.code == 2
    assert "jobtracker collectors enable hiringcafe" in off.err
    jobtracker("collectors", "enable", "hiringcafe")
    jobtracker("searches", "pause", "nightly")
    made = jobtracker("searches", "run", "nightly")
    assert made.out.splitlines() == [
        "Run 1 waits for a worker.",
        "Follow it with: jobtracker runs watch 1",
    ]
    again = jobtracker("searches", "run", "nightly")
    assert again.code == 0
    assert again.out.startswith("Run 1 of this search is pending or running already.\n")
    as_json = jobtracker("searches", "run", "1", "--json")
    assert json.loads(as_json.out) == {"run_id": 1, "outcome": "overlap"}
    [run] = json.loads(jobtracker("runs", "list", "--search", "nightly", "--json").out)
    assert (run["state"], run["trigger"], run["limit_memory_mb"]) == ("pending", "manual", 300)
    assert run["query"]["text"] == "python"
    assert site.requests == []


def test_a_preview_over_a_change_of_the_clocks(jobtracker) -> None:
    add(jobtracker, *DAILY, "--stagger", "10m")
    spring = jobtracker("searches", "preview", "1", "--from", "2026-03-28", "--count", "3")
    words, header, *rows, stagger = spring.out.splitlines()
    assert words == "It runs every day at 02:30 (Europe/Berlin)."
    assert header == "LOCAL\tUTC"
    assert rows == [
        "Sat 2026-03-28 02:30 CET\t2026-03-28 01:30",
        "Sun 2026-03-29 03:00 CEST\t2026-03-29 01:00",
        "Mon 2026-03-30 02:30 CEST\t2026-03-30 00:30",
    ]
    assert stagger.startswith("Each run begins ")
    autumn = jobtracker("searches", "preview", "1", "--from", "2026-10-24T12:00", "--json")
    ahead = json.loads(autumn.out)
    assert len(ahead["upcoming"]) == 10
    assert 0 <= ahead["delay_s"] < 600
    assert ahead["upcoming"][:2] == [
        {"at": "2026-10-25T00:30:00Z", "local": "Sun 2026-10-25 02:30 CEST"},
        {"at": "2026-10-26T01:30:00Z", "local": "Mon 2026-10-26 02:30 CET"},
    ]


def test_a_preview_of_what_has_no_times(jobtracker) -> None:
    add(jobtracker)
    said = jobtracker("searches", "preview", "1")
    assert said.out == "It runs only when it is started by hand.\n"
    wrong = jobtracker("searches", "preview", "1", "--from", "tomorrow")
    assert (wrong.code, "--from" in wrong.err) == (2, True)


def test_the_guide_says_what_works(jobtracker) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "schedule-searches.md"
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert {words[2] for words in lines if words[1] == "searches"} == {
        *("add", "preview", "edit", "pause", "resume", "clone", "remove", "run", "show"),
    }
    for program, *arguments in lines:
        said = jobtracker(*arguments)
        assert (program, said.code) == ("jobtracker", 0), (arguments, said.err)


def test_the_script_of_the_guide_works(jobtracker, documented, capfd) -> None:
    capfd.readouterr()
    runpy.run_path(str(documented("how-to/schedule-searches.md")))
    words, queued = capfd.readouterr().out.splitlines()
    assert words.startswith("every 6 hours, counted from ")
    assert queued == "1 pending"
