"""Who is let in, on every route that there is: a route without a rule fails here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from access import bearer, cookie_for, let_in, token_for
from jobtracker_core.api.operations import ANY, SCOPE
from jobtracker_core.contract.access import Scope
from jobtracker_core.server.application import Application
from jobtracker_core.storage.columns import metadata
from jobtracker_core.web.session import PUBLIC
from standing import app_of

OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/setup"),
    ("POST", "/setup"),
    ("GET", "/static/{path}"),
    ("GET", "/feeds/{file}"),
}
"""All that strangers may ask for. To let them in anywhere else, add it here."""

NOTED_BY_READING = {"api_tokens", "sessions", "rate_limits", "login_attempts", "calendar_feeds"}
"""Where a GET may leave a trace: last used, last seen, and how much was asked for."""
NOTED_BY_EXPORTING = {"audit_log"}


def routes(app) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for route in app.routes:
        assert isinstance(route, HTTPRoute), route.path
        for method, (handler, _) in route.route_handler_map.items():
            if method != "OPTIONS":
                yield method, route.path_format, handler.opt


def filled(path: str) -> str:
    path = path.replace("{path}", "app.css").replace("{name}", "nobody")
    return re.sub(r"\{[a-z_]+\}", "1", path)


@pytest.fixture
def app(tracker):
    return app_of(tracker)


@pytest.fixture
def stranger(app) -> Iterator[TestClient[Application]]:
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def test_strangers_are_let_in_where_the_list_says_and_nowhere_else(app, stranger) -> None:
    walked = set()
    for method, path, opt in routes(app):
        answer = stranger.request(method, filled(path), follow_redirects=False)
        where = f"{method} {path}: {answer.status_code}"
        if (method, path) in OPEN:
            walked.add((method, path))
            assert answer.status_code < 500, where
            assert "login?" not in answer.headers.get("location", ""), where
            assert "www-authenticate" not in answer.headers, where
        elif path.startswith("/api/"):
            assert answer.status_code == 401, where
            assert answer.headers["www-authenticate"] == "Bearer"
            assert opt[SCOPE] in {ANY, *Scope}, where
        elif path == "/metrics":
            assert answer.status_code in {401, 403}, where
        else:
            assert not opt.get(PUBLIC), where
            assert answer.status_code == 303, where
            assert answer.headers["location"].startswith("/login?"), where
    assert walked == OPEN


@pytest.mark.parametrize("scope", [s for s in Scope if s is not Scope.ADMIN])
def test_a_token_opens_what_its_scope_says_alone(app, stranger, tracker, scope) -> None:
    stranger.headers.update(bearer(token_for(tracker, scope)))
    refused = allowed = 0
    for method, path, opt in routes(app):
        if not path.startswith("/api/") or path.endswith("/live"):
            continue
        status = stranger.request(method, filled(path)).status_code
        needed = opt[SCOPE]
        if needed == ANY or needed.is_in({scope}):
            allowed += 1
            assert status not in {401, 403}, f"{method} {path}: {status}"
        else:
            refused += 1
            assert status == 403, f"{method} {path}: {status}"
    assert refused
    assert allowed or scope is Scope.INGEST


def test_a_session_opens_no_api_and_a_token_no_page(app, stranger, tracker) -> None:
    stranger.cookies.set("jt", cookie_for(tracker))
    assert stranger.get("/api/v1/jobs").status_code == 401
    assert stranger.get("/jobs").status_code == 200
    stranger.cookies.clear()
    stranger.headers.update(bearer(token_for(tracker)))
    assert stranger.get("/jobs", follow_redirects=False).status_code == 303


def test_nothing_is_changed_without_the_proof_that_a_form_is_ours(app, stranger, tracker) -> None:
    stranger.cookies.set("jt", cookie_for(tracker))
    walked = 0
    for method, path, opt in routes(app):
        unsafe = method not in {"GET", "HEAD"}
        if unsafe and not path.startswith("/api/") and not opt.get(PUBLIC):
            walked += 1
            for headers in ({}, {"X-CSRF-Token": "a" * 64}):
                answer = stranger.request(method, filled(path), headers=headers)
                assert answer.status_code == 403, f"{method} {path}"
    assert walked >= 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
def test_no_form_of_another_site_is_taken(app, stranger, tracker, headers) -> None:
    let_in(stranger, tracker)
    for method, path, _ in routes(app):
        if method not in {"GET", "HEAD"} and not path.startswith("/api/"):
            answer = stranger.request(method, filled(path), headers=headers)
            assert answer.status_code == 403, f"{method} {path}"


def test_reading_changes_nothing(app, stranger, tracker, fill) -> None:
    fill(2)
    let_in(stranger, tracker)
    feed = f"/feeds/{tracker.calendar.create_feed('phone').secret}.ics"
    walk = [path for method, path, _ in routes(app) if method == "GET"]
    for taken, allowed in ((False, set()), (True, NOTED_BY_EXPORTING)):
        before = contents(tracker)
        for path in [feed, *(each for each in walk if each.endswith("/export") == taken)]:
            if not path.endswith("/live"):
                stranger.get(filled(path), follow_redirects=False)
        after = contents(tracker)
        differing = {name for name in before if before[name] != after[name]}
        assert differing <= NOTED_BY_READING | allowed
    exports = sum(path.endswith("/export") and path.startswith("/api/") for path in walk)
    assert len(after["audit_log"]) - len(before["audit_log"]) == exports


def contents(tracker) -> dict[str, list[str]]:
    with tracker.database.read() as conn:
        return {
            table.name: sorted(map(repr, conn.execute(sa.select(table)).all()))
            for table in metadata.sorted_tables
        }
