"""`/api/v1/views` and `/api/v1/stats`."""

from __future__ import annotations

import pytest

ADDRESS = "/api/v1/views"
VIEW = {"name": "Remote", "kind": "jobs", "query": {"remote": "remote", "sort": "pay"}}


def test_a_view_is_saved_changed_and_forgotten(client, problem) -> None:
    made = client.post(ADDRESS, json=VIEW)
    assert made.status_code == 201
    url, tag = f"{ADDRESS}/{made.json()['id']}", made.headers["etag"]
    assert made.json()["query"] == VIEW["query"]
    assert client.get(url).json() == made.json()
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(ADDRESS, params={"kind": "jobs"}).json() == [made.json()]
    assert client.get(ADDRESS, params={"kind": "applications"}).json() == []
    assert problem("POST", ADDRESS, json=VIEW)["status"] == 409
    changed = client.put(url, json={"name": "Far"}, headers={"If-Match": tag})
    assert (changed.json()["name"], changed.json()["query"]) == ("Far", VIEW["query"])
    assert problem("PUT", url, json={"name": "x"}, headers={"If-Match": tag})["status"] == 412
    assert problem("DELETE", url, headers={"If-Match": tag})["status"] == 412
    assert client.delete(url).status_code == 204
    assert problem("GET", url)["status"] == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"query": {"colour": "red"}}, "query.colour"),
        ({"query": {"remote": "maybe"}}, "query.remote"),
        ({"query": {"posted_since": "1600-01-01T00:00:00Z"}}, "query.posted_since"),
        ({"query": {"text": "titel:x"}}, "query.text"),
        ({"query": []}, "query"),
        ({"kind": "colours"}, "kind"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_what_is_wrong_of_a_view_is_named(client, problem, change, field) -> None:
    said = problem("POST", ADDRESS, json=VIEW | change)
    assert (said["status"], said["errors"][0]["field"]) == (400, field)
    assert client.get(ADDRESS).json() == []


def test_what_there_is_and_what_is_new(client, fill) -> None:
    fill(3)
    found = client.get("/api/v1/stats").json()
    assert (found["jobs"], found["new"], found["open"]) == (3, 3, 3)
    later = client.get("/api/v1/stats", params={"since": "2199-01-01T00:00:00Z"}).json()
    assert (later["jobs"], later["new"], later["since"]) == (3, 0, "2199-01-01T00:00:00Z")


@pytest.mark.parametrize("since", ["1600-01-01T00:00:00Z", "soon", ""])
def test_a_time_that_is_none_is_named(problem, since) -> None:
    said = problem("GET", "/api/v1/stats", params={"since": since})
    assert (said["status"], said["errors"][0]["field"]) == (400, "since")
