"""`/api/v1/runs`: what the queue holds and held, and what can be done about it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import msgspec
import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import claims, endings, events
from jobtracker_core.storage.engine import open_database
from jobtracker_core.storage.jobs import Change
from jobtracker_core.storage.queue import Installed
from jobtracker_core.storage.runs import Run
from queueing import changed, take, turn_on

ADDRESS = "/api/v1/runs"
SERVING = {"hiringcafe": Installed(distribution="jobtracker-hiringcafe", version="1")}


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    """An installation with HiringCafe, turned on."""
    settings = Settings(data_dir=tmp_path / "data", database_url=db_url, plugins=("hiringcafe",))
    with JobTracker(settings) as tracker:
        turn_on(tracker.database, "hiringcafe")
        yield tracker


def enqueue(tracker: JobTracker, text: str = "python") -> int:
    return tracker.runs.enqueue("hiringcafe", {"text": text}).run_id


def claimed(tracker: JobTracker) -> claims.Claim:
    return take(tracker.database, serving=SERVING)


def numbers(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [run["id"] for run in answer.json()]


def test_a_query_is_put_into_the_queue_as_its_sender_asked(client, tracker) -> None:
    answer = client.post(
        ADDRESS,
        json={
            "collector": "hiringcafe",
            "query": {"text": "python"},
            "priority": 2,
            "pages": 3,
            "memory_mb": 512,
        },
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["outcome"] == "made"
    run = tracker.runs.get(answer.json()["run_id"])
    assert run.query["text"] == "python"
    assert (run.priority, run.limit_pages, run.limit_memory_mb) == (2, 3, 512)
    assert run.requested_by == "token:1"


def test_a_repeated_request_makes_no_second_run(client, tracker) -> None:
    again = {"idempotency-key": "k1"}
    body = {"collector": "hiringcafe", "query": {"text": "python"}}
    first, second = (client.post(ADDRESS, json=body, headers=again) for _ in range(2))
    assert first.json() == second.json()
    assert len(tracker.runs.list()) == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"collector": "nobody"}, 404, None),
        ({"collector": "hiringcafe", "query": {"txt": "x"}}, 400, "query.txt"),
        ({"collector": "hiringcafe", "query": {"limit": "many"}}, 400, "query.limit"),
        ({"collector": "hiringcafe", "priority": 12}, 400, "priority"),
        ({"collector": "hiringcafe", "proxy_pool": "none"}, 400, "proxy_pool"),
        ({"collector": "hiringcafe", "tries": 3}, 400, "tries"),
        ({}, 400, "collector"),
    ],
)
def test_a_run_that_cannot_be_made(problem, body, status, field) -> None:
    said = problem("POST", ADDRESS, json=body)
    assert said["status"] == status, said
    if field is not None:
        assert [error["field"] for error in said["errors"]] == [field]


def test_a_collector_that_is_off_runs_nothing(problem, tracker) -> None:
    tracker.collectors.set_enabled("hiringcafe", False)
    said = problem("POST", ADDRESS, json={"collector": "hiringcafe"})
    assert (said["status"], said["type"]) == (409, "urn:jobtracker:problem:collector-off")


def test_following_the_links_gives_each_run_once(client, tracker) -> None:
    made = [enqueue(tracker, f"word {n}") for n in range(5)]
    url, seen = f"{ADDRESS}?limit=2&collector=hiringcafe", []
    while url:
        answer = client.get(url)
        seen += numbers(answer)
        following = answer.links.get("next", {}).get("url")
        url = following and urljoin(url, following)
    assert seen == made[::-1]


def test_runs_of_some_states(client, tracker) -> None:
    first, second = enqueue(tracker, "a"), enqueue(tracker, "b")
    tracker.runs.cancel(first)
    assert numbers(client.get(ADDRESS, params={"state": "pending"})) == [second]
    assert numbers(client.get(ADDRESS, params={"state": "cancelled,pending"})) == [second, first]
    assert numbers(client.get(ADDRESS, params={"search": 7})) == []


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"state": "finished"}, "state"),
        ({"state": "pending,"}, "state"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"before": "x"}, "before"),
        ({"search": 0}, "search"),
        ({"colector": "x"}, "colector"),
    ],
)
def test_a_wrong_parameter_is_named(problem, words, field) -> None:
    said = problem("GET", ADDRESS, params=words)
    assert said["status"] == 400
    assert [error["field"] for error in said["errors"]] == [field]


def test_a_run_is_shown_with_its_attempts(client, tracker) -> None:
    run_id = enqueue(tracker)
    claim = claimed(tracker)
    endings.finish(tracker.database, claim, state=RunState.SUCCEEDED, counts=Counts(pages=2))
    shown = client.get(f"{ADDRESS}/{run_id}").json()
    assert msgspec.convert(shown["run"], Run) == tracker.runs.get(run_id)
    assert [(a["attempt"], a["outcome"], a["counts"]["pages"]) for a in shown["attempts"]] == [
        (1, "succeeded", 2)
    ]


@pytest.mark.parametrize("path", ["", "/events", "/live"])
@pytest.mark.parametrize("run_id", ["99", str(2**62)])
def test_a_run_that_is_not_there(problem, path, run_id) -> None:
    assert problem("GET", f"{ADDRESS}/{run_id}{path}")["status"] == 404


def test_cancelling_and_retrying(client, tracker, problem) -> None:
    run_id = enqueue(tracker)
    assert problem("POST", f"{ADDRESS}/{run_id}/retry")["status"] == 409
    for _ in range(2):
        answer = client.post(f"{ADDRESS}/{run_id}/cancel")
        assert (answer.status_code, answer.json()) == (
            200,
            {"run_id": run_id, "state": "cancelled"},
        )
    made = client.post(f"{ADDRESS}/{run_id}/retry")
    assert made.status_code == 202
    again = tracker.runs.get(made.json()["run_id"])
    assert (again.parent_run_id, again.trigger) == (run_id, "retry")
    assert again.query == tracker.runs.get(run_id).query


def test_several_runs_have_one_result_each_and_one_row_in_the_audit_log(client, tracker) -> None:
    first, second = enqueue(tracker, "a"), enqueue(tracker, "b")
    before = audited(tracker)
    answer = client.post(
        f"{ADDRESS}/bulk", json={"action": "cancel", "ids": [first, 99, second, first]}
    )
    assert answer.status_code == 200, answer.text
    results = answer.json()
    assert [(one["run_id"], one["ok"], one["state"]) for one in results] == [
        (first, True, "cancelled"),
        (99, False, None),
        (second, True, "cancelled"),
    ]
    assert results[1]["error"] == "there is no run 99"
    assert audited(tracker)[len(before) :] == ["run.cancel_many"]
    again = client.post(f"{ADDRESS}/bulk", json={"action": "retry", "ids": [first, 99]}).json()
    assert again[0]["made"]["outcome"] == "made"
    assert tracker.runs.get(again[0]["made"]["run_id"]).parent_run_id == first
    assert not again[1]["ok"]


def audited(tracker: JobTracker) -> list[str]:
    with tracker.database.read() as conn:
        return list(conn.exec_driver_sql("SELECT action FROM audit_log ORDER BY id").scalars())


def test_events_come_in_their_order_and_go_on(client, tracker) -> None:
    run_id = enqueue(tracker)
    claim = claimed(tracker)
    for number in range(3):
        events.append(tracker.database, claim, "noted", {"number": number})
    first = client.get(f"{ADDRESS}/{run_id}/events", params={"limit": 2})
    assert [event["data"]["number"] for event in first.json()] == [0, 1]
    rest = client.get(urljoin(f"{ADDRESS}/{run_id}/events", first.links["next"]["url"]))
    assert [event["data"]["number"] for event in rest.json()] == [2]
    assert "link" not in rest.headers
    last = rest.json()[-1]["id"]
    assert client.get(f"{ADDRESS}/{run_id}/events", params={"after": last}).json() == []


def test_what_it_changed_comes_a_part_at_a_time(client, tracker, problem) -> None:
    whole = changed(tracker, run_id=7, count=205)
    url: str | None = f"{ADDRESS}/7/changes"
    seen: list[Change] = []
    sizes: list[int] = []
    while url:
        answer = client.get(url)
        part = msgspec.convert(answer.json(), tuple[Change, ...])
        sizes.append(len(part))
        seen += part
        following = answer.links.get("next", {}).get("url")
        url = following and urljoin(url, following)
    assert (tuple(seen), sizes) == (whole, [100, 100, 5])
    last = whole[200]
    more = client.get(f"{ADDRESS}/7/changes", params={"after": f"{last.job_id}~{last.id}"})
    assert [change["id"] for change in more.json()] == [change.id for change in whole[201:]]
    for words in ({"after": "x"}, {"limit": 1_001}):
        said = problem("GET", f"{ADDRESS}/7/changes", params=words)
        assert [said["status"], *(error["field"] for error in said["errors"])] == [400, *words]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("POST", "/bulk"),
        ("POST", "/1/cancel"),
        ("POST", "/1/retry"),
    ],
)
def test_reading_is_not_starting(stranger, holding, method, path) -> None:
    answer = stranger.request(method, ADDRESS + path, json={}, headers=holding("jobs:read"))
    assert answer.status_code == 403
    assert "runs:trigger" in answer.json()["detail"]
    assert stranger.request(method, ADDRESS + path, json={}).status_code == 401


def messages(text: str) -> list[dict[str, Any]]:
    told = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines()]
        fields = {name: value for name, _, value in lines if name}
        if "event" in fields:
            fields.pop("retry", None)
            data = fields["data"]
            is_json = fields["event"] != "end"
            told.append({**fields, "data": msgspec.json.decode(data) if is_json else data})
    return told


def test_a_run_that_goes_on_elsewhere_is_seen_to_its_end(client, tracker, db_url) -> None:
    run_id = enqueue(tracker)
    got: list[Any] = []
    watching = threading.Thread(target=lambda: got.append(client.get(f"{ADDRESS}/{run_id}/live")))
    watching.start()
    other = open_database(db_url)
    try:
        claim = take(other, serving=SERVING)
        with other.write() as conn:
            claims.checkpoint(conn, claim, counts=Counts(pages=1, seen=40, new=40))
        events.append(other, claim, "noted", {"number": 1})
        endings.finish(other, claim, state=RunState.PARTIAL, error_message="enough")
    finally:
        other.close()
    watching.join(60)
    [answer] = got
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    told = messages(answer.text)
    assert [m["data"]["kind"] for m in told if m["event"] == "event"] == ["noted", "ended"]
    last = [m for m in told if m["event"] == "run"][-1]["data"]
    assert (last["state"], last["counts"]["new"], last["error_message"]) == (
        "partial",
        40,
        "enough",
    )
    assert (told[-1]["event"], told[-1]["data"]) == ("end", "partial")


def test_watching_goes_on_where_it_was_cut(client, tracker, problem) -> None:
    run_id = enqueue(tracker)
    claim = claimed(tracker)
    for number in range(3):
        events.append(tracker.database, claim, "noted", {"number": number})
    endings.finish(tracker.database, claim, state=RunState.SUCCEEDED)
    address = f"{ADDRESS}/{run_id}/live"
    whole = messages(client.get(address).text)
    assert [m["event"] for m in whole] == ["event"] * 4 + ["run", "end"]
    cut = messages(client.get(address, headers={"last-event-id": whole[0]["id"]}).text)
    assert cut == whole[1:]
    over = client.get(address, headers={"last-event-id": whole[-1]["id"]})
    assert (over.status_code, over.content) == (204, b"")
    said = problem("GET", address, headers={"last-event-id": "1; DROP"})
    assert [error["field"] for error in said["errors"]] == ["Last-Event-ID"]


def test_asking_for_the_headers_alone_does_not_wait_for_the_end(client, tracker) -> None:
    run_id = enqueue(tracker)
    answer = client.head(f"{ADDRESS}/{run_id}/live")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
