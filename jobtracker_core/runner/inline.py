"""A run in this very process, on the database: the host for scripts and the command line."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import UNSET, UnsetType

from jobtracker_core.contract.errors import CancelReason, ErrorClass
from jobtracker_core.contract.host import Ack, Batch, Grant, Progress, Proxy, Record
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.contract.run import Counts, JobRef
from jobtracker_core.runner.beat import Heartbeat
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.context import named
from jobtracker_core.runner.hiding import Hiding
from jobtracker_core.runner.pool import RunProxies
from jobtracker_core.storage import jobs, rates, runs, upsert
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.proxies import ProxyPool

RECHECK_AFTER = timedelta(days=7)
"""Details older than this are asked for again, as far as the run's budget goes."""

APPLIED_RECHECK_AFTER = timedelta(days=1)
"""The same for jobs that somebody applies for, who wants to know."""

RETRY_AFTER = timedelta(days=1)
"""A re-check that failed is not tried again before."""

_OPTIONAL = tuple(
    name
    for name in Record.__struct_fields__
    if name not in {"source_id", "url", "title", "content_hash", "raw", "company_key", "closed"}
)
"""What a list may say of a posting, and usually says of all or of none."""

LogSink = Callable[[str, str, Mapping[str, object]], None]
ProgressSink = Callable[[Progress], None]


class InlineHost:
    """Commits under the fence of `claim`. For one thread, the one that runs the collector.

    Args:
        beat: Keeps the lease; whoever made it ends it.
        pool: The proxies that the run goes through; without one it goes out directly.
        read_at: All pages are of the past: the site gave them then.

    Attributes:
        new: The jobs that this run brought.
        asked: The postings chosen to ask details of.
        listed: Source ids of the postings on the list pages, in their order.
        filled: How many of those postings had each field; `delivered` is how many there were.
    """

    def __init__(
        self,
        db: Database,
        claim: Claim,
        *,
        source: str,
        beat: Heartbeat,
        clock: Clock,
        stop: threading.Event,
        on_progress: ProgressSink,
        on_log: LogSink,
        pool: ProxyPool | None = None,
        read_at: datetime | None = None,
    ) -> None:
        self._db = db
        self._claim = claim
        self._source = source
        self._beat = beat
        self._clock = clock
        self._stop = stop
        self._on_progress = on_progress
        self._on_log = on_log
        self._read_at = read_at
        self._proxies = None if pool is None else RunProxies(db, pool, self._warn)
        self._touched: set[int] = set()
        self._page: object = 0
        self._hiding = Hiding()
        self.new: list[JobRef] = []
        self.asked: list[PostingRef] = []
        self.listed: dict[str, None] = {}
        self.filled: Counter[str] = Counter()
        self.delivered = 0

    def deliver(self, batch: Batch) -> Ack:
        """Write rows, counters, cursor and lease in one transaction; raises LeaseLost."""
        since = self._beat.check()
        with self._db.write() as conn:
            written = upsert.write_page(
                conn,
                source=self._source,
                kind=batch.kind,
                records=batch.records,
                run_id=self._claim.run_id,
                now=self._db.now(conn),
                read_at=self._read_at,
            )
            made = self._made(batch, written)
            jobs.note_failed_details(conn, self._source, batch.failed, self._db.now(conn))
            runs.checkpoint(
                conn,
                self._claim,
                counts=batch.counts + made,
                cursor=_cursor(batch, made),
                lease_s=self._beat.lease_s,
            )
            # Looked at again: the rows may have taken their time.
            self._beat.check()
        self._beat.renewed(since)
        if self._proxies is not None and batch.records:
            self._proxies.prove()
        self.new += written.new
        if batch.kind == "list":
            self.listed |= dict.fromkeys(record.source_id for record in batch.records)
            self.delivered += len(batch.records)
            for record in batch.records:
                self.filled.update(name for name in _OPTIONAL if getattr(record, name))
        self._touched |= {job.id for job in written.new} | set(written.changed)
        return Ack(new=made.new, changed=made.changed, unchanged=made.unchanged)

    def _made(self, batch: Batch, written: upsert.Written) -> Counts:
        """Count what a batch did; a job that differs on its list and its own page counts once."""
        return Counts(
            new=len(written.new),
            changed=len(set(written.changed) - self._touched),
            unchanged=written.unchanged if batch.kind == "list" else 0,
        )

    def details_wanted(
        self, refs: Sequence[PostingRef], *, rechecks: int = 0
    ) -> Sequence[PostingRef]:
        """Return those of `refs` without details, then up to `rechecks` known ones that are due."""
        by_id = {ref.source_id: ref for ref in refs}
        missing = jobs.details_missing(self._db, self._source, list(by_id))
        now = self._clock.now()
        due = jobs.details_due(
            self._db,
            self._source,
            limit=rechecks,
            older_than=now - RECHECK_AFTER,
            applied_older_than=now - APPLIED_RECHECK_AFTER,
            tried_before=now - RETRY_AFTER,
            ahead_of=now + RECHECK_AFTER,
        )
        wanted = {source_id: by_id[source_id] for source_id in missing}
        self.asked = [*wanted.values(), *(ref for ref in due if ref.source_id not in wanted)]
        return self.asked

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        """Ask the database, which all runs of all machines ask."""
        return rates.acquire(self._db, key, per_minute=per_minute, burst=burst)

    def slow_down(self, key: str, *, cause: ErrorClass, retry_after: float | None = None) -> None:
        """Have all runs of all machines leave the site alone for a while."""
        until = rates.slow_down(self._db, key, cause=cause, retry_after=retry_after)
        told = {"site": key.removeprefix("site:"), "cause": cause, "until": until.isoformat()}
        self._warn("the site is left alone", told)

    def proxy(self, *, failed: int | None = None, cause: ErrorClass = "proxy") -> Proxy | None:
        """Return the run's proxy out of its pool."""
        if self._proxies is None:
            return None
        return self._hiding.note(self._proxies.take(failed=failed, cause=cause))

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
        told = named(fields, run=self._claim.run_id, collector=self._source)
        hide = self._hiding.hide  # a plugin, or a library it uses, may quote the run's proxy
        told = {k: hide(v) if isinstance(v, str) else v for k, v in told.items()}
        self._on_log(level, hide(event), told)

    def _warn(self, event: str, fields: Mapping[str, object]) -> None:
        self.log("warning", event, {"page": self._page, **fields})

    def cancelled(self) -> CancelReason | None:
        """Look at two flags; raises LeaseLost when the run is no longer ours."""
        self._beat.check()
        return "stopped" if self._stop.is_set() or self._beat.cancelled else None


def _cursor(batch: Batch, made: Counts) -> str | UnsetType | None:
    """Return the cursor that a batch leaves behind."""
    if batch.kind == "detail":
        return UNSET
    return batch.cursor if made.new or batch.kept_cursor is None else batch.kept_cursor
