"""`/api/v1/plugins`, `/api/v1/workers`, `/api/v1/tokens` and `/api/v1/audit`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage import workers


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A plugin that cannot be imported, installed."""
    info = tmp_path / "installed" / "broken_board-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-board\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jobtracker]\nbroken = broken_board\n")
    (info.parent / "broken_board.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(str(info.parent))
    yield
    sys.modules.pop("broken_board", None)


@pytest.fixture
def tracker(broken: None, db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    settings = Settings(
        data_dir=tmp_path / "data", database_url=db_url, plugins=("hiringcafe", "broken")
    )
    with JobTracker(settings) as tracker:
        yield tracker


def test_plugins_are_listed_with_what_is_wrong_with_them(client) -> None:
    found = {one["name"]: one for one in client.get("/api/v1/plugins").json()}
    assert (found["hiringcafe"]["status"], found["hiringcafe"]["problems"]) == ("ok", [])
    assert found["hiringcafe"]["collectors"] == ["hiringcafe"]
    assert found["broken"]["status"] == "broken"
    [problem] = found["broken"]["problems"]
    assert "no_such_library" in problem["message"]
    assert "broken-board" in problem["hint"]
    assert "off" in {one["status"] for one in found.values()}


def test_workers_are_listed(client, tracker) -> None:
    assert client.get("/api/v1/workers").json() == []
    workers.register(tracker.database, "w1", host="one", pid=7, version="1", slots=3)
    [worker] = client.get("/api/v1/workers").json()
    assert (worker["worker_id"], worker["state"], worker["slots"], worker["running"]) == (
        "w1",
        "working",
        3,
        0,
    )


def test_a_token_is_made_shown_once_used_and_revoked(client, stranger, tracker) -> None:
    made = client.post(
        "/api/v1/tokens",
        json={"name": "pusher", "scopes": ["ingest"], "days": 7, "collector": "board"},
    )
    assert made.status_code == 201, made.text
    text, token = made.json()["text"], made.json()["token"]
    assert (token["name"], token["scopes"], token["collector"]) == ("pusher", ["ingest"], "board")
    listed = client.get("/api/v1/tokens")
    assert [one["name"] for one in listed.json()] == ["pusher", "test"]
    assert text not in listed.text
    mine = {"authorization": f"Bearer {text}"}
    assert client.get("/api/v1/workers", headers=mine).status_code == 403
    assert client.delete(f"/api/v1/tokens/{token['id']}").status_code == 204
    assert client.get("/api/v1/workers", headers=mine).status_code == 401
    assert len(client.get("/api/v1/tokens").json()) == 1
    assert len(client.get("/api/v1/tokens", params={"revoked": "true"}).json()) == 2
    assert client.delete(f"/api/v1/tokens/{token['id']}").status_code == 404


def test_a_token_made_again_under_the_same_key_is_not_shown_twice(client, tracker) -> None:
    body, again = {"name": "x", "scopes": ["jobs:read"]}, {"idempotency-key": "k"}
    first = client.post("/api/v1/tokens", json=body, headers=again)
    second = client.post("/api/v1/tokens", json=body, headers=again)
    assert (first.status_code, second.status_code) == (201, 409)
    assert first.json()["text"] not in second.text
    assert len(tracker.tokens.list()) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["all"]}, "scopes[0]"),
        ({"name": "x", "scopes": ["jobs:read"], "days": 0}, "days"),
        ({"name": "x", "scopes": ["jobs:read"], "collector": "board"}, "collector"),
        ({"name": "\n", "scopes": ["jobs:read"]}, "name"),
        ({"name": "x", "scopes": ["jobs:read"], "expires": 1}, "expires"),
    ],
)
def test_a_token_that_cannot_be(problem, body, field) -> None:
    said = problem("POST", "/api/v1/tokens", json=body)
    assert said["status"] == 400
    assert [error["field"] for error in said["errors"]] == [field]


def test_the_audit_log_is_read_page_by_page(client, tracker, problem) -> None:
    for _ in range(3):
        tracker.collectors.set_enabled("hiringcafe", True)
    first = client.get("/api/v1/audit", params={"action": "collector.", "limit": 2})
    assert [row["target"] for row in first.json()["items"]] == ["collector:hiringcafe"] * 2
    rest = client.get("/api/v1/audit" + first.links["next"]["url"])
    assert len(rest.json()["items"]) == 1
    assert "link" not in rest.headers
    mine = client.get("/api/v1/audit", params={"target": "token:1"}).json()["items"]
    assert [row["action"] for row in mine] == ["token.create"]
    assert problem("GET", "/api/v1/audit", params={"after": "x"})["status"] == 400


@pytest.mark.parametrize("path", ["tokens", "audit"])
def test_only_whoever_may_do_everything_sees_them(stranger, holding, path) -> None:
    for scope in ("jobs:write", "runs:trigger", "ingest"):
        assert stranger.get(f"/api/v1/{path}", headers=holding(scope)).status_code == 403
