"""A host without a database: nothing is stored, everything can be looked at afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from jobtracker_core.contract.errors import CancelReason, ErrorClass
from jobtracker_core.contract.host import Ack, Batch, Grant, Progress, Proxy, Record
from jobtracker_core.contract.posting import PostingRef


class DryHost:
    """For replays and for plugin authors' tests. Grants every request at once.

    Attributes:
        listed: The records of list pages, by source id; `detailed`: those of detail pages.
        batches: All batches in order.
        events: The run's log as (level, event, fields).
        reason: Set it, and the run stops for that reason.
    """

    def __init__(self, known: Mapping[str, Record] | None = None) -> None:
        self.listed: dict[str, Record] = dict(known or {})
        self.detailed: dict[str, Record] = {}
        self.batches: list[Batch] = []
        self.events: list[tuple[str, str, Mapping[str, object]]] = []
        self.reports: list[Progress] = []
        self.reason: CancelReason | None = None

    def deliver(self, batch: Batch) -> Ack:
        """Keep a batch, and tell new, changed and unchanged apart by the content hash."""
        self.batches.append(batch)
        if batch.kind == "detail":
            self.detailed |= {record.source_id: record for record in batch.records}
            return Ack()
        new = changed = 0
        for record in batch.records:
            known = self.listed.get(record.source_id)
            new += known is None
            changed += known is not None and known.content_hash != record.content_hash
            self.listed[record.source_id] = record
        return Ack(new=new, changed=changed, unchanged=len(batch.records) - new - changed)

    def details_wanted(
        self,
        refs: Sequence[PostingRef],
        *,
        rechecks: int = 0,  # noqa: ARG002  (nothing here is older than this run)
    ) -> Sequence[PostingRef]:
        """Return those of `refs` whose details were not delivered."""
        return [ref for ref in refs if ref.source_id not in self.detailed]

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:  # noqa: ARG002
        """Grant it."""
        return Grant()

    def slow_down(self, key: str, *, cause: ErrorClass, retry_after: float | None = None) -> None:
        """Do nothing: nothing here is ever asked again."""

    def proxy(self, *, failed: int | None = None, cause: ErrorClass = "proxy") -> Proxy | None:  # noqa: ARG002
        """Return None: there are no pools here."""
        return None

    def progress(self, progress: Progress) -> None:
        """Keep it."""
        self.reports.append(progress)

    def log(
        self,
        level: Literal["debug", "info", "warning"],
        event: str,
        fields: Mapping[str, object],
    ) -> None:
        """Keep it."""
        self.events.append((level, event, dict(fields)))

    def cancelled(self) -> CancelReason | None:
        """Return `reason`."""
        return self.reason
