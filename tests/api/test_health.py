"""`/healthz` and `/readyz`."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import text

from jobtracker_core.api.health import DatabaseProbe
from jobtracker_core.api.problems import Unavailable
from jobtracker_core.storage.errors import Unreachable
from jobtracker_core.storage.schema import SchemaStatus


def test_alive_and_ready(client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert ready["status"] == "ready"
    assert ready["schema"]


def test_alive_but_not_ready_on_other_tables(client, problem, tracker) -> None:
    assert client.get("/readyz").status_code == 200
    with tracker.database.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = 'from_the_future'"))
    said = problem("GET", "/readyz")
    assert said["status"] == 503
    assert "newer" in said["detail"]
    assert client.get("/healthz").status_code == 200


class Installation:
    """Stands for a tracker whose database does what a test wants."""

    def __init__(self, look) -> None:
        self.check_database = look


def test_a_database_that_hangs_is_asked_once_and_answers_come_in_time() -> None:
    asked, go_on = [], threading.Event()

    def hang() -> SchemaStatus:
        asked.append(1)
        go_on.wait(60)
        return SchemaStatus(current="0001", head="0001", state="current")

    async def ask() -> str:
        probe = DatabaseProbe(Installation(hang), patience=0.01)  # type: ignore[arg-type]
        for _ in range(3):
            with pytest.raises(Unavailable, match="has not answered"):
                await probe.ask()
        go_on.set()
        probe._patience = 20
        return await probe.ask()

    assert asyncio.run(ask()) == "0001"
    assert asked == [1]


def test_a_failure_that_comes_late_is_forgotten_by_the_next_question() -> None:
    asked: list[int] = []

    def look() -> SchemaStatus:
        asked.append(1)
        if len(asked) == 1:
            raise Unreachable("gone")
        return SchemaStatus(current="0001", head="0001", state="current")

    async def ask() -> str:
        probe = DatabaseProbe(Installation(look))  # type: ignore[arg-type]
        with pytest.raises(Unreachable):
            await probe.ask()
        return await probe.ask()

    assert asyncio.run(ask()) == "0001"
