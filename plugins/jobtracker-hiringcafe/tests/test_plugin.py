from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points

import msgspec
import pytest

import jobtracker_hiringcafe
from jobtracker_core import CollectorSettings
from jobtracker_core.contract.info import NAME_PATTERN
from jobtracker_hiringcafe import HiringCafe, HiringCafeQuery
from jobtracker_hiringcafe.practice import HiringCafeSite


def test_the_hook_returns_the_collector() -> None:
    assert list(jobtracker_hiringcafe.jobtracker_collectors()) == [HiringCafe]


def test_entry_points_lead_here() -> None:
    (plugin,) = entry_points(group="jobtracker", name="hiringcafe")
    (practice,) = entry_points(group="jobtracker.practice", name="hiringcafe")
    assert plugin.load() is jobtracker_hiringcafe
    assert practice.load() is HiringCafeSite


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, jobtracker_hiringcafe; "
        "print(*(n for n in sys.modules if n.split('.')[0] in "
        "{'curl_cffi', 'sqlalchemy', 'pandas', 'http', 'jobtracker_hiringcafe'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["jobtracker_hiringcafe"]


def test_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Hiring'"):
        jobtracker_hiringcafe.Hiring  # noqa: B018


def test_the_card() -> None:
    info = HiringCafe.info
    assert re.fullmatch(NAME_PATTERN, info.name)
    assert info.contract == 1
    assert info.query is HiringCafeQuery
    assert info.features == {"resume", "details"}
    assert "disallows" in info.policy.summary


def test_the_query_makes_a_schema() -> None:
    schema = msgspec.json.schema(HiringCafeQuery)["$defs"]["HiringCafeQuery"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) >= {"text", "seniority", "min_pay", "sort"}


@pytest.mark.parametrize("field", ["min_pay", "seniority", "sort", "colour"])
def test_the_query_refuses_nonsense(field: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({field: -1}, HiringCafeQuery)


def test_requests_go_to_the_site_itself_unless_told_otherwise() -> None:
    assert HiringCafe(CollectorSettings())._base == "https://hiringcafe.com"
    there = CollectorSettings(base_url="http://127.0.0.1:8080/")
    assert HiringCafe(there)._base == "http://127.0.0.1:8080"
