"""The document that describes the API."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def document(client):
    return client.get("/api/v1/openapi.json").json()


def test_it_describes_the_api_and_nothing_else(document) -> None:
    assert document["info"]["title"] == "JobTracker"
    operations = {
        path: {method: operation["operationId"] for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    assert operations == {
        "/api/v1/jobs": {"get": "listJobs"},
        "/api/v1/jobs/{job_id}": {"get": "getJob"},
        "/healthz": {"get": "isAlive"},
        "/readyz": {"get": "isReady"},
    }


def test_parameters_have_their_limits(document) -> None:
    parameters = {p["name"]: p for p in document["paths"]["/api/v1/jobs"]["get"]["parameters"]}
    assert set(parameters) == {
        *("source", "search", "remote", "employment", "seniority", "closed"),
        *("limit", "after", "before", "page", "per_page"),
    }
    assert parameters["limit"]["schema"]["maximum"] == 200
    assert not any(p["required"] for p in parameters.values())
    assert all(p["description"] for p in parameters.values())


def test_errors_are_described_as_problems(document) -> None:
    for item in document["paths"].values():
        for status, answer in item["get"]["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"]


def test_no_viewer_is_served(client) -> None:
    for path in ("/schema", "/docs", "/api/v1", "/api/v1/openapi.yaml", "/unused"):
        assert client.get(path).status_code == 404


def test_the_reference_names_every_parameter_and_address(document) -> None:
    reference = (Path(__file__).parents[2] / "docs/reference/api.md").read_text(encoding="utf-8")
    for path, item in document["paths"].items():
        assert f"`GET {path.replace('{job_id}', '{id}')}`" in reference
        for parameter in item["get"].get("parameters", []):
            if parameter["in"] == "query":
                assert f"`{parameter['name']}`" in reference
