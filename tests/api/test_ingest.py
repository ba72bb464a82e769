"""`POST /api/v1/collect/ingest`: pages that were read elsewhere, once each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from jobtracker_core import hookimpl
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.ingests import LEASE_S, MOST_REQUESTS
from jobtracker_core.storage.sweep import sweep
from jobtracker_core.storage.tables import collector_runs, collectors

ADDRESS = "/api/v1/collect/ingest"


def posting(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "source_id": f"p{number}",
        "url": f"https://board.example/jobs/{number}",
        "title": f"Engineer {number}",
        **fields,
    }


def batch(number: int = 1, postings: Any = (), **fields: Any) -> dict[str, Any]:
    return {
        "collector": "board",
        "key": "k1",
        "batch": number,
        "postings": list(postings),
        **fields,
    }


@pytest.fixture
def send(client: Any) -> Callable[..., Any]:
    """Send a batch that must be taken; returns the answer."""

    def send(*args: Any, **fields: Any) -> Any:
        answer = client.post(ADDRESS, json=batch(*args, **fields))
        assert answer.status_code == 200, answer.text
        return answer.json()

    return send


def test_batches_use_up_no_numbers_of_runs(send) -> None:
    first = [send(number, [posting(number)])["run_id"] for number in (1, 2, 3)]
    assert {send(1, [posting(9)], key="k2")["run_id"] - run_id for run_id in first} == {1}


def test_a_run_is_opened_filled_and_ended(send, tracker) -> None:
    first = send(1, [posting(1), posting(2)], query={"text": "python"})
    run_id = first["run_id"]
    assert first == {
        "run_id": run_id,
        "batch": 1,
        "state": "running",
        "found": 2,
        "new": 2,
        "changed": 0,
        "unchanged": 0,
        "rejected": [],
        "details_wanted": ["p1", "p2"],
    }
    run = tracker.runs.get(run_id)
    assert (run.state, run.trigger, run.collector) == (RunState.RUNNING, "api", "board")
    assert (run.query, run.requested_by) == ({"text": "python"}, "token:1")
    second = send(2, [posting(2, title="Other"), posting(3)], done=True, end_confirmed=True)
    assert (second["new"], second["changed"], second["unchanged"]) == (1, 0, 0)
    assert second["state"] == "succeeded"
    run = tracker.runs.get(run_id)
    assert (run.state, run.end_confirmed) == (RunState.SUCCEEDED, True)
    counts = run.counts
    # What the run itself has brought is not changed by it.
    assert (counts.pages, counts.seen, counts.new, counts.changed) == (2, 4, 3, 0)
    assert [a.outcome for a in tracker.runs.attempts(run_id)] == ["succeeded"]
    again = send(1, [posting(2, title="Third"), posting(3)], key="k2", done=True)
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 1, 1)


@pytest.mark.parametrize("outcome", ["partial", "failed"])
def test_a_run_can_end_badly(send, tracker, outcome) -> None:
    said = send(1, [], done=True, outcome=outcome, error="a wall", error_class="blocked")
    run = tracker.runs.get(said["run_id"])
    assert (run.state, run.error_class, run.error_message) == (outcome, "blocked", "a wall")


def test_how_it_went_elsewhere_pauses_nothing_here(send, tracker) -> None:
    for number in range(6):
        send(1, [], key=f"k{number}", done=True, outcome="failed", error_class="blocked")
    with tracker.database.read() as conn:
        row = conn.execute(sa.select(collectors)).one()
    assert (row.consecutive_failures, row.paused_until) == (0, None)


def test_plugins_hear_of_the_end_of_a_run_once(send, tracker) -> None:
    heard = []

    class Notifier:
        @hookimpl
        def jobtracker_run_finished(self, run, new):
            heard.append((run.id, run.state, [job.source_id for job in new]))

    tracker.registry.hooks.register(Notifier(), "notifier")
    first = send(1, [posting(1)])
    assert heard == []
    for _ in range(2):  # the answer got lost
        send(2, [posting(2)], done=True)
    assert [(number, state) for number, state, _ in heard] == [
        (first["run_id"], RunState.SUCCEEDED)
    ]
    assert sorted(heard[0][2]) == ["p1", "p2"]


def test_details_count_apart_and_are_asked_for_no_more(send, tracker) -> None:
    assert send(1, [posting(1)])["details_wanted"] == ["p1"]
    said = send(2, [posting(1, description="<p>Hello<script>x</script></p>")], kind="detail")
    assert (said["found"], said["new"], said["changed"]) == (1, 0, 0)
    assert send(3, [posting(1)])["details_wanted"] == []
    run = tracker.runs.get(said["run_id"])
    assert (run.counts.details, run.counts.pages) == (1, 2)
    [job] = tracker.jobs.search().items
    assert tracker.jobs.get(job.id).description == "<p>Hello</p>"


def test_one_bad_posting_costs_no_other(send, tracker) -> None:
    good = [posting(n) for n in range(499)]
    bad = [
        posting(900, title=" "),
        {"source_id": "p901", "title": "x"},
        posting(902, pay={"min": "much"}),
        posting(903, url="javascript:alert(1)"),
        posting(904, titel="x"),
        posting(905, posted_at="yesterday"),
        posting(906, employment=["slavery"]),
        posting(907, source_id="a\x00b"),
    ]
    said = send(1, [*bad[:1], *good])
    assert (said["found"], said["new"]) == (499, 499)
    assert said["rejected"] == [{"index": 0, "field": "title", "reason": "is empty"}]
    said = send(2, bad)
    assert [(one["index"], one["field"]) for one in said["rejected"]] == [
        (0, "title"),
        (1, "posting"),
        (2, "pay.min"),
        (3, "url"),
        (4, "titel"),
        (5, "posted_at"),
        (6, "employment[0]"),
        (7, "source_id"),
    ]
    assert "url" in said["rejected"][1]["reason"]
    assert tracker.runs.get(said["run_id"]).counts.rejected == 9
    assert tracker.jobs.count() == 499


def test_half_a_character_costs_what_it_costs_a_collectors_page(send_raw, tracker) -> None:
    """Left out where a text stands; the posting is refused where it says what it must not lose."""
    body = batch(
        1,
        [
            posting(
                1, title="Eng\ud83dineer", raw={"a\ud800": ["b\udc00"]}, skills=["\ud800", "c"]
            ),
            posting(2, source_id="p\udc00"),
            posting(3, employment=["\ud800"]),
            posting(4, **{"\ud800": 1}),
            posting(5, pay={"min": 5.0}),
        ],
    )
    answer = send_raw(body)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["found"], said["new"]) == (2, 2)
    assert [(one["index"], one["field"]) for one in said["rejected"]] == [
        (1, "source_id"),
        (2, "employment[0]"),
        (3, "?"),
    ]
    job = next(job for job in tracker.jobs.search().items if job.source_id == "p1")
    assert (job.title, job.skills) == ("Engineer", ("c",))
    assert tracker.jobs.get(job.id).raw == '{"a": ["b"]}'
    assert send_raw(body).json() == said, "sent again"
    other = batch(1, [*body["postings"][:4], posting(5, pay={"min": 6})])
    assert send_raw(other).json()["type"].endswith(":key-reused")


def test_half_a_character_in_the_senders_own_words_is_refused(send_raw, tracker) -> None:
    mixed = [posting(1, title="\ud800")]
    for field, body in (
        ("key", batch(1, mixed, key="k\ud800")),
        ("query.text", batch(1, mixed, query={"text": "\ud800"})),
        ("batch", batch(0, mixed)),
        ("more", batch(1, mixed, more=1)),
    ):
        said = send_raw(body)
        assert said.status_code == 400, said.text
        assert [error["field"] for error in said.json()["errors"]] == [field]
    for broken in (b'{"postings": [{"title": "\\ud800", "n": NaN}]}', b'["\\ud800"'):
        said = send_raw(broken)
        assert (said.status_code, said.json()["errors"][0]["field"]) == (400, "body")
    assert tracker.runs.list() == ()


@pytest.fixture
def send_raw(client: Any) -> Callable[[Any], Any]:
    """Send a body as it is, or as JSON of ASCII alone."""

    def send_raw(body: Any) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(ADDRESS, content=content, headers={"Content-Type": "application/json"})

    return send_raw


def test_what_is_private_is_not_kept(send, tracker) -> None:
    send(1, [posting(1, raw={"recruiter": {"email": "jane.doe@corp.example"}, "id": 7})])
    [job] = tracker.jobs.search().items
    raw = tracker.jobs.get(job.id).raw
    assert raw is not None
    assert "7" in raw
    assert "jane.doe" not in raw


def test_a_batch_sent_again_is_answered_the_same_and_changes_nothing(send, tracker) -> None:
    first = send(1, [posting(1), posting(2, title="")])
    send(2, [posting(3)], done=True)
    before = tracker.runs.get(first["run_id"]), tracker.jobs.count(), audited(tracker)
    assert send(1, [posting(1), posting(2, title="")]) == first
    assert (tracker.runs.get(first["run_id"]), tracker.jobs.count(), audited(tracker)) == before


def audited(tracker: Any) -> int:
    with tracker.database.read() as conn:
        found: int = conn.exec_driver_sql("SELECT count(*) FROM audit_log").scalar_one()
    return found


def test_another_batch_under_the_same_number_is_refused(send, problem) -> None:
    send(1, [posting(1)])
    said = problem("POST", ADDRESS, json=batch(1, [posting(2)]))
    assert (said["status"], said["type"]) == (422, "urn:jobtracker:problem:key-reused")


def test_a_run_that_has_ended_takes_no_more(send, problem, tracker) -> None:
    run_id = send(1, [posting(1)], done=True)["run_id"]
    said = problem("POST", ADDRESS, json=batch(2, [posting(2)]))
    assert (said["status"], said["type"]) == (409, "urn:jobtracker:problem:run-over")
    assert f"run {run_id}" in said["detail"]
    assert "another key" in said["next"]
    assert tracker.jobs.count() == 1


def test_a_cancelled_run_ends_at_once_and_takes_no_more(send, problem, client, tracker) -> None:
    run_id = send(1, [posting(1)])["run_id"]
    said = client.post(f"/api/v1/runs/{run_id}/cancel").json()
    assert said == {"run_id": run_id, "state": "cancelled"}
    assert [a.outcome for a in tracker.runs.attempts(run_id)] == ["cancelled"]
    assert problem("POST", ADDRESS, json=batch(2, [posting(2)]))["status"] == 409
    assert problem("POST", f"/api/v1/runs/{run_id}/retry")["status"] == 409


def test_an_abandoned_run_ends_by_itself_and_a_late_batch_in_time_saves_it(
    send, tracker, problem
) -> None:
    run_id = send(1, [posting(1)])["run_id"]
    assert tracker.runs.get(run_id).lease_expires_at is not None
    silent(tracker, run_id)
    assert send(2, [posting(2)])["state"] == "running"
    assert sweep(tracker.database).rescued == ()
    silent(tracker, run_id)
    assert [one.run_id for one in sweep(tracker.database).rescued] == [run_id]
    run = tracker.runs.get(run_id)
    assert (run.state, run.error_class) == (RunState.FAILED, "lease_lost")
    assert problem("POST", ADDRESS, json=batch(3, [posting(3)]))["status"] == 409


def silent(tracker: Any, run_id: int) -> None:
    """Let the time pass after which a sender counts as gone."""
    with tracker.database.write() as conn:
        lease = collector_runs.c.lease_expires_at
        until = conn.execute(sa.select(lease).where(collector_runs.c.id == run_id)).scalar_one()
        conn.execute(
            sa.update(collector_runs)
            .where(collector_runs.c.id == run_id)
            .values(lease_expires_at=until - timedelta(seconds=LEASE_S + 1))
        )


def test_two_senders_may_use_the_same_key(send, stranger, holding, tracker) -> None:
    mine = send(1, [posting(1)])
    headers = holding("ingest")
    theirs = stranger.post(ADDRESS, json=batch(1, [posting(2)]), headers=headers).json()
    assert mine["run_id"] != theirs["run_id"]
    assert [run.state for run in tracker.runs.list()] == [RunState.RUNNING] * 2


def test_a_bound_token_sends_pages_of_its_own_collector_alone(stranger, holding, tracker) -> None:
    headers = holding("ingest", collector="other")
    refused = stranger.post(ADDRESS, json=batch(1, [posting(1)]), headers=headers)
    assert refused.status_code == 403
    assert "other alone" in refused.json()["detail"]
    mine = batch(1, [posting(1)], collector="other")
    assert stranger.post(ADDRESS, json=mine, headers=headers).status_code == 200
    assert tracker.jobs.count(source="other") == 1


@pytest.mark.parametrize("scope", ["jobs:write", "runs:trigger"])
def test_other_scopes_do_not_do(stranger, holding, scope) -> None:
    answer = stranger.post(ADDRESS, json=batch(), headers=holding(scope))
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "collector"),
        (batch(0), 400, "batch"),
        (batch(key=""), 400, "key"),
        (batch(collector="No Such"), 400, "collector"),
        (batch(collector="board\n"), 400, "collector"),
        (batch(outcome="suspect"), 400, "outcome"),
        (batch(more=1), 400, "more"),
        (batch(postings=[{}] * 1_001), 400, "postings"),
        (batch(1, ["x"]), 400, "postings[0]"),
        (batch(query={"text": "x" * 20_000}), 400, "query"),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(problem, tracker, body, status, field) -> None:
    said = problem("POST", ADDRESS, json=body)
    assert said["status"] == status, said
    assert [error["field"] for error in said["errors"]] == [field]
    assert tracker.runs.list() == ()


def test_more_requests_than_a_run_can_count_are_refused(send, problem, tracker) -> None:
    run_id = send(1, http_requests=1_000_000)["run_id"]
    with tracker.database.write() as conn:
        conn.execute(sa.update(collector_runs).values(http_requests=MOST_REQUESTS - 1))
    said = problem("POST", ADDRESS, json=batch(2, [posting(1)], http_requests=2))
    assert (said["status"], [error["field"] for error in said["errors"]]) == (
        400,
        ["http_requests"],
    )
    assert tracker.jobs.count() == 0
    send(3, http_requests=1)
    assert tracker.runs.get(run_id).counts.http_requests == MOST_REQUESTS


def test_too_much_at_once_is_refused(problem) -> None:
    body = batch(1, [posting(1, raw="x" * (10 * 1024 * 1024))])
    assert problem("POST", ADDRESS, json=body)["status"] == 413


def test_what_nests_too_deep_costs_only_itself(send, tracker) -> None:
    deep: Any = 1
    for _ in range(600):
        deep = [deep]
    said = send(1, [posting(1, raw={"deep": deep}), posting(2)])
    assert tracker.jobs.count() == said["found"]
    assert {"p2"} <= set(said["details_wanted"])


SEND = """
import json
from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage.audit import Actor
from jobtracker_core.tracker.ingest import IngestBatch
import msgspec
with JobTracker(Settings(database_url=url, plugins=())) as tracker:
    tracker = tracker.acting(Actor(kind="token", id=7, name="sender"))
    tracker.database.present()
    go()
    told = []
    for batch in range(1, 6):
        postings = [
            {"source_id": f"{batch}-{n}", "url": f"https://b.example/{batch}/{n}", "title": "T"}
            for n in range(20)
        ]
        told.append(tracker.ingest.put(IngestBatch(
            collector="board", key="same", batch=batch, postings=postings, done=batch == 5,
        )))
print(msgspec.json.encode(told).decode())
"""


def test_the_same_batches_sent_by_several_at_once_are_stored_once(
    processes, db_url, tracker
) -> None:
    told = processes(SEND, db_url, 3)
    assert len(set(told)) == 1
    [run] = tracker.runs.list()
    assert (run.state, run.counts.new, run.counts.seen) == (RunState.SUCCEEDED, 100, 100)
    assert run.counts.unchanged == 0
    assert tracker.jobs.count() == 100
    assert audited(tracker) == 5
