"""Hostile plugins as a real distribution, and the means to run them under supervision."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

import small_disks
from crews import Crew
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.plugins import discovery
from jobtracker_core.runner.clock import Clock, SystemClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.execute import Result
from jobtracker_core.runner.launch import COMMAND
from jobtracker_core.runner.limits import Patience, RunLimits
from jobtracker_core.runner.processes import MARK, Use
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.supervisor import run_in_child
from jobtracker_core.storage.engine import Database
from queueing import turn_on
from small_disks import can_mount, run_again_inside

HERE = Path(__file__).parent

OWN = {
    "hostile_board": HERE / "hostile_board.py",
    "odd_items": HERE.parent / "support" / "odd_items.py",
}
"""Modules of the hostile distribution that are files here."""

# entry point: the source of its module
AT_IMPORT = {
    "import_error": "raise RuntimeError('boom at import')",
    "import_hang": "import time\nwhile True:\n    time.sleep(60)",
    "import_spin": "while True:\n    pass",
    "import_exit": "import os\nos._exit(0)",
    "import_crash": "import ctypes\nctypes.string_at(0)",
    "import_hog": "kept = []\nwhile True:\n    kept.append(bytearray(8 << 20))",
    "import_nothing": "",
}

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "hostile-board"
version = "6.6.6"
requires-python = ">=3.11"

[project.entry-points.jobtracker]
{entries}

[tool.hatch.build.targets.wheel]
include = ["*.py"]
"""

# A process that supervises one run, and tells what it logs.
SUPERVISOR = """
import sys
from jobtracker_core import CollectorSettings, CommonQuery
from jobtracker_core.plugins import discovery
from jobtracker_core.runner.clock import SystemClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.launch import COMMAND
from jobtracker_core.runner.launch import COMMAND
from jobtracker_core.runner.limits import RunLimits
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.supervisor import run_in_child

label, mode = sys.argv[1:]
sys.path.insert(0, {folder!r})

class Host(DryHost):
    def log(self, level, event, fields):
        print(event, flush=True)

source = discovery.load({{"hostile_board"}}).sources["hostile"]
run_in_child(
    Task(collector=source.cls, settings=CollectorSettings(), query=CommonQuery(text=mode)),
    Host(),
    RunLimits(),
    plugin="hostile_board",
    label=label,
    clock=SystemClock(),
    command={command!r} or COMMAND,
)
"""

UNTIED = """
from jobtracker_core.runner import child, confine
confine.tie_to_parent = lambda: None
child.main()
"""

LIMITS = RunLimits(memory_mb=256, cpu_s=20, runtime_s=25, output_mb=8, pages_mb=4)
PATIENCE = Patience(loading=20, silence=20, grace=0.5, tick=0.1)
GOING_S = 60
"""What a process that was killed is given to be gone, on a machine that has much to do."""


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that the hostile distribution is installed into."""
    project = tmp_path_factory.mktemp("hostile")
    target = tmp_path_factory.mktemp("installed")
    sources = {**{name: path.read_text() for name, path in OWN.items()}, **AT_IMPORT}
    for module, source in sources.items():
        (project / f"{module}.py").write_text(source)
    entries = "\n".join(f'{module} = "{module}"' for module in sources)
    (project / "pyproject.toml").write_text(PROJECT.format(entries=entries))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    install += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([*install, str(project)], check=True)
    return target


@pytest.fixture
def hostile_path(hostile_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same directory, on the path."""
    monkeypatch.syspath_prepend(str(hostile_folder))
    yield hostile_folder
    for module in (*OWN, *AT_IMPORT):
        sys.modules.pop(module, None)


def alive(label: str) -> list[psutil.Process]:
    """The processes that a run has left."""
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == label
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until(what: Callable[[], Any], *, seconds: float) -> Any:
    """Wait for what becomes true; the last answer is returned."""
    deadline = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


