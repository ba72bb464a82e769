"""The document that describes the API."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jobtracker_core.contract.access import Scope

COMMITTED = Path(__file__).parents[2] / "docs/reference/openapi.json"
REFERENCE = Path(__file__).parents[2] / "docs/reference/api.md"


@pytest.fixture
def document(client):
    return client.get("/api/v1/openapi.json").json()


def test_the_committed_document_is_the_one_that_is_served(document) -> None:
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed == document, "write it again: make openapi"


def test_every_operation_says_who_may_use_it(document) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["operationId"]
            assert operation["summary"]
            if path.startswith("/api/"):
                scopes = operation["security"][0]["token"]
                # One asks what its own token is, whatever that allows.
                assert len(scopes) == (operation["operationId"] != "getCurrentToken")
                assert set(scopes) <= set(Scope)


def test_it_describes_what_the_reference_lists_and_nothing_else(document) -> None:
    assert document["info"]["title"] == "JobTracker"
    described = {
        f"{method.upper()} {re.sub(r'{[a-z]+_id}', '{id}', path)}"
        for path, item in document["paths"].items()
        for method in item
    }
    listed = re.findall(
        r"^\| `([A-Z]+ /\S+)` \|", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(described) == sorted(listed)


def test_parameters_have_their_limits(document) -> None:
    parameters = {p["name"]: p for p in document["paths"]["/api/v1/jobs"]["get"]["parameters"]}
    assert set(parameters) == {
        *("source", "search", "company", "company_id", "place", "remote", "employment"),
        *("seniority", "pay_from", "pay_currency", "posted_since", "new_since", "seen_since"),
        *("closed", "status", "has_application", "dismissed", "tag", "changed_by_run"),
        *("sort", "limit", "after", "before", "page", "per_page", "count"),
    }
    assert parameters["limit"]["schema"]["maximum"] == 200
    assert not any(p["required"] for p in parameters.values())
    assert all(p["description"] for p in parameters.values())


def test_a_file_comes_as_what_its_format_says(document) -> None:
    for path, item in document["paths"].items():
        if path.endswith("/export"):
            content = item["get"]["responses"]["200"]["content"]
            assert set(content) == {"text/csv", "application/json", "application/jsonl"}


def test_errors_are_described_as_problems(document) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"]


def test_what_is_sent_takes_no_other_fields(document) -> None:
    assert document["components"]["schemas"]["NewSearch"]["additionalProperties"] is False


def test_no_viewer_is_served(client) -> None:
    for path in ("/schema", "/docs", "/api/v1", "/api/v1/openapi.yaml", "/unused"):
        assert client.get(path).status_code == 404


def test_the_reference_names_every_parameter(document) -> None:
    reference = REFERENCE.read_text(encoding="utf-8")
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    name = parameter["name"]
                    assert f"`{name}`" in reference or f"`{name}=" in reference, f"{path}: {name}"
