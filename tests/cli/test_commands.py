"""Commands as people and programs use them."""

from __future__ import annotations

import json

import pytest


def test_a_collector_must_be_turned_on_first_and_shows_its_rules(jobtracker, site) -> None:
    refused = jobtracker("collect", "hiringcafe")
    assert refused.code == 2
    assert "collector 'hiringcafe' is off" in refused.err
    assert "jobtracker collectors enable hiringcafe" in refused.err
    assert site.requests == []
    enabled = jobtracker("collectors", "enable", "hiringcafe")
    assert enabled.code == 0
    assert "robots file disallows" in enabled.out
    assert jobtracker("collect", "hiringcafe").code == 0
    assert jobtracker("collectors", "disable", "hiringcafe").code == 0
    assert jobtracker("collect", "hiringcafe").code == 2


def test_collect_tells_what_it_did(collected) -> None:
    said = collected("collect", "hiringcafe")
    assert said.code == 0
    assert "hiringcafe: succeeded in" in said.out
    assert "45 postings on 2 pages: 0 new, 0 changed, 45 known" in said.out


@pytest.mark.parametrize(
    ("command", "hint"), [("colect", " Did you mean collect or collectors?"), ("zzz", "")]
)
def test_a_wrong_command_names_the_nearest_ones(jobtracker, command, hint) -> None:
    said = jobtracker(command)
    assert said.code == 2
    assert said.err.endswith(f"Error: No such command {command!r}.{hint}\n")


@pytest.mark.parametrize("group", ["applications", "config", "db", "searches"])
def test_a_help_tells_what_commands_do_in_whole_sentences(jobtracker, group) -> None:
    _, _, commands = jobtracker(group, "--help").out.partition("Commands:")
    assert commands.rstrip().endswith(".")
    assert "..." not in commands


def test_an_empty_list_of_jobs_tells_what_comes_first(jobtracker) -> None:
    assert "collectors enable NAME" in jobtracker("jobs", "list").err


def test_collect_as_json(collected) -> None:
    said = collected("collect", "hiringcafe", "--json", "--remote", "remote", "--limit", "3")
    result = json.loads(said.out)
    assert result["run"]["state"] == "succeeded"
    assert result["run"]["counts"]["seen"] >= 3
    assert {use["word"]: use["support"] for use in result["run"]["filters"]} == {"remote": "native"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--posted-within", "-3"], ["--posted-within-days", "'-3'", "from 1 to 365"]),
        (["--posted-within-days", "400"], ["--posted-within-days", "from 1 to 365"]),
        (["--remote", "moon"], ["--remote", "'moon'", "onsite, hybrid, remote"]),
        (["--limit", "many"], ["--limit", "'many'", "a whole number"]),
        (["--employment", "per_diem"], ["employment", "per_diem"]),
        (["--distance", "10"], ["distance_km", "location"]),
        (["--colour", "red"], ["No such option", "--colour"]),
        (["--location", "Xyzzyville"], ["location", "not found"]),
    ],
)
def test_a_wrong_query_names_the_field_and_what_is_allowed(jobtracker, arguments, words) -> None:
    jobtracker("collectors", "enable", "hiringcafe")
    said = jobtracker("collect", "hiringcafe", *arguments)
    assert said.code == 2
    for word in words:
        assert word in said.err + said.out


def test_a_wrong_setting_names_it(jobtracker, monkeypatch) -> None:
    jobtracker("collectors", "enable", "hiringcafe")
    monkeypatch.setenv("JOBTRACKER_HIRINGCAFE_PER_MINUTE", "often")
    said = jobtracker("collect", "hiringcafe")
    assert said.code == 2
    assert (
        "hiringcafe.per_minute: 'often' is not allowed; it takes a number from 0.01 to 1,000,000"
        in said.err
    )
    monkeypatch.delenv("JOBTRACKER_HIRINGCAFE_PER_MINUTE")
    monkeypatch.setenv("JOBTRACKER_HIRINGCAFE_COLOUR", "red")
    assert "hiringcafe.colour: there is no such field" in jobtracker("collect", "hiringcafe").err


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "http://[::1", "http://x:y", "http://exämple.org"]
)
def test_a_base_url_that_is_no_address_is_refused_before_anything_starts(
    jobtracker, monkeypatch, url
) -> None:
    jobtracker("collectors", "enable", "hiringcafe")
    monkeypatch.setenv("JOBTRACKER_HIRINGCAFE_BASE_URL", url)
    said = jobtracker("collect", "hiringcafe")
    assert said.code == 2
    assert "hiringcafe.base_url" in said.err
    assert jobtracker("runs", "list").out.count("\n") == 1


