"""How often a token may ask."""

from __future__ import annotations

import msgspec
import pytest
from litestar.testing import TestClient

from access import bearer, token_for
from jobtracker_core.api.pace import PREPAID, Pace
from jobtracker_core.server.compose import create_app
from jobtracker_core.storage.tokens import Token
from jobtracker_core.tracker import JobTracker


@pytest.fixture
def hurried(tracker):
    """The same installation with a limit of 80 a minute: 20 at once."""
    tracker._opened.settings = msgspec.structs.replace(tracker.settings, api_requests_per_minute=80)
    return tracker


def test_who_asks_too_often_is_told_how_long_to_wait(hurried: JobTracker) -> None:
    mine, other = token_for(hurried), token_for(hurried)
    with TestClient(create_app(hurried), base_url="http://127.0.0.1") as client:
        statuses = [
            client.get("/api/v1/searches", headers=bearer(mine)).status_code
            for _ in range(PREPAID + 1)
        ]
        assert statuses == [200] * PREPAID + [429]
        refused = client.get("/api/v1/searches", headers=bearer(mine))
        assert refused.json()["type"].endswith("too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 16
        assert client.get("/api/v1/searches", headers=bearer(other)).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_whoever_tries_tokens_is_slowed_down_by_address(hurried: JobTracker) -> None:
    with TestClient(create_app(hurried), base_url="http://127.0.0.1") as client:
        headers = {**bearer("jt_aaaaaaaa_" + "b" * 43), "X-Forwarded-For": "192.0.2.1"}
        statuses = []
        for number in range(PREPAID + 1):
            headers["X-Forwarded-For"] = f"192.0.2.{number}"
            statuses.append(client.get("/api/v1/searches", headers=headers).status_code)
        assert statuses == [401] * PREPAID + [429]


def test_processes_share_the_limit(hurried: JobTracker) -> None:
    here, there = Pace(hurried), Pace(hurried)
    assert here.take("token:1") is None
    wait = there.take("token:1")
    assert wait is not None
    assert 0 < wait <= 15
    assert here.take("token:1") is None, "paid for in advance"


def test_no_limit(tracker: JobTracker) -> None:
    tracker._opened.settings = msgspec.structs.replace(tracker.settings, api_requests_per_minute=0)
    pace = Pace(tracker)
    assert [pace.take("token:1") for _ in range(2 * PREPAID)] == [None] * 2 * PREPAID


def test_a_token_that_was_good_a_moment_ago_is_not_looked_at_again(
    tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    verify = tracker.tokens.verify

    def look(text: str) -> Token | None:
        looks.append(text)
        return verify(text)

    monkeypatch.setattr(tracker.tokens, "verify", look)
    made = tracker.tokens.create("short", ["jobs:read"])
    with TestClient(create_app(tracker), base_url="http://127.0.0.1") as client:

        def ask() -> int:
            return client.get("/api/v1/tags", headers=bearer(made.text)).status_code

        assert [ask(), ask()] == [200, 200]
        assert len(looks) == 1
        tracker.tokens.revoke(made.token.id)
        assert ask() == 401
        assert len(looks) == 2
