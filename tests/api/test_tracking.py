"""Applications, events, contacts and the calendar over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
import vobject

from jobtracker_core.tracker import JobTracker

API = "/api/v1"


@pytest.fixture
def make(client) -> Any:
    """Make something; return its fields and its ETag."""

    def make(resource: str, **fields: Any) -> tuple[dict[str, Any], str]:
        answer = client.post(f"{API}/{resource}", json=fields)
        assert answer.status_code == 201, answer.text
        return answer.json(), answer.headers["etag"]

    return make


def test_a_move_is_an_event_and_keeps_what_the_posting_said(client, make, fill) -> None:
    fill(1)
    made, _ = make("applications", job_id=1)
    assert (made["status"], made["title"]) == ("draft", "Engineer 1")
    path = f"{API}/applications/{made['id']}"
    moved = client.put(path, json={"status": "applied"}).json()
    assert moved["applied_at"].endswith("Z")
    assert client.delete(f"{API}/jobs/1").status_code in {204, 405}
    shown = client.get(path).json()
    assert [snapshot["title"] for snapshot in shown["snapshots"]] == ["Engineer 1"]
    events = client.get(f"{API}/events?application_id={made['id']}").json()["items"]
    assert [(event["from_status"], event["to_status"]) for event in events] == [
        ("draft", "applied"),
        (None, "draft"),
    ]
    history = client.delete(f"{API}/events/{events[0]['id']}")
    assert history.status_code == 409


def test_a_lost_update_is_told(client, make) -> None:
    made, tag = make("applications", title="Engineer")
    path = f"{API}/applications/{made['id']}"
    first = client.put(path, json={"notes": "mine"}, headers={"If-Match": tag})
    assert first.status_code == 200
    second = client.put(path, json={"notes": "theirs"}, headers={"If-Match": tag})
    assert second.status_code == 412
    assert second.json()["type"].endswith("changed")
    assert client.get(path).json()["application"]["notes"] == "mine"
    same = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert client.put(path, json={}, headers={"If-Match": "v1"}).status_code == 400
    assert client.delete(path, headers={"If-Match": tag}).status_code == 412
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_a_repeated_request_makes_nothing_twice(client) -> None:
    asked = {"json": {"title": "Engineer"}, "headers": {"Idempotency-Key": "one"}}
    first = client.post(f"{API}/applications", **asked)
    again = client.post(f"{API}/applications", **asked)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(client.get(f"{API}/applications").json()["items"]) == 1
    asked["json"] = {"title": "Other"}
    assert client.post(f"{API}/applications", **asked).status_code == 422


def test_a_list_leads_on_by_its_link(client, make) -> None:
    for number in range(5):
        make("applications", title=f"Engineer {number}")
    found = []
    path = f"{API}/applications?limit=2&search=engineer"
    while True:
        answer = client.get(path)
        found += [item["title"] for item in answer.json()["items"]]
        if "next" not in answer.links:
            break
        path = f"{API}/applications{answer.links['next']['url']}"
    assert found == [f"Engineer {number}" for number in reversed(range(5))]
    assert client.get(f"{API}/applications/pipeline").json()["draft"] == 5


def test_many_at_once_have_a_result_each(client, make) -> None:
    made, _ = make("applications", title="Engineer")
    asked = {"action": "move", "status": "rejected", "ids": [made["id"], 999]}
    done = client.post(f"{API}/applications/bulk", json=asked).json()
    assert [(item["id"], item["problem"]) for item in done["items"]] == [
        (made["id"], None),
        (999, "not_found"),
    ]
    del asked["status"]
    refused = client.post(f"{API}/applications/bulk", json=asked)
    assert refused.json()["errors"][0]["field"] == "status"


BAD: list[tuple[str, dict[str, Any], str, int]] = [
    ("applications", {"title": "x" * 100_000}, "title", 400),
    ("applications", {"title": "a\x00b"}, "title", 400),
    ("applications", {"title": 7}, "title", 400),
    ("applications", {"title": "x", "status": "hired"}, "status", 400),
    ("applications", {"title": "x", "colour": "red"}, "colour", 400),
    ("applications", {"job_id": 12345}, "", 404),
    ("applications", {"title": "x", "applied_at": "1600-01-01T00:00:00Z"}, "applied_at", 400),
    ("applications", {}, "title", 400),
    ("events", {"kind": "party"}, "kind", 400),
    ("events", {"kind": "status"}, "kind", 400),
    ("events", {"kind": "note", "timezone": "Europe/Berlni"}, "timezone", 400),
    (
        "events",
        {"kind": "call", "starts_at": "2027-01-02T10:00:00Z", "ends_at": "2027-01-01T10:00:00Z"},
        "ends_at",
        400,
    ),
    ("events", {"kind": "note", "application_id": 99}, "", 404),
    ("contacts", {"name": "Ada"}, "company_id", 400),
    ("contacts", {"name": "Ada", "application_id": 99}, "", 404),
    ("calendar/feeds", {"name": ""}, "name", 400),
]


@pytest.mark.parametrize(("kind", "fields", "field", "status"), BAD)
def test_bad_input_is_named(client, kind: str, fields: Any, field: str, status: int) -> None:
    answer = client.post(f"{API}/{kind}", json=fields)
    assert answer.status_code == status, answer.text
    if status == 400:
        assert field in {error["field"] for error in answer.json()["errors"]}, answer.text


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"title": "\\ud800"}', b"\xff\xfe", b""])
def test_what_is_no_object_of_json_is_refused(client, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post(f"{API}/applications", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    ["after=x", "after=1&before=2", "limit=0", "limit=100000", "status=hired", "colour=red"],
)
def test_lists_refuse_what_they_do_not_know(client, query: str) -> None:
    assert client.get(f"{API}/applications?{query}").status_code == 400


def test_the_calendar_is_read_by_its_secret_address_until_that_is_revoked(client, make) -> None:
    make(
        "events",
        kind="interview",
        title="Talk, with; commas\nand lines",
        starts_at="2027-01-20T14:00:00",
        ends_at="2027-01-20T15:00:00",
        timezone="Europe/Berlin",
        reminder_min=60,
    )
    span = "from=2027-01-01T00:00:00Z&to=2027-02-01T00:00:00Z"
    [entry] = client.get(f"{API}/calendar?{span}").json()
    assert entry["starts_at"] == "2027-01-20T13:00:00Z"
    feed = client.post(f"{API}/calendar/feeds", json={"name": "phone"}).json()
    address = f"/feeds/{feed['secret']}.ics"
    answer = client.get(address, headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    [event] = vobject.readOne(answer.text).vevent_list
    assert event.dtstart.value.isoformat() == "2027-01-20T13:00:00+00:00"
    assert "Talk, with; commas" in event.summary.value
    assert event.valarm.trigger.value.total_seconds() == -3600
    assert feed["secret"] not in client.get(f"{API}/calendar/feeds").text
    assert client.get(f"/feeds/{feed['secret']}").status_code == 404
    assert client.get(f"/feeds/{'a' * 43}.ics").status_code == 404
    assert client.delete(f"{API}/calendar/feeds/{feed['feed']['id']}").status_code == 204
    assert client.get(address).status_code == 404
    assert client.get(f"{API}/calendar?from=2027-02-01T00:00:00Z&to=2027-01-01T00:00:00Z").json()[
        "errors"
    ]


def test_contacts_are_kept_by_what_they_belong_to(client, make, tracker: JobTracker) -> None:
    application, _ = make("applications", title="Engineer")
    made, tag = make("contacts", name="Ada", application_id=application["id"])
    path = f"{API}/contacts/{made['id']}"
    changed = client.put(path, json={"email": "ada@example.com"}, headers={"If-Match": tag})
    assert changed.json()["email"] == "ada@example.com"
    listed = client.get(f"{API}/contacts?application_id={application['id']}").json()
    assert [contact["name"] for contact in listed["items"]] == ["Ada"]
    assert client.get(f"{API}/contacts?company_id=1").json()["items"] == []
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
