"""What a process of its own costs a run.

Both sides ask the same practice site over loopback and deliver to a host that keeps everything in
memory. The first ratio ends with the run's first question for leave to send a request: that is the
start of the interpreter, its imports, and the plugin's. The second is a whole run, in which every
page and question crosses the pipe.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

from jobtracker_core.contract.host import Grant
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.runner.clock import SystemClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.execute import Result, execute
from jobtracker_core.runner.limits import RunLimits
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.supervisor import run_in_child
from jobtracker_hiringcafe import HiringCafe, HiringCafeQuery
from jobtracker_hiringcafe.practice import HiringCafeSite
from tests.benchmarks.ratio import Ratio, compare

POSTINGS = 330


class _Asked(Exception):  # noqa: N818
    """The run is about to send its first request."""


class _FirstQuestion(DryHost):
    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        raise _Asked


def measure(rounds: int) -> list[Ratio]:
    """Compare starting a run's process with Python alone, and a whole run with one inline."""
    with HiringCafeSite(postings=POSTINGS) as site:
        settings = HiringCafe.info.settings(base_url=site.base_url, per_minute=1_000_000)
        task = Task(collector=HiringCafe, settings=settings, query=HiringCafeQuery())
        return [
            compare(
                "child to its first request / bare python",
                lambda: _start(task),
                lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
                rounds=rounds,
                unit="one process each",
            ),
            compare(
                "run in a child / inline",
                lambda: _whole(_far(task, DryHost())),
                lambda: _whole(_near(task)),
                rounds=rounds,
                unit=f"{POSTINGS} postings with details over loopback",
            ),
        ]


def _start(task: Task) -> None:
    try:
        _far(task, _FirstQuestion())
    except _Asked:
        return
    raise AssertionError("the run asked for nothing")


def _far(task: Task, host: DryHost) -> Result:
    return run_in_child(
        task, host, RunLimits(), plugin="hiringcafe", label="benchmark", clock=SystemClock()
    )


def _near(task: Task) -> Result:
    with closing(CurlTransport()) as transport:
        return execute(task, DryHost(), transport=transport, clock=SystemClock())


def _whole(result: Result) -> None:
    assert result.counts.new == result.counts.details == POSTINGS, result.outcome
