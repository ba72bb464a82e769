"""A server that is told to end while requests are under way."""

from __future__ import annotations

import http.client
import itertools
import json
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest

from access import bearer, token_for
from crews import wait_until
from jobtracker_core import JobTracker

pytestmark = pytest.mark.full

CLIENTS = 8
LOOKS = 15
"""So often in a row nothing has moved where all clients wait for a lock."""

ENDS_WITHIN_S = 45.0
"""Three seconds for answers under way, ten for a call of the database, and much for the rest: for a
machine that is busy with other things."""

PATIENT = "from jobtracker_core.cli import serve; serve._GRACE_S = 600"
"""Gives more time to answers under way than any test has."""

Fate = Literal["answered", "cut", "half", "refused"]


class Load:
    """Clients that store applications, each one request after the other, and with `reads` lists.

    Attributes:
        fates: What became of the request of each number.
        statuses: Of those that were answered.
        under_way: Numbers that are sent and not answered.
    """

    def __init__(self, port: int, token: str, *, reads: bool = False) -> None:
        self._reads = reads
        self.fates: dict[int, Fate] = {}
        self.statuses: dict[int, int] = {}
        self.under_way: set[int] = set()
        self._port = port
        self._token = token
        self._numbers = itertools.count(1)
        self._threads = [
            threading.Thread(target=self._ask, args=(bool(n % 2),)) for n in range(CLIENTS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def writes(self, number: int) -> bool:
        return not self._reads or number % 4 != 0

    def _ask(self, stays: bool) -> None:
        """Ask until nobody listens any more; `stays` is to keep the connection."""
        while True:
            with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as one:
                going_on = True
                while going_on:
                    number = next(self._numbers)
                    fate = self.send(one, number)
                    going_on = stays and fate == "answered"
            if fate == "refused":
                return

    def send(self, connection: http.client.HTTPConnection, number: int) -> Fate:
        """Send the request of a number and note what became of it."""
        fate: Fate = "refused"
        try:
            connection.connect() if connection.sock is None else None
            fate = "cut"
            headers = {**bearer(self._token), "Content-Type": "application/json"}
            if self.writes(number):
                headers["Idempotency-Key"] = f"key {number}"
                body = json.dumps({"title": f"Job {number}"})
                connection.request("POST", "/api/v1/applications", body, headers)
            else:
                connection.request("GET", "/api/v1/jobs", headers=headers)
            self.under_way.add(number)
            answer = connection.getresponse()
            fate = "half"
            json.load(answer)
            self.statuses[number] = answer.status
            fate = "answered"
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
        self.under_way.discard(number)
        self.fates[number] = fate
        return fate


@contextmanager
def nobody_else_writes(tracker: JobTracker) -> Iterator[None]:
    """Have all writes wait as long as this lasts."""
    with tracker.database.write() as conn:
        if tracker.database.dialect == "postgresql":
            conn.exec_driver_sql("LOCK TABLE audit_log IN EXCLUSIVE MODE")
        yield


class Scene:
    """A server under load, on an installation that the test looks into."""

    def __init__(
        self, start: Any, tracker: JobTracker, db_url: str, *, reads: bool, patched: str = ""
    ) -> None:
        self._start = start
        self._db_url = db_url
        self._tracker = tracker
        self._token = token_for(tracker)
        self._patched = patched
        self.server = self._serve()
        self.load = Load(self._port(), self._token, reads=reads)
        self.load.start()
        wait_until(lambda: len(self.load.statuses) > 5 * CLIENTS)

    def _serve(self) -> Any:
        return self._start(
            *("serve", "--listen", "127.0.0.1:0", "--no-worker"),
            database=self._db_url,
            patched=self._patched,
            api_requests_per_minute="0",
        )

    def _port(self) -> int:
        port: int | None = urlsplit(self.server.url).port
        assert port is not None
        return port

    def all_that_wait(self) -> set[int]:
        """Wait until all clients wait for answers, and no other ones any more; return what for."""
        looks: list[set[int]] = []

        def stand_still() -> bool:
            looks.append(set(self.load.under_way))
            last = looks[-LOOKS:]
            return len(last) == LOOKS and len(last[0]) == CLIENTS and last == [last[0]] * LOOKS

        wait_until(stand_still)
        return looks[-1]

    def told(self, numbers: set[int]) -> Counter[int | str]:
        """The statuses of requests, or what else became of them."""
        return Counter(self.load.statuses.get(n) or self.load.fates[n] for n in numbers)

    def tell(self) -> float:
        """Send the signal; return the time."""
        self.server.process.send_signal(signal.SIGTERM)
        return time.monotonic()

    def is_deaf(self) -> bool:
        """Say whether nobody listens any more."""
        try:
            socket.create_connection(("127.0.0.1", self._port()), timeout=5).close()
        except ConnectionRefusedError:
            return True
        return False

    def check_its_end(self, since: float) -> None:
        """It ended in time and in good order, and left no answer half-way."""
        code = self.server.process.wait(60)
        assert time.monotonic() - since < ENDS_WITHIN_S
        said = self.server.process.stderr.read()
        assert (code, "Traceback" in said) == (0, False), said
        self.load.join()
        assert {n for n, fate in self.load.fates.items() if fate == "half"} == set()
        assert set(self.load.statuses.values()) <= {200, 201, 503}

    def check_nothing_was_lost(self) -> set[int]:
        """What was acknowledged is there, and nothing that nobody asked for; return the rest."""
        acknowledged = {n for n, status in self.load.statuses.items() if status == 201}
        asked = set(filter(self.load.writes, self.load.fates))
        stored = self._stored()
        assert len(stored) == len(set(stored))
        assert acknowledged <= set(stored) <= asked
        return asked - acknowledged

    def send_again(self, numbers: set[int]) -> None:
        """Ask another server the same once more: then all is there, once."""
        self.server = self._serve()
        again = Load(self._port(), self._token)
        with closing(http.client.HTTPConnection("127.0.0.1", self._port(), timeout=60)) as one:
            for number in sorted(numbers):
                assert again.send(one, number) == "answered"
                assert again.statuses[number] == 201
        assert sorted(self._stored()) == sorted(filter(self.load.writes, self.load.fates))
        assert self.server.end(signal.SIGTERM)[0] == 0

    def _stored(self) -> list[int]:
        with self._tracker.database.read() as conn:
            titles = conn.exec_driver_sql("SELECT title FROM applications").scalars()
            return [int(title.rpartition(" ")[2]) for title in titles]


@pytest.fixture
def scene(start: Any, tracker: JobTracker, db_url: str) -> Scene:
    """Eight clients that only write."""
    return Scene(start, tracker, db_url, reads=False)


@pytest.fixture
def mixed_scene(start: Any, tracker: JobTracker, db_url: str) -> Scene:
    """Eight clients that write and read."""
    return Scene(start, tracker, db_url, reads=True)


@pytest.mark.fault(
    "F6",
    done="A server got SIGTERM while eight clients stored applications and read lists without a pause.",
    holds="It ended with code 0 within seconds; each request was answered or cut off whole, what was acknowledged was there, and the rest, sent again, was there once.",
)
def test_under_load_nothing_acknowledged_is_lost(mixed_scene: Scene) -> None:
    since = mixed_scene.tell()
    mixed_scene.check_its_end(since)
    mixed_scene.send_again(mixed_scene.check_nothing_was_lost())


@pytest.mark.fault(
    "F6",
    done="A server got SIGTERM while eight writes waited for a lock of the database, which was free a moment later.",
    holds="What had reached it was answered before it ended, and nothing was lost.",
)
def test_what_is_under_way_is_finished(scene: Scene, tracker: JobTracker) -> None:
    with nobody_else_writes(tracker):
        waiting = scene.all_that_wait()
        since = scene.tell()
        wait_until(scene.is_deaf)
    scene.check_its_end(since)
    told = scene.told(waiting)
    # One that was on its way when the signal came may have been cut off.
    assert told.keys() <= {201, "cut"}
    assert told[201] >= CLIENTS // 2
    scene.check_nothing_was_lost()


@pytest.mark.fault(
    "F6",
    done="A server got SIGTERM while eight writes waited for a lock of the database, for longer than it waits for them.",
    holds="What had reached it was told 503, and nothing that was acknowledged was lost.",
)
def test_what_is_not_finished_in_time_is_told_so(scene: Scene, tracker: JobTracker) -> None:
    with nobody_else_writes(tracker):
        waiting = scene.all_that_wait()
        since = scene.tell()
        wait_until(lambda: waiting <= scene.load.fates.keys())
    told = scene.told(waiting)
    assert told.keys() <= {503, "cut"}
    assert told[503] >= CLIENTS // 2
    scene.check_its_end(since)
    scene.check_nothing_was_lost()


@pytest.mark.fault(
    "F6",
    done="A server got SIGTERM twice while eight writes waited for a lock of the database.",
    holds="It waited for none of them: each was told 503 or cut off whole, and nothing that was acknowledged was lost.",
)
def test_told_twice_it_waits_for_no_answer(start: Any, tracker: JobTracker, db_url: str) -> None:
    scene = Scene(start, tracker, db_url, reads=False, patched=PATIENT)
    with nobody_else_writes(tracker):
        waiting = scene.all_that_wait()
        scene.tell()
        wait_until(scene.is_deaf)
        since = scene.tell()
        wait_until(lambda: waiting <= scene.load.fates.keys())
        # Else they would be told when they have waited ten seconds for the lock.
        assert time.monotonic() - since < 5
    assert scene.told(waiting).keys() <= {503, "cut"}
    scene.check_its_end(since)
    scene.check_nothing_was_lost()
