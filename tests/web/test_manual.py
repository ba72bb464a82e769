"""The API's reference in the portal: all of the document, and nothing that breaks the policy."""

from __future__ import annotations

import re

import pytest

from jobtracker_core.api.app import document_of
from jobtracker_core.web import manual


@pytest.fixture
def document(tracker):
    return document_of(tracker)


def test_every_operation_has_its_place(browser, document) -> None:
    overview = browser.get("/docs")
    assert overview.css_first("h1").text() == "API of JobTracker"
    shown = {link.attributes["href"] for link in overview.css("main li a")}
    for item in document["paths"].values():
        for operation in item.values():
            where = f"{browser.prefix}/docs/{operation['tags'][0]}"
            assert f"{where}#{operation['operationId']}" in shown


def test_a_part_says_all_that_the_document_does(browser, document) -> None:
    page = browser.get("/docs/jobs")
    text = re.sub(r"\s+", " ", page.body.text())
    operation = document["paths"]["/api/v1/jobs"]["post"]
    section = page.css_first("#createJob")
    assert operation["summary"] in section.text()
    assert "jobs:write" in section.text()
    for name in document["components"]["schemas"]["JobDraft"]["properties"]:
        assert name in section.text()
    assert '"title": "Engineer"' in section.text()
    assert "1 to 500 characters" in section.text()
    for status in operation["responses"]:
        assert status in section.text()
    assert f"http://127.0.0.1{browser.prefix}/api/v1/jobs" in section.text()
    assert "--json" in section.text()
    for parameter in document["paths"]["/api/v1/jobs"]["get"]["parameters"]:
        assert parameter["name"] in text


def test_each_link_to_a_schema_leads_somewhere(browser, document) -> None:
    page = browser.get("/docs/schemas")
    there = {section.attributes["id"] for section in page.css("section[id]")}
    assert set(document["components"]["schemas"]) == there
    for tag in document["tags"]:
        for link in browser.get(f"/docs/{tag['name']}").css("main a"):
            where, _, name = (link.attributes["href"] or "").partition("#")
            if where.endswith("/docs/schemas") and name:
                assert name in there


def test_a_part_that_there_is_not(browser) -> None:
    browser.get("/docs/nothing", status=404)


def test_it_is_for_those_who_are_logged_in(browser) -> None:
    browser.client.cookies.clear()
    browser.get("/docs", status=303)


def test_nothing_comes_from_elsewhere_and_no_code_is_in_the_page(browser) -> None:
    for part in ("", "/jobs", "/schemas"):
        page = browser.get(f"/docs{part}")
        assert not page.css("style, [style], [onclick], iframe, object")
        for script in page.css("script"):
            assert script.attributes["src"].startswith(f"{browser.prefix}/static/")


@pytest.mark.parametrize(
    ("schema", "words", "bounds"),
    [
        ({"type": "string", "maxLength": 5}, "text", "at most 5 characters"),
        ({"type": ["integer", "null"], "minimum": 1}, "whole number or null", "at least 1"),
        ({"type": "string", "enum": ["a", "b"]}, "a | b", ""),
        ({"type": "array", "items": {"type": "string"}}, "list of text", ""),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Job"}}, "list of Job", ""),
        ({"anyOf": [{"$ref": "#/components/schemas/Job"}, {"type": "null"}]}, "Job or null", ""),
        ({"type": "string", "format": "date-time"}, "time", ""),
        ({"type": "integer", "minimum": 1, "maximum": 9, "default": 5}, "whole number", "1 to 9; 5 if absent"),
        ({"type": "number", "minimum": 1.0, "maximum": 2000.0}, "number", "1 to 2,000"),
        ({"type": "number", "maximum": 0.5}, "number", "at most 0.5"),
        ({}, "anything", ""),
    ],
)  # fmt: skip
def test_what_a_value_is_in_words(schema, words, bounds) -> None:
    document = {
        "info": {"title": "x", "version": "1", "description": "x"},
        "tags": [],
        "paths": {},
        "components": {
            "securitySchemes": {"token": {"description": "x"}},
            "schemas": {"It": {"properties": {"field": schema}}},
        },
    }
    [shown] = manual.read(document, "").schemas
    assert (shown.fields[0].kind.words, shown.fields[0].kind.bounds) == (words, bounds)
