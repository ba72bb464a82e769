"""The facade: what scripts, the command line, the API and the worker all call."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

from msgspec import Struct

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.info import CollectorInfo, CollectorSettings
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.contract.run import JobRef, RunState, RunSummary
from jobtracker_core.http.throttle import Throttle
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.runner import captures
from jobtracker_core.runner.clock import Clock, SystemClock
from jobtracker_core.runner.execute import Result, execute
from jobtracker_core.runner.filters import FilterUse
from jobtracker_core.runner.inline import InlineHost, LogSink, ProgressSink
from jobtracker_core.runner.session import Task
from jobtracker_core.settings import Settings
from jobtracker_core.storage import collectors, jobs, runs, schema, search
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.storage.search import Filters, JobList, Tally


class CollectorOff(Exception):  # noqa: N818
    """The collector was not turned on; `policy` is what its site says about programs."""

    def __init__(self, info: CollectorInfo) -> None:
        super().__init__(f"collector {info.name!r} is off")
        self.info = info


class Collected(Struct, frozen=True, kw_only=True):
    """A run that ended.

    Attributes:
        new: The jobs that it brought.
        filters: What became of each word of the query.
        hint: The user's next step, where there is one.
    """

    run: RunSummary
    new: tuple[JobRef, ...]
    filters: tuple[FilterUse, ...]
    hint: str | None = None


class JobTracker:
    """One installation: its plugins and its database.

    A context manager. Nothing is opened before it is needed; the database's schema is brought up
    to date at first use. Safe to share between threads, but for `close()`.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
        self.settings = Settings.from_env() if settings is None else settings
        self._clock = clock or SystemClock()
        self._throttle = Throttle(self._clock.monotonic)
        self._opening = threading.Lock()
        self._database: Database | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database, if it was opened."""
        if self._database is not None:
            self._database.close()
            self._database = None

    @cached_property
    def registry(self) -> discovery.Registry:
        """The plugins that are installed."""
        return discovery.load(self.settings.plugins)

    @property
    def database(self) -> Database:
        """The database, its schema up to date. Raises StorageError."""
        if self._database is None:
            with self._opening:
                if self._database is None:
                    self._database = self._open()
        return self._database

    def _open(self) -> Database:
        database = open_database(self.settings.database)
        try:
            schema.upgrade(database)
        except BaseException:
            database.close()
            raise
        return database

    def check_database(self) -> schema.SchemaStatus:
        """Ask the database which tables it holds. Raises StorageError where it does not answer."""
        return schema.check(self.database)

    @cached_property
    def jobs(self) -> Jobs:
        """Stored jobs."""
        return Jobs(self)

    @cached_property
    def runs(self) -> Runs:
        """The history of runs."""
        return Runs(self)

    @cached_property
    def collectors(self) -> Collectors:
        """Which sites are collected."""
        return Collectors(self)

    def collector_settings(self, name: str) -> CollectorSettings:
        """Return what the operator set for a collector; raises ConfigError."""
        source = discovery.find(self.registry, name)
        values = self.settings.for_collector(name, known=self.registry.sources)
        try:
            return forms.fill(source.info.settings, values)
        except forms.FormError as error:
            field, problem = next(iter(error.problems.items()))
            raise ConfigError(f"{name}.{field}", problem) from error

    def query(self, name: str, words: Mapping[str, Any]) -> CommonQuery:
        """Make a collector's query of words; raises FormError naming each that is wrong."""
        return forms.fill(discovery.find(self.registry, name).info.query, words)

    def collect(
        self,
        name: str,
        query: CommonQuery | Mapping[str, Any],
        *,
        record: Path | None = None,
        stop: threading.Event | None = None,
        on_progress: ProgressSink = lambda _: None,
        on_log: LogSink = lambda *_: None,
    ) -> Collected:
        """Run a collector here and now, and store what it finds.

        Args:
            name: The collector.
            query: A query of its type, or the words of one.
            record: A directory to write all exchanges with the site to.
            stop: Set it from another thread or a signal handler to end the run.
            on_progress: Called in this thread after every page and detail.
            on_log: Called in this thread with level, event and fields.

        Raises CollectorOff, FormError, ConfigError, UnknownCollector and StorageError before
        anything is sent. What goes wrong later is in the result.
        """
        source = discovery.find(self.registry, name)
        settings = self.collector_settings(name)
        if not isinstance(query, CommonQuery):
            query = self.query(name, query)
        if not self.collectors.enabled(name):
            raise CollectorOff(source.info)
        claim = runs.start(
            self.database,
            collector=name,
            trigger="manual",
            query=forms.as_words(query),
            query_hash=forms.digest(query),
            plugin_name=source.distribution,
            plugin_version=source.version,
            concurrency_key=site_key(source.info, settings),
            max_running=source.info.limits.max_running,
            worker_id=runs.worker_identity(),
        )
        with self._claimed(claim):
            cursor = runs.kept_cursor(
                self.database,
                collector=name,
                query_hash=forms.digest(query),
                plugin_version=source.version,
                now=self._clock.now(),
            )
            task = Task(collector=source.cls, settings=settings, query=query, cursor=cursor)
            host = InlineHost(
                self.database,
                claim,
                source=name,
                throttle=self._throttle,
                clock=self._clock,
                stop=stop or threading.Event(),
                on_progress=on_progress,
                on_log=on_log,
            )
            recorder = (
                None
                if record is None
                else captures.record(record, task, source=source, now=self._clock.now())
            )
            with contextlib.closing(CurlTransport()) as transport:
                result = execute(
                    task, host, transport=transport, clock=self._clock, recorder=recorder
                )
            if record is not None:
                captures.write_result(record, result, asked=host.asked)
        return self._finish(claim, result, host)

    @contextlib.contextmanager
    def _claimed(self, claim: Claim) -> Iterator[None]:
        """Let no run stay "running" because of an error of ours on the way."""
        try:
            yield
        except BaseException as error:
            ours = isinstance(error, StorageError)
            # If the database is what failed, this fails as well, and the lease ends by itself.
            with contextlib.suppress(StorageError):
                runs.finish(
                    self.database,
                    claim,
                    state=RunState.FAILED if isinstance(error, Exception) else RunState.CANCELLED,
                    error_class="db" if ours else "internal",
                    error_message=f"{type(error).__name__}: {error}",
                )
            raise

    def _finish(self, claim: Claim, result: Result, host: InlineHost) -> Collected:
        outcome = result.outcome
        runs.finish(
            self.database,
            claim,
            state=outcome.state,
            error_class=outcome.error_class,
            error_message=outcome.message,
            error_detail=outcome.detail,
            end_confirmed=outcome.end_confirmed,
            keep_cursor=outcome.keep_cursor,
            counts=result.tail,
        )
        summary = self.runs.get(claim.run_id).summary
        self._tell(summary, host)
        return Collected(
            run=summary, new=tuple(host.new), filters=result.filters, hint=outcome.hint
        )

    def _tell(self, summary: RunSummary, host: InlineHost) -> None:
        """Call the plugins' hooks one by one: a notifier that fails stops no other."""
        for impl in self.registry.hooks.hook.jobtracker_run_finished.get_hookimpls():
            arguments = {"run": summary, "new": tuple(host.new)}
            try:
                impl.function(**{name: arguments[name] for name in impl.argnames})
            except Exception as error:  # noqa: BLE001  (a stranger's code)
                host.log(
                    "warning", "notifier failed", {"plugin": impl.plugin_name, "error": repr(error)}
                )

    def replay(self, directory: Path) -> captures.Replayed:
        """Run today's plugin on recorded exchanges; nothing is sent and nothing is stored."""
        return captures.replay(directory, self.registry)


