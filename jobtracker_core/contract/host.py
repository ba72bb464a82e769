"""The one seam between a running collector and the world.

A host answers for the database, the rate limits and the user's wish to stop. It stands in the same
process for scripts and tests, or at the other end of a pipe. All structs here travel as msgpack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from jobtracker_core.contract.errors import CancelReason, ErrorClass
from jobtracker_core.contract.page import Skip
from jobtracker_core.contract.posting import (
    CompanyFacts,
    Employment,
    PayInterval,
    PayKind,
    Place,
    PostingRef,
    Precision,
    Remote,
    Seniority,
)
from jobtracker_core.contract.run import Counts


class PayRecord(Struct, frozen=True, kw_only=True):
    """Pay after normalising: the evidence, and the same per year (`year_* = * x year_factor`)."""

    text: str | None = None
    min: float | None = None
    max: float | None = None
    currency: str | None = None
    interval: PayInterval | None = None
    kind: PayKind = PayKind.STATED
    year_min: float | None = None
    year_max: float | None = None
    year_factor: float | None = None


class Record(Struct, frozen=True, kw_only=True):
    """A posting after normalising, ready to be stored; `None` is "not observed".

    Attributes:
        company_key: Equal for spellings of one company.
        description: Sanitised HTML.
        raw: The site's item as JSON or HTML text, private parts blanked.
        content_hash: 16 bytes over all observed fields but `raw`.
    """

    source_id: str
    url: str
    title: str
    company: str | None = None
    company_key: str | None = None
    company_facts: CompanyFacts | None = None
    places: tuple[Place, ...] | None = None
    remote: Remote | None = None
    employment: tuple[Employment, ...] | None = None
    seniority: Seniority | None = None
    skills: tuple[str, ...] | None = None
    language: str | None = None
    pay: PayRecord | None = None
    posted_at: datetime | None = None
    posted_precision: Precision | None = None
    apply_url: str | None = None
    closed: bool | None = None
    description: str | None = None
    raw: str | None = None
    content_hash: bytes


class Batch(Struct, frozen=True, kw_only=True):
    """What is committed in one transaction: a list page, or one posting's details.

    Attributes:
        cursor: Where the list goes on after this page (lists only).
        kept_cursor: Where an earlier run stopped, while this one re-reads the front: it stays the
            run's cursor if nothing in this batch is new.
        failed: Source ids of postings whose details could not be had (details only).
        counts: What happened since the last batch; the host adds new, changed and unchanged.
    """

    kind: Literal["list", "detail"]
    records: tuple[Record, ...]
    cursor: str | None = None
    kept_cursor: str | None = None
    skipped: tuple[Skip, ...] = ()
    failed: tuple[str, ...] = ()
    counts: Counts = Counts()


class Ack(Struct, frozen=True, kw_only=True):
    """What the database made of a batch."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


class Grant(Struct, frozen=True, kw_only=True):
    """Leave to send one request. `wait` > 0 means: not yet, ask again after that many seconds.

    Attributes:
        cooling: The wait is not the pace's: the site asked for quiet, or refused us.
        cause: Which of the two it was, where it is cooling and that is known.
    """

    wait: float = 0.0
    cooling: bool = False
    cause: ErrorClass | None = None


class Proxy(Struct, frozen=True, kw_only=True):
    """A proxy that a run goes through. `url` may hold credentials; `label` never does."""

    id: int
    label: str
    url: str

    def __repr__(self) -> str:
        return f"Proxy(id={self.id}, label={self.label!r})"


class Progress(Struct, frozen=True, kw_only=True):
    """How far the run is. `total` is of the present phase, where anybody knows it."""

    phase: Literal["list", "details"]
    done: int
    total: int | None
    counts: Counts


class RunHost(Protocol):
    """The world as `execute` sees it. Calls may block; any of them may raise `Cancelled`."""

    def deliver(self, batch: Batch) -> Ack:
        """Commit a batch with its cursor and counters, in one transaction."""
        ...

    def details_wanted(
        self, refs: Sequence[PostingRef], *, rechecks: int = 0
    ) -> Sequence[PostingRef]:
        """Choose the postings to ask details of.

        Those of `refs` without stored details come first, then up to `rechecks` known ones that
        are due.
        """
        ...

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        """Ask for leave to send one request under the rate limit `key`."""
        ...

    def slow_down(self, key: str, *, cause: ErrorClass, retry_after: float | None = None) -> None:
        """Tell that the site asked for quiet or refused us: nobody asks it for a while.

        `retry_after` is what it said itself, in seconds.
        """
        ...

    def proxy(self, *, failed: int | None = None, cause: ErrorClass = "proxy") -> Proxy | None:
        """Return the proxy that the run goes through: the same one until it has failed.

        With `failed`, the run leaves that proxy for `cause` and the next one is returned. A proxy
        that failed itself (`proxy`) or is refused (`blocked`) is set aside at once. After any other
        cause it may be the site that is down: the proxy is set aside only once a page has come
        through another one. None where no pool was asked for; then requests go out directly. Raises
        `Transient` if none is left.
        """
        ...

    def progress(self, progress: Progress) -> None:
        """Tell how far the run is."""
        ...

    def log(
        self,
        level: Literal["debug", "info", "warning"],
        event: str,
        fields: Mapping[str, object],
    ) -> None:
        """Write to the run's log."""
        ...

    def cancelled(self) -> CancelReason | None:
        """Say whether somebody wants the run to stop. Called often; must be cheap."""
        ...
