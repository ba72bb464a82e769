"""Counts of jobs, changes of a run, tags of applications, and the token that is sent."""

from __future__ import annotations

import json

import pytest

from access import bearer, token_for
from jobtracker_core import ApplicationDraft, JobDraft, __version__
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage import indexing

HUGE = 10**25


def test_a_list_is_counted_without_being_read(client, fill) -> None:
    fill(7)
    client.post("/api/v1/jobs/3/dismiss")
    assert client.get("/api/v1/jobs/tally").json()["total"] == 6
    told = client.get("/api/v1/jobs/tally?first=5&search=engineer").json()
    assert (told["newer"], told["more"], told["estimate"]) == (2, False, None)
    assert client.get("/api/v1/jobs/tally?source=other").json()["total"] == 0
    assert client.get("/api/v1/jobs/stored").json() == {"count": 7}
    assert client.get("/api/v1/jobs/stored?source=other").json() == {"count": 0}
    assert client.get("/api/v1/jobs/sources").json() == ["site"]


def test_tags_of_an_application(client, tracker, problem) -> None:
    number = tracker.applications.create(ApplicationDraft(title="Lead")).id
    base = f"/api/v1/applications/{number}/tags"
    assert client.put(f"{base}/dream").json() == ["dream"]
    assert client.put(base, json={"tags": ["near", "a/b"]}).json() == ["a/b", "near"]
    assert client.delete(f"{base}/NEAR").status_code == 204
    assert client.get(base).json() == ["a/b"]
    assert client.put(base, json={"tags": []}).json() == []
    for method, path in (("GET", ""), ("PUT", "/x"), ("DELETE", "/x")):
        for gone in (99, HUGE):
            missing = problem(method, f"/api/v1/applications/{gone}/tags{path}")
            assert missing["status"] == 404


@pytest.mark.parametrize(
    "path",
    [
        f"/jobs/tally?first={HUGE}",
        "/jobs/tally?first=0",
        f"/runs/{HUGE}/changes",
        "/runs/1/changes",
    ],
)
def test_numbers_that_are_nobody_s_are_no_fault(client, path: str) -> None:
    assert client.get(f"/api/v1{path}").status_code in {200, 400}


@pytest.mark.parametrize("key", ["a\x00b", "\ud800", "x" * 201, ""])
def test_a_key_that_cannot_be_kept_is_refused(client, key: str) -> None:
    body = json.dumps({"collector": "nobody", "key": key})
    answer = client.post("/api/v1/runs", content=body)
    assert answer.status_code == 400, answer.text
    assert client.post("/api/v1/runs", json={"collector": "nobody", "key": "k"}).status_code == 404


def test_a_token_may_ask_what_it_is(stranger, tracker) -> None:
    text = token_for(tracker, Scope.INGEST, name="sender")
    told = stranger.get("/api/v1/tokens/current", headers=bearer(text)).json()
    assert (told["token"]["name"], told["token"]["scopes"]) == ("sender", ["ingest"])
    assert told["version"] == __version__
    assert "secret" not in str(told)
    assert stranger.get("/api/v1/tokens/current").status_code == 401


def test_the_filters_of_a_list_count_its_statuses(client, tracker) -> None:
    tracker.jobs.create(JobDraft(title="x", url="https://jobs.example/1"))
    tracker.applications.create(ApplicationDraft(job_id=1))
    tracker.applications.create(ApplicationDraft(title="Lead", company="Acme"))
    assert client.get("/api/v1/applications/pipeline").json()["draft"] == 2
    assert client.get("/api/v1/applications/pipeline?company=acme").json()["draft"] == 1
    assert client.get("/api/v1/applications/pipeline?limit=5").status_code == 400


def test_a_search_that_cannot_be_read_names_its_place(problem) -> None:
    for path in ("jobs", "jobs/tally", "jobs/facets", "jobs/export?format=csv"):
        joint = "&" if "?" in path else "?"
        told = problem("GET", f"/api/v1/{path}{joint}search=python (data")
        assert (told["status"], told["type"].rpartition(":")[2]) == (400, "invalid-search")
        assert told["errors"] == [
            {
                "field": "search",
                "message": "This parenthesis is not closed",
                "start": 7,
                "end": 8,
            }
        ]
        assert told["next"] == "Put ) behind what it holds."


def test_facets_and_snippets_of_a_list(client, tracker, fill) -> None:
    fill(3)
    text = "<p>We build bridges.</p><p>Whoever <b>builds</b> them is happy.</p>"
    draft = JobDraft(title="Builder", url="https://jobs.example/9", description=text)
    made = tracker.jobs.create(draft).job.id
    indexing.work_off(tracker.database)
    counted = {one["name"]: one for one in client.get("/api/v1/jobs/facets").json()}
    assert counted["source"]["values"][0] == {"value": "site", "count": 3}
    assert not counted["source"]["estimated"]
    listed = client.get("/api/v1/jobs?search=building&snippets=true").json()
    assert [job["id"] for job in listed["items"]] == [made]
    (snippet,) = listed["snippets"]
    assert snippet["job_id"] == made
    assert [part["text"] for part in snippet["parts"] if part["is_hit"]] == ["build", "builds"]
    alone = client.get(f"/api/v1/jobs/snippets?search=building&job_ids=1,{made}").json()
    assert alone == [snippet]
    assert "snippets" not in client.get("/api/v1/jobs?search=building").json()
    assert client.get("/api/v1/jobs/snippets?search=is:new&job_ids=1").json() == []
    many = ",".join(["1"] * 201)
    refused = client.get(f"/api/v1/jobs/snippets?search=building&job_ids={many}")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "job_ids"
    best = client.get("/api/v1/jobs?search=builder&sort=relevance").json()
    assert [job["id"] for job in best["items"]] == [made]
