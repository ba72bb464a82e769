"""Entering, changing and deleting jobs through the API."""

from __future__ import annotations

from typing import Any

import pytest

ADDRESS = "/api/v1/jobs"
DRAFT = {"title": "Engineer", "url": "https://jobs.example/7", "source_id": "7"}


@pytest.fixture
def made(client) -> dict[str, Any]:
    """A job that was entered."""
    answer = client.post(ADDRESS, json=DRAFT)
    assert answer.status_code == 201, answer.text
    job: dict[str, Any] = answer.json()["job"]
    return job


def test_a_job_is_entered_and_read_back(client, made) -> None:
    assert (made["title"], made["source"], made["source_id"]) == ("Engineer", "manual", "7")
    assert client.get(f"{ADDRESS}/{made['id']}").json()["job"] == made


def test_the_same_job_cannot_be_entered_twice(problem, made) -> None:
    said = problem("POST", ADDRESS, json=DRAFT)
    assert said["status"] == 409
    assert f"job {made['id']}" in said["detail"]


def test_a_repeated_request_enters_one_job(client, tracker) -> None:
    draft = {"title": "Engineer", "url": "https://jobs.example/8"}
    headers = {"Idempotency-Key": "a1"}
    first, again = (client.post(ADDRESS, json=draft, headers=headers) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert tracker.jobs.count() == 1


def test_an_unchanged_job_is_not_sent_again(client, made, tracker) -> None:
    url = f"{ADDRESS}/{made['id']}"
    tag = client.get(url).headers["etag"]
    known = client.get(url, headers={"If-None-Match": f'"v99", {tag}'})
    assert known.status_code == 304
    assert known.content == b""
    assert known.headers["etag"] == tag
    client.put(url, json={"title": "Other"})
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 200


def test_what_else_is_shown_of_a_job_counts_too(client) -> None:
    job = client.post(ADDRESS, json=DRAFT | {"company": "Acme"}).json()["job"]
    url = f"{ADDRESS}/{job['id']}"
    tag = client.get(url).headers["etag"]
    changed = client.put(f"/api/v1/companies/{job['company_id']}", json={"industry": "Anvils"})
    assert changed.status_code == 200, changed.text
    shown = client.get(url, headers={"If-None-Match": tag})
    assert shown.status_code == 200
    assert shown.json()["company"]["industry"] == "Anvils"
    assert client.put(url, json={"title": "x"}, headers={"If-Match": tag}).status_code == 200


def test_a_lost_update_is_refused(client, problem, made) -> None:
    url = f"{ADDRESS}/{made['id']}"
    tag = client.get(url).headers["etag"]
    first = client.put(url, json={"title": "First"}, headers={"If-Match": tag})
    assert first.status_code == 200
    assert first.headers["etag"] != tag
    for method, more in (("PUT", {"json": {"title": "Second"}}), ("DELETE", {})):
        said = problem(method, url, headers={"If-Match": tag}, **more)
        assert (said["status"], said["type"]) == (412, "urn:jobtracker:problem:changed")
    assert client.get(url).json()["job"]["title"] == "First"
    wrong = problem("PUT", url, json={}, headers={"If-Match": '"other"'})
    assert [error["field"] for error in wrong["errors"]] == ["If-Match"]


def test_what_is_absent_stays_and_null_empties(client, made) -> None:
    url = f"{ADDRESS}/{made['id']}"
    client.put(url, json={"company": "Acme", "skills": ["python"]})
    changed = client.put(url, json={"company": None}).json()["job"]
    assert (changed["company"], changed["skills"]) == (None, ["python"])
    assert changed["title"] == "Engineer"
    assert set(changed["edited"]) >= {"company", "skills"}


def test_a_deleted_job_is_gone(client, made) -> None:
    url = f"{ADDRESS}/{made['id']}"
    answer = client.delete(url)
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(url).status_code == client.delete(url).status_code == 404
    assert client.put(url, json={"title": "x"}).status_code == 404


def test_an_upsert_enters_then_changes_then_leaves_alone(client) -> None:
    url = f"{ADDRESS}/upsert"
    outcomes = [
        client.post(url, json=DRAFT | more).json()["outcome"]
        for more in ({}, {"title": "Lead"}, {"title": "Lead"})
    ]
    assert outcomes == ["new", "changed", "unchanged"]
    assert client.get(ADDRESS).json()["total"] == 1


def test_an_upsert_needs_the_id_of_the_site(problem) -> None:
    said = problem("POST", f"{ADDRESS}/upsert", json={"title": "x", "url": "https://a.example"})
    assert (said["status"], said["errors"][0]["field"]) == (400, "source_id")


def test_several_jobs_at_once_with_a_result_for_each(client, fill, tracker) -> None:
    fill(3)
    ids = [job.id for job in tracker.jobs.search().items]

    def do(action: str, **more: Any) -> Any:
        answer = client.post(f"{ADDRESS}/bulk", json={"action": action, "ids": ids} | more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def shown(**words: str) -> list[int]:
        return [job["id"] for job in client.get(ADDRESS, params=words).json()["items"]]

    assert do("tag", tags=["dream"])["done"] == 3
    assert shown(tag="dream") == ids
    assert do("untag", tags=["dream"])["done"] == 3
    assert shown(tag="dream") == []
    assert do("dismiss", reason="too far")["done"] == 3
    assert shown() == []
    assert do("restore")["done"] == 3
    assert shown() == ids
    result = do("delete", ids=[ids[0], 2**40, ids[1]])
    assert (result["done"], result["failed"]) == (2, 1)
    assert [item["problem"] for item in result["items"]] == [None, "not_found", None]
    assert shown() == ids[2:]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "explode", "ids": [1]}, "action"),
        ({"action": "delete", "ids": []}, "ids"),
        ({"action": "delete", "ids": list(range(1, 502))}, "ids"),
        ({"action": "delete", "ids": [0]}, "ids[0]"),
        ({"action": "delete", "ids": ["one"]}, "ids[0]"),
        ({"action": "tag", "ids": [1]}, "tags"),
        ({"action": "delete", "ids": [1], "tags": ["x"]}, "tags"),
        ({"action": "delete", "ids": [1], "reason": "x"}, "reason"),
        ({"action": "delete", "ids": [1], "force": True}, "force"),
        ({"ids": [1]}, ""),
    ],
)
def test_a_wrong_bulk_request_does_nothing(client, problem, made, body, field) -> None:
    said = problem("POST", f"{ADDRESS}/bulk", json=body)
    assert said["status"] == 400
    assert field in said["errors"][0]["field"]
    assert client.get(f"{ADDRESS}/{made['id']}").json()["job"] == made


