"""The API without a server around it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from access import let_in
from jobtracker_core.server.application import Application
from jobtracker_core.server.compose import create_app
from jobtracker_core.tracker import JobTracker


@pytest.fixture
def client(tracker: JobTracker) -> Iterator[TestClient[Application]]:
    """A client of the whole app, as programs talk to it, with a token that may do everything."""
    with TestClient(create_app(tracker), base_url="http://127.0.0.1") as client:
        let_in(client, tracker)
        yield client


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
