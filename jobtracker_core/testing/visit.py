"""One collector against one server, on the core's own client, with time that never waits."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from itertools import islice
from typing import Any, cast

from jobtracker_core.contract.collector import JobCollector
from jobtracker_core.contract.context import RunContext
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.contract.page import Page
from jobtracker_core.contract.posting import Posting, PostingRef
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.contract.run import FilterUse
from jobtracker_core.http.exchange import Transport
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.session import Session, Task


class Visit:
    """Calls a collector's methods as a run does, for tests that look at single pages.

    For whole runs use `execute`. Use it from one thread.

    Args:
        collector: The class.
        settings: The operator's settings, as a rule with the server's address as `base_url`.
        transport: Whoever made it closes it.
        now: The time at the start, aware; from there the clock jumps over every wait.

    Attributes:
        clock: Tells how long the run would have waited.
        host: Keeps the log in `events`.
    """

    def __init__(
        self,
        collector: type[JobCollector[Any, Any]],
        settings: CollectorSettings,
        transport: Transport,
        now: datetime,
    ) -> None:
        self.clock = JumpClock(now)
        self.host = DryHost()
        task = Task(collector=collector, settings=settings, query=collector.info.canary)
        self._session = Session(
            task, self.host, transport=transport, clock=self.clock, recorder=None
        )

    @property
    def ctx(self) -> RunContext:
        """The run's context."""
        return self._session.ctx

    @property
    def collector(self) -> JobCollector[Any, Any]:
        """The run's own instance."""
        return self._session.collector

    def pages(
        self,
        query: CommonQuery | None = None,
        *,
        cursor: str | None = None,
        most: int | None = None,
    ) -> list[Page]:
        """Read list pages of a query, by default the one without any words; at most `most`."""
        asked = self.collector.info.query() if query is None else query
        pages = self.collector.collect(asked, self.ctx, cursor=cursor)
        with closing(cast("Any", pages)):
            return list(islice(pages, most))

    def details(self, posting: Posting | PostingRef) -> Posting:
        """Ask for a posting's details."""
        ref = PostingRef(source_id=posting.source_id, url=posting.url, title=posting.title)
        return self.collector.details(ref, self.ctx)

    def filters(self) -> tuple[FilterUse, ...]:
        """Return what the collector said of words that it could not apply."""
        return tuple(use for use in self._session.filters.account() if use.note is not None)

    def events(self, level: str) -> list[str]:
        """Return the log's lines of one level: debug, info or warning."""
        return [event for at, event, _ in self.host.events if at == level]
