"""A run on this machine whose pages go to a server: the host that a collector works for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final, Literal

import msgspec
from msgspec import structs

from jobtracker_core.client.errors import ServerFailed, TooManyRequests, Unreached
from jobtracker_core.client.operating import Ingest
from jobtracker_core.contract.errors import CancelReason, ErrorClass
from jobtracker_core.contract.host import Ack, Batch, Grant, Progress, Proxy
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.ingest.postings import to_posting
from jobtracker_core.runner.context import named
from jobtracker_core.runner.inline import LogSink, ProgressSink
from jobtracker_core.runner.pace import LocalPace
from jobtracker_core.storage.errors import Busy
from jobtracker_core.tracker.ingest import MOST_POSTINGS, IngestBatch, Ingested

PATIENCE_S: Final = 300.0
"""Seconds for which a batch is sent again and again while the server is away."""

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
_BYTES: Final = 8 * 1024 * 1024
"""Of the postings of one batch: a server takes ten million."""


class SendingHost:
    """Sends pages as batches of one run there. For one thread, the one that runs the collector.

    Args:
        first: What all batches have in common: collector, key and query.
        pace: Keeps this machine's requests to sites apart.
        stop: Set it to end the run.
        wait: Lets time pass.

    Attributes:
        run_id: The run's number at the server; 0 before the first batch.
        rejected: Postings that the server could not read.
    """

    def __init__(
        self,
        ingest: Ingest,
        first: IngestBatch,
        *,
        pace: LocalPace,
        stop: threading.Event,
        on_progress: ProgressSink,
        on_log: LogSink,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._ingest = ingest
        self._first = first
        self._pace = pace
        self._stop = stop
        self._on_progress = on_progress
        self._on_log = on_log
        self._wait = wait or stop.wait
        self._numbers = count(1)
        self._wanted: set[str] = set()
        self._page: object = 0
        self.run_id = 0
        self.rejected = 0

    def deliver(self, batch: Batch) -> Ack:
        """Send a page; what the server says is lacking is asked of the site later."""
        ack = Ack()
        counts = batch.counts
        for postings in _lots([msgspec.to_builtins(to_posting(r)) for r in batch.records]):
            told = self.send(
                postings=postings,
                kind=batch.kind,
                http_requests=counts.http_requests,
                bytes_in=counts.bytes_in,
            )
            counts = structs.replace(counts, http_requests=0, bytes_in=0)
            self._wanted |= {*told.details_wanted}
            ack = Ack(
                new=ack.new + told.new,
                changed=ack.changed + told.changed,
                unchanged=ack.unchanged + told.unchanged,
            )
        return ack

    def send(self, **facts: Any) -> Ingested:
        """Send the next batch of the run until it has arrived.

        A batch whose answer gets lost is sent again under the same number, and is stored once.
        Raises Unreached, ServerFailed, Busy or TooManyRequests once that has gone on for five
        minutes, or the run is told to stop; and what the server refuses it with.
        """
        batch = structs.replace(self._first, batch=next(self._numbers), **facts)
        until, pause = time.monotonic() + PATIENCE_S, _FIRST_PAUSE_S
        while True:
            try:
                told = self._ingest.put(batch)
                break
            except (Unreached, ServerFailed, Busy, TooManyRequests) as error:
                asked = error.retry_after if isinstance(error, TooManyRequests) else None
                pause = max(pause, asked or 0)
                if self._stop.is_set() or time.monotonic() + pause > until:
                    raise
                fields = {"batch": batch.batch, "reason": str(error), "seconds": pause}
                self._warn("a page has not arrived; it is sent again", fields)
                self._wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
        if not self.run_id:
            self.run_id = told.run_id
            self.log("info", "the server keeps the run", {"page": self._page})
        self.rejected += len(told.rejected)
        for item in told.rejected:
            fields = {"path": f"postings[{item.index}].{item.field}", "reason": item.reason}
            self._warn("the server cannot read a posting", fields)
        return told

    def details_wanted(
        self,
        refs: Sequence[PostingRef],
        *,
        rechecks: int = 0,  # noqa: ARG002  (the server does not tell which are due)
    ) -> Sequence[PostingRef]:
        """Return those of `refs` whose own pages the server never got."""
        return [ref for ref in refs if ref.source_id in self._wanted]

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        """Ask this machine's pace."""
        return self._pace.acquire(key, per_minute=per_minute, burst=burst)

    def slow_down(self, key: str, *, cause: ErrorClass, retry_after: float | None = None) -> None:
        """Have all runs of this user on this machine leave the site alone for a while."""
        until = self._pace.slow_down(key, cause=cause, retry_after=retry_after)
        told = {"site": key.removeprefix("site:"), "cause": cause, "until": until.isoformat()}
        self._warn("the site is left alone", told)

    def proxy(self, *, failed: int | None = None, cause: ErrorClass = "proxy") -> Proxy | None:  # noqa: ARG002
        """Return None: pools of proxies, and their passwords, stay where they are."""
        return None

    def progress(self, progress: Progress) -> None:
        """Hand it to whoever watches."""
        self._on_progress(progress)

    def log(
        self,
        level: Literal["debug", "info", "warning"],
        event: str,
        fields: Mapping[str, object],
    ) -> None:
        """Hand it to whoever listens, with the run and its collector."""
        self._page = fields.get("page", self._page)
        told = named(fields, run=self.run_id or None, collector=self._first.collector)
        self._on_log(level, event, told)

    def _warn(self, event: str, fields: Mapping[str, object]) -> None:
        self.log("warning", event, {"page": self._page, **fields})

    def cancelled(self) -> CancelReason | None:
        """Look at the flag."""
        return "stopped" if self._stop.is_set() else None


def _lots(postings: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield postings in lots that a server takes at once; none where there are none."""
    lot: list[dict[str, Any]] = []
    size = 0
    for posting in postings:
        length = len(msgspec.json.encode(posting))
        if lot and (len(lot) == MOST_POSTINGS or size + length > _BYTES):
            yield lot
            lot, size = [], 0
        lot.append(posting)
        size += length
    if lot:
        yield lot