def test_a_wrong_directory_for_a_capture_starts_no_run(collected, tmp_path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    before = collected("runs", "list").out
    for place in (tmp_path / "full", tmp_path / "full" / "notes.txt", "/proc/nowhere"):
        said = collected("collect", "hiringcafe", "--record", str(place))
        assert said.code == 2
        assert "Next: Name another directory" in said.err
    assert collected("runs", "list").out == before


def test_a_run_can_be_cancelled_by_its_number(collected) -> None:
    said = collected("runs", "cancel", "1")
    assert (said.code, said.out) == (0, "Run 1 has ended already: succeeded\n")
    assert collected("runs", "cancel", "99").code == 2


def test_the_way_to_more_keeps_the_filters(collected) -> None:
    said = collected("jobs", "list", "--search", "-e", "--limit", "2", "--source", "hiringcafe")
    more = next(line for line in said.err.splitlines() if line.startswith("More: "))
    following = collected(*more.removeprefix("More: jobtracker ").split())
    assert following.code == 0
    assert len(following.out.splitlines()) == 3
    assert following.out.splitlines()[1:] != said.out.splitlines()[1:]


def test_text_that_is_none_is_refused_in_one_line(jobtracker) -> None:
    said = jobtracker("collect", "hiringcafe", "--text", "\udcff")
    assert said.code == 2
    assert "is no text in this locale" in said.err


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_numbers_beyond_the_database_find_nothing(collected, number) -> None:
    assert collected("jobs", "show", str(number)).code == 2
    assert collected("runs", "show", str(number)).code == 2
    assert collected("jobs", "list", "--changed-by", str(number)).out.count("\n") == 1
    assert collected("runs", "list", "--before", str(number)).out.count("\n") == 2


@pytest.mark.parametrize("group", ["jobs", "runs", "collectors", "plugins"])
def test_a_group_alone_lists_and_takes_json(collected, group) -> None:
    assert collected(group).out == collected(group, "list").out
    assert json.loads(collected(group, "--json").out)


def test_a_partial_run_exits_with_3_and_says_why(jobtracker, site) -> None:
    jobtracker("collectors", "enable", "hiringcafe")
    site.fail("challenge", path="/api/job-description", after=3)
    said = jobtracker("collect", "hiringcafe")
    assert said.code == 3
    assert "hiringcafe: partial" in said.out
    assert "blocked: refused as a robot" in said.out
    assert "Next: " in said.out


def test_a_failed_run_exits_with_1(jobtracker, site) -> None:
    jobtracker("collectors", "enable", "hiringcafe")
    site.fail("unauthorized", path="/_next/*")
    said = jobtracker("collect", "hiringcafe")
    assert said.code == 1
    assert "auth: " in said.out


def test_jobs_are_listed_and_shown(collected) -> None:
    listed = collected("jobs", "list", "--limit", "10")
    assert listed.code == 0
    assert len(listed.out.splitlines()) == 11
    assert "10 shown of 45" in listed.err
    assert collected("jobs", "list", "--search", "zzzqqq").err == "0 shown of 0\n"
    first = listed.out.splitlines()[1].split("\t")
    shown = collected("jobs", "show", first[0])
    assert shown.code == 0
    assert first[1] in shown.out
    assert "hiringcafe.com/" in shown.out
    assert "<p>" not in shown.out


def test_pages_of_jobs_follow_each_other(collected) -> None:
    seen: list[int] = []
    after: list[str] = []
    for _ in range(3):
        page = json.loads(collected("jobs", "list", "--json", "--limit", "20", *after).out)
        seen += [job["id"] for job in page["items"]]
        after = ["--after", page["after"]] if page["after"] else []
    assert after == []
    assert len(seen) == len(set(seen)) == 45


def test_lists_are_filtered(collected) -> None:
    every = json.loads(collected("jobs", "list", "--json").out)["items"]
    for option, value, field in (
        ("--remote", "hybrid", "remote"),
        ("--employment", "full_time", "employment"),
        ("--seniority", "senior", "seniority"),
    ):
        found = json.loads(collected("jobs", "list", "--json", option, value).out)["items"]
        expected = [job["id"] for job in every if job[field] and value in job[field]]
        assert [job["id"] for job in found] == expected
        assert 0 < len(expected) < len(every)
    assert len(json.loads(collected("jobs", "list", "--json", "--open").out)["items"]) == 45
    assert json.loads(collected("jobs", "list", "--json", "--closed").out)["items"] == []
    wrong = collected("jobs", "list", "--remote", "moon")
    assert wrong.code == 2
    assert "'moon' is none of onsite, hybrid, remote, unknown" in wrong.err


def test_changes_are_listed_by_run(collected, site) -> None:
    ids = set(site.change(3))
    assert collected("collect", "hiringcafe").code == 0
    runs = json.loads(collected("runs", "list", "--json").out)
    assert [run["counts"]["changed"] for run in runs] == [3, 0]
    found = json.loads(collected("jobs", "list", "--json", "--changed-by", str(runs[0]["id"])).out)
    assert {job["source_id"] for job in found["items"]} == ids
    shown = collected("runs", "show", str(runs[0]["id"]))
    assert shown.out.count(" changed: ") == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["jobs", "show", "999"],
        ["jobs", "show", "0"],
        ["jobs", "show", "x"],
        ["jobs", "list", "--after", "nonsense"],
        ["jobs", "list", "--limit", "0"],
        ["runs", "show", "999"],
        ["collect", "nobody"],
        ["collectors", "enable", "nobody"],
        ["replay", "/nonexistent"],
        ["nonsense"],
        ["--database", "mysql://x/y", "jobs", "list"],
        ["--database", "sqlite:////tmp/a?b.db", "jobs", "list"],
        ["--database", "", "jobs", "list"],
    ],
)
def test_wrong_use_exits_with_2_and_one_clear_line(jobtracker, arguments) -> None:
    said = jobtracker(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert "Error: " in said.err


def test_record_and_replay(collected, tmp_path, site) -> None:
    directory = tmp_path / "capture"
    assert collected("collect", "hiringcafe", "--record", str(directory)).code == 0
    site.forget()
    said = collected("replay", str(directory))
    assert said.code == 0
    assert "now: succeeded, 45 postings" in said.out
    assert site.requests == []
    again = collected("collect", "hiringcafe", "--record", str(directory))
    assert again.code == 2
    assert "Error: " in again.err


@pytest.mark.usefixtures("unmade")
def test_db_check_and_upgrade(jobtracker) -> None:
    before = jobtracker("db", "check")
    assert before.code == 1
    assert "no schema yet" in before.out
    assert jobtracker("db", "upgrade").code == 0
    after = jobtracker("db", "check")
    assert after.code == 0
    assert "is current" in after.out


def test_what_a_site_sends_cannot_steer_the_terminal(collected, site) -> None:
    from jobtracker_core.cli.output import clean, clean_lines

    assert clean("a\x1b[31m\nb\tc\u202e") == "a [31m b c"
    assert clean_lines("a\x1b[2J\nb\tc\x07") == "a[2J\nb\tc"


def test_every_command_is_documented() -> None:
    from pathlib import Path

    import click

    from jobtracker_core.cli.app import root

    reference = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text()
    context = click.Context(root)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert f"`jobtracker {name}" in reference
        if isinstance(command, click.Group) and name != "collect":
            for sub in command.list_commands(context):
                assert f"{name} {sub}" in reference or f"{name} [{sub}]" in reference


def test_a_mistake_in_a_search_is_pointed_at(collected) -> None:
    for command in ("list", "facets", "export"):
        said = collected("jobs", command, "--search", "python titel:x")
        assert said.code == 2
        assert said.err.splitlines() == [
            "Error: --search: There is no field titel:",
            "python titel:x",
            "       ^^^^^^",
            "Next: Did you mean title:? To search for the text itself, put it in quotes.",
        ]


def test_facets_are_counted(collected) -> None:
    said = collected("jobs", "facets", "--search", "-nothinglikethis")
    assert said.code == 0
    assert "hiringcafe" in said.out
    told = json.loads(collected("jobs", "facets", "--json").out)
    assert {one["name"]: one for one in told}["source"]["values"] == [
        {"value": "hiringcafe", "count": 45}
    ]
