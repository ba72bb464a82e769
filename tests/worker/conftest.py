"""Workers in threads and as processes, on a site that waits until the test lets it go on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.limits import Patience
from jobtracker_core.runner.worker import Options, Worker
from jobtracker_core.storage import queue
from jobtracker_hiringcafe.practice import HiringCafeSite
from queueing import turn_on, wanted

HERE = Path(__file__).parent


class Board:
    """The site of the gated collector, and what its plugin was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.holds(6)

    def holds(self, postings: int) -> None:
        (self.folder / "postings").write_text(str(postings))

    def let_go(self) -> None:
        (self.folder / "go").touch()

    def wait_for(self, count: int) -> None:
        """Wait until a plugin has heard of so many ends."""
        deadline = time.monotonic() + 60
        while len(self.finished) < count:
            assert time.monotonic() < deadline, self.finished

    @property
    def finished(self) -> list[str]:
        path = self.folder / "finished"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """The gated collector, installed."""
    folder = tmp_path / "installed"
    info = folder / "gated_board-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gated-board\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jobtracker]\ngated_board = gated_board\n")
    (folder / "gated_board.py").write_text((HERE / "gated_board.py").read_text())
    monkeypatch.syspath_prepend(str(folder))
    yield Board(folder)
    sys.modules.pop("gated_board", None)


@pytest.fixture
def site() -> Iterator[HiringCafeSite]:
    with HiringCafeSite(postings=90) as site:
        yield site


@pytest.fixture
def tracker(
    db_url: str, tmp_path: Path, board: Board, site: HiringCafeSite
) -> Iterator[JobTracker]:
    """An installation whose two collectors are on."""
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=db_url,
        plugins=("gated_board", "hiringcafe"),
        collectors={"hiringcafe": {"base_url": site.base_url, "per_minute": 60_000}},
    )
    with JobTracker(settings) as tracker:
        turn_on(tracker.database, "gated", "hiringcafe")
        yield tracker


@pytest.fixture
def enqueue(tracker: JobTracker) -> Callable[..., int]:
    """Put a run of the gated collector into the queue; returns its number."""

    def put(text: str = "plain", place: str = "berlin", **facts: Any) -> int:
        made = queue.enqueue(
            tracker.database,
            wanted(
                **{
                    "collector": "gated",
                    "query": {"text": text, "location": place},
                    "query_hash": text + place,
                    "site": "board.example",
                    **facts,
                }
            ),
        )
        assert made.outcome == "made"
        return made.run_id

    return put


class Lines:
    """What workers log, to be waited for."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str, Mapping[str, Any]]] = []
        self._changed = threading.Condition()

    def add(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        with self._changed:
            self.all.append((level, event, dict(fields)))
            self._changed.notify_all()

    def of(self, event: str, **fields: Any) -> list[Mapping[str, Any]]:
        return [
            told
            for _, what, told in list(self.all)
            if what == event and fields.items() <= told.items()
        ]

    def wait(self, event: str, count: int = 1, **fields: Any) -> list[Mapping[str, Any]]:
        with self._changed:
            come = self._changed.wait_for(lambda: len(self.of(event, **fields)) >= count, 60)
        assert come, self.all
        return self.of(event, **fields)


@pytest.fixture
def lines() -> Lines:
    return Lines()


class Running:
    """A worker in a thread."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.id = worker.worker_id
        self._thread = threading.Thread(target=worker.run)
        self._thread.start()

    def wait(self, seconds: float = 60) -> None:
        self._thread.join(seconds)
        assert not self._thread.is_alive()

    def end(self) -> None:
        self.worker.stop()
        self.wait()


@pytest.fixture
def start(tracker: JobTracker, lines: Lines) -> Iterator[Callable[..., Running]]:
    """Start a worker; the options are the worker's own."""
    with ExitStack() as stack:

        def run(*, clock: Clock | None = None, **options: Any) -> Running:
            worker = Worker(
                tracker.database,
                tracker.registry,
                tracker.collector_settings,
                options=Options(**{"slots": 2, **options}),
                on_log=lines.add,
                clock=clock,
                patience=Patience(tick=0.05, grace=5),
            )
            running = Running(worker)
            stack.callback(running.end)
            return running

        yield run


class Program:
    """A `jobtracker` process whose standard error is read line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""

    def read_to(self, text: str) -> str:
        """Read up to the line that holds a text; return that."""
        assert self.process.stderr is not None
        while line := self.process.stderr.readline():
            self.said += line
            if text in line:
                return line
        raise AssertionError(f"no {text!r} in {self.said}")

    def end(self, *numbers: int) -> int:
        for number in numbers:
            self.process.send_signal(number)
        self.said += self.process.communicate(timeout=60)[1]
        return self.process.returncode


@pytest.fixture
def program(
    tmp_path: Path, db_url: str, board: Board, site: HiringCafeSite
) -> Iterator[Callable[..., Program]]:
    """Start `jobtracker` with arguments."""
    with ExitStack() as stack:

        def run(*arguments: str) -> Program:
            env = {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(board.folder),
                "PYTHONUNBUFFERED": "1",
                "JOBTRACKER_CONFIG": "",
                "JOBTRACKER_DATA_DIR": str(tmp_path / "data"),
                "JOBTRACKER_DATABASE_URL": db_url,
                "JOBTRACKER_PLUGINS": "gated_board,hiringcafe",
                "JOBTRACKER_LOG_FORMAT": "human",
                "JOBTRACKER_HIRINGCAFE_BASE_URL": site.base_url,
            }
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "jobtracker_core", *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=env,
                )
            )
            stack.callback(process.kill)
            return Program(process)

        yield run
