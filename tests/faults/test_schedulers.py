"""Schedulers as processes of their own, one of which is killed or stands still within a tick."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crews import wait_until
from frozen import FrozenTime
from jobtracker_core.runner import schedule as schedules
from jobtracker_core.storage import runs, searches
from jobtracker_core.storage.searches import Schedule
from queueing import draft, turn_on

pytestmark = pytest.mark.full

SEARCHES = 3
HOURLY = Schedule(kind="cron", cron="0 * * * *", misfire_window_s=1800)

# Turns ticks into runs for ever. The first that is at the place which a file names gets a signal
# there, from itself: before the tick's transaction, or inside of it, when its watermark is moved and
# its run is not there yet.
SCHEDULER = """
import os, sys, time
from datetime import datetime
from pathlib import Path
from jobtracker_core.runner import pump
from jobtracker_core.storage import engine, errors, ticks

url, folder, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
clock = None
if url.startswith("sqlite"):
    clock = lambda: datetime.fromisoformat((folder / "present").read_text())
db = engine.open_database(url, clock=clock)

def be_struck(place):
    try:
        (folder / place).rename(folder / f"struck-{os.getpid()}")
    except FileNotFoundError:
        return
    os.kill(os.getpid(), number)
    time.sleep(1)  # it is another thread that hears the signal, and stops this one

tick, advance = ticks.tick, ticks._advance

def slow_tick(db, search, due):
    be_struck("before")
    return tick(db, search, due)

def slow_advance(conn, search, due):
    found = advance(conn, search, due)
    if found is not None:
        be_struck("inside")
    return found

ticks.tick, ticks._advance = slow_tick, slow_advance
while True:
    try:
        pump.pump(db)
    except errors.StorageError as error:
        print(error, flush=True)
    time.sleep(0.02)
"""


class Schedulers:
    """Processes that turn ticks into runs, in a time that is moved by hand."""

    def __init__(self, frozen: FrozenTime, url: str, folder: Path) -> None:
        self.frozen = frozen
        self.began = frozen.at
        self._url = url
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.advance(0)

    def start(self, count: int, *, signal_: int) -> None:
        for _ in range(count):
            with (self._folder / f"log-{len(self._processes)}").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-c", SCHEDULER, self._url, self._folder, str(signal_)],
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            self._processes[process.pid] = process

    def advance(self, hours: int) -> None:
        """Let time pass for all of them at once."""
        self.frozen.advance(hours=hours)
        new = self._folder / "present.new"
        new.write_text(self.frozen.at.isoformat())
        new.rename(self._folder / "present")

    def strike(self, place: str) -> subprocess.Popen[bytes]:
        """Have the next one that comes to a place be struck there, within an hour from now."""
        (self._folder / place).touch()
        self.advance(1)
        (found,) = wait_until(lambda: list(self._folder.glob("struck-*")))
        return self._processes[int(found.name.partition("-")[2])]

    def catch_up(self) -> None:
        """Wait until no search is due any more."""
        try:
            wait_until(lambda: not searches.due(self.frozen.db)[0], seconds=60)
        except AssertionError:
            logs = [path.read_text() for path in sorted(self._folder.glob("log-*"))]
            raise AssertionError(logs) from None

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def schedulers(db_url: str, dialect: str, tmp_path: Path) -> Iterator[Schedulers]:
    """None yet; there are searches that run every hour and may queue."""
    frozen = FrozenTime(db_url)
    turn_on(frozen.db)
    for number in range(SEARCHES):
        ahead = schedules.next_tick(HOURLY, frozen.at)
        wanted = draft(schedule=HOURLY, name=str(number), overlap="queue")
        searches.create(frozen.db, wanted, next_tick_at=ahead)
    url = db_url
    if dialect == "postgresql":
        # Its server's time, and one second for whoever stands still inside a transaction.
        options = ("search_path=fake,public,pg_catalog", "idle_in_transaction_session_timeout=1s")
        said = "%20".join(f"-c%20{one.replace('=', '%3D')}" for one in options)
        url = f"{db_url}{'&' if '?' in db_url else '?'}options={said.replace(',', '%2C')}"
    folder = tmp_path / "schedulers"
    folder.mkdir()
    made = Schedulers(frozen, url, folder)
    yield made
    made.close()
    frozen.close()


def check_each_tick_once(schedulers: Schedulers, *, caught_up: timedelta) -> None:
    """No tick has two runs; each has one, or was passed over when one run caught up."""
    db, began = schedulers.frozen.db, schedulers.began
    passed = (schedulers.frozen.at - began) // timedelta(hours=1)
    found = runs.list_runs(db, limit=500)
    ticks: Counter[tuple[int | None, datetime | None]] = Counter(
        (run.search_id, run.tick_at) for run in found
    )
    assert set(ticks.values()) == {1}
    lost = caught_up // timedelta(hours=1)
    for search in searches.list_all(db):
        made = sum(number == search.id for number, _ in ticks)
        assert made + search.missed_ticks == passed
        assert search.missed_ticks <= lost
        assert search.last_tick_at == schedulers.frozen.at
        assert search.skipped_ticks == 0


@pytest.mark.parametrize("place", ["before", "inside"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
@pytest.mark.fault(
    "F20",
    done="One of three schedulers was killed, or stood still for hours, before a tick's transaction or inside of it.",
    holds="Each tick became one run, those of the others too, and whoever came back made none twice.",
)
def test_a_scheduler_that_falls_out_costs_no_tick_and_makes_none_twice(
    schedulers: Schedulers, dialect: str, number: signal.Signals, place: str
) -> None:
    schedulers.start(3, signal_=number)
    for _ in range(2):
        schedulers.advance(1)
        schedulers.catch_up()
    struck = schedulers.strike(place)
    # A file has one writer, and that one stands still: nobody can do anything meanwhile.
    blocked = (dialect, number, place) == ("sqlite", signal.SIGSTOP, "inside")
    if number is signal.SIGKILL:
        assert struck.wait(60) == -signal.SIGKILL
    for _ in range(3):
        if not blocked:
            schedulers.catch_up()
        schedulers.advance(1)
    if number is signal.SIGSTOP:
        struck.send_signal(signal.SIGCONT)
    for _ in range(2):
        schedulers.catch_up()
        schedulers.advance(1)
    schedulers.catch_up()
    check_each_tick_once(schedulers, caught_up=timedelta(hours=3 if blocked else 0))
    if number is signal.SIGSTOP:
        assert struck.poll() is None, "it goes on"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
@pytest.mark.fault(
    "F20",
    done="The only scheduler was killed inside a tick's transaction, or stood still there, for four hours.",
    holds="One run of each search caught up, the ticks that were passed over were counted, and no tick had two runs.",
)
def test_after_hours_without_a_scheduler_one_run_catches_up(
    schedulers: Schedulers, number: signal.Signals
) -> None:
    schedulers.start(1, signal_=number)
    schedulers.advance(1)
    schedulers.catch_up()
    struck = schedulers.strike("inside")
    if number is signal.SIGKILL:
        struck.wait(60)
        assert len(runs.list_runs(schedulers.frozen.db)) == SEARCHES
    schedulers.advance(4)
    if number is signal.SIGSTOP:
        struck.send_signal(signal.SIGCONT)
    else:
        schedulers.start(1, signal_=number)
    schedulers.catch_up()
    check_each_tick_once(schedulers, caught_up=timedelta(hours=4))
    found = runs.list_runs(schedulers.frozen.db, limit=500)
    late = Counter(run.search_id for run in found if run.tick_at == schedulers.frozen.at)
    assert sorted(late.values()) == [1] * SEARCHES
