"""Workers as processes on one database, what they say, and what must be true of their runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import psutil
import sqlalchemy as sa

from jobtracker_core.contract.run import RunState
from jobtracker_core.runner.attempt import label_of
from jobtracker_core.runner.processes import MARK
from jobtracker_core.storage import attempts, events, queue, runs
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.queue_tables import collector_run_attempts
from jobtracker_core.storage.tables import collector_runs, jobs
from queueing import wanted

PROGRAM = Path(__file__).parents[1] / "faults" / "crew_worker.py"
LEASE_S = 60.0
"""No worker loses a run because its machine has much to do: what is killed is found dead."""
SHORT_LEASE_S = 2.0
"""For whoever is to stand still for longer than that."""


Place = Literal["page", "claim", "sweep"]
"""In the transaction of a page, right after a claim, in the transaction of a sweep."""

POSTINGS = 12
"""What the board has for each place."""


def served(place: str) -> set[str]:
    """The source ids of all postings that the board has for a place."""
    return {f"{place}-{number}" for number in range(POSTINGS)}


def wait_until(what: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    """Wait for what becomes true, and return it; an error if it does not."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)
    return found


def strike(at: Place, number: signal.Signals, mark: Path) -> dict[str, Any]:
    """What to tell a worker that is to get a signal at a place; `mark` is there when it has."""
    return {"strike": {"at": at, "signal": int(number), "mark": str(mark)}}