def site_key(info: CollectorInfo, settings: CollectorSettings) -> str:
    """Return the site that a run talks to, as limits count it."""
    if settings.base_url is None:
        return info.hosts[0]
    return settings.base_url.partition("://")[2].partition("/")[0].lower()


class Jobs:
    """Stored jobs, newest first."""

    def __init__(self, tracker: JobTracker) -> None:
        self._tracker = tracker

    def search(
        self,
        *,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
        offset: int = 0,
        **filters: Unpack[Filters],
    ) -> JobList:
        """List jobs; `after` or `before` is the mark that another page of the list gave."""
        return search.list_jobs(
            self._tracker.database,
            limit=limit,
            after=after,
            before=before,
            offset=offset,
            **filters,
        )

    def tally(self, *, first: int | None = None, **filters: Unpack[Filters]) -> Tally:
        """Count jobs, exactly up to 10,000, and those of them newer than the job `first`."""
        return search.tally(self._tracker.database, first=first, **filters)

    def sources(self) -> tuple[str, ...]:
        """Return the names of the collectors that jobs are stored of."""
        return search.sources(self._tracker.database)

    def get(self, job_id: int) -> jobs.JobDetail:
        """Return one job with its text and history; raises NotFound."""
        return jobs.get(self._tracker.database, job_id)

    def changes(self, *, run_id: int) -> tuple[jobs.Change, ...]:
        """Return what a run changed in known jobs, in its order."""
        return jobs.changes_of_run(self._tracker.database, run_id)

    def count(self, *, source: str | None = None) -> int:
        """Return how many jobs are stored."""
        return search.count_jobs(self._tracker.database, source)


class Runs:
    """The history of runs, newest first."""

    def __init__(self, tracker: JobTracker) -> None:
        self._tracker = tracker

    def list(
        self, *, collector: str | None = None, limit: int = 20, before: int | None = None
    ) -> tuple[runs.Run, ...]:
        """List runs; `before` is the id that the page before ended with."""
        return runs.list_runs(
            self._tracker.database, collector=collector, limit=limit, before=before
        )

    def get(self, run_id: int) -> runs.Run:
        """Return one run; raises NotFound."""
        return runs.get(self._tracker.database, run_id)


class CollectorStatus(Struct, frozen=True, kw_only=True):
    """A collector that can be used, and whether it may be."""

    info: CollectorInfo
    distribution: str
    version: str
    enabled: bool


class Collectors:
    """Which sites are collected: all are off until they are turned on."""

    def __init__(self, tracker: JobTracker) -> None:
        self._tracker = tracker

    def list(self) -> tuple[CollectorStatus, ...]:
        """List the collectors that are installed."""
        sources = self._tracker.registry.sources
        on = {row.name for row in collectors.list_all(self._tracker.database) if row.enabled}
        return tuple(
            CollectorStatus(
                info=source.info,
                distribution=source.distribution,
                version=source.version,
                enabled=name in on,
            )
            for name, source in sorted(sources.items())
        )

    def enabled(self, name: str) -> bool:
        """Say whether a collector is on; raises UnknownCollector."""
        discovery.find(self._tracker.registry, name)
        collectors.ensure(self._tracker.database, [name])
        return collectors.get(self._tracker.database, name).enabled

    def set_enabled(self, name: str, enabled: bool) -> CollectorInfo:  # noqa: FBT001
        """Turn a collector on or off; return its card, whose policy note the user must see."""
        source = discovery.find(self._tracker.registry, name)
        collectors.ensure(self._tracker.database, [name])
        collectors.set_enabled(self._tracker.database, name, enabled)
        return source.info
