"""`/metrics`: what Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from jobtracker_core import JobTracker
from jobtracker_core.api.metrics import REMEMBERED_S, Metrics
from jobtracker_core.contract.run import RunState
from jobtracker_core.server.application import Application
from jobtracker_core.server.compose import create_app
from jobtracker_core.storage import collectors, endings
from jobtracker_core.storage.errors import Unreachable
from jobtracker_core.storage.tables import collector_runs
from jobtracker_core.storage.tables import collectors as collectors_table
from queueing import put, take, turn_on


@pytest.fixture
def stranger(tracker: JobTracker) -> Iterator[TestClient[Application]]:
    """A client of an app of its own, which has counted nothing yet."""
    with TestClient(create_app(tracker), base_url="http://127.0.0.1") as client:
        yield client


def read(text: str) -> dict[tuple[str, ...], float]:
    """Return each number by its name and the values of its labels."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_queue_and_the_collectors_in_numbers(client, tracker) -> None:
    db = tracker.database
    turn_on(db)
    good = put(db)
    endings.finish(db, take(db), state=RunState.SUCCEEDED)
    put(db, scheduled_for=db.present() + timedelta(hours=1))
    waiting = put(db, site="other.example", query_hash="q2")
    put(db, query_hash="q3")
    take(db)
    with db.write() as conn:
        conn.execute(
            sa.update(collector_runs)
            .where(collector_runs.c.id == waiting)
            .values(scheduled_for=db.now(conn) - timedelta(minutes=5))
        )
        conn.execute(
            sa.update(collectors_table).values(
                paused_until=db.now(conn) + timedelta(hours=1), consecutive_failures=5
            )
        )
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = read(answer.text)
    assert found["jobtracker_database_up",] == 1
    assert found["jobtracker_runs", "pending"] == 2
    assert found["jobtracker_runs", "running"] == 1
    assert found["jobtracker_queue_depth",] == 1
    ended = tracker.runs.get(good).summary.finished_at.timestamp()
    assert found["jobtracker_collector_last_success_timestamp_seconds", "site"] == ended
    assert found["jobtracker_runs_ended_last_day", "site", "succeeded"] == 1
    assert found["jobtracker_collector_paused", "site"] == 1
    assert found["jobtracker_collector_failures", "site"] == 5
    assert found["jobtracker_collector_enabled", "site"] == 1
    assert found["jobtracker_schedule_lag_seconds",] == 0
    assert found["jobtracker_workers",] == 0


def test_how_long_the_longest_waiting_run_waits(client, tracker) -> None:
    db = tracker.database
    collectors.ensure(db, ["site"])
    waiting = put(db)
    with db.write() as conn:
        conn.execute(
            sa.update(collector_runs)
            .where(collector_runs.c.id == waiting)
            .values(scheduled_for=db.now(conn) - timedelta(minutes=5))
        )
    age = read(client.get("/metrics").text)["jobtracker_queue_age_seconds",]
    assert 300 <= age < 360


def test_requests_are_counted_by_their_route(client, fill) -> None:
    fill(1)
    for path in ("/api/v1/jobs", "/api/v1/jobs/1", "/api/v1/jobs/99", "/nothing/at/all"):
        client.get(path)
    client.head("/api/v1/jobs")
    client.get("/api/v1/jobs", headers={"authorization": "Bearer none"})
    found = read(client.get("/metrics").text)
    requests = {
        name[1:]: value
        for name, value in found.items()
        if name[0] == "jobtracker_http_requests_total"
    }
    assert requests["GET", "/api/v1/jobs", "200"] == 1
    assert requests["HEAD", "/api/v1/jobs", "200"] == 1
    assert requests["GET", "/api/v1/jobs", "401"] == 1
    assert {value for (_, route, _), value in requests.items() if "{" in route} == {1}
    assert requests["GET", "none", "404"] == 1
    assert found["jobtracker_http_request_seconds_count", "/api/v1/jobs"] == 3


def test_a_strange_method_makes_no_new_number(client) -> None:
    for number in range(5):
        client.request(f"STRANGE{number}", "/api/v1/jobs")
    found = read(client.get("/metrics").text)
    names = {name[1] for name in found if name[0] == "jobtracker_http_requests_total"}
    assert names <= {"other", "GET"}


def test_many_who_read_cost_one_look_in_five_seconds(tracker) -> None:
    looks, now = [0], [100.0]

    def look() -> Any:
        looks[0] += 1
        return tracker.gauges()

    metrics = Metrics(look, clock=lambda: now[0])
    for _ in range(10):
        metrics.text()
    assert looks == [1]
    now[0] += REMEMBERED_S
    metrics.text()
    assert looks == [2]


def test_without_the_database_the_process_still_tells_of_itself(caplog) -> None:
    def look() -> Any:
        raise Unreachable("postgresql://db.example: gone")

    metrics = Metrics(look)
    metrics.note("GET", "/x", 200, 0.1)
    found = read(metrics.text().decode())
    assert found["jobtracker_database_up",] == 0
    assert ("jobtracker_queue_depth",) not in found
    assert found["jobtracker_http_requests_total", "GET", "/x", "200"] == 1
    assert "gone" in caplog.text


def test_who_may_read_them(stranger, holding) -> None:
    assert stranger.get("/metrics").status_code == 401
    assert stranger.get("/metrics", headers=holding("jobs:write")).status_code == 403
    assert stranger.get("/metrics", headers=holding("admin")).status_code == 200


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 401),
        (None, {}, 401),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, 401),
        ("127.0.0.1", {"forwarded": "for=192.0.2.7"}, 401),
    ],
)
def test_a_setting_opens_them_to_this_machine_alone(
    tracker, monkeypatch, address, headers, status
) -> None:
    monkeypatch.setattr("jobtracker_core.api.metrics.address_of", lambda _: address)
    settings = structs.replace(tracker.settings, local_metrics=True)
    with (
        JobTracker(settings) as opened,
        TestClient(create_app(opened), base_url="http://127.0.0.1") as client,
    ):
        assert client.get("/metrics", headers=headers).status_code == status
        assert client.get("/api/v1/jobs").status_code == 401
