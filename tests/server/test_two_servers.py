"""Two servers on one database, behind a load balancer that gives each the next request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from access import bearer, token_for
from jobtracker_core.tracker import JobTracker
from jobtracker_hiringcafe.practice import HiringCafeSite
from nursery import Nursery
from promptly import seen_within
from round_robin import RoundRobin
from served import Served

PASSWORD = "correct battery of seven words"
RUNS = "/api/v1/runs"


class Pair:
    """Two servers, each with a client of its own, and one whose requests alternate."""

    def __init__(self, stack: ExitStack, servers: tuple[Served, Served], headers: Any) -> None:
        def client(url: str) -> httpx.Client:
            return stack.enter_context(httpx.Client(base_url=url, headers=headers, timeout=60))

        self.balancer = stack.enter_context(RoundRobin([server.port for server in servers]))
        self.one, self.two = (client(server.url) for server in servers)
        self.both = client(self.balancer.url)


@pytest.fixture
def pair(
    nursery: Nursery, db_url: str, tracker: JobTracker, tmp_path: Path
) -> Iterator[Callable[..., Pair]]:
    """Start two servers, the second one with a worker if that is wanted."""
    with ExitStack() as stack:

        def start(*, worker: bool = False, **env: str) -> Pair:
            servers = (
                Served(nursery, db_url, tmp_path, env=env),
                Served(nursery, db_url, tmp_path, env=env, worker=worker),
            )
            for server in servers:
                stack.push(server)
                server.launch()
            for server in servers:
                server.wait()
            return Pair(stack, servers, bearer(token_for(tracker)))

        yield start


def cookie_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.full
def test_whoever_logs_in_at_one_is_logged_in_at_both(pair, tracker: JobTracker) -> None:
    servers = pair()
    tracker.accounts.create_first("Ann", PASSWORD)
    both, form = servers.both, {"name": "Ann", "password": PASSWORD}
    cookie = cookie_of(servers.one.post("/login", data=form))
    pages = [both.get("/jobs", headers={"Cookie": cookie}) for _ in range(4)]
    assert [page.status_code for page in pages] == [200] * 4
    # A form of one is taken by the other, and only with its proof.
    field = LexborHTMLParser(servers.one.get("/jobs", headers={"Cookie": cookie}).text).css_first(
        "input[name=csrf]"
    )
    assert field is not None
    theirs = {"Cookie": cookie}
    assert servers.two.post("/logout", data={"csrf": "x"}, headers=theirs).status_code == 403
    csrf = {"csrf": str(field.attributes["value"])}
    left = servers.two.post("/logout", data=csrf, headers=theirs)
    assert (left.status_code, left.headers["location"]) == (303, "/login")
    assert {both.get("/jobs", headers=theirs).status_code for _ in range(4)} == {303}
    # Wrong passwords are counted together.
    wrong = {"name": "Ann", "password": "not the right one"}
    codes = [both.post("/login", data=wrong).status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2
    assert both.post("/login", data=form).status_code == 429
    assert min(servers.balancer.passed) >= 7


def test_what_one_answered_the_other_knows(pair, tracker: JobTracker) -> None:
    servers = pair()
    one, two, both = servers.one, servers.two, servers.both
    # A key that one of them answered.
    job, key = {"title": "Pilot", "url": "https://air.example/1"}, {"Idempotency-Key": "k"}
    answers = [both.post("/api/v1/jobs", json=job, headers=key) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert [a.headers.get("idempotency-replayed") for a in answers] == [None, *["true"] * 3]
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert tracker.jobs.count() == 1
    # The same, asked of both at the same moment.
    told: list[httpx.Response] = []
    ask = {"json": job, "headers": {"Idempotency-Key": "at once"}}
    threads = [
        threading.Thread(target=lambda c=c: told.append(c.post("/api/v1/jobs", **ask)))
        for c in (one, two)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in told] == [201, 201]
    assert told[0].json() == told[1].json()
    assert tracker.jobs.count() == 2
    # Settings and the switch of a collector, at once.
    at = "/api/v1/collectors/hiringcafe"
    change = {"enabled": True, "settings": {"per_minute": 7}}
    assert one.put(at, json=change).status_code == 200
    seen = two.get(at)
    assert seen.json()["enabled"] is True
    assert [s["value"] for s in seen.json()["settings"] if s["name"] == "per_minute"] == [7]
    stale = {"If-Match": seen.headers["etag"]}
    assert two.put(at, json={"enabled": False}, headers=stale).status_code == 200
    assert one.get(at).json()["enabled"] is False
    assert one.put(at, json={"enabled": True}, headers=stale).status_code == 412
    # A token that one revokes is refused by the other within a second.
    token = tracker.tokens.create("short", ["jobs:read"])
    theirs = bearer(token.text)
    for client in (one, two):
        assert client.get("/api/v1/jobs", headers=theirs).status_code == 200
    assert one.delete(f"/api/v1/tokens/{token.token.id}").status_code == 204
    assert one.get("/api/v1/jobs", headers=theirs).status_code == 401
    seen_within(1.0, lambda: two.get("/api/v1/jobs", headers=theirs).status_code == 401)


def test_a_token_has_one_pace_at_both(pair) -> None:
    # 12 blocks of 20 requests in a minute, of which 3 at once.
    servers = pair(JOBTRACKER_API_REQUESTS_PER_MINUTE="240")
    codes: list[int] = []
    began = time.monotonic()
    while codes[-8:] != [429] * 8:
        answer = servers.both.get("/api/v1/tags")
        codes.append(answer.status_code)
        assert len(codes) < 240
    took = time.monotonic() - began
    assert set(codes) == {200, 429}
    assert answer.json()["type"] == "urn:jobtracker:problem:too-many-requests"
    assert int(answer.headers["retry-after"]) >= 1
    # Each of them alone would let 60 through.
    assert 60 <= codes.count(200) <= 60 + 20 * (took // 5 + 1)


def events_of(client: httpx.Client, run_id: int, *, until: threading.Event) -> list[str]:
    """Read the live events of a run to their end; `until` is set when the first one has come."""
    kinds = []
    with client.stream("GET", f"{RUNS}/{run_id}/live", timeout=60) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            if line.startswith("event:"):
                kinds.append(line.partition(":")[2].strip())
                until.set()
    return kinds


@pytest.mark.full
def test_a_run_is_watched_at_the_one_and_goes_on_at_the_other(pair, tracker) -> None:
    with HiringCafeSite(postings=30) as site:
        env = {"JOBTRACKER_HIRINGCAFE_BASE_URL": site.base_url}
        servers = pair(worker=True, JOBTRACKER_HIRINGCAFE_PER_MINUTE="60000", **env)
        one, two = servers.one, servers.two
        # Pages that are sent to the other one.
        page = {"collector": "board", "key": "k", "batch": 1, "postings": []}
        run_id = two.post("/api/v1/collect/ingest", json=page).json()["run_id"]
        seen, kinds = threading.Event(), []
        watcher = threading.Thread(target=lambda: kinds.extend(events_of(one, run_id, until=seen)))
        watcher.start()
        assert seen.wait(60)
        page |= {"batch": 2, "done": True}
        assert two.post("/api/v1/collect/ingest", json=page).json()["state"] == "succeeded"
        watcher.join(60)
        assert (kinds[0], kinds[-1]) == ("run", "end")
        assert kinds.count("run") >= 2
        # A run that the worker of the other one executes.
        at = "/api/v1/collectors/hiringcafe"
        assert two.put(at, json={"enabled": True}).status_code == 200
        run_id = one.post(f"{at}/run").json()["run_id"]
        kinds = events_of(one, run_id, until=seen)
        assert kinds[-1] == "end"
        assert kinds.count("event") >= 2
        assert one.get(f"{RUNS}/{run_id}").json()["run"]["state"] == "succeeded"
        assert tracker.jobs.count() == 30
