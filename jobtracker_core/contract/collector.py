"""The class that a site's plugin writes."""

from __future__ import annotations

import abc
from collections.abc import Generator, Iterator
from typing import ClassVar, Generic, TypeVar, cast

from jobtracker_core.contract.context import RunContext
from jobtracker_core.contract.info import CollectorInfo, CollectorSettings
from jobtracker_core.contract.page import Page, Probe
from jobtracker_core.contract.posting import Posting, PostingRef
from jobtracker_core.contract.query import CommonQuery

Q = TypeVar("Q", bound=CommonQuery)
S = TypeVar("S", bound=CollectorSettings)


class JobCollector(abc.ABC, Generic[Q, S]):
    """Knows one site. The core makes one instance for each run, in the thread that runs it."""

    info: ClassVar[CollectorInfo]

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why this collector cannot be used on this machine now; None if it can.

        For a missing library, or a site that a library has given up. Asked while plugins are
        loaded: it must be quick, import nothing heavy and touch no network.
        """
        return None

    @abc.abstractmethod
    def collect(self, query: Q, ctx: RunContext, *, cursor: str | None = None) -> Iterator[Page]:
        """Yield list pages until the search has no more.

        Must be a generator. Control comes back after a page was committed together with its
        cursor; if the run is to stop, the generator is closed instead. With feature `resume` it
        starts at `cursor` when one is given: one that an earlier run of the same query yielded,
        under the same plugin version, less than 24 hours ago. Without it, `cursor` is always None.
        """

    def details(self, ref: PostingRef, ctx: RunContext) -> Posting:
        """Read a posting's own page (feature `details`).

        The core decides which postings are asked for. A page that says the posting has ended, or
        that it is gone, is an answer: `Posting(…, closed=True)`. One that was closed, stands on a
        list again, and whose page then tells of no end, is open again.
        """
        raise NotImplementedError

    def probe(self, ctx: RunContext) -> Probe:
        """Say whether the site answers as this plugin expects. Default: the canary's first page."""
        pages = self.collect(cast("Q", self.info.canary), ctx)
        try:
            page = next(pages, None)
        finally:
            if isinstance(pages, Generator):
                pages.close()
        found = 0 if page is None else len(page.postings)
        message = f"{found} postings on the first page" if found else "no postings at all"
        return Probe(ok=found > 0, found=found, message=message)
