"""`/api/v1/config` and `jobtracker config export | import`: one installation's set-up elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobtracker_core import JobTracker, Settings
from keys import KEY

ADDRESS = "/api/v1/config"


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=db_url,
        plugins=("hiringcafe",),
        secret_key=(KEY,),
    )
    with JobTracker(settings) as tracker:
        yield tracker


DOCUMENT: dict[str, Any] = {
    "format": 1,
    "proxies": [{"pool": "eu", "label": "one", "address": "http://proxy.example:1"}],
    "collectors": [
        {"name": "hiringcafe", "enabled": True, "settings": {"per_minute": 5, "proxy_pool": "eu"}}
    ],
    "searches": [
        {
            "name": "python",
            "collector": "hiringcafe",
            "query": {"text": "python"},
            "cron": "30 7 * * 1-5",
            "timezone": "Europe/Berlin",
            "proxy_pool": "eu",
        },
        {"name": "by hand", "collector": "hiringcafe", "enabled": False, "pages": 3},
        {"name": "often", "collector": "hiringcafe", "every_s": 3600},
    ],
    "views": [{"name": "remote", "kind": "jobs", "query": {"remote": "remote"}}],
}


def load(client: Any, document: Any, **words: Any) -> dict[str, str]:
    answer = client.post(ADDRESS, json=document, params=words)
    assert answer.status_code == 200, answer.text
    return {one["name"]: one["outcome"] for one in answer.json()["entries"]}


NAMES = ("eu/one", "hiringcafe", "python", "by hand", "often", "jobs/remote")


def stored(tracker: JobTracker) -> str:
    """Everything that an import could change."""
    with tracker.database.read() as conn:
        return str(
            [
                conn.exec_driver_sql(f"SELECT * FROM {table} ORDER BY id").all()
                for table in ("searches", "collectors", "proxies", "proxy_pools", "saved_views")
            ]
        )


def audited(tracker: JobTracker) -> list[str]:
    return [entry.action for entry in tracker.audit.list().items]


def test_a_document_is_made_true_once(client, tracker) -> None:
    assert load(client, DOCUMENT) == dict.fromkeys(NAMES, "created") | {"hiringcafe": "changed"}
    assert audited(tracker)[0] == "config.import"
    assert not {"search.create", "proxy.create", "collector.update"} & set(audited(tracker))
    search = tracker.searches.get("python")
    assert (search.schedule.cron, search.schedule.timezone, search.enabled) == (
        "30 7 * * 1-5",
        "Europe/Berlin",
        True,
    )
    assert search.next_tick_at is not None
    assert (search.proxy_pool, search.query["text"]) == ("eu", "python")
    by_hand = tracker.searches.get("by hand")
    assert (by_hand.enabled, by_hand.limits.pages, by_hand.schedule.kind) == (False, 3, "manual")
    assert tracker.collector_settings("hiringcafe").per_minute == 5
    before = stored(tracker)
    assert load(client, DOCUMENT) == dict.fromkeys(NAMES, "unchanged")
    assert stored(tracker) == before


def test_what_is_exported_changes_nothing_when_it_is_imported(client, tracker) -> None:
    load(client, DOCUMENT)
    document = client.get(ADDRESS).json()
    assert [one["name"] for one in document["searches"]] == ["by hand", "often", "python"]
    before = stored(tracker)
    assert set(load(client, document).values()) == {"unchanged"}
    assert stored(tracker) == before


def test_a_dry_run_tells_what_an_import_does_and_does_nothing(client, tracker) -> None:
    before = stored(tracker), audited(tracker)
    told = load(client, DOCUMENT, dry_run="true")
    assert (stored(tracker), audited(tracker)) == before
    assert told == load(client, DOCUMENT)
    changed = copy.deepcopy(DOCUMENT)
    changed["collectors"][0]["settings"] = {"per_minute": 9}
    changed["views"][0]["query"] = {"remote": "hybrid"}
    changed["searches"][0] |= {"cron": None, "every_s": 7200, "query": {"text": "rust"}}
    before = stored(tracker), audited(tracker)
    answer = client.post(ADDRESS, json=changed, params={"dry_run": "true"}).json()
    assert (stored(tracker), audited(tracker)) == before
    assert answer["dry_run"] is True
    found = {one["name"]: one for one in answer["entries"]}
    assert [(d["field"], d["was"], d["is"]) for d in found["hiringcafe"]["differences"]] == [
        ("settings.per_minute", 5, 9),
        ("settings.proxy_pool", "eu", None),
    ]
    assert {d["field"] for d in found["python"]["differences"]} == {"cron", "every_s", "query"}
    assert found["often"]["outcome"] == "unchanged"
    assert found["jobs/remote"]["outcome"] == "changed"
    load(client, changed)
    search = tracker.searches.get("python")
    assert (search.schedule.every_s, search.schedule.cron) == (7200, None)
    assert tracker.collector_settings("hiringcafe").proxy_pool is None


def test_what_is_impossible_is_told_and_the_rest_is_done(client, tracker) -> None:
    document = {
        "proxies": [
            {"pool": "eu", "label": "x", "address": "http://p.example:1", "has_credentials": True},
            {"pool": "eu", "label": "y", "address": "nonsense"},
        ],
        "collectors": [
            {"name": "nobody", "enabled": True},
            {"name": "hiringcafe", "settings": {"per_minute": "fast"}},
        ],
        "searches": [
            {"name": "a", "collector": "nobody"},
            {"name": "b", "collector": "hiringcafe", "query": {"txt": "x"}},
            {"name": "c", "collector": "hiringcafe", "cron": "every day"},
            {"name": "d", "collector": "hiringcafe", "proxy_pool": "none"},
            {"name": "5", "collector": "hiringcafe"},
            {"name": "good", "collector": "hiringcafe"},
        ],
        "views": [{"name": "v", "kind": "jobs", "query": {"remot": "x"}}],
    }
    answer = client.post(ADDRESS, json=document).json()
    entries = {one["name"]: one for one in answer["entries"]}
    good = entries.pop("good")
    assert good["outcome"] == "created"
    assert {one["outcome"] for one in entries.values()} == {"impossible"}
    reasons = {name: one["reason"] for name, one in entries.items()}
    assert "user and password" in reasons["eu/x"]
    assert "scheme" in reasons["eu/y"]
    assert "nobody" in reasons["nobody"]
    assert "settings.per_minute" in reasons["hiringcafe"]
    assert "query.txt" in reasons["b"]
    assert "proxy_pool" in reasons["d"]
    assert "query.remot" in reasons["jobs/v"]
    assert [search.name for search in tracker.searches.list()] == ["good"]


def test_no_secret_is_in_a_document(client, tracker) -> None:
    tracker.proxies.add("http://ann:hunter2hunter2@proxy.example:3128", pool="eu")
    answer = client.get(ADDRESS)
    [proxy] = answer.json()["proxies"]
    assert (proxy["address"], proxy["has_credentials"]) == ("http://proxy.example:3128", True)
    assert "hunter2" not in answer.text
    assert load(client, answer.json()) == {"eu/proxy.example:3128": "unchanged"}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"format": 2}, "format"),
        ({"search": []}, "search"),
        ({"searches": [{"name": "x"}]}, "searches[0].collector"),
        ({"searches": [{"name": "x", "collector": "y", "crom": "z"}]}, "searches[0].crom"),
        ([], "body"),
    ],
)
def test_a_document_that_is_none(problem, document, field) -> None:
    said = problem("POST", ADDRESS, json=document)
    assert said["status"] == 400
    assert [error["field"] for error in said["errors"]] == [field]


def test_only_whoever_may_do_everything_carries_it(stranger, holding) -> None:
    for scope in ("jobs:write", "runs:trigger", "ingest"):
        assert stranger.get(ADDRESS, headers=holding(scope)).status_code == 403
        assert stranger.post(ADDRESS, json={}, headers=holding(scope)).status_code == 403
