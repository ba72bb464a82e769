"""What is read from python-jobspy, and what is said when it is not as expected."""

from __future__ import annotations

import sys
from enum import Enum
from types import ModuleType
from typing import Any

import pytest

from jobtracker_core import ConfigError, Employment
from jobtracker_indeed import facts, invented
from jobtracker_indeed.facts import Facts


class Land(Enum):
    MONO = "mono"
    DUO = "duo"


class Kind(Enum):
    FULL_TIME = "full"
    OTHER_KIND = "unknown to us"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that is read, for a test to alter."""
    from jobspy.indeed import constant  # noqa: PLC0415

    altered = ModuleType("jobspy.indeed.constant")
    altered.__dict__.update(constant.__dict__)
    monkeypatch.setitem(sys.modules, "jobspy.indeed.constant", altered)
    return altered


def test_the_tables_are_those_of_the_reference(known: Facts) -> None:
    assert known.version.startswith("1.4.")
    assert known.page_size == 100
    assert known.radius == 50
    assert known.headers["indeed-app-info"].startswith("appv=")
    assert len(known.domains) >= 60
    assert (known.domains["US"], known.domains["GB"], known.domains["IN"]) == ("www", "uk", "in")
    assert known.domains["MY"] == "malaysia"
    assert known.languages["DE"] == "de"
    assert "US" not in known.languages


def test_the_practice_site_knows_the_same_keys(known: Facts) -> None:
    assert (known.remote, known.hybrid) == (invented.REMOTE, invented.HYBRID)
    assert known.permanent == invented.PERMANENT
    kinds = known.kinds("US")
    assert kinds[invented.FULL_TIME] is Employment.FULL_TIME
    assert kinds[invented.PART_TIME] is Employment.PART_TIME
    assert kinds[invented.CONTRACT] is Employment.CONTRACT
    assert kinds[invented.TEMPORARY] is Employment.TEMPORARY
    assert kinds[invented.INTERNSHIP] is Employment.INTERNSHIP


def test_permanent_is_full_time_in_japan_only(known: Facts) -> None:
    assert known.permanent_in == "JP"
    assert known.kinds("JP")[known.permanent] is Employment.FULL_TIME
    assert known.permanent not in known.kinds("US")


@pytest.mark.parametrize(
    "name",
    [
        "job_search_query",
        "headers",
        "jobs_per_page",
        "default_distance",
        "job_type_codes",
        "permanent_key",
        "full_time_is_permanent_in",
        "remote_key",
        "hybrid_key",
        "country_codes",
        "subdomains",
        "languages",
    ],
)
@pytest.mark.parametrize("value", [None, object(), -1, {"a": 1}])
def test_what_is_missing_or_of_another_form_is_named(
    module: ModuleType, name: str, value: object
) -> None:
    if value is None:
        delattr(module, name)
    else:
        setattr(module, name, value)
    with pytest.raises(ConfigError, match=rf"1\.4\.\d+: `jobspy\.indeed\.constant\.{name}`"):
        facts.load()


QUERY = "{what} {location} {limit} {cursor} sort: RELEVANCE {filters}"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("job_search_query", QUERY.replace("{limit}", ""), "placeholders cursor, filters"),
        ("job_search_query", QUERY + "{limit}", "placeholders"),
        ("job_search_query", QUERY + "{", "no template"),
        ("job_search_query", QUERY.replace("RELEVANCE", "OTHER"), "0 times and not once"),
        ("job_search_query", QUERY + " sort: RELEVANCE", "2 times and not once"),
        ("headers", {"accept": "*/*"}, "no indeed-api-key"),
        ("headers", {"indeed-api-key": ""}, "no indeed-api-key"),
        ("jobs_per_page", 0, "is 0"),
        ("job_type_codes", {Kind.OTHER_KIND: ("A",)}, "another form"),
        ("job_type_codes", {Kind.FULL_TIME: "A"}, "another form"),
        ("country_codes", {Land.MONO: 5}, "other codes"),
        ("subdomains", {Land.MONO: "a/b"}, "another form"),
        ("full_time_is_permanent_in", Land.DUO, "another form"),
        ("languages", {"DE": 5}, "another form"),
    ],
)
def test_what_would_mislead_is_refused(module: Any, name: str, value: object, why: str) -> None:
    if name == "subdomains":
        module.country_codes = {Land.MONO: "MO"}
        module.full_time_is_permanent_in = Land.MONO
    setattr(module, name, value)
    with pytest.raises(ConfigError, match=why) as raised:
        facts.load()
    assert raised.value.field == "python-jobspy"
    assert "install python-jobspy>=1.4.1,<1.5" in str(raised.value)


def test_a_library_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jobspy.indeed.constant", None)
    with pytest.raises(ConfigError, match=r"cannot be imported.*ModuleNotFoundError"):
        facts.load()


def test_a_refused_table_ends_the_run_before_any_request(
    module: Any, site: Any, open_tracker: Any
) -> None:
    del module.remote_key
    run = open_tracker(site.base_url).collect("indeed", {}).run
    assert (run.state.value, run.error_class) == ("failed", "config")
    assert "remote_key" in run.error_message
    assert site.requests == []
