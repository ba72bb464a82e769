from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any

import msgspec
import pytest

import jobtracker_indeed
from jobtracker_core import CollectorSettings
from jobtracker_core.contract.info import NAME_PATTERN
from jobtracker_core.plugins.discovery import Unavailable
from jobtracker_indeed import Indeed, IndeedQuery
from jobtracker_indeed.practice import IndeedSite

HEAVY = "{'curl_cffi', 'sqlalchemy', 'pandas', 'jobspy', 'requests', 'pydantic'}"


def test_the_hook_returns_the_collector() -> None:
    assert list(jobtracker_indeed.jobtracker_collectors()) == [Indeed]


def test_entry_points_lead_here() -> None:
    (plugin,) = entry_points(group="jobtracker", name="indeed")
    (practice,) = entry_points(group="jobtracker.practice", name="indeed")
    assert plugin.load() is jobtracker_indeed
    assert practice.load() is IndeedSite


def test_discovery_and_practice_import_nothing_heavy() -> None:
    code = (
        "import sys, jobtracker_indeed, jobtracker_indeed.practice; "
        "(cls,) = jobtracker_indeed.jobtracker_collectors(); print(cls.unavailable()); "
        f"print(*(n for n in sys.modules if n.split('.')[0] in {HEAVY}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None"]


def test_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Indeeed'"):
        jobtracker_indeed.Indeeed  # noqa: B018


def test_without_python_jobspy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "jobspy" else found(name)
    )
    assert Indeed.unavailable() == (
        "python-jobspy is not installed: pip install 'python-jobspy>=1.4.1,<1.5'"
    )


def test_without_python_jobspy_the_collector_is_listed_and_not_run(
    monkeypatch: pytest.MonkeyPatch, open_tracker: Any, site: IndeedSite
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "jobspy" else found(name, *a)
    )
    tracker = open_tracker(site.base_url)
    (listed,) = tracker.collectors.list()
    assert "python-jobspy is not installed" in (listed.unavailable or "")
    with pytest.raises(Unavailable, match="python-jobspy"):
        tracker.collect("indeed", {})
    assert site.requests == []


def test_the_card() -> None:
    info = Indeed.info
    assert re.fullmatch(NAME_PATTERN, info.name)
    assert info.contract == 1
    assert info.query is IndeedQuery
    assert info.features == {"resume"}
    assert set(info.filters.values()) == {"native"}
    assert info.limits.per_minute <= 20
    assert "Nobody has read its robots file" in info.policy.summary
    assert info.policy.checked is None


def test_the_query_makes_a_schema() -> None:
    schema = msgspec.json.schema(IndeedQuery)["$defs"]["IndeedQuery"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) >= {"text", "country", "language", "easy_apply", "sort"}
    assert "Egypt, Arkansas" in schema["properties"]["country"]["description"]


@pytest.mark.parametrize(
    "field", ["country", "language", "posted_within_hours", "easy_apply", "sort", "colour"]
)
def test_the_query_refuses_nonsense(field: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({field: -1}, IndeedQuery)


def test_requests_go_to_the_site_itself_unless_told_otherwise() -> None:
    assert Indeed(CollectorSettings())._url == "https://apis.indeed.com/graphql"
    there = CollectorSettings(base_url="http://127.0.0.1:8080/")
    assert Indeed(there)._url == "http://127.0.0.1:8080/graphql"
