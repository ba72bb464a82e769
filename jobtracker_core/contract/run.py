"""A run, as hooks, command line and storage speak of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.info import FilterSupport


class RunState(StrEnum):
    """Life of a run; the last six are final."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    SUSPECT = "suspect"
    FAILED = "failed"
    CANCELLED = "cancelled"
    MISSED = "missed"


class Counts(Struct, frozen=True, kw_only=True):
    """What a run did.

    Attributes:
        pages: List pages read.
        seen: Postings received on them and readable; repeats within a page and what came after
            the query's limit are left out.
        new: Postings stored for the first time.
        changed: Known postings of which something differs since the last run, each counted once.
        unchanged: Known postings whose list entries say what is stored.
        rejected: Items received that could not be read.
        filtered: Postings removed because the query did not ask for them.
        details: Detail pages read.
        details_failed: Detail pages that could not be had; they are asked again next time.
        http_requests: Requests sent, redirects and retries included; 0 where the collector does
            its own HTTP (`own_http`), because nobody counts them.
        bytes_in: Bytes received, after decompression; 0 there too.
    """

    pages: int = 0
    seen: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    filtered: int = 0
    details: int = 0
    details_failed: int = 0
    http_requests: int = 0
    bytes_in: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{f: getattr(self, f) + getattr(other, f) for f in self.__struct_fields__})

    def __sub__(self, other: Counts) -> Counts:
        return Counts(**{f: getattr(self, f) - getattr(other, f) for f in self.__struct_fields__})


class FilterUse(Struct, frozen=True, kw_only=True):
    """What became of one word of a query.

    Attributes:
        removed: Postings that the core left out for it.
        unknown: Postings kept although they do not say what the word asks for.
        note: Why it was not applied in this run, where the collector says so.
    """

    word: str
    support: FilterSupport
    removed: int = 0
    unknown: int = 0
    note: str | None = None


class RunSummary(Struct, frozen=True, kw_only=True):
    """A finished run. `filters` says where each word of the query was applied."""

    id: int
    collector: str
    state: RunState
    started_at: datetime
    finished_at: datetime
    counts: Counts
    end_confirmed: bool
    error_class: ErrorClass | None = None
    error_message: str | None = None
    filters: tuple[FilterUse, ...] = ()


class JobRef(Struct, frozen=True, kw_only=True):
    """A stored job, as far as a notifier needs it."""

    id: int
    source: str
    source_id: str
    title: str
    company: str | None
    url: str
