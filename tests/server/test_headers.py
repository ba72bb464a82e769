"""What every answer of ours carries."""

from __future__ import annotations

import re

import pytest
from litestar.routes import HTTPRoute

from access import let_in
from jobtracker_core.server.application import HEADERS

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def examples(app) -> list[tuple[str, str]]:
    """Every route with each of its methods, its parameters filled in."""
    found: list[tuple[str, str]] = []
    for route in app.routes:
        assert isinstance(route, HTTPRoute), f"{route.path}: what headers has it?"
        path = route.path_format.replace("{path}", "app.css").replace("{file}", "x.ics")
        path = re.sub(r"\{[a-z_]+_id\}", "1", path)
        path = path.replace("{name}", "hiringcafe").replace("{site}", "hiringcafe.com")
        path = path.replace("{tag}", "dream").replace("{part}", "jobs").replace("{part}", "jobs")
        assert "{" not in path, f"{path}: fill in an example"
        found += [(method, path) for method in sorted({*route.methods, "HEAD", "DELETE"})]
    return found


def test_every_route_has_every_header(app, client, tracker, fill) -> None:
    fill(1)
    walked = examples(app)
    assert {"/api/v1/jobs", "/healthz", "/jobs", "/jobs/1"} <= {path for _, path in walked}
    for method, path in [*walked, ("GET", "/nowhere"), ("GET", "/api/nowhere")]:
        for accept in ("text/html", "application/json"):
            answer = client.request(
                method, path, headers={"accept": accept}, follow_redirects=False
            )
            assert answer.status_code < 500
            if path == "/logout" and method == "POST":
                let_in(client, tracker)
            where = f"{method} {path} {answer.status_code}"
            for name, value in HEADERS.items():
                assert answer.headers.get_list(name) == [value], f"{where}: {name}"
            assert len(answer.headers.get_list("cache-control")) == 1, where
            if not path.startswith("/static"):
                assert "public" not in answer.headers["cache-control"]


def test_the_values(client) -> None:
    headers = client.get("/api/v1/jobs").headers
    assert headers["content-security-policy"] == CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/login", "/api/v1/jobs", "/nowhere"])
def test_who_came_by_https_is_told_to_come_by_it_again(client, path) -> None:
    name = "strict-transport-security"
    assert name not in client.get(f"http://127.0.0.1{path}").headers
    said = client.get(f"https://127.0.0.1{path}").headers.get_list(name)
    assert said == ["max-age=31536000"]


def test_a_crash_has_them_too(client, monkeypatch) -> None:
    def crash(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr("jobtracker_core.tracker.jobs.Jobs.first_page", crash)
    for path in ("/api/v1/jobs", "/jobs"):
        answer = client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 500
        assert answer.headers["content-security-policy"] == CSP
        assert "a bug" not in answer.text


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("/nowhere", "text/html,*/*", "text/html"),
        ("/nowhere", "application/json", "application/problem+json"),
        ("/nowhere", "*/*", "application/problem+json"),
        ("/jobs/999", "text/html", "text/html"),
        ("/api/v1/jobs/999", "text/html", "application/problem+json"),
        ("/healthz/x", "text/html", "application/problem+json"),
    ],
)
def test_people_get_pages_and_programs_get_problems(client, path, accept, media_type) -> None:
    answer = client.get(path, headers={"accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"].partition(";")[0] == media_type


def test_an_error_page_shows_the_incident_of_the_log(client, monkeypatch, caplog) -> None:
    def crash(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr("jobtracker_core.tracker.jobs.Jobs.get", crash)
    page = client.get("/jobs/1", headers={"accept": "text/html"}).text
    [record] = [r for r in caplog.records if r.name == "jobtracker.server"]
    incident = record.getMessage().partition(": a request")[0]
    assert incident.startswith("urn:uuid:")
    assert incident in page
