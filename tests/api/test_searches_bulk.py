"""Several searches at once over the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobtracker_core import JobTracker, Settings

ADDRESS = "/api/v1/searches"


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    """An installation with HiringCafe, which is off."""
    settings = Settings(data_dir=tmp_path / "data", database_url=db_url, plugins=("hiringcafe",))
    with JobTracker(settings) as tracker:
        yield tracker


def make(client, *names: str) -> list[int]:
    made = []
    for name in names:
        body = {"name": name, "collector": "hiringcafe", "query": {"text": name}, "every_s": 86400}
        answer = client.post(ADDRESS, json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    return made


def audited(tracker) -> list[str]:
    return [entry.action for entry in tracker.audit.list(limit=3).items]


def test_each_has_its_result_and_all_are_one_change(client, tracker) -> None:
    first, second = make(client, "python", "rust")
    answer = client.post(f"{ADDRESS}/bulk", json={"action": "pause", "ids": [first, 99, second]})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["done"], said["failed"]) == (2, 1)
    assert [(item["id"], item["problem"]) for item in said["items"]] == [
        (first, None),
        (99, "not_found"),
        (second, None),
    ]
    assert "there is no search 99" in said["items"][1]["detail"]
    assert not any(search.enabled for search in tracker.searches.list())
    assert audited(tracker) == ["search.pause", "search.create", "search.create"]
    client.post(f"{ADDRESS}/bulk", json={"action": "resume", "ids": [first]})
    assert tracker.searches.get(first).enabled
    assert tracker.searches.get(first).next_tick_at is not None
    client.post(f"{ADDRESS}/bulk", json={"action": "delete", "ids": [first, second]})
    assert tracker.searches.list() == ()


def test_those_of_a_collector_that_is_off_are_not_started(client, tracker) -> None:
    first, second = make(client, "python", "rust")
    answer = client.post(f"{ADDRESS}/run", json={"ids": [first]})
    assert answer.status_code == 202, answer.text
    [item] = answer.json()["items"]
    assert (item["problem"], item["run_id"]) == ("cannot_run", None)
    assert "is off" in item["detail"]
    tracker.collectors.set_enabled("hiringcafe", True)
    [one, other] = client.post(f"{ADDRESS}/run", json={"ids": [first, second]}).json()["items"]
    assert {tracker.runs.get(each["run_id"]).search_id for each in (one, other)} == {first, second}
    again = client.post(f"{ADDRESS}/run", json={"ids": [first]}).json()["items"]
    assert again[0]["run_id"] == one["run_id"]


def test_a_repeated_request_starts_nothing_twice(client, tracker) -> None:
    [search] = make(client, "python")
    tracker.collectors.set_enabled("hiringcafe", True)
    headers = {"Idempotency-Key": "once"}
    first = client.post(f"{ADDRESS}/run", json={"ids": [search]}, headers=headers)
    tracker.runs.cancel(first.json()["items"][0]["run_id"])
    again = client.post(f"{ADDRESS}/run", json={"ids": [search]}, headers=headers)
    assert again.json() == first.json()
    assert len(tracker.runs.list()) == 1


@pytest.mark.parametrize(("path", "scope"), [("/bulk", "jobs:write"), ("/run", "runs:trigger")])
def test_who_may_do_it(stranger, holding, path, scope) -> None:
    others = {"jobs:read", "jobs:write", "runs:trigger", "ingest"} - {scope}
    body = {"ids": [1]} if path == "/run" else {"action": "pause", "ids": [1]}
    refused = stranger.post(ADDRESS + path, json=body, headers=holding(*sorted(others)))
    assert refused.status_code == 403
    assert stranger.post(ADDRESS + path, json=body, headers=holding(scope)).status_code < 300
