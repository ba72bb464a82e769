"""`/metrics`: numbers for Prometheus."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPMethod
from typing import Any, Final

from litestar import Response, Router, get
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from jobtracker_core.api.access import address_of, token_guard
from jobtracker_core.api.operations import operation
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.storage.gauges import CollectorGauge, Gauges
from jobtracker_core.tracker import JobTracker

REMEMBERED_S: Final = 5.0
"""Seconds for which the database's numbers are taken as they were."""

_LOG = logging.getLogger("jobtracker.server")
_METHODS = frozenset(HTTPMethod)
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_HERE = frozenset({"127.0.0.1", "::1"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The numbers of one process, and those of the database that all processes share.

    Args:
        look: Reads those; called at most every five seconds.
        clock: Seconds that never go back.
    """

    def __init__(
        self, look: Callable[[], Gauges], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "jobtracker_http_requests",
            "Requests that were answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "jobtracker_http_request_seconds",
            "Seconds from a request to the first byte of its answer",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)
        self._registry.register(_DatabaseNumbers(look, clock))

    def note(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count an answer; `route` is the pattern of its address, None where there is none."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route or "none", str(status)).inc()
        self._seconds.labels(route or "none").observe(seconds)

    def text(self) -> bytes:
        """Write all numbers down."""
        return generate_latest(self._registry)


class _DatabaseNumbers(Collector):
    def __init__(self, look: Callable[[], Gauges], clock: Callable[[], float]) -> None:
        self._look = look
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Gauges | None = None
        self._until = 0.0

    def describe(self) -> Iterator[Metric]:
        # Else the registry would look at the database to learn the names.
        return iter(())

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if self._clock() >= self._until:
                self._known = self._read()
                self._until = self._clock() + REMEMBERED_S
            known = self._known
        yield _gauge("database_up", "1 if the database answered", 0 if known is None else 1)
        if known is not None:
            yield from _queue(known)
            yield from _collectors(known.collectors)

    def _read(self) -> Gauges | None:
        try:
            return self._look()
        except StorageError as error:
            # Told by `database_up`; the numbers of the process itself are wanted all the more.
            _LOG.warning("the database gives no numbers: %s", error)
            return None


def _gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"jobtracker_{name}", help_, value=value)


def _queue(known: Gauges) -> Iterator[Metric]:
    active = GaugeMetricFamily("jobtracker_runs", "Runs that have not ended", labels=("state",))
    active.add_metric(("pending",), known.pending)
    active.add_metric(("running",), known.running)
    yield active
    yield _gauge("queue_depth", "Runs that may begin now and have not", known.due)
    yield _gauge(
        "queue_age_seconds", "How long the longest waiting of them waits", known.oldest_due_s
    )
    yield _gauge(
        "schedule_lag_seconds",
        "How long the longest overdue time of a search has not been dealt with",
        known.schedule_lag_s,
    )
    yield _gauge("workers", "Workers that were seen lately", known.workers)
    yield _gauge(
        "index_waiting", "Jobs whose description searches do not find yet", known.index.waiting
    )
    yield _gauge(
        "index_age_seconds", "How long the longest waiting of them waits", known.index.oldest_s
    )


def _collectors(collectors: tuple[CollectorGauge, ...]) -> Iterator[Metric]:
    enabled, paused, failures, success = (
        GaugeMetricFamily(f"jobtracker_collector_{name}", help_, labels=("collector",))
        for name, help_ in (
            ("enabled", "1 if it is on"),
            ("paused", "1 if it does not run by itself because its runs failed"),
            ("failures", "Failed runs in a row"),
            ("last_success_timestamp_seconds", "When its newest good run has ended"),
        )
    )
    ended = GaugeMetricFamily(
        "jobtracker_runs_ended_last_day",
        "Runs made within a day that have ended",
        labels=("collector", "state"),
    )
    for one in collectors:
        enabled.add_metric((one.name,), one.enabled)
        paused.add_metric((one.name,), one.paused)
        failures.add_metric((one.name,), one.failures)
        if one.last_success is not None:
            success.add_metric((one.name,), one.last_success.timestamp())
        for state, number in sorted(one.ended.items()):
            ended.add_metric((one.name, state), number)
    yield from (enabled, paused, failures, success, ended)


def _guard(tracker: JobTracker) -> Guard:
    with_token = token_guard(tracker)

    async def check(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        if tracker.settings.local_metrics and _is_local(connection):
            return
        await with_token(connection, handler)  # type: ignore[misc]

    return check


def _is_local(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    # What a proxy on this machine passes on came from elsewhere.
    passed_on = any(name in connection.headers for name in _FORWARDED)
    return address_of(connection) in _HERE and not passed_on


def metrics_router(tracker: JobTracker, metrics: Metrics) -> Router:
    """Make the route."""
    described = operation(
        "readMetrics",
        "Read numbers for Prometheus",
        description="Text in the format of Prometheus.",
        scope=Scope.ADMIN,
        streams=True,
    )
    described["dependencies"] = {}

    @get("/metrics", media_type="text/plain", **described)
    async def read_metrics() -> Response[bytes]:
        """Read the numbers of this process and of the queue."""
        return Response(
            await sync_to_thread(metrics.text), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return Router("/", route_handlers=[read_metrics], guards=[_guard(tracker)], tags=["health"])