class Supervised:
    """Runs collectors in children; `host` is there to look at and to play with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.host: Any = DryHost()
        self.label = f"test-{uuid.uuid4().hex}"
        self.drain = threading.Event()
        self.limits = LIMITS
        self.patience = PATIENCE
        self.plugin = "hostile_board"
        self.settings = CollectorSettings()
        self.command: Sequence[str] | None = None
        self.clock: Clock = SystemClock()

    def run(self, mode: str, *, collector: str = "hostile") -> Result:
        registry = discovery.load({"hostile_board"})
        task = Task(
            collector=registry.sources[collector].cls,
            settings=self.settings,
            query=CommonQuery(text=mode),
        )
        return run_in_child(
            task,
            self.host,
            self.limits,
            plugin=self.plugin,
            label=self.label,
            clock=self.clock,
            drain=self.drain,
            patience=self.patience,
            command=self.command or COMMAND,
            on_use=self._note_look,
        )

    def _note_look(self, _: Use) -> None:
        """Have a plugin that waits for it know that its processes were looked at."""
        if self.events("started"):
            (self._folder / f"looked-{self.label}").touch()

    def alive(self) -> list[psutil.Process]:
        """The processes of the run that are there now."""
        return alive(self.label)

    def left(self) -> list[psutil.Process]:
        """What does not go after the end either."""
        gone = wait_until(lambda: not alive(self.label), seconds=GOING_S)
        return [] if gone else alive(self.label)

    def wait_until(self, what: Callable[[], Any], *, seconds: float) -> Any:
        return wait_until(what, seconds=seconds)

    def events(self, name: str) -> list[Any]:
        return [fields for _, event, fields in self.host.events if event == name]


@pytest.fixture
def supervised(hostile_path: Path) -> Supervised:
    return Supervised(hostile_path)


@pytest.fixture
def supervisor_script(hostile_folder: Path) -> Callable[..., str]:
    """Source of a process that supervises a run; its arguments are a label and a mode."""
    return lambda command=None: SUPERVISOR.format(folder=str(hostile_folder), command=command)


@pytest.fixture
def untied() -> list[str]:
    """Command of a child that does not die with its supervisor, as where there is no prctl."""
    return [sys.executable, "-P", "-c", UNTIED]


@pytest.fixture
def crew(db: Database, db_url: str, tmp_path: Path) -> Iterator[Crew]:
    """No workers yet, on an empty database whose collector is on."""
    folder, data = tmp_path / "installed", tmp_path / "data"
    info = folder / "crew_board-1.0.dist-info"
    info.mkdir(parents=True)
    data.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crew-board\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jobtracker]\ncrew_board = crew_board\n")
    (folder / "crew_board.py").write_text((HERE / "crew_board.py").read_text())
    number = "BIGSERIAL" if db.dialect == "postgresql" else "INTEGER"
    with db.write() as conn:
        conn.exec_driver_sql(
            f"CREATE TABLE audit (n {number} PRIMARY KEY, run_id integer, fence integer)"
        )
    turn_on(db, "crew")
    crew = Crew(db, db_url, folder, data)
    yield crew
    crew.dismiss()
    wait_until(lambda: not crew.left(), seconds=GOING_S)
    assert crew.left() == []


@pytest.fixture
def small_disk(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of as many megabytes as the test's mark says."""
    if not can_mount():
        yield Path("/nowhere")  # the test runs in a namespace instead, where this is another path
        return
    with small_disks.small_disk(_megabytes(request.node)) as path:
        yield path


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that needs a file system of its own where it can have one."""
    if pyfuncitem.get_closest_marker("small_disk") is None or can_mount():
        return None
    node, root = pyfuncitem.nodeid, pyfuncitem.config.rootpath
    run_again_inside(node, root, _megabytes(pyfuncitem))
    return True


def _megabytes(item: pytest.Item) -> int:
    mark = item.get_closest_marker("small_disk")
    assert mark is not None, "mark the test with small_disk(megabytes=…)"
    return int(mark.kwargs["megabytes"])
