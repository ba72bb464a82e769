"""An answer is lost after the change was committed: whoever asks again changes nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from access import bearer, token_for
from jobtracker_core.tracker import JobTracker
from served import served_here
from tcp_proxy import TcpProxy

TABLES = (
    *("jobs", "job_changes", "dismissals", "applications", "events"),
    *("collector_runs", "run_events", "audit_log", "request_keys"),
)


class Client:
    """Talks to the API over a wire that loses answers."""

    def __init__(self, tracker: JobTracker, wire: TcpProxy) -> None:
        self._tracker = tracker
        self._wire = wire
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{wire.port}/api/v1",
            headers=bearer(token_for(tracker)),
            timeout=60,
        )

    def close(self) -> None:
        self._http.close()

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self._tracker.database.read() as conn:
            return {
                table: conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
                for table in TABLES
            }

    def post(self, path: str, body: Any, key: str | None = None) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._http.post(path, json=body, headers=headers)

    def lose(self, path: str, body: Any, key: str | None = None) -> dict[str, int]:
        """Send a request whose answer gets lost; return the rows that it left."""
        self._wire.lose_answer()
        with pytest.raises(httpx.TransportError):
            self.post(path, body, key)
        return self.rows()


@pytest.fixture
def client(tracker: JobTracker) -> Iterator[Client]:
    with (
        served_here(tracker) as url,
        TcpProxy(("127.0.0.1", urlsplit(url).port or 0)) as wire,
    ):
        client = Client(tracker, wire)
        yield client
        client.close()


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


POSTING = {"source_id": "p1", "url": "https://board.example/1", "title": "Engineer"}

CASES: dict[str, tuple[str, Any, dict[str, int]]] = {
    "create": ("/jobs", {"title": "Pilot", "url": "https://air.example/1"}, {"jobs": 1}),
    "upsert": ("/jobs/upsert", {"source": "mine", **POSTING}, {"jobs": 1}),
    "apply": (
        "/applications",
        {"title": "Pilot", "status": "applied"},
        {"applications": 1, "events": 1},
    ),
    "bulk": (
        "/jobs/bulk",
        {"action": "dismiss", "ids": [1, 2, 99], "reason": "far away"},
        {"dismissals": 2},
    ),
}


@pytest.mark.fault(
    "F22",
    done="The answers to an entered job, an upsert, an application and a bulk operation were lost "
    "after their commit (a proxy cut the connection), and each request was sent again, twice.",
    holds="The repetitions got the first answer, and left no row twice: neither jobs, events nor "
    "the audit log. Without an Idempotency-Key, the repetition is another request.",
)
def test_a_repeated_request_changes_nothing_twice(
    client: Client, fill: Callable[..., None]
) -> None:
    fill(2)
    for name, (path, body, made) in CASES.items():
        before = client.rows()
        after = client.lose(path, body, f"key-{name}")
        assert grown(before, after) == {**made, "audit_log": 1, "request_keys": 1}, name
        answers = [client.post(path, body, f"key-{name}") for _ in range(2)]
        assert client.rows() == after, name
        assert {answer.headers.get("idempotency-replayed") for answer in answers} == {"true"}
        assert answers[0].status_code == answers[1].status_code < 300
        assert answers[0].content == answers[1].content
    # The answer is the first one's, not what a second try would have found.
    assert [item["problem"] for item in answers[0].json()["items"]] == [None, None, "not_found"]
    path, body, _ = CASES["create"]
    before = client.lose(path, body)
    assert client.post(path, body).status_code == 201
    assert grown(before, client.rows()) == {"jobs": 1, "audit_log": 1}


@pytest.mark.fault(
    "F22",
    done="The answers to pages that were sent to /collect/ingest were lost after their commit, and "
    "each page was sent again.",
    holds="Each repetition got the answer of the first time; postings, counters and the audit log "
    "had each page once.",
)
def test_an_ingested_page_counts_once(client: Client, tracker: JobTracker) -> None:
    pages = [
        {
            "collector": "board",
            "key": "k1",
            "batch": number,
            "postings": [
                POSTING | {"source_id": f"p{number}-{n}", "title": "" if n == 4 else "Engineer"}
                for n in range(5)
            ],
            "done": number == 3,
        }
        for number in (1, 2, 3)
    ]
    before = client.rows()
    for page in pages:
        after = client.lose("/collect/ingest", page)
        answers = [client.post("/collect/ingest", page).json() for _ in range(2)]
        assert answers[0] == answers[1]
        counts = [answers[0][name] for name in ("found", "new", "changed", "unchanged")]
        assert counts == [4, 4, 0, 0]
        assert [one["index"] for one in answers[0]["rejected"]] == [4]
        assert client.rows() == after
    [run] = tracker.runs.list()
    assert (run.counts.pages, run.counts.new, run.counts.rejected) == (3, 12, 3)
    assert run.state == "succeeded"
    made = {"jobs": 12, "collector_runs": 1, "run_events": 1, "audit_log": 3}
    assert grown(before, after) == made
