"""Requests that the server has done, and whose answers never reach whoever asked."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from access import bearer, token_for
from crews import wait_until
from jobtracker_core import JobTracker, RunState
from tcp_proxy import TcpProxy

pytestmark = pytest.mark.full


class Wire:
    """A client of the API, and what lies between it and the server."""

    def __init__(self, proxy: TcpProxy, token: str) -> None:
        self.proxy = proxy
        self._headers = {"Content-Type": "application/json", **bearer(token)}

    def post(self, path: str, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
        """Send a request on a connection of its own; return status and answer."""
        connection = http.client.HTTPConnection(self.proxy.host, self.proxy.port, timeout=60)
        sent = {**self._headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        try:
            connection.request("POST", path, json.dumps(body), sent)
            answer = connection.getresponse()
            return answer.status, json.load(answer)
        finally:
            connection.close()

    def lose_the_answer(
        self, is_done: Callable[[], object], path: str, body: dict[str, Any], **headers: str
    ) -> None:
        """Send a request, and cut the connection when the server has done it."""
        errors: list[OSError | http.client.HTTPException] = []

        def send() -> None:
            try:
                self.post(path, body, **headers)
            except (OSError, http.client.HTTPException) as error:
                errors.append(error)

        self.proxy.lose_answers()
        sender = threading.Thread(target=send)
        sender.start()
        wait_until(is_done)
        self.proxy.cut()
        sender.join(60)
        assert len(errors) == 1, "the client got an answer"


@pytest.fixture
def wire(start: Any, tracker: JobTracker, db_url: str) -> Iterator[Wire]:
    server = start("serve", "--listen", "127.0.0.1:0", "--no-worker", database=db_url)
    port = urlsplit(server.url).port
    with TcpProxy(("127.0.0.1", port)) as proxy:
        yield Wire(proxy, token_for(tracker))


def posting(number: int) -> dict[str, Any]:
    return {
        "source_id": f"p{number}",
        "url": f"https://board.example/jobs/{number}",
        "title": f"Engineer {number}",
    }


def audited(tracker: JobTracker) -> int:
    with tracker.database.read() as conn:
        found: int = conn.exec_driver_sql("SELECT count(*) FROM audit_log").scalar_one()
    return found


@pytest.mark.fault(
    "F22",
    done="The connection was cut when a batch of the ingest API was committed and not yet answered; so was that of the last batch.",
    holds="Each was answered the same as often as it was sent again, and nothing was stored or counted twice.",
)
def test_a_batch_whose_answer_was_lost_is_stored_once(wire: Wire, tracker: JobTracker) -> None:
    address = "/api/v1/collect/ingest"
    first = {"collector": "board", "key": "k", "batch": 1, "postings": [posting(1), posting(2)]}
    last = {**first, "batch": 2, "postings": [posting(2), posting(3)], "done": True}
    before = audited(tracker)
    wire.lose_the_answer(lambda: tracker.jobs.count() == 2, address, first)
    status, answer = wire.post(address, first)
    assert (status, answer["new"], answer["state"]) == (200, 2, "running")
    assert wire.post(address, first) == (status, answer)
    wire.lose_the_answer(lambda: tracker.jobs.count() == 3, address, last)
    status, answer = wire.post(address, last)
    assert (status, answer["new"], answer["unchanged"]) == (200, 1, 1)
    assert answer["state"] == "succeeded"
    assert wire.post(address, last) == (status, answer)
    [run] = tracker.runs.list()
    assert (run.state, run.counts.pages, run.counts.seen) == (RunState.SUCCEEDED, 2, 4)
    assert (run.counts.new, run.counts.unchanged) == (3, 1)
    assert [job.source_id for job in tracker.jobs.search().items] == ["p3", "p2", "p1"]
    assert audited(tracker) == before + 2


@pytest.mark.fault(
    "F22",
    done="The connection was cut when an application was stored under an Idempotency-Key and not yet answered.",
    holds="Sent again, the request was answered with the application that was there: one, and one line of the audit.",
)
def test_what_was_made_under_a_key_is_not_made_again(wire: Wire, tracker: JobTracker) -> None:
    body = {"title": "Engineer", "company": "Example Works"}
    before = audited(tracker)
    wire.lose_the_answer(
        lambda: audited(tracker) > before, "/api/v1/applications", body, Idempotency_Key="one"
    )
    status, answer = wire.post("/api/v1/applications", body, Idempotency_Key="one")
    assert status == 201
    assert wire.post("/api/v1/applications", body, Idempotency_Key="one") == (201, answer)
    assert [one.id for one in tracker.applications.list().items] == [answer["id"]]
    assert audited(tracker) == before + 1
