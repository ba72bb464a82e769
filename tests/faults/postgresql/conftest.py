"""An installation on a PostgreSQL server that tests may stop, cut off and slow down."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import hurried
from asking import ask
from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage import queue
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.schema import upgrade
from queueing import turn_on, wanted
from tcp_postgres import TcpPostgres
from tcp_proxy import TcpProxy

HERE = Path(__file__).parent
TEMPLATE = "jt_template"
USERS = ("one", "two")


@pytest.fixture(scope="session")
def tcp_postgres() -> Iterator[TcpPostgres]:
    """A server of this process's own, with a migrated template database."""
    with TcpPostgres() as server:
        with server.connect() as admin:
            admin.execute(f"CREATE DATABASE {TEMPLATE}")
            # Each worker its own, so that one can tell who wrote what.
            for user in USERS:
                admin.execute(f"CREATE ROLE {user} SUPERUSER LOGIN")
        database = open_database(server.url(TEMPLATE))
        upgrade(database)
        database.close()
        yield server


@pytest.fixture
def server(tcp_postgres: TcpPostgres) -> Iterator[TcpPostgres]:
    """The same, running whatever the test before has done to it."""
    if not tcp_postgres.running:
        tcp_postgres.start()
    yield tcp_postgres
    if not tcp_postgres.running:
        tcp_postgres.start()


@pytest.fixture
def name(server: TcpPostgres) -> Iterator[str]:
    """The name of a database with all tables, empty."""
    name = f"t{uuid.uuid4().hex}"
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield name
    if not server.running:
        server.start()
    with server.connect() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sql(server: TcpPostgres, name: str) -> Callable[..., list[tuple[Any, ...]]]:
    """Run one statement on a connection of its own; gives its rows."""

    def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
        with server.connect(name) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def wire(server: TcpPostgres) -> Iterator[TcpProxy]:
    """A wire to the server that can be cut."""
    with TcpProxy(("127.0.0.1", server.port)) as wire:
        yield wire


@pytest.fixture
def open_through(server: TcpPostgres, name: str) -> Iterator[Callable[[TcpProxy], Database]]:
    """Open the database behind a wire, with one connection made."""
    with ExitStack() as stack:

        def connect(wire: TcpProxy) -> Database:
            db = open_database(server.url(name, port=wire.port))
            stack.callback(db.close)
            assert ask(db) == 2
            return db

        yield connect


@pytest.fixture
def pair(server: TcpPostgres, name: str) -> Iterator[tuple[Database, Database]]:
    """The database opened twice, and connected to."""
    pair = open_database(server.url(name)), open_database(server.url(name))
    for db in pair:
        ask(db)
    yield pair
    for db in pair:
        db.close()


