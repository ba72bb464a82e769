"""The API without a server around it, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from access import bearer, let_in
from jobtracker_core.contract.access import Scope
from jobtracker_core.server.application import Application
from jobtracker_core.tracker import JobTracker
from standing import app_of


@pytest.fixture
def stranger(tracker: JobTracker) -> Iterator[TestClient[Application]]:
    """A client of the whole app, as programs talk to it, that has no token."""
    with TestClient(app_of(tracker), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def client(stranger: TestClient[Application], tracker: JobTracker) -> TestClient[Application]:
    """The same, let in everywhere."""
    let_in(stranger, tracker)
    return stranger


@pytest.fixture
def holding(tracker: JobTracker) -> Callable[..., dict[str, str]]:
    """Make a token that holds these scopes; gives the header that brings it."""

    def make(*scopes: Scope | str, **options: Any) -> dict[str, str]:
        return bearer(tracker.tokens.create("test", scopes, **options).text)

    return make


@pytest.fixture
def problem(client: TestClient[Application]) -> Any:
    """Ask for something that is refused; check the form of the answer and return the problem."""

    def ask(method: str, path: str, **more: Any) -> Any:
        answer = client.request(method, path, **more)
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        assert said["status"] == answer.status_code >= 400
        assert said["type"].startswith("urn:jobtracker:problem:")
        assert said["title"]
        return said

    return ask
