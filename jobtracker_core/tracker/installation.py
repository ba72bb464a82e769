"""The facade: what scripts, the command line, the API and the worker all call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.plugins import discovery
from jobtracker_core.runner.clock import Clock, SystemClock
from jobtracker_core.runner.inline import LogSink
from jobtracker_core.runner.worker import Options, Worker
from jobtracker_core.settings import Settings
from jobtracker_core.storage import schema, writable
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.request_keys import RequestKey
from jobtracker_core.tracker.access import Access
from jobtracker_core.tracker.change import Change, changing, this_user
from jobtracker_core.tracker.collecting import Collecting
from jobtracker_core.tracker.collectors import Collectors
from jobtracker_core.tracker.opened import Opened
from jobtracker_core.tracker.operating import Operating
from jobtracker_core.tracker.proxies import Proxies
from jobtracker_core.tracker.runs import Runs
from jobtracker_core.tracker.searches import Searches
from jobtracker_core.tracker.stored import Workers
from jobtracker_core.tracker.tracking import Tracking


class JobTracker(Access, Collecting, Operating, Tracking):
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
