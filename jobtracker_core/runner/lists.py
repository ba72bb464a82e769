"""The first phase of a run: list pages, from the front or from a kept cursor."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing

from jobtracker_core.contract.errors import Blocked, LayoutChanged
from jobtracker_core.contract.host import Ack, Record
from jobtracker_core.contract.page import Page, Skip
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.contract.run import Counts
from jobtracker_core.ingest.normalise import Unreadable, normalise
from jobtracker_core.runner.outcome import ListEnd
from jobtracker_core.runner.session import Session
from jobtracker_core.runner.soundness import sound_page, sound_posting


class ListReader:
    """Reads and delivers list pages, and keeps what the outcome will be judged by.

    Attributes:
        refs: The postings delivered, by source id.
        received: Source ids of all readable postings that the site sent.
        end: How the list ended; None while it has not.
        end_unconfirmed: The results stopped without the site saying that this is the end.
        whole: The list was read without a gap.
        announced: How many postings the site said there are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.refs: dict[str, PostingRef] = {}
        self.received: set[str] = set()
        self.end: ListEnd | None = None
        self.end_unconfirmed = False
        self.whole = True
        self.announced: int | None = None

    def read(self) -> None:
        """Read from the front; once a page holds nothing new, go on from the kept cursor."""
        session = self._session
        resumes = "resume" in session.info.features
        kept = session.task.cursor if resumes else None
        self.end = self._read_pages(None, until_known=kept is not None)
        if self.end is None:
            self.whole = False
            session.host.log("info", "the front is known; going on where the last run stopped", {})
            self.end = self._read_pages(kept, until_known=False)

    def _read_pages(self, start: str | None, *, until_known: bool) -> ListEnd | None:
        """Deliver pages; return how the list ended, None if it reached what is known."""
        session = self._session
        # The contract asks for a generator, so that it can be closed when the run stops.
        pages = session.collector.collect(session.task.query, session.ctx, cursor=start)
        if not isinstance(pages, Generator):
            raise TypeError("collect() must be a generator")
        cursors = {start}
        first = True
        kept = session.task.cursor if until_known else None
        with closing(pages):
            for page in self._checked(pages):
                if page.cursor is not None and page.cursor in cursors:
                    raise LayoutChanged("cursor", f"paging runs in a circle at {page.cursor!r}")
                cursors.add(page.cursor)
                ack, records = self._deliver(page, front=first and start is None, kept=kept)
                first = False
                if ack.new:
                    kept = None  # the gap between here and there must be read first
                if self._limit_reached():
                    return "limit"
                if until_known and records and ack.new == 0 and page.cursor is not None:
                    return None
                # A page without a cursor is mostly the last one: one more look tells.
                over = session.counts.pages - session.max_pages
                last = page.cursor is None and "resume" in session.info.features
                if over > 0 or (over == 0 and not last):
                    return "page_limit"
        if first and start is None:
            raise RuntimeError("collect() ended without a page; an empty search is an empty Page")
        return "end"

    def _checked(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Pass pages on, and look at the wish to stop: a collector may have swallowed it."""
        session = self._session
        session.watch.check()
        session.host.page = session.counts.pages + 1
        session.take_turn()
        for page in pages:
            session.host.raise_failure()
            session.watch.check()
            yield sound_page(page)
            session.host.page = session.counts.pages + 1
            session.take_turn()
        session.host.raise_failure()
        session.watch.check()

    def _deliver(self, page: Page, *, front: bool, kept: str | None) -> tuple[Ack, list[Record]]:
        session = self._session
        records, skipped = self._ingest(page)
        if page.total_hint is not None:
            self.announced = max(page.total_hint, self.announced or 0)
        if page.postings or page.skipped:
            self.end_unconfirmed = page.end_unconfirmed
        else:
            self._weigh_empty(page, front=front)
        fitting = session.filters.apply(records, session.clock.now())
        filtered = len(records) - len(fitting)
        fitting = self._within_limit(fitting)
        session.count(
            Counts(pages=1, seen=len(fitting) + filtered, rejected=len(skipped), filtered=filtered)
        )
        ack = session.deliver(
            "list", fitting, cursor=page.cursor, kept_cursor=kept, skipped=skipped
        )
        for record in fitting:
            self.refs[record.source_id] = PostingRef(
                source_id=record.source_id, url=record.url, title=record.title
            )
        session.report("list", len(self.received), self.announced)
        return ack, fitting

    def _ingest(self, page: Page) -> tuple[list[Record], list[Skip]]:
        """Normalise a page; return its different records, and what is unreadable."""
        session = self._session
        records: dict[str, Record] = {}
        skipped = list(page.skipped)
        for index, posting in enumerate(page.postings):
            try:
                record = normalise(sound_posting(posting), private=session.info.private)
            except Unreadable as error:
                skipped.append(Skip(path=f"postings[{index}].{error.field}", reason=error.reason))
            else:
                records[record.source_id] = record
        if len(skipped) * 2 > len(page.postings) + len(page.skipped):
            raise LayoutChanged(
                skipped[0].path,
                f"{skipped[0].reason} ({len(skipped)} items of this page are unreadable)",
            )
        for skip in skipped:
            session.host.log(
                "warning", "item unreadable", {"path": skip.path, "reason": skip.reason}
            )
        self.received.update(records)
        return list(records.values()), skipped

    def _weigh_empty(self, page: Page, *, front: bool) -> None:
        """Decide what an empty page means; only a certain "none" passes as the end."""
        if not front:
            self.end_unconfirmed = page.end_unconfirmed or page.total_hint != 0
            return
        if page.total_hint == 0:
            return
        if page.total_hint is not None:
            raise LayoutChanged(
                "total", f"the site announces {page.total_hint} postings and shows none"
            )
        session = self._session
        if session.task.query == session.info.canary:
            raise Blocked("even the canary search, which always has results, is empty")
        session.host.log("info", "nothing found; asking the canary search whether that is so", {})
        session.take_turn()
        probe = session.collector.probe(session.ctx)
        if not probe.ok:
            raise Blocked(f"an empty page, and the canary search fails too ({probe.message})")
        self.end_unconfirmed = page.end_unconfirmed

    def _within_limit(self, records: list[Record]) -> list[Record]:
        """Leave out what comes after the query's limit; one that was on an earlier page is free."""
        limit = self._session.task.query.limit
        if limit is None:
            return records
        left = limit - len(self.refs)
        kept = []
        for record in records:
            fresh = record.source_id not in self.refs
            if fresh and left <= 0:
                continue
            left -= fresh
            kept.append(record)
        return kept

    def _limit_reached(self) -> bool:
        limit = self._session.task.query.limit
        return limit is not None and len(self.refs) >= limit
