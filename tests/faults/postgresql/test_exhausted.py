"""PostgreSQL, or the server's own pool, has no connection left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest

from access import bearer, token_for
from jobtracker_core import JobTracker
from nursery import Nursery
from served import Served
from tcp_postgres import TcpPostgres

AT_ONCE = 40
"""More than the server has threads (16) and connections (15)."""

IDLE = 100
"""More than PostgreSQL takes."""

OURS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'jobtracker' AND datname = %s"


@pytest.fixture
def client(
    nursery: Nursery, server: TcpPostgres, name: str, tracker: JobTracker, tmp_path: Path
) -> Iterator[httpx.Client]:
    """A client of a server of its own."""
    headers = bearer(token_for(tracker))
    tracker.close()  # its connections are not to be counted
    limits = httpx.Limits(max_connections=AT_ONCE + 5)
    # What is kept and known to be right still is given without a connection.
    nothing_kept = {"JOBTRACKER_API_KEPT_MB": "0"}
    with (
        Served(nursery, server.url(name), tmp_path, env=nothing_kept) as served,
        httpx.Client(base_url=served.url, headers=headers, timeout=60, limits=limits) as client,
    ):
        yield client


def ask_at_once(client: httpx.Client, count: int = AT_ONCE) -> list[httpx.Response]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _: client.get("/api/v1/jobs"), range(count)))


def check_refusals(answers: list[httpx.Response]) -> None:
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["type"] == "urn:jobtracker:problem:unavailable"
        assert "127.0.0.1" not in answer.text


def is_well(client: httpx.Client) -> bool:
    ready = client.get("/readyz").status_code == 200
    return ready and {answer.status_code for answer in ask_at_once(client, 10)} == {200}


def connect_all(stack: ExitStack, server: TcpPostgres) -> None:
    """Open idle connections until the server takes no more, which it does before the last one."""

    def connect() -> None:
        for _ in range(IDLE):
            stack.enter_context(server.connect())

    with pytest.raises(psycopg.OperationalError, match="too many clients"):
        connect()


@pytest.mark.fault(
    "F11",
    done="100 idle clients took all connections of PostgreSQL, and the server's own were cut.",
    holds="Each request was answered 503 with Retry-After at once, readiness was 503 too, "
    "/healthz was 200; and all was well after the clients' going, without a restart.",
)
def test_a_postgresql_without_connections(
    client: httpx.Client, server: TcpPostgres, name: str, wait_until
) -> None:
    assert is_well(client)
    with ExitStack() as idle:
        admin = idle.enter_context(server.connect())
        connect_all(idle, server)
        # What it held before it keeps: the requests take turns on that.
        some = Counter(answer.status_code for answer in ask_at_once(client))
        assert set(some) <= {200, 503}
        # Whoever listens for news connects again at once, and may be quicker than the idle ones.
        while ours := admin.execute(OURS, (name,)).fetchall():
            for (pid,) in ours:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            connect_all(idle, server)
        began = time.monotonic()
        check_refusals(ask_at_once(client))
        assert client.get("/readyz").status_code == 503
        assert time.monotonic() - began < 10, "nobody waited for a connection"
        assert client.get("/healthz").status_code == 200
    wait_until(lambda: is_well(client))


@pytest.mark.full
@pytest.mark.fault(
    "F11",
    done="40 requests at once waited for a table that another session had locked: the server's "
    "threads and its pool were all taken.",
    holds="Each was answered 503 with Retry-After within 30 s (10 for a connection, 10 for the "
    "lock); /healthz was 200, readiness 503 meanwhile; all was well after the lock's end.",
)
def test_a_pool_without_connections(
    client: httpx.Client, server: TcpPostgres, name: str, wait_until
) -> None:
    assert is_well(client)
    with (
        ThreadPoolExecutor(1) as aside,
        server.connect(name) as other,
        other.transaction(),
    ):
        other.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        answers = aside.submit(ask_at_once, client)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with server.connect() as admin:
            wait_until(lambda: admin.execute(waiting).fetchone() == (15,))
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        check_refusals(answers.result())
        assert time.monotonic() - began < 30, "nobody waited three times"
    wait_until(lambda: is_well(client))
