"""Collecting on this machine for a server elsewhere."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

from jobtracker_core.client.errors import NarrowToken
from jobtracker_core.client.host import SendingHost
from jobtracker_core.client.operating import Ingest, WhoAmI
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.contract.run import RunState, RunSummary
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.runner.clock import SystemClock
from jobtracker_core.runner.ending import Collected
from jobtracker_core.runner.execute import Result
from jobtracker_core.runner.inline import LogSink, ProgressSink
from jobtracker_core.runner.live import execute_live
from jobtracker_core.runner.pace import LocalPace
from jobtracker_core.runner.session import Task
from jobtracker_core.settings import Settings
from jobtracker_core.tracker import collector_settings
from jobtracker_core.tracker.collector_settings import Held
from jobtracker_core.tracker.ingest import IngestBatch, Outcome
from jobtracker_core.tracker.opened import read_query

_PACE_FILE: Final = "pace.db"
_LONGEST_ERROR: Final = 500
_OUTCOMES: Final[dict[RunState, Outcome]] = {
    RunState.SUCCEEDED: "succeeded",
    RunState.PARTIAL: "partial",
    RunState.SUSPECT: "partial",
    RunState.FAILED: "failed",
}
_REJECTED = "the server could not read {count} of the postings; the log names them"


class Sender:
    """Runs collectors of this machine, and sends what they find.

    Args:
        settings: Of this machine: how collectors are set up, and where the pace is kept.
    """

    def __init__(self, ingest: Ingest, settings: Settings, *, url: str) -> None:
        self._ingest = ingest
        self._settings = settings
        self._url = url
        self._registry = discovery.load(settings.plugins)

    def task(self, name: str, query: CommonQuery | Mapping[str, Any]) -> Task:
        """Return what is to be run.

        Raises UnknownCollector, Unavailable, FormError, and ConfigError where it is to go through a
        pool of proxies: those are the server's.
        """
        source = discovery.find_usable(self._registry, name)
        known = self._registry.sources
        held = Held(name=name, stored={}, settings=self._settings, known=known)
        settings = collector_settings.read(held, source)
        if settings.proxy_pool is not None:
            raise ConfigError(
                f"{name}.proxy_pool", "pools are kept in a database, and there is none here"
            )
        words = read_query(self._registry, name, query)
        return Task(collector=source.cls, settings=settings, query=words)

    def check(self, said: WhoAmI, name: str) -> None:
        """Raise NarrowToken for a token with which the pages of a collector cannot be sent."""
        token = said.token
        if not token.allows(Scope.INGEST):
            problem = f"the token does not allow ingest; it allows {', '.join(token.scopes)}"
        elif token.collector not in {None, name}:
            problem = f"the token sends pages of {token.collector} alone"
        else:
            return
        raise NarrowToken(
            f"{self._url}: {problem}",
            f"Have one made there: jobtracker tokens create NAME --scopes ingest "
            f"--collector {name}",
        )

    def run(
        self,
        task: Task,
        *,
        stop: threading.Event,
        on_progress: ProgressSink,
        on_log: LogSink,
    ) -> Collected:
        """Run a task to its end, and have the server end its run as well.

        Raises StorageError where the pace cannot be kept, and what `SendingHost.send` raises.
        """
        name = task.collector.info.name
        first = IngestBatch(
            collector=name,
            key=f"{socket.gethostname()[:100]}-{uuid.uuid4()}",
            batch=1,
            query=forms.as_words(task.query),
        )
        started = datetime.now(UTC)
        with closing(LocalPace(self._settings.data_dir / _PACE_FILE)) as pace:
            host = SendingHost(
                self._ingest,
                first,
                pace=pace,
                stop=stop,
                on_progress=on_progress,
                on_log=on_log,
            )
            result = execute_live(task, host, clock=SystemClock())
            return _ended(name, host, result, started)


def _ended(name: str, host: SendingHost, result: Result, started: datetime) -> Collected:
    outcome = result.outcome
    state, message = outcome.state, outcome.message
    if host.rejected and state is RunState.SUCCEEDED:
        state, message = RunState.PARTIAL, _REJECTED.format(count=host.rejected)
    is_stopped = state is RunState.CANCELLED
    has_pages = is_stopped and result.counts.pages > 0
    said: Outcome = "partial" if has_pages else _OUTCOMES.get(state, "failed")
    told = host.send(
        done=True,
        outcome=said,
        end_confirmed=outcome.end_confirmed,
        error_class=outcome.error_class,
        error=None if message is None else message[:_LONGEST_ERROR],
        http_requests=result.tail.http_requests,
        bytes_in=result.tail.bytes_in,
    )
    return Collected(
        run=RunSummary(
            id=told.run_id,
            collector=name,
            state=state,
            started_at=started,
            finished_at=datetime.now(UTC),
            counts=result.counts,
            end_confirmed=outcome.end_confirmed,
            error_class=outcome.error_class,
            error_message=message,
            filters=result.filters,
        ),
        new=(),
        hint=outcome.hint,
    )
