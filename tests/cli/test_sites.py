"""The limit of a site from the command line."""

from __future__ import annotations

import json


def test_a_limit_is_set_shown_and_given_back(jobtracker) -> None:
    (before,) = json.loads(jobtracker("sites", "list", "--json").out)
    site = before["site"]
    assert (before["set_by_operator"], before["collectors"]) == (False, ["hiringcafe"])
    said = jobtracker("sites", "limit", site, "3")
    assert (said.code, said.out) == (0, f"{site} bears 3 runs at once, as you set it.\n")
    assert f"{site}\t3\tyou\t0" in jobtracker("sites").out
    found = json.loads(jobtracker("sites", "follow", site, "--json").out)
    assert (found["limit"], found["set_by_operator"]) == (before["plugin_limit"], False)


def test_wrong_words_are_told(jobtracker) -> None:
    assert jobtracker("sites", "limit", "nowhere.example", "65").code == 2
    said = jobtracker("sites", "limit", "nowhere.example", "2")
    assert said.code != 0
    assert "no site 'nowhere.example'" in said.err


def test_a_search_that_would_hold_its_site_for_days_is_refused(jobtracker) -> None:
    said = jobtracker("searches", "add", "long", "hiringcafe", "--runtime", "25h")
    assert said.code == 2
    assert "runtime" in said.err
    assert jobtracker("searches", "add", "long", "hiringcafe", "--runtime", "24h").code == 0
