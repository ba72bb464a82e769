"""The facade: what scripts, the command line, the API and the worker all call."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.http.address import Hosts
from jobtracker_core.http.record import Recorder, make_empty
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.runner import captures, comparison
from jobtracker_core.runner.beat import Heartbeat
from jobtracker_core.runner.clock import Clock, SystemClock
from jobtracker_core.runner.ending import Collected, claimed, finish
from jobtracker_core.runner.inline import InlineHost, LogSink, ProgressSink
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.sites import limits_of_sites
from jobtracker_core.runner.weighing import weigh_inline
from jobtracker_core.runner.worker import Options, Worker
from jobtracker_core.settings import Settings
from jobtracker_core.storage import runs, schema, writable
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.claims import Claim, Kept
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.proxies import ProxyPool, find_pool
from jobtracker_core.storage.request_keys import RequestKey
from jobtracker_core.tracker.access import Access
from jobtracker_core.tracker.change import Change, changing, this_user
from jobtracker_core.tracker.collectors import CollectorOff, Collectors
from jobtracker_core.tracker.opened import Opened
from jobtracker_core.tracker.operating import Operating
from jobtracker_core.tracker.proxies import Proxies
from jobtracker_core.tracker.runs import Runs
from jobtracker_core.tracker.searches import Searches
from jobtracker_core.tracker.stored import Workers
from jobtracker_core.tracker.tracking import Tracking


class JobTracker(Access, Operating, Tracking):
    """One installation: its plugins and its database.

    A context manager. Nothing is opened before it is needed; the database's schema is brought up
    to date at first use, unless the settings forbid it. Safe to share between threads, but for
    `close()`.

    Args:
        settings: None reads the configuration file and the environment, see `Settings.load()`.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
        self._opened = Opened(Settings.load() if settings is None else settings)
        self._clock = clock or SystemClock()
        self._repeat: RequestKey | None = None
        self._outer: Change | None = None
        self.actor = this_user()

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
        self._opened.close()

    def acting(self, actor: Actor, repeat: RequestKey | None = None) -> JobTracker:
        """Return a view of the same installation in which all that is changed is of this actor.

        With `repeat`, the first change made through it happens only once, however often that is
        asked for: from the second time on it raises Answered.
        """
        view = JobTracker.__new__(JobTracker)
        # The facades of this view belong to it, so that they are not copied.
        vars(view).update(_opened=self._opened, _clock=self._clock, _outer=self._outer)
        vars(view).update(actor=actor, _repeat=repeat)
        return view

    def within(self, change: Change) -> JobTracker:
        """Return a view whose changes are parts of one that is being made: savepoints of it."""
        view = self.acting(self.actor)
        vars(view).update(_outer=change)
        return view

    @contextmanager
    def change(self, action: str, target: str = "") -> Iterator[Change]:
        """Change something as one transaction, which also leaves a row in the audit log.

        Within a change it is a savepoint of that, and leaves no row of its own. Any exception
        takes all of it back. Nothing slow belongs inside: on SQLite nobody else can write.

        Args:
            action: What is done, as `kind.verb`.
            target: To what, as `kind:id`.
        """
        if self._outer is not None:
            with self._outer.db.write():
                yield Change(self._outer.db, target)
            return
        repeat, self._repeat = self._repeat, None
        with changing(self.database, self.actor, repeat, action, target) as change:
            yield change

    @property
    def settings(self) -> Settings:
        """What the operator set."""
        return self._opened.settings

    @property
    def registry(self) -> discovery.Registry:
        """The plugins that are installed."""
        return self._opened.registry

    @property
    def database(self) -> Database:
        """The database, its schema up to date.

        Raises StorageError; SchemaTooOld where it is not and the settings forbid migrations.
        """
        return self._opened.database if self._outer is None else self._outer.db

    def reading(self) -> AbstractContextManager[None]:
        """Let all that this thread reads meanwhile share one transaction; write nothing in it.

        For many short reads: what begins and ends a transaction costs more than most of them.
        """
        return self.database.reading()

    def looking(self) -> AbstractContextManager[None]:
        """Let short reads of this thread share one connection meanwhile; write nothing in it.

        On PostgreSQL there is no transaction around them, so that each of them is one round trip.
        """
        return self.database.looking()

    def check_database(self) -> schema.SchemaStatus:
        """Ask the database which tables it holds, and after a refused write whether it takes any.

        Raises StorageError where it does not answer, NotWritable while it refuses to write.
        """
        status = schema.check(self.database)
        if status.state == "current":
            writable.verify(self.database)
        return status

    # Each class says itself what it is.
    searches = cached_property(Searches)
    workers = cached_property(Workers)
    collectors = cached_property(Collectors)

    @cached_property
    def runs(self) -> Runs:
        """Runs: what waits, what goes on, what has been."""
        return Runs(self, self._clock)

    @cached_property
    def proxies(self) -> Proxies:
        """Pools of proxies that runs can go through."""
        return Proxies(self, self._clock)

    def collector_settings(self, name: str) -> CollectorSettings:
        """Return what the operator set for a collector; raises ConfigError, naming who set it."""
        within = None if self._outer is None else self._outer.db
        return self._opened.collector_settings(name, within)

    def query(self, name: str, words: CommonQuery | Mapping[str, Any]) -> CommonQuery:
        """Make a collector's query of words, or check one; raises FormError naming each fault."""
        return self._opened.query(name, words)

    def collect(
        self,
        name: str,
        query: CommonQuery | Mapping[str, Any],
        *,
        record: Path | None = None,
        proxy_pool: str | None = None,
        stop: threading.Event | None = None,
        on_progress: ProgressSink = lambda _: None,
        on_log: LogSink = lambda *_: None,
    ) -> Collected:
        """Run a collector here and now, and store what it finds.

        Args:
            name: The collector.
            query: A query of its type, or the words of one.
            record: An empty or new directory to write all exchanges with the site to.
            proxy_pool: The pool of proxies to go through, in place of the collector's own setting.
            stop: Set it from another thread or a signal handler to end the run.
            on_progress: Called in this thread after every page and detail.
            on_log: Called in this thread with level, event and fields; `run`, `collector` and
                `page` are among them in each call.

        Raises CollectorOff, FormError, ConfigError, UnknownCollector, Unavailable, RecordError and
        StorageError before anything is sent; StorageError and RecordError also later, if the
        database or the directory fails. What goes wrong with the site or in the plugin is in the
        result.
        """
        source = discovery.find_usable(self.registry, name)
        task, kept = self._task(source, query, proxy_pool)
        pool = self._pool(task)
        if record is not None:
            make_empty(record)
        since = time.monotonic()
        claim = self._claim(task, source, kept, record)
        with (
            claimed(self.database, claim, self.registry, on_log),
            Heartbeat(self.database, claim, since=since) as beat,
        ):
            host = InlineHost(
                self.database,
                claim,
                source=name,
                beat=beat,
                pool=pool,
                clock=self._clock,
                stop=stop or threading.Event(),
                on_progress=on_progress,
                on_log=on_log,
            )
            plugin = {"plugin": source.distribution, "version": source.version}
            host.log("info", "run started", {"page": 0, **plugin})
            recorder = self._recorder(record, task, source, claim)
            # The whole network comes with it: 8 MB that servers and workers never use.
            from jobtracker_core.runner.live import execute_live  # noqa: PLC0415

            result = execute_live(task, host, clock=self._clock, recorder=recorder)
            weighed = weigh_inline(self.database, claim, task, result, host)
        collected = finish(self.database, claim, weighed, host, self.registry)
        if recorder is not None:
            new = (job.source_id for job in host.new)
            captures.write_result(recorder, result, asked=host.asked, listed=host.listed, new=new)
        return collected

    def _recorder(
        self, record: Path | None, task: Task, source: discovery.Source, claim: Claim
    ) -> Recorder | None:
        if record is None:
            return None
        now = self._clock.now()
        return captures.record(record, task, source=source, now=now, run_id=claim.run_id)

    def _task(
        self,
        source: discovery.Source,
        query: CommonQuery | Mapping[str, Any],
        proxy_pool: str | None,
    ) -> tuple[Task, Kept | None]:
        """Return what is to be run, and where an earlier run of the same query stopped."""
        name = source.info.name
        settings = self.collector_settings(name)
        if proxy_pool is not None:
            settings = msgspec.structs.replace(settings, proxy_pool=proxy_pool)
        query = self.query(name, query)
        if not self.collectors.enabled(name):
            raise CollectorOff(name)
        kept = runs.kept_cursor(
            self.database,
            collector=name,
            query_hash=forms.digest(query),
            plugin_version=source.version,
            now=self._clock.now(),
        )
        cursor = None if kept is None else kept.cursor
        return Task(collector=source.cls, settings=settings, query=query, cursor=cursor), kept

    def _pool(self, task: Task) -> ProxyPool | None:
        name = task.settings.proxy_pool
        if name is None:
            return None
        try:
            return find_pool(self.database, name)
        except NotFound as error:
            raise ConfigError("proxy_pool", f"{error}. {error.hint}") from error

    def _claim(
        self, task: Task, source: discovery.Source, kept: Kept | None, record: Path | None
    ) -> Claim:
        site = Hosts(source.info.hosts, task.settings.base_url).site
        return runs.start(
            self.database,
            collector=source.info.name,
            trigger="manual",
            query=forms.as_words(task.query),
            query_hash=forms.digest(task.query),
            plugin_name=source.distribution,
            plugin_version=source.version,
            concurrency_key=site,
            max_running=limits_of_sites(self.registry, self.collector_settings)[site],
            worker_id=runs.worker_identity(),
            params={} if record is None else {"record": str(record.absolute())},
            kept=kept,
        )

    def worker(
        self,
        *,
        slots: int | None = None,
        collectors: Collection[str] = (),
        poll_interval: float | None = None,
        drain_timeout: float | None = None,
        on_log: LogSink = lambda *_: None,
    ) -> Worker:
        """Make a worker, which executes what is in the queue; see `Worker.run()`.

        What is not given is as the settings say.

        Args:
            slots: Runs that it takes at once.
            collectors: The only ones that it serves; without any, all that are installed.
            poll_interval: Seconds after which it looks for work although nothing has woken it.
            drain_timeout: Seconds that its runs have to come to their end when it is to end.
            on_log: Called with level, event and fields, from several threads at once.

        Raises UnknownCollector and StorageError.
        """
        own = self.settings
        options = Options(
            slots=own.slots if slots is None else slots,
            collectors=frozenset(collectors) or None,
            poll_s=own.poll_interval if poll_interval is None else poll_interval,
            drain_s=own.drain_timeout if drain_timeout is None else drain_timeout,
            retention=self.maintenance.rules,
            version=version("jobtracker-core"),
        )
        return Worker(
            self.database,
            self.registry,
            self.collector_settings,
            options=options,
            on_log=on_log,
            clock=self._clock,
        )

    def replay(self, capture: Path | int) -> captures.Replayed:
        """Run today's plugin on recorded exchanges; nothing is sent and nothing is stored.

        `capture` is a directory, or the number of a run that was recorded. Raises RecordError,
        NotFound and UnknownCollector.
        """
        if isinstance(capture, Path):
            return captures.replay(capture, self.registry)
        return captures.replay_run(self.runs.get(capture), self.registry)

    def compare(self, replayed: captures.Replayed) -> comparison.Comparison:
        """Say field by field what would differ from what is stored if a replay were written."""
        return comparison.compare(self.database, replayed)

    def apply(
        self,
        replayed: captures.Replayed,
        *,
        stop: threading.Event | None = None,
        on_progress: ProgressSink = lambda _: None,
        on_log: LogSink = lambda *_: None,
    ) -> Collected:
        """Write a replay as a run of its own; the site is not asked for anything.

        The collector may be off. The arguments are those of `collect()`. Raises UnknownCollector
        and StorageError; how the replay ended is in the result.
        """
        name = replayed.manifest.collector
        since = time.monotonic()
        claim = comparison.begin(self.database, replayed, discovery.find(self.registry, name))
        with (
            claimed(self.database, claim, self.registry, on_log),
            Heartbeat(self.database, claim, since=since) as beat,
        ):
            host = InlineHost(
                self.database,
                claim,
                source=name,
                beat=beat,
                clock=self._clock,
                stop=stop or threading.Event(),
                on_progress=on_progress,
                on_log=on_log,
                read_at=replayed.manifest.recorded_at,
            )
            told = {"page": 0, "capture": replayed.directory}
            host.log("info", "run started", told)
            result = comparison.apply(replayed, host)
        return finish(self.database, claim, result, host, self.registry)
