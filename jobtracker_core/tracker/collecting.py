"""The part of the facade that runs collectors in this very process, or replays what they read."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct, structs

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.http.address import Hosts
from jobtracker_core.http.record import make_empty
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.runner import captures, comparison
from jobtracker_core.runner.beat import Heartbeat
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.ending import Collected, claimed, finish
from jobtracker_core.runner.inline import InlineHost, LogSink, ProgressSink
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.sites import limits_of_sites
from jobtracker_core.runner.weighing import weigh_inline
from jobtracker_core.storage import runs
from jobtracker_core.storage.claims import Claim, Kept
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.proxies import ProxyPool, find_pool
from jobtracker_core.tracker.collectors import CollectorOff, Collectors
from jobtracker_core.tracker.stored import Installation


class _Whole(Installation, Protocol):
    _clock: Clock


class Collecting:
    """Runs of this process, and replays."""

    def collect(
        self: _Whole,
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
        task, kept = _task(self, source, query, proxy_pool, self._clock.now())
        pool = _pool(self, task)
        if record is not None:
            make_empty(record)
        since = time.monotonic()
        claim = _claim(self, task, source, kept, record)
        around = _Around(self._clock, stop or threading.Event(), on_progress, on_log)
        with _hosting(self, claim, since, name, around, pool=pool) as host:
            plugin = {"plugin": source.distribution, "version": source.version}
            host.log("info", "run started", {"page": 0, **plugin})
            recorder = None
            if record is not None:
                now = self._clock.now()
                recorder = captures.record(
                    record, task, source=source, now=now, run_id=claim.run_id
                )
            # The whole network comes with it: 8 MB that servers and workers never use.
            from jobtracker_core.runner.live import execute_live  # noqa: PLC0415

            result = execute_live(task, host, clock=self._clock, recorder=recorder)
            weighed = weigh_inline(self.database, claim, task, result, host)
        collected = finish(self.database, claim, weighed, host, self.registry)
        if recorder is not None:
            new = (job.source_id for job in host.new)
            captures.write_result(recorder, result, asked=host.asked, listed=host.listed, new=new)
        return collected

    def replay(self: Installation, capture: Path | int) -> captures.Replayed:
        """Run today's plugin on recorded exchanges; nothing is sent and nothing is stored.

        `capture` is a directory, or the number of a run that was recorded. Raises RecordError,
        NotFound and UnknownCollector.
        """
        if isinstance(capture, Path):
            return captures.replay(capture, self.registry)
        return captures.replay_run(runs.get(self.database, capture), self.registry)

    def compare(self: Installation, replayed: captures.Replayed) -> comparison.Comparison:
        """Say field by field what would differ from what is stored if a replay were written."""
        return comparison.compare(self.database, replayed)

    def apply(
        self: _Whole,
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
        manifest = replayed.manifest
        source = discovery.find(self.registry, manifest.collector)
        since = time.monotonic()
        claim = comparison.begin(self.database, replayed, source)
        around = _Around(self._clock, stop or threading.Event(), on_progress, on_log)
        read_at = manifest.recorded_at
        with _hosting(self, claim, since, manifest.collector, around, read_at=read_at) as host:
            host.log("info", "run started", {"page": 0, "capture": replayed.directory})
            result = comparison.apply(replayed, host)
        return finish(self.database, claim, result, host, self.registry)


class _Around(Struct, frozen=True):
    """A run's clock, and who may stop it and hears of it."""

    clock: Clock
    stop: threading.Event
    on_progress: ProgressSink
    on_log: LogSink


@contextmanager
def _hosting(
    tracker: Installation,
    claim: Claim,
    since: float,
    source: str,
    around: _Around,
    *,
    pool: ProxyPool | None = None,
    read_at: datetime | None = None,
) -> Iterator[InlineHost]:
    """Keep the lease of a run that was claimed after `since`; give what it stores through."""
    db = tracker.database
    with (
        claimed(db, claim, tracker.registry, around.on_log),
        Heartbeat(db, claim, since=since) as beat,
    ):
        yield InlineHost(
            db,
            claim,
            source=source,
            beat=beat,
            pool=pool,
            clock=around.clock,
            stop=around.stop,
            on_progress=around.on_progress,
            on_log=around.on_log,
            read_at=read_at,
        )


def _task(
    tracker: Installation,
    source: discovery.Source,
    query: CommonQuery | Mapping[str, Any],
    proxy_pool: str | None,
    now: datetime,
) -> tuple[Task, Kept | None]:
    """Return what is to be run, and where an earlier run of the same query stopped."""
    name = source.info.name
    settings = tracker.collector_settings(name)
    if proxy_pool is not None:
        settings = structs.replace(settings, proxy_pool=proxy_pool)
    query = tracker.query(name, query)
    if not Collectors(tracker).enabled(name):
        raise CollectorOff(name)
    kept = runs.kept_cursor(
        tracker.database,
        collector=name,
        query_hash=forms.digest(query),
        plugin_version=source.version,
        now=now,
    )
    cursor = None if kept is None else kept.cursor
    return Task(collector=source.cls, settings=settings, query=query, cursor=cursor), kept


def _pool(tracker: Installation, task: Task) -> ProxyPool | None:
    name = task.settings.proxy_pool
    if name is None:
        return None
    try:
        return find_pool(tracker.database, name)
    except NotFound as error:
        raise ConfigError("proxy_pool", f"{error}. {error.hint}") from error


def _claim(
    tracker: Installation,
    task: Task,
    source: discovery.Source,
    kept: Kept | None,
    record: Path | None,
) -> Claim:
    site = Hosts(source.info.hosts, task.settings.base_url).site
    return runs.start(
        tracker.database,
        collector=source.info.name,
        trigger="manual",
        query=forms.as_words(task.query),
        query_hash=forms.digest(task.query),
        plugin_name=source.distribution,
        plugin_version=source.version,
        concurrency_key=site,
        max_running=limits_of_sites(tracker.registry, tracker.collector_settings)[site],
        worker_id=runs.worker_identity(),
        params={} if record is None else {"record": str(record.absolute())},
        kept=kept,
    )
