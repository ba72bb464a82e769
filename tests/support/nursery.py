"""A process that has loaded the program, and forks one that runs it whenever it is told to.

What a test starts again and again is there within a fraction of the time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

_PROGRAM = """
import json, os, signal, sys
import psycopg, uvicorn.lifespan.on, uvicorn.loops.auto, uvicorn.loops.uvloop
from jobtracker_core.cli import serve
from jobtracker_core.cli.app import run
from jobtracker_core.settings import Settings
from jobtracker_core.tracker import JobTracker

serve.create_app(JobTracker(Settings(plugins=())))  # what is loaded late is loaded now
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need nobody who asks for them
for line in sys.stdin:
    words = json.loads(line)
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(words["env"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = os.open(words["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os._exit(run(words["arguments"]))
    print(pid, flush=True)
"""


class Nursery:
    """Starts `jobtracker` with arguments, as processes that are not this one's children."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._started: list[psutil.Process] = []

    def start(
        self, arguments: Sequence[str], *, env: Mapping[str, str], log: Path
    ) -> psutil.Process:
        """Start it, with this environment alone; what it writes is added to the log."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        words = {"arguments": list(arguments), "env": dict(env), "log": str(log)}
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        started = psutil.Process(int(self._process.stdout.readline()))
        self._started.append(started)
        return started

    def close(self) -> None:
        """End all that is left."""
        for process in self._started:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def kill(process: psutil.Process, *, seconds: float = 60) -> None:
    """End a process at once (kill -9), and wait until it is gone."""
    process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + seconds
    # Its parent is not this process, so that there is nothing to wait for but its absence.
    while process.is_running():
        assert time.monotonic() < deadline, "it does not die"
        time.sleep(0.002)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One for all tests of this process."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "JOBTRACKER_CONFIG": ""},
    ) as process:
        nursery = Nursery(process)
        yield nursery
        nursery.close()
