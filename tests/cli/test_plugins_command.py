"""`jobtracker plugins` on what is installed here."""

from __future__ import annotations

import json
from importlib.metadata import entry_points

PLUGINS = sorted(entry_points(group="jobtracker").names)


def test_list_show_and_check(jobtracker) -> None:
    listed = jobtracker("plugins")
    assert listed.code == 0
    assert listed.out.splitlines()[1].split("\t")[:3] == ["hiringcafe", "ok", "hiringcafe"]
    shown = jobtracker("plugins", "show", "hiringcafe")
    assert "robots file disallows" in shown.out
    assert "20 requests a minute" in shown.out
    assert "posted_within_days\tafter\ta whole number from 1 to 365" in shown.out
    checked = jobtracker("plugins", "check")
    assert (checked.code, checked.out) == (0, f"{len(PLUGINS)} checked, 0 with problems\n")


def test_json_of_each(jobtracker) -> None:
    plugins = json.loads(jobtracker("plugins", "--json").out)
    # This installation's settings name one plugin; the others are off.
    expected = {name: "ok" if name == "hiringcafe" else "off" for name in PLUGINS}
    assert {plugin["name"]: plugin["status"] for plugin in plugins} == expected
    card = json.loads(jobtracker("plugins", "show", "hiringcafe", "--json").out)
    assert card["info"]["limits"]["per_minute"] == 20
    assert {field["name"] for field in card["settings"]} == {"base_url", "per_minute", "proxy_pool"}
    assert json.loads(jobtracker("plugins", "check", "--json").out)[0]["problems"] == []
    by_distribution = jobtracker("plugins", "show", "jobtracker-hiringcafe", "--json")
    assert json.loads(by_distribution.out)[0]["name"] == "hiringcafe"


def test_collectors_are_listed(jobtracker) -> None:
    found = json.loads(jobtracker("collectors", "list", "--json").out)
    assert [(c["name"], c["enabled"]) for c in found] == [("hiringcafe", False)]
    jobtracker("collectors", "enable", "hiringcafe")
    assert jobtracker("collectors").out.splitlines()[1].split("\t")[:2] == ["hiringcafe", "yes"]


def test_a_new_plugin_is_written_with_the_next_steps(jobtracker, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = jobtracker("plugins", "new", "tiny_jobs")
    assert said.code == 0
    assert (tmp_path / "jobtracker-tiny-jobs" / "src" / "jobtracker_tiny_jobs").is_dir()
    assert "jobtracker-tiny-jobs/pyproject.toml" in said.out
    assert "Next: pip install -e 'jobtracker-tiny-jobs[test]'" in said.out
    again = jobtracker("plugins", "new", "tiny_jobs")
    assert (again.code, "there already and not empty" in again.err) == (2, True)


def test_a_new_plugin_needs_a_name_of_its_own(jobtracker, tmp_path) -> None:
    said = jobtracker("plugins", "new", "hiringcafe", "--dir", str(tmp_path / "new"))
    assert said.code == 2
    assert "jobtracker-hiringcafe has a collector 'hiringcafe' already" in said.err
    assert jobtracker("plugins", "new", "Not-A-Name").code == 2
    assert not (tmp_path / "new").exists()
