"""What the two phases of a run share: the collector, its context, the way up and the counters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from random import Random
from typing import Any, Literal

from msgspec import Struct

from jobtracker_core.contract.collector import JobCollector
from jobtracker_core.contract.host import Ack, Batch, Progress, Record, RunHost
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.page import Skip
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.contract.run import Counts
from jobtracker_core.http.client import Client
from jobtracker_core.http.exchange import Transport
from jobtracker_core.http.proxies import Route, Through
from jobtracker_core.http.record import Recorder
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.context import Context, GuardedHost, HostFailed, Stopwatch
from jobtracker_core.runner.filters import QueryFilters


class Task(Struct, frozen=True, kw_only=True):
    """What is to be run.

    Attributes:
        cursor: Where an earlier run of the same query stopped.
        max_pages: List pages of this run, where that is less than the collector's own limit.
        max_requests: Requests that this run may send; None is any number.
        max_seconds: Seconds of this run, in place of the collector's own limit.
        probe: Only ask the collector whether its site answers as it expects.
    """

    collector: type[JobCollector[Any, Any]]
    settings: CollectorSettings
    query: CommonQuery
    cursor: str | None = None
    max_pages: int | None = None
    max_requests: int | None = None
    max_seconds: float | None = None
    probe: bool = False

    @property
    def from_front(self) -> bool:
        """Whether the list is read from its front to its end, not only up to what is known."""
        return self.cursor is None or "resume" not in self.collector.info.features

    @property
    def seconds(self) -> float:
        """Seconds that the run may take."""
        own = self.collector.info.limits.max_minutes * 60
        return own if self.max_seconds is None else self.max_seconds


class Session:
    """One collector at work. `close()` it at the end; `transport` is for whoever made it to close.

    Args:
        transport: For requests that go out directly.
        through: Opens a transport through a proxy; needed where the host names any.
    """

    def __init__(
        self,
        task: Task,
        host: RunHost,
        *,
        transport: Transport,
        clock: Clock,
        recorder: Recorder | None,
        through: Through | None = None,
    ) -> None:
        info = task.collector.info
        self.task = task
        self.info = info
        self.clock = clock
        self.host = GuardedHost(host)
        self.watch = Stopwatch(clock, self.host, seconds=task.seconds)
        self._route = Route(self.host, transport, through)
        self._client = Client(
            route=self._route,
            hosts=info.hosts,
            base_url=task.settings.base_url,
            limits=info.limits,
            per_minute=task.settings.per_minute or info.limits.per_minute,
            host=self.host,
            check=self.watch.check,
            pause=self.watch.pause,
            now=clock.now,
            random=Random(),  # noqa: S311  (spreads requests, hides nothing)
            recorder=recorder,
            remaining=self.watch.remaining,
            max_requests=task.max_requests,
        )
        own = info.limits.max_pages
        self.max_pages = own if task.max_pages is None else min(task.max_pages, own)
        self.filters = QueryFilters(task.query, info)
        self.ctx = Context(
            http=self._client,
            host=self.host,
            clock=clock,
            watch=self.watch,
            filters=self.filters,
            proxy=self._route.take,
        )
        self._counts = Counts()
        self._delivered = Counts()

    @cached_property
    def collector(self) -> JobCollector[Any, Any]:
        """The run's own instance; made at first use, since the plugin's constructor may fail."""
        return self.task.collector(self.task.settings)

    @property
    def counts(self) -> Counts:
        """All that has happened so far."""
        return self._counts + Counts(
            http_requests=self._client.requests, bytes_in=self._client.bytes_in
        )

    @property
    def undelivered(self) -> Counts:
        """What has happened since the last batch."""
        return self.counts - self._delivered

    def close(self) -> None:
        """Close the connections to proxies."""
        self._route.close()

    def take_turn(self) -> None:
        """Wait for the site's rate in place of a collector that does its own HTTP."""
        if "own_http" in self.info.features:
            self._client.take_turn()

    def tell(self, error: BaseException) -> None:
        """Tell the host of a refusal or a proxy's failure that the client has not seen itself."""
        try:
            self._client.tell(error)
        except HostFailed:
            self.host.raise_failure()

    def count(self, counts: Counts) -> None:
        """Add to the counters; requests and bytes are counted by the client."""
        self._counts += counts

    def deliver(
        self,
        kind: Literal["list", "detail"],
        records: Sequence[Record],
        *,
        cursor: str | None = None,
        kept_cursor: str | None = None,
        skipped: Sequence[Skip] = (),
        failed: Sequence[str] = (),
    ) -> Ack:
        """Have a batch committed, with the counters up to now."""
        counts = self.counts
        ack = self.host.deliver(
            Batch(
                kind=kind,
                records=tuple(records),
                cursor=cursor,
                kept_cursor=kept_cursor,
                skipped=tuple(skipped),
                failed=tuple(failed),
                counts=counts - self._delivered,
            )
        )
        made = Counts(new=ack.new, changed=ack.changed, unchanged=ack.unchanged)
        self._counts += made
        self._delivered = counts + made
        return ack

    def report(self, phase: Literal["list", "details"], done: int, total: int | None) -> None:
        """Tell how far the run is."""
        self.host.progress(Progress(phase=phase, done=done, total=total, counts=self.counts))
