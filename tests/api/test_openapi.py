"""The document that describes the API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_core.api import examples
from jobtracker_core.api.problems import Problem
from jobtracker_core.api.schemas import names_in
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.errors import Transient
from jobtracker_core.storage.timeline import EventDraft
from keys import KEY
from queueing import turn_on

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
        *("sort", "limit", "after", "before", "page", "per_page", "count", "snippets"),
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
    shared = document["components"]["responses"]
    for item in document["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    name = answer["$ref"].removeprefix("#/components/responses/")
                    [(media_type, content)] = shared[name]["content"].items()
                    assert media_type == "application/problem+json"
                    example = msgspec.convert(content["example"], Problem)
                    assert example.status == int(status)


def test_everything_that_can_be_given_is_described(document) -> None:
    schemas = document["components"]["schemas"]
    assert {tag["name"] for tag in document["tags"]} == {
        operation["tags"][0] for item in document["paths"].values() for operation in item.values()
    }
    bodies = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["description"], where
            for parameter in operation.get("parameters", ()):
                assert parameter["description"], f"{where}: {parameter['name']}"
                assert parameter["example"] is not None, f"{where}: {parameter['name']}"
            bodies.append(operation.get("requestBody"))
    waiting, seen = list(names_in(bodies)), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += names_in(schemas[name])
            for field, facts in schemas[name].get("properties", {}).items():
                assert facts.get("description"), f"{name}.{field}"
    assert {"JobDraft", "SearchChange", "ViewDraft", "CollectorEntry"} <= seen


def test_each_struct_has_one_clear_name(document) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert re.fullmatch("[A-Z][A-Za-z]+", name)
        assert schema["title"] == name
        assert schema["description"]
    assert set(names_in(document)) >= set(document["components"]["schemas"])


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    settings = Settings(
        data_dir=tmp_path / "data", database_url=db_url, plugins=("hiringcafe",), secret_key=(KEY,)
    )
    with JobTracker(settings) as tracker:
        yield tracker


def test_the_api_accepts_its_own_examples(client, tracker, document, fill, monkeypatch) -> None:
    fill(2)
    tracker.companies.find_or_create("Example Works")
    tracker.timeline.create(EventDraft(kind="note"))
    turn_on(tracker.database, "hiringcafe")
    monkeypatch.setattr("jobtracker_core.http.guard.Guard.fetch_site", no_answer)
    sent = set()
    # Things are made before they are changed, and taken away last.
    order = {"post": 0, "put": 1, "get": 2, "delete": 3}
    operations = [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    for method, path, operation in sorted(operations, key=lambda one: order[one[0]]):
        name = operation["operationId"]
        if name in {"watchRun", "isAlive", "isReady", "readMetrics"}:
            continue
        given = {(p["in"], p["name"]): p["example"] for p in operation.get("parameters", ())}
        query = {word: value for (place, word), value in given.items() if place == "query"}
        for excluded in ("before", "page", "per_page"):
            query.pop(excluded, None) if "after" in query else None
        if "cron" in query:
            query.pop("every_s")
        where = path.format(**{w: v for (place, w), v in given.items() if place == "path"})
        body = operation.get("requestBody")
        answer = client.request(
            method,
            where,
            params=query,
            json=None if body is None else body["content"]["application/json"]["example"],
        )
        assert answer.status_code not in {400, 422, 500, 503}, f"{name}: {answer.text}"
        if body is not None:
            sent.add(name)
            assert answer.status_code < 300, f"{name}: {answer.text}"
    assert sent == set(examples.BODIES)


def no_answer(*_: object, **__: object) -> None:
    raise Transient("no answer", error_class="proxy")


def test_what_is_sent_takes_no_other_fields(document) -> None:
    assert document["components"]["schemas"]["NewSearch"]["additionalProperties"] is False


def test_no_viewer_is_served(client) -> None:
    for path in ("/schema", "/api/v1", "/api/v1/openapi.yaml", "/unused"):
        assert client.get(path).status_code == 404


def test_the_reference_names_every_parameter(document) -> None:
    reference = REFERENCE.read_text(encoding="utf-8")
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    name = parameter["name"]
                    assert f"`{name}`" in reference or f"`{name}=" in reference, f"{path}: {name}"