class Member:
    """One worker's process."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.pid = process.pid
        self.killed = False
        self._log = log

    def said(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """What it logged so far."""
        lines = self.text().splitlines(keepends=True)
        whole = [json.loads(line) for line in lines if line.endswith("\n") and line[0] == "{"]
        return [line for line in whole if line["event"] == event and fields.items() <= line.items()]

    def text(self) -> str:
        """All that it wrote."""
        return self._log.read_text(encoding="utf-8")

    def wait(self, event: str, count: int = 1, *, seconds: float = 60.0, **fields: Any) -> Any:
        """Wait until it has logged that so often; return the last of them."""
        try:
            wait_until(lambda: len(self.said(event, **fields)) >= count, seconds=seconds)
        except AssertionError:
            raise AssertionError(self.text()[-4000:]) from None
        return self.said(event, **fields)[-1]

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def freeze(self) -> None:
        """Stop it (SIGSTOP), and wait until it stands still."""
        self.signal(signal.SIGSTOP)
        wait_until(lambda: psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)

    def kill(self) -> None:
        self.killed = True
        self.process.kill()
        self.process.wait()

    def end(self, seconds: float = 60.0) -> int:
        """Wait for its end; return the exit code."""
        return self.process.wait(seconds)


class Crew:
    """Workers on one database, whose site is the board beside the tests."""

    def __init__(self, db: Database, url: str, folder: Path, data: Path) -> None:
        self.db = db
        self._url = url
        self.folder = folder
        self._data = data
        self.members: list[Member] = []

    def start(
        self, *, url: str | None = None, told: dict[str, Any] | None = None, **options: Any
    ) -> Member:
        """Start a worker; it has begun to work when this returns."""
        member = self.launch(url=url, told=told, **options)
        member.wait("worker started")
        return member

    def launch(
        self, *, url: str | None = None, told: dict[str, Any] | None = None, **options: Any
    ) -> Member:
        """Start a worker's process and do not wait for it."""
        words = {
            "url": url or self._url,
            "data": str(self._data),
            "options": {"slots": 2, "lease_s": LEASE_S, "poll_s": 0.5, "drain_s": 20, **options},
            **(told or {}),
        }
        log = self._data / f"worker-{len(self.members)}.log"
        path = os.pathsep.join([str(self.folder), *sys.path])
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-P", str(PROGRAM), json.dumps(words)],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": path, "JOBTRACKER_CONFIG": ""},
            )
        member = Member(process, log)
        self.members.append(member)
        return member

    def put(self, text: str = "plain", place: str = "berlin", **facts: Any) -> int:
        """Put a run into the queue; return its number."""
        made = queue.enqueue(
            self.db,
            wanted(
                **{
                    "collector": "crew",
                    "query": {"text": text, "location": place},
                    "query_hash": text + place,
                    "site": "board.example",
                    "max_parallel": 2,
                    "max_attempts": 50,
                    **facts,
                }
            ),
        )
        assert made.outcome == "made"
        return made.run_id

    def open_gate(self) -> None:
        (self.folder / "go").touch()

    def state(self, run_id: int) -> RunState:
        return runs.get(self.db, run_id).state

    def wait_for_end(self, *run_ids: int, seconds: float = 60.0) -> None:
        """Wait until these runs have come to their end."""
        waiting = {RunState.PENDING, RunState.RUNNING}
        try:
            wait_until(
                lambda: not any(self.state(number) in waiting for number in run_ids),
                seconds=seconds,
            )
        except AssertionError:
            rows = [runs.get(self.db, number) for number in run_ids]
            raise AssertionError(
                [(r.id, r.state, r.attempt, r.error_class) for r in rows]
            ) from None

    def stored(self) -> list[str]:
        """The source ids of all jobs."""
        with self.db.read() as conn:
            return sorted(conn.execute(sa.select(jobs.c.source_id)).scalars())

    def backwards(self) -> int:
        """Count the pages of a run that were written after one of a later claim."""
        with self.db.read() as conn:
            rows = conn.exec_driver_sql("SELECT run_id, fence FROM audit ORDER BY run_id, n").all()
        return sum(
            one.run_id == two.run_id and two.fence < one.fence for one, two in pairwise(rows)
        )

    def counted(self) -> tuple[int, int]:
        """How many jobs there are, and how many the runs say that they brought: at one moment."""
        there = sa.select(sa.func.count()).select_from(jobs).scalar_subquery()
        said = sa.select(
            sa.func.coalesce(sa.func.sum(collector_runs.c.jobs_new), 0)
        ).scalar_subquery()
        with self.db.read() as conn:
            row = conn.execute(sa.select(there, said)).one()
        return int(row[0]), int(row[1])

    def sites_running(self) -> list[str]:
        """The site of each run that is running at one moment."""
        columns = collector_runs.c
        with self.db.read() as conn:
            query = sa.select(columns.concurrency_key).where(columns.state == "running")
            return list(conn.execute(query).scalars())

    def end_lease(self, run_id: int) -> None:
        """Have the lease of a run be over, as if its worker had not renewed it."""
        with self.db.write() as conn:
            over = self.db.now(conn) - timedelta(seconds=1)
            query = sa.update(collector_runs).where(collector_runs.c.id == run_id)
            conn.execute(query.values(lease_expires_at=over))

    def has_event(self, run_id: int, kind: str) -> bool:
        """Whether that is written in a run's history; its worker tells it before it writes it."""
        return any(event.kind == kind for event in events.list_events(self.db, run_id))

    def lease_end(self, run_id: int) -> datetime:
        """When the lease of a running run is over."""
        with self.db.read() as conn:
            query = sa.select(collector_runs.c.lease_expires_at)
            found: datetime = conn.execute(query.where(collector_runs.c.id == run_id)).scalar_one()
        return found

    def attempts(self, run_id: int) -> list[attempts.Attempt]:
        return list(attempts.list_attempts(self.db, run_id))

    def left(self) -> list[psutil.Process]:
        """The processes of all attempts that ever were."""
        columns = collector_run_attempts.c
        with self.db.read() as conn:
            rows = conn.execute(sa.select(columns.worker_id, columns.run_id, columns.fence)).all()
        labels = {label_of(*row) for row in rows}
        found = []
        for process in psutil.process_iter():
            try:
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and process.environ().get(MARK) in labels:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def dismiss(self) -> None:
        """End all that is left of the workers, frozen ones too."""
        for member in self.members:
            if member.process.poll() is None:
                member.signal(signal.SIGCONT)
                member.kill()
