"""The second phase of a run: details, of those postings only that lack them or are due again."""

from __future__ import annotations

from collections.abc import Collection

from jobtracker_core.contract.errors import (
    Blocked,
    Cancelled,
    LayoutChanged,
    RateLimited,
)
from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.contract.run import Counts
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.runner.context import HostFailed
from jobtracker_core.runner.outcome import words
from jobtracker_core.runner.session import Session
from jobtracker_core.runner.soundness import sound_posting

FAILURES_IN_A_ROW = 5
"""After so many detail pages in a row that cannot be had, the rest waits for the next run."""


class DetailReader:
    """Reads details one by one; one that fails costs no other.

    Attributes:
        failure: The first failure.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.failure: BaseException | None = None

    def read(self, refs: Collection[PostingRef]) -> None:
        """Ask for the details that are missing among `refs`, then for those that are due again."""
        session = self._session
        session.host.page = session.counts.pages
        wanted = session.host.details_wanted(tuple(refs), rechecks=session.info.limits.rechecks)
        in_a_row = 0
        for done, ref in enumerate(wanted):
            session.watch.check()
            session.report("details", done, len(wanted))
            in_a_row = 0 if self._read_one(ref) else in_a_row + 1
            if in_a_row == FAILURES_IN_A_ROW:
                left = len(wanted) - done - 1
                session.host.log("warning", "giving up on details for this run", {"left": left})
                session.count(Counts(details_failed=left))
                return
        session.report("details", len(wanted), len(wanted))

    def _read_one(self, ref: PostingRef) -> bool:
        """Store one posting's details; False if they could not be had and are asked again later."""
        session = self._session
        try:
            record = self._ask(ref)
        except (Blocked, RateLimited, Cancelled, HostFailed, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001  (a plugin may raise anything)
            session.host.raise_failure()
            session.tell(error)
            self.failure = self.failure or error
            fields = {"source_id": ref.source_id, "reason": words(error)}
            session.host.log("warning", "details unreadable", fields)
            session.count(Counts(details_failed=1))
            session.deliver("detail", [], failed=[ref.source_id])
            return False
        session.host.raise_failure()
        session.count(Counts(details=1))
        session.deliver("detail", [record])
        return True

    def _ask(self, ref: PostingRef) -> Record:
        self._session.take_turn()
        posting = sound_posting(self._session.collector.details(ref, self._session.ctx))
        if posting.source_id != ref.source_id:
            raise LayoutChanged(
                "source_id", f"asked for {ref.source_id!r}, got {posting.source_id!r}"
            )
        return normalise(posting, private=self._session.info.private)
