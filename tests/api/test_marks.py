"""Tags, notes and dismissals of jobs through the API, and the list of all tags."""

from __future__ import annotations

from urllib.parse import quote, urljoin

import pytest

JOBS = "/api/v1/jobs"
DISMISSALS = "/api/v1/dismissals"
TAGS = "/api/v1/tags"


@pytest.fixture
def job(fill, tracker) -> str:
    """The address of a job."""
    fill(1)
    return f"{JOBS}/{tracker.jobs.search().items[0].id}"


def test_a_job_is_hidden_and_shown_again(client, job) -> None:
    hidden = client.post(f"{job}/dismiss", json={"reason": "too far"})
    assert (hidden.status_code, hidden.json()["reason"]) == (200, "too far")
    assert client.get(JOBS).json()["items"] == []
    assert client.get(DISMISSALS).json()["items"] == [hidden.json()]
    shown = client.post(f"{job}/restore")
    assert (shown.status_code, shown.content) == (204, b"")
    assert client.get(JOBS).json()["total"] == 1
    assert client.get(DISMISSALS).json()["items"] == []


def test_no_reason_needs_no_body(client, job) -> None:
    assert client.post(f"{job}/dismiss").json()["reason"] is None


def test_a_dismissal_outlives_its_job_until_it_is_taken_back(client, problem, job) -> None:
    number = client.post(f"{job}/dismiss").json()["id"]
    client.delete(job)
    assert client.get(DISMISSALS).json()["items"][0]["job_id"] is None
    assert client.delete(f"{DISMISSALS}/{number}").status_code == 204
    assert problem("DELETE", f"{DISMISSALS}/{number}")["status"] == 404


def test_following_the_links_gives_each_dismissal_once(client, fill, tracker) -> None:
    fill(5)
    ids = [job.id for job in tracker.jobs.search().items]
    tracker.jobs.dismiss_all(ids)
    url, seen = f"{DISMISSALS}?limit=2", []
    while url:
        answer = client.get(url)
        seen += [item["job_id"] for item in answer.json()["items"]]
        following = answer.links.get("next", {}).get("url")
        url = following and urljoin(url, following)
    assert sorted(seen) == sorted(ids)
    assert len(seen) == 5


@pytest.mark.parametrize("mark", ["nothing", "-1", "1~2", "9" * 40])
def test_a_tampered_mark_is_named(problem, mark) -> None:
    said = problem("GET", DISMISSALS, params={"after": mark})
    assert (said["status"], said["errors"][0]["field"]) == (400, "after")


def test_what_is_not_hidden_cannot_be_shown_again(problem, job) -> None:
    assert problem("POST", f"{job}/restore")["status"] == 404


def test_tags_are_put_on_and_taken_off(client, job) -> None:
    name = quote("c++ & more", safe="")
    assert client.put(f"{job}/tags/{name}").json() == ["c++ & more"]
    assert client.put(f"{job}/tags/Dream").json() == ["c++ & more", "Dream"]
    assert client.get(f"{job}/tags").json() == ["c++ & more", "Dream"]
    assert client.delete(f"{job}/tags/DREAM").status_code == 204
    assert client.get(f"{job}/tags").json() == ["c++ & more"]
    assert client.put(f"{job}/tags", json={"tags": ["a", "b"]}).json() == ["a", "b"]
    assert client.put(f"{job}/tags", json={"tags": []}).json() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tags": ["x" * 51]}, "tags[0]"),
        ({"tags": [""]}, "tags[0]"),
        ({"tags": ["\x00"]}, "tags"),
        ({"tags": "dream"}, "tags"),
        ({"tags": ["x"] * 51}, "tags"),
        ({"names": ["x"]}, ""),
    ],
)
def test_a_wrong_tag_is_named(client, problem, job, body, field) -> None:
    said = problem("PUT", f"{job}/tags", json=body)
    assert said["status"] == 400
    assert field in said["errors"][0]["field"]
    assert client.get(f"{job}/tags").json() == []
    assert problem("PUT", f"{job}/tags/{'x' * 51}")["status"] == 400


def test_a_tag_is_renamed_and_forgotten_everywhere(client, problem, job) -> None:
    client.put(f"{job}/tags", json={"tags": ["one", "two"]})
    one, two = client.get(TAGS).json()
    assert (one["name"], one["jobs"], two["name"]) == ("one", 1, "two")
    renamed = client.put(f"{TAGS}/{one['id']}", json={"name": "first"})
    assert renamed.json()["name"] == "first"
    assert client.get(f"{job}/tags").json() == ["first", "two"]
    assert problem("PUT", f"{TAGS}/{one['id']}", json={"name": "TWO"})["status"] == 409
    assert client.delete(f"{TAGS}/{one['id']}").status_code == 204
    assert client.get(f"{job}/tags").json() == ["two"]
    assert problem("DELETE", f"{TAGS}/{one['id']}")["status"] == 404


def test_a_note_is_written_and_taken_away(client, problem, job) -> None:
    empty = client.get(f"{job}/note")
    assert (empty.json()["text"], empty.headers["etag"]) == (None, '"v0"')
    first = client.put(f"{job}/note", json={"text": "Ask\nabout pay"}, headers={"If-Match": '"v0"'})
    assert (first.status_code, first.json()["text"]) == (200, "Ask\nabout pay")
    tag = first.headers["etag"]
    assert client.get(f"{job}/note", headers={"If-None-Match": tag}).status_code == 304
    lost = problem("PUT", f"{job}/note", json={"text": "x"}, headers={"If-Match": '"v0"'})
    assert lost["status"] == 412
    assert client.put(f"{job}/note", json={"text": None}).json()["version"] == 0
    assert problem("PUT", f"{job}/note", json={"text": "x" * 100_000})["status"] == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "dismiss", {}),
        ("POST", "restore", None),
        ("GET", "tags", None),
        ("PUT", "tags", {"tags": ["x"]}),
        ("PUT", "tags/x", None),
        ("DELETE", "tags/x", None),
        ("GET", "note", None),
        ("PUT", "note", {"text": "x"}),
    ],
)
@pytest.mark.parametrize("number", ["99", "9" * 30])
def test_a_job_that_is_not_there_has_none_of_it(problem, method, path, body, number) -> None:
    assert problem(method, f"{JOBS}/{number}/{path}", json=body)["status"] == 404
