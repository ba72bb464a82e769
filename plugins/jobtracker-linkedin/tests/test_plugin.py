from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points

import msgspec
import pytest

import jobtracker_linkedin
from jobtracker_core import CollectorSettings
from jobtracker_core.contract.info import NAME_PATTERN
from jobtracker_core.plugins import forms
from jobtracker_linkedin import LinkedIn, LinkedInQuery
from jobtracker_linkedin.practice import LinkedInSite


def test_the_hook_returns_the_collector() -> None:
    assert list(jobtracker_linkedin.jobtracker_collectors()) == [LinkedIn]


def test_entry_points_lead_here() -> None:
    (plugin,) = entry_points(group="jobtracker", name="linkedin")
    (practice,) = entry_points(group="jobtracker.practice", name="linkedin")
    assert plugin.load() is jobtracker_linkedin
    assert practice.load() is LinkedInSite


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, jobtracker_linkedin; "
        "print(*(n for n in sys.modules if n.split('.')[0] in "
        "{'curl_cffi', 'sqlalchemy', 'pandas', 'http', 'selectolax', 'jobtracker_linkedin'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["jobtracker_linkedin"]


def test_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Linked'"):
        jobtracker_linkedin.Linked  # noqa: B018


def test_the_card() -> None:
    info = LinkedIn.info
    assert re.fullmatch(NAME_PATTERN, info.name)
    assert info.contract == 1
    assert info.query is LinkedInQuery
    assert info.features == {"resume", "details"}
    assert "disallows" in info.policy.summary
    assert "forbids" in info.policy.summary
    assert info.limits.per_minute <= 9  # one request in 6 to 7 seconds, or fewer


def test_the_query_makes_a_schema_and_a_form() -> None:
    schema = msgspec.json.schema(LinkedInQuery)["$defs"]["LinkedInQuery"]
    assert schema["additionalProperties"] is False
    own = {"geo_id", "seniority", "easy_apply", "company_ids", "min_pay", "sort"}
    assert set(schema["properties"]) >= own
    fields = {field.name: field for field in forms.fields(LinkedInQuery)}
    assert all(fields[name].description for name in own)
    filled = forms.fill(LinkedInQuery, {"company_ids": ["7", "19"], "geo_id": "105117694"})
    assert (filled.company_ids, filled.geo_id) == ((7, 19), 105117694)


@pytest.mark.parametrize("field", ["geo_id", "min_pay", "seniority", "sort", "company_ids", "hue"])
def test_the_query_refuses_nonsense(field: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({field: [-1] if field == "company_ids" else -1}, LinkedInQuery)


def test_requests_go_to_the_site_itself_unless_told_otherwise() -> None:
    assert LinkedIn(CollectorSettings())._base == "https://www.linkedin.com"
    there = CollectorSettings(base_url="http://127.0.0.1:8080/")
    assert LinkedIn(there)._base == "http://127.0.0.1:8080"


def test_the_second_look_follows_the_pace() -> None:
    assert LinkedIn(CollectorSettings())._pause == 30
    assert LinkedIn(CollectorSettings(per_minute=2))._pause == 120