class Board:
    """The site of the paced collector."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def let_go(self) -> None:
        (self.folder / "go").touch()


def install(folder: Path) -> Board:
    info = folder / "paced_board-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: paced-board\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jobtracker]\npaced_board = paced_board\n")
    (folder / "paced_board.py").write_text((HERE / "paced_board.py").read_text())
    return Board(folder)


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """The paced collector, installed."""
    board = install(tmp_path / "installed")
    monkeypatch.syspath_prepend(str(board.folder))
    yield board
    sys.modules.pop("paced_board", None)


@pytest.fixture
def other_board(tmp_path: Path) -> Board:
    """The same with a gate of its own, for another process."""
    return install(tmp_path / "elsewhere")


@pytest.fixture
def tracker(server: TcpPostgres, name: str, tmp_path: Path, board: Board) -> Iterator[JobTracker]:
    """An installation whose collector is on. It goes to the server straight."""
    settings = Settings(
        data_dir=tmp_path / "data", database_url=server.url(name), plugins=("paced_board",)
    )
    with JobTracker(settings) as tracker:
        turn_on(tracker.database, "paced")
        yield tracker


@pytest.fixture
def enqueue(tracker: JobTracker) -> Callable[..., int]:
    """Put a run of the paced collector into the queue; returns its number."""

    def put(text: str = "quick", place: str = "berlin", **facts: Any) -> int:
        made = queue.enqueue(
            tracker.database,
            wanted(
                **{
                    "collector": "paced",
                    "query": {"text": text, "location": place},
                    "query_hash": text + place,
                    "site": "board.example",
                    "max_parallel": 4,
                    **facts,
                }
            ),
        )
        assert made.outcome == "made"
        return made.run_id

    return put


class Program:
    """A `jobtracker` process; what it writes is read as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (process.stdout, process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()

    @property
    def said(self) -> str:
        """All it wrote so far."""
        with self._changed:
            return "".join(self._lines)

    def lines(self, text: str) -> list[str]:
        """Return the lines so far that hold a text."""
        with self._changed:
            return [line for line in self._lines if text in line]

    def wait_for(self, text: str, count: int = 1, *, seconds: float = 60) -> str:
        """Wait for a line that holds a text; return it."""
        with self._changed:
            come = self._changed.wait_for(
                lambda: len([line for line in self._lines if text in line]) >= count, seconds
            )
        assert come, f"no {text!r} in:\n{self.said}"
        return self.lines(text)[count - 1]

    def end(self, *numbers: int) -> int:
        """Send signals and wait; return the exit code."""
        for number in numbers:
            self.process.send_signal(number)
        code = self.process.wait(60)
        for reader in self._readers:
            reader.join(60)
        return code


@pytest.fixture
def program(
    server: TcpPostgres, name: str, tmp_path: Path, board: Board
) -> Iterator[Callable[..., Program]]:
    """Start `jobtracker` with arguments, its times shortened.

    `url` is where it finds the database, `without` the guards that it lacks, `within` what it is
    started by, and `env` more of its environment.
    """
    with ExitStack() as stack:

        def run(
            *arguments: str,
            url: str | None = None,
            lease_s: float = 60.0,
            clock_s: float = 0,
            poll_s: float = 600,
            without: Sequence[str] = (),
            within: Sequence[str] = (),
            **env: str,
        ) -> Program:
            whole = {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(board.folder),
                "PYTHONUNBUFFERED": "1",
                "HURRIED_LEASE_S": str(lease_s),
                "HURRIED_CLOCK_S": str(clock_s or ""),
                "HURRIED_WITHOUT": " ".join(without),
                "JOBTRACKER_CONFIG": "",
                "JOBTRACKER_DATA_DIR": str(tmp_path / "data"),
                "JOBTRACKER_DATABASE_URL": url or server.url(name),
                "JOBTRACKER_PLUGINS": "paced_board",
                "JOBTRACKER_LOG_FORMAT": "human",
                "JOBTRACKER_POLL_INTERVAL": str(poll_s),
                **env,
            }
            process = stack.enter_context(
                subprocess.Popen(
                    [*within, sys.executable, hurried.__file__, *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=whole,
                )
            )
            stack.callback(process.kill)
            return Program(process)

        yield run


def wait_until(what: Callable[[], Any], *, seconds: float = 60) -> Any:
    """Wait for what becomes true, and return it; fail if it does not."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[..., Any]:
    return wait_until


@pytest.fixture
def two_wait(sql: Callable[..., Any]) -> Callable[[], object]:
    """Waits until two sessions wait for what others hold."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return lambda: wait_until(lambda: len(sql(waiting)) == 2)


AUDIT = """
CREATE TABLE write_audit (number serial PRIMARY KEY, run_id bigint, fence bigint, by text);
CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO write_audit (run_id, fence, by) VALUES (NEW.id, NEW.fence, session_user);
    RETURN NEW;
END $$;
CREATE TRIGGER audited AFTER UPDATE ON collector_runs FOR EACH ROW EXECUTE FUNCTION note_write();
"""


@pytest.fixture
def writers(server: TcpPostgres, name: str, sql: Callable[..., Any]) -> Callable[..., list[str]]:
    """Who has written to a run since its claim of that number, each write by its database user."""
    with server.connect(name) as admin:
        admin.execute(AUDIT)

    def since(run_id: int, fence: int) -> list[str]:
        rows = sql(
            "SELECT by FROM write_audit WHERE run_id = %s AND number >= "
            "(SELECT min(number) FROM write_audit WHERE run_id = %s AND fence = %s)"
            " ORDER BY number",
            run_id,
            run_id,
            fence,
        )
        return [by for (by,) in rows]

    return since


@pytest.fixture
def behind_its_back(
    server: TcpPostgres,
    name: str,
    wire: TcpProxy,
    program: Callable[..., Program],
    enqueue: Callable[..., int],
    tracker: JobTracker,
    board: Board,
    other_board: Board,
    writers: Callable[..., list[str]],
) -> Callable[..., tuple[int, Program, Program]]:
    """Have a worker's run taken up by another one while its own way to the database is dead.

    Then the way is open again, and the first one may go on, as far as it thinks it may.
    """

    def do(*without: str) -> tuple[int, Program, Program]:
        run_id = enqueue("gated")
        url = server.url(name, user="one", port=wire.port)
        first = program("worker", url=url, without=without, lease_s=3.0)
        first.wait_for("at the gate")
        wire.swallow()
        url = server.url(name, user="two")
        second = program("worker", url=url, PYTHONPATH=str(other_board.folder))
        second.wait_for("at the gate")
        assert tracker.runs.get(run_id).fence == 2
        wire.cut()
        board.let_go()
        return run_id, first, second

    return do
