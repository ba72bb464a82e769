"""Starting a run's process: what it gets of ours, and what it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from jobtracker_core.runner.channel import Start
from jobtracker_core.runner.limits import RunLimits
from jobtracker_core.runner.processes import MARK
from jobtracker_core.runner.session import Task

COMMAND: Final = (sys.executable, "-P", "-m", "jobtracker_core.runner.child")

PASSED_ON: Final = (
    *("HOME", "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"),
)
"""Variables of our own environment that a run's processes get; all others they do not."""

_MADE = {
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
}


def start_frame(task: Task, plugin: str, limits: RunLimits) -> Start:
    """Return the first frame that the process gets: what it is to run."""
    return Start(
        collector=task.collector.info.name,
        plugin=plugin,
        settings=msgspec.msgpack.encode(task.settings),
        query=msgspec.msgpack.encode(task.query),
        cursor=task.cursor,
        max_pages=task.max_pages,
        max_requests=task.max_requests,
        max_seconds=task.max_seconds,
        probe=task.probe,
        limits=limits,
        parent=os.getpid(),
    )


def launch(command: Sequence[str], label: str) -> subprocess.Popen[bytes]:
    """Start a process that leads its own session, with pipes for all three streams.

    It finds the same modules as this one, and has no descriptor and no secret of ours.
    """
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100
    return subprocess.Popen(  # noqa: S603  (our own interpreter and module)
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env={**passed, **_MADE, "PYTHONPATH": path, MARK: label},
        start_new_session=True,
        close_fds=True,
    )
