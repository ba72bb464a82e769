"""The document that describes the API."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs/reference/api.md"


@pytest.fixture
def document(client):
    return client.get("/api/v1/openapi.json").json()


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
        *("source", "search", "remote", "employment", "seniority", "closed"),
        *("limit", "after", "before", "page", "per_page"),
    }
    assert parameters["limit"]["schema"]["maximum"] == 200
    assert not any(p["required"] for p in parameters.values())
    assert all(p["description"] for p in parameters.values())


def test_errors_are_described_as_problems(document) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"]


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
