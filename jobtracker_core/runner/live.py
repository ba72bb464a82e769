"""A run on the real network."""

from __future__ import annotations

from contextlib import closing

from jobtracker_core.contract.host import Proxy, RunHost
from jobtracker_core.http.record import Recorder
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.execute import Result, execute
from jobtracker_core.runner.session import Task


def execute_live(
    task: Task, host: RunHost, *, clock: Clock, recorder: Recorder | None = None
) -> Result:
    """Run a collector to its outcome, directly or through the proxies that the host names.

    Raises what `execute` raises.
    """
    with closing(CurlTransport()) as transport:
        return execute(
            task, host, transport=transport, through=_through, clock=clock, recorder=recorder
        )


def _through(proxy: Proxy) -> CurlTransport:
    return CurlTransport(proxy=proxy.url)
