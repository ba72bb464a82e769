"""A server that is killed again and again while programs write through it."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from access import bearer, token_for
from jobtracker_core.storage.audit_tables import audit_log, request_keys
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.tracking_tables import applications, events
from jobtracker_core.tracker import JobTracker
from nursery import Nursery
from served import Served

WRITERS = 4
MOVES = ("draft", "applied", "interviewing", "offer", "rejected")


class Writer(threading.Thread):
    """A program that asks again, with the same key, until it is answered.

    Attributes:
        asked: What it was told was done, by the audit log's names.
        jobs: Its jobs, each with its title.
        applications: Its applications, each with its status and how often it was moved there.
        hit: Requests that were broken off on their way.
        late: Those of them that had been carried out all the same.
    """

    def __init__(self, server: Served, headers: dict[str, str], number: int, seed: str) -> None:
        super().__init__()
        self._server = server
        self._http = httpx.Client(
            base_url=f"{server.url}/api/v1", headers=headers, timeout=60, trust_env=False
        )
        self._name = f"w{number}"
        self._rng = random.Random(f"{seed}-{number}")
        self._made = 0
        self._job_versions: dict[int, int] = {}
        self._application_versions: dict[int, int] = {}
        self.asked: Counter[str] = Counter()
        self.keys = 0
        self.jobs: dict[int, str] = {}
        self.applications: dict[int, tuple[str, int]] = {}
        self.hit = 0
        self.late = 0
        self.end = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Write until told to end."""
        steps = (
            self.enter,
            self.upsert,
            self.edit,
            self.edit,
            self.apply,
            self.move,
            self.move_all,
        )
        try:
            while not self.end.is_set():
                self._rng.choice(steps)()
        except BaseException as error:  # noqa: BLE001  (told by whoever waits)
            self.failure = error
        finally:
            self._http.close()

    @property
    def done(self) -> int:
        """Writes that were acknowledged."""
        return self.asked.total()

    def _word(self) -> str:
        self._made += 1
        return f"{self._name}-{self._made}"

    def _insist(
        self, method: str, path: str, body: Any, **headers: str
    ) -> tuple[httpx.Response, int]:
        """Ask until there is an answer; return it, and how often that was broken off."""
        hit = 0
        while True:
            assert self._server.up.wait(60), "the server did not come back"
            try:
                answer = self._http.request(method, path, json=body, headers=headers)
            except httpx.ConnectError:
                continue
            except httpx.TransportError:
                hit += 1
                continue
            self.hit += hit
            return answer, hit

    def _once(self, path: str, body: Any, action: str) -> Any:
        """Send what has its effect once, and sometimes a second time although it was answered."""
        key = self._word()
        self.keys += 1
        headers = {"Idempotency-Key": key}
        answer, hit = self._insist("POST", path, body, **headers)
        assert answer.status_code in (200, 201), answer.text
        if "idempotency-replayed" in answer.headers:
            assert hit, "answered as a repetition, and was none"
            self.late += 1
        if self._rng.random() < 0.1:
            again, _ = self._insist("POST", path, body, **headers)
            assert again.json() == answer.json()
        self.asked[action] += 1
        return answer.json()

    def _change(
        self, kind: str, versions: dict[int, int], number: int, body: dict[str, str]
    ) -> None:
        """Change what must be as we know it; if it is not, the broken-off request did it."""
        path, expected = f"/{kind}s/{number}", versions[number]
        answer, hit = self._insist("PUT", path, body, **{"If-Match": f'"v{expected}"'})
        if answer.status_code == httpx.codes.PRECONDITION_FAILED:
            assert hit, answer.text
            self.late += 1
            answer, _ = self._insist("GET", path, None)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        said = said.get(kind, said)
        assert said["version"] == expected + 1
        assert body.items() <= said.items()
        versions[number] = expected + 1
        self.asked[f"{kind}.update"] += 1

    def enter(self) -> None:
        title = self._word()
        body = {"title": title, "url": f"https://board.example/{title}"}
        made = self._once("/jobs", body, "job.create")["job"]
        self.jobs[made["id"]], self._job_versions[made["id"]] = title, made["version"]

    def upsert(self) -> None:
        title, number = self._word(), self._rng.randrange(5)
        body = {"source": self._name, "source_id": f"p{number}", "title": title}
        body["url"] = f"https://board.example/{self._name}/{number}"
        made = self._once("/jobs/upsert", body, "job.upsert")["detail"]["job"]
        # A title that was edited by hand stays.
        self.jobs[made["id"]], self._job_versions[made["id"]] = made["title"], made["version"]

    def edit(self) -> None:
        if self.jobs:
            number, title = self._rng.choice(list(self.jobs)), self._word()
            self._change("job", self._job_versions, number, {"title": title})
            self.jobs[number] = title

    def apply(self) -> None:
        made = self._once("/applications", {"title": self._word()}, "application.create")
        self.applications[made["id"]] = "draft", 1
        self._application_versions[made["id"]] = made["version"]

    def move(self) -> None:
        if self.applications:
            number = self._rng.choice(list(self.applications))
            status = self._elsewhere(number)
            self._change("application", self._application_versions, number, {"status": status})
            self._moved(number, status)

    def move_all(self) -> None:
        if self.applications:
            number = self._rng.choice(list(self.applications))
            status = self._elsewhere(number)
            body = {"action": "move", "ids": [number], "status": status}
            told = self._once("/applications/bulk", body, "application.move")
            assert (told["done"], told["failed"]) == (1, 0)
            self._application_versions[number] += 1
            self._moved(number, status)

    def _elsewhere(self, number: int) -> str:
        return self._rng.choice([name for name in MOVES if name != self.applications[number][0]])

    def _moved(self, number: int, status: str) -> None:
        self.applications[number] = status, self.applications[number][1] + 1