JSON = {"Content-Type": "application/json"}
URL = "https://jobs.example/9"


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        (b"", "body", ""),
        (b"title=Engineer", "body", "malformed"),
        (b'{"title": "Engineer"', "body", "truncated"),
        (b'{"title": "a\x00b", "url": "https://a.example"}', "body", "malformed"),
        (b'{"title": "\xff", "url": "https://a.example"}', "body", "utf-8"),
        (rb'{"title": "\ud800", "url": "https://a.example"}', "title", "surrogate"),
        (rb'{"title": "\u0000", "url": "https://a.example"}', "title", "NUL"),
        (b"[]", "body", "object"),
        (b"null", "body", "object"),
        (b'"text"', "body", "object"),
        (b"{}", "title", "missing"),
        ({"title": 7, "url": URL}, "title", "str"),
        ({"title": "x" * 100_000, "url": URL}, "title", "500"),
        ({"title": " ", "url": URL}, "title", "empty"),
        ({"title": "x", "url": "javascript:alert(1)"}, "url", "http"),
        ({"title": "x", "url": URL, "skills": "python"}, "skills", "array"),
        ({"title": "x", "url": URL, "skills": [1]}, "skills[0]", "str"),
        ({"title": "x", "url": URL, "remote": "maybe"}, "remote", "maybe"),
        ({"title": "x", "url": URL, "posted_at": "1600-01-01T00:00:00Z"}, "posted_at", "1600"),
        ({"title": "x", "url": URL, "posted_at": "soon"}, "posted_at", "RFC3339"),
        ({"title": "x", "url": URL, "pay_min": -1}, "pay_min", ">= 0"),
        ({"title": "x", "url": URL, "pay_min": 1e300}, "pay_min", "<="),
        ({"title": "x", "url": URL, "salary": 1}, "salary", "unknown field"),
    ],
)
@pytest.mark.parametrize("where", ["", "/upsert"])
def test_what_cannot_be_read_is_named(problem, tracker, where, body, field, says) -> None:
    if isinstance(body, bytes):
        said = problem("POST", ADDRESS + where, content=body, headers=JSON)
    else:
        said = problem("POST", ADDRESS + where, json=body | {"source_id": "9"})
    assert said["status"] == 400
    assert field in [error["field"] for error in said["errors"]]
    assert says.lower() in said["detail"].lower()
    assert tracker.jobs.count() == 0


def test_what_nobody_sees_is_not_stored(client) -> None:
    body = {"title": "En\u0001gi\u200bneer", "url": URL}
    assert client.post(ADDRESS, json=body).json()["job"]["title"] == "Engineer"


def test_a_body_that_is_too_big_is_refused(problem) -> None:
    body = {"title": "x", "url": URL, "description": "x" * 20_000_000}
    assert problem("POST", ADDRESS, json=body)["status"] == 413