@pytest.fixture
def server(nursery: Nursery, tracker: JobTracker, db_url: str, tmp_path: Path) -> Iterator[Served]:
    env = {"JOBTRACKER_API_REQUESTS_PER_MINUTE": "0"}
    with Served(nursery, db_url, tmp_path, env=env) as server:
        yield server


def kill_while_they_write(
    server: Served, tracker: JobTracker, seed: str, *, kills: int, writes: int
) -> list[Writer]:
    """Have writers write that much at least, and kill the server so often meanwhile."""
    headers, rng = bearer(token_for(tracker)), random.Random(seed)
    writers = [Writer(server, headers, number, seed) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        for kill in range(kills):
            wait_for(writers, writes * (kill + 1) // (kills + 1))
            time.sleep(rng.uniform(0.0, 0.05))  # the moment is what is left to chance
            server.kill()
            server.start()
        wait_for(writers, writes)
    finally:
        for writer in writers:
            writer.end.set()
        for writer in writers:
            writer.join()
    assert [writer.failure for writer in writers] == [None] * WRITERS
    return writers


def wait_for(writers: list[Writer], count: int, *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while sum(writer.done for writer in writers) < count:
        for writer in writers:
            assert writer.failure is None, repr(writer.failure)
        assert time.monotonic() < deadline, "they write no more"
        time.sleep(0.005)


def check(tracker: JobTracker, writers: list[Writer]) -> None:
    """Compare what is stored with what was acknowledged: no less, and no more."""
    expected: Counter[str] = sum((writer.asked for writer in writers), Counter())
    with tracker.database.read() as conn:
        titles = {row.id: row.title for row in conn.execute(sa.select(jobs.c.id, jobs.c.title))}
        moves = sa.select(applications.c.id, applications.c.status, sa.func.count(events.c.id))
        moves = moves.join(events, events.c.application_id == applications.c.id)
        found = conn.execute(moves.group_by(applications.c.id, applications.c.status)).all()
        audited = Counter(conn.execute(sa.select(audit_log.c.action)).scalars())
        keys = conn.execute(sa.select(sa.func.count()).select_from(request_keys)).scalar_one()
    assert titles == {number: title for one in writers for number, title in one.jobs.items()}
    assert {number: (status, count) for number, status, count in found} == {
        number: moved for one in writers for number, moved in one.applications.items()
    }
    ours = {name: count for name, count in audited.items() if name in expected}
    assert ours == expected
    assert keys == sum(writer.keys for writer in writers)


def run(server: Served, tracker: JobTracker, record: Any, seed: str, **size: int) -> None:
    record("seed", seed)
    writers = kill_while_they_write(server, tracker, seed, **size)
    check(tracker, writers)
    # Each kill found requests under way: else the test has shown nothing.
    assert sum(writer.hit for writer in writers) >= size["kills"]


@pytest.mark.fault(
    "F5",
    done="The server was killed (kill -9) twice while four programs wrote through it.",
    holds="Nothing that was acknowledged was lost, and what was sent again was done once: jobs, "
    "applications, events, audit rows.",
)
def test_a_killed_server_loses_nothing(server, tracker, record_property) -> None:
    run(server, tracker, record_property, "20260301", kills=2, writes=60)


@pytest.mark.full
@pytest.mark.parametrize("seed", ["20260302", "20260303"])
@pytest.mark.fault(
    "F5",
    done="The server was killed (kill -9) ten times while four programs sent 500 writes and more.",
    holds="Nothing that was acknowledged was lost, and what was sent again was done once: jobs, "
    "applications, events, audit rows.",
)
def test_a_server_that_is_killed_all_the_time(server, tracker, record_property, seed) -> None:
    run(server, tracker, record_property, seed, kills=10, writes=500)
