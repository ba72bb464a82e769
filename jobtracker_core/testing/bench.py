"""Runs of one collector on one source of answers, as often as anybody likes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any, cast
from urllib.parse import urlsplit

from msgspec import Struct, structs

from jobtracker_core.contract.collector import JobCollector
from jobtracker_core.contract.context import RunContext
from jobtracker_core.contract.errors import Transient
from jobtracker_core.contract.info import CollectorInfo, CollectorSettings, Limits
from jobtracker_core.contract.page import Page
from jobtracker_core.contract.posting import Posting, PostingRef
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.contract.run import RunState
from jobtracker_core.http.exchange import Answer, Request, Transport
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.execute import Result, execute
from jobtracker_core.runner.session import Session, Task
from jobtracker_core.testing.host import DETAILS, KitHost
from jobtracker_core.testing.practice import PracticeSite
from jobtracker_core.testing.proxy import InterceptProxy
from jobtracker_core.testing.spies import SpyContext, SpyHttp, no_sleep
from jobtracker_core.testing.tape import Exchange, TapeTransport, Taping
from jobtracker_core.testing.verdict import CheckFailed

Over = Callable[[Transport, JumpClock], Transport]
"""Puts something between the collector and its answers."""


class Ran(Struct, frozen=True, kw_only=True):
    """A whole run. `sent` are its requests with the seconds on the run's clock."""

    result: Result
    host: KitHost
    clock: JumpClock
    sent: list[tuple[float, Request]]
    exchanges: list[Exchange]

    @property
    def ids(self) -> tuple[str, ...]:
        """Source ids of what was listed, in order."""
        return tuple(self.host.listed)

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        outcome = self.result.outcome
        why = f" ({outcome.error_class}: {outcome.message})" if outcome.error_class else ""
        return f"{outcome.state}{why} with {self.result.counts.seen} postings"


class Read(Struct, frozen=True, kw_only=True):
    """What `collect()` and `details()` themselves gave, up to the error that ended them.

    Attributes:
        sent: All its requests, those too that were not answered.
        marks: Requests that were sent before each page came.
        raised: What its requests raised, whether or not the collector let it pass.
    """

    pages: tuple[Page, ...]
    sent: tuple[Request, ...]
    marks: tuple[int, ...]
    details: tuple[Posting, ...]
    error: BaseException | None
    raised: list[Exception]

    @property
    def ids(self) -> tuple[str, ...]:
        """Source ids on all pages, in order."""
        return tuple(posting.source_id for page in self.pages for posting in page.postings)


class Plain(Struct, frozen=True, kw_only=True):
    """The collector on a good day; all else is measured by it."""

    ran: Ran
    read: Read

    @property
    def list_requests(self) -> int:
        """Requests of the list phase."""
        return self.read.marks[-1] if self.read.marks else 0


class Bench:
    """Makes runs.

    Args:
        name: "practice site" or "recording".
        settings: They point the collector there.
        now: The time at which each run starts, aware.
        live: Makes a transport to the real answers; the bench closes it.
        site: The practice site, running.
        proxy: What a collector that does its own HTTP goes through, running.

    Attributes:
        strays: Addresses elsewhere than at the practice site that were asked for.
        closing: What is to be closed with the bench.
    """

    def __init__(
        self,
        collector: type[JobCollector[Any, Any]],
        *,
        name: str,
        settings: CollectorSettings,
        query: CommonQuery,
        now: datetime,
        live: Callable[[], Transport],
        site: PracticeSite | None = None,
        proxy: InterceptProxy | None = None,
    ) -> None:
        self.collector = collector
        self.name = name
        self.settings = settings
        self.query = query
        self.site = site
        self.proxy = proxy
        self._now = now
        self._live = live
        self.closing = ExitStack()
        self.strays: list[str] = []
        self._tape: list[Exchange] = []

    @property
    def info(self) -> CollectorInfo:
        """The collector's card."""
        return self.collector.info

    @cached_property
    def plain(self) -> Plain:
        """A run and a reading without any fault."""
        ran = self._run(self._beyond, lambda transport, _clock: transport)
        outcome = ran.result.outcome
        good = (
            outcome.state is RunState.SUCCEEDED if self.site else outcome.error_class != "internal"
        )
        if not good or not ran.ids:
            detail = f"\n{outcome.detail}" if outcome.error_class == "internal" else ""
            raise CheckFailed(
                f"a run on the {self.name}, without any fault, ended {ran.ending}{detail}",
                "mend this first: every other check is measured by it",
            )
        self._tape = ran.exchanges
        read = self.read()
        if read.error is not None:
            raise CheckFailed(
                f"collect() or details() failed on the {self.name}: {read.error!r}",
                "mend this first: every other check is measured by it",
            )
        return Plain(ran=ran, read=read)

    def peek(self, most: int) -> tuple[Page, ...]:
        """Read the first pages, up to the error that ends them."""
        read = self._read(self._beyond, lambda transport, _clock: transport, most=most)
        return read.pages

    def live_run(self, *, limits: Limits | None = None) -> Ran:
        """Run against the practice site as it is now, faults of its own included."""
        return self._run(self._beyond, lambda transport, _clock: transport, limits=limits)

    def run(
        self,
        over: Over = lambda transport, _clock: transport,
        *,
        limits: Limits | None = None,
        prepare: Callable[[KitHost, JumpClock], None] = lambda _host, _clock: None,
        alter: Callable[[int, Answer], Answer] | None = None,
    ) -> Ran:
        """Run on the taped answers; what was never asked goes to the site, if there is one."""
        _ = self.plain
        return self._run(lambda: self._answers(alter), over, limits=limits, prepare=prepare)

    def read(
        self,
        over: Over = lambda transport, _clock: transport,
        *,
        cursor: str | None = None,
        details: bool = True,
        most: int | None = None,
        query: CommonQuery | None = None,
    ) -> Read:
        """Call the collector's methods as a run does, and look at what they give themselves.

        At most `most` pages are read. `query` is another one than the bench's.
        """
        return self._read(
            lambda: self._answers(None),
            over,
            cursor=cursor,
            details=details,
            most=most,
            query=query,
        )

    def _read(
        self,
        answers: Callable[[], Transport],
        over: Over,
        *,
        cursor: str | None = None,
        details: bool = False,
        most: int | None = None,
        query: CommonQuery | None = None,
    ) -> Read:
        query = query or self.query
        clock = JumpClock(self._now)
        host = self._host(clock)
        with self._swiftly(), closing(answers()) as transport:
            taping = Taping(over(transport, clock), clock)
            task = Task(collector=self.collector, settings=self.settings, query=query)
            session = Session(task, host, transport=taping, clock=clock, recorder=None)
            spy = SpyHttp(session.ctx.http)
            ctx = cast("RunContext", SpyContext(session.ctx, spy))
            pages: list[Page] = []
            marks: list[int] = []
            found: list[Posting] = []
            error: BaseException | None = None
            try:
                stream = session.collector.collect(query, ctx, cursor=cursor)
                with closing(cast("Any", stream)):
                    for page in islice(stream, most or self.info.limits.max_pages):
                        pages.append(page)
                        marks.append(len(taping.sent))
                        if self._is_enough(pages):
                            break
                if details and "details" in self.info.features:
                    found = [session.collector.details(ref, ctx) for ref in _refs(pages)]
            except KeyboardInterrupt:
                raise
            except BaseException as raised:  # noqa: BLE001  (a plugin may raise anything)
                error = raised
        return Read(
            pages=tuple(pages),
            sent=tuple(request for _, request in taping.sent),
            marks=tuple(marks),
            details=tuple(found),
            error=error,
            raised=spy.raised,
        )

    def close(self) -> None:
        """Stop the site and the proxy."""
        self.closing.close()

    # -- inside

    def _host(self, clock: JumpClock) -> KitHost:
        return KitHost(clock, proxy_url=self.proxy.url if self.proxy else None)

    def _swiftly(self) -> AbstractContextManager[None]:
        """Let a library that waits by itself wait no time; nobody else's sleep is taken away."""
        return nullcontext() if self.proxy is None else no_sleep()

    def _is_enough(self, pages: Sequence[Page]) -> bool:
        """Say whether a recorded query's limit is reached; a run ends there."""
        limit = self.query.limit
        return limit is not None and limit <= len(
            {posting.source_id for page in pages for posting in page.postings}
        )

    def _beyond(self) -> Transport:
        return _Guard(self._live(), self.site.base_url if self.site else None, self.strays)

    def _answers(self, alter: Callable[[int, Answer], Answer] | None) -> Transport:
        if self.proxy is not None:
            return self._beyond()
        beyond = _Late(self._beyond) if self.site is not None else None
        return TapeTransport(self._tape, beyond, alter=alter)

    def _run(
        self,
        answers: Callable[[], Transport],
        over: Over,
        *,
        limits: Limits | None = None,
        prepare: Callable[[KitHost, JumpClock], None] = lambda _host, _clock: None,
    ) -> Ran:
        clock = JumpClock(self._now)
        host = self._host(clock)
        prepare(host, clock)
        task = Task(
            collector=_limited(self.collector, limits), settings=self.settings, query=self.query
        )
        with self._swiftly(), closing(answers()) as transport:
            taping = Taping(over(transport, clock), clock)
            result = execute(task, host, transport=taping, clock=clock)
        return Ran(
            result=result, host=host, clock=clock, sent=taping.sent, exchanges=taping.exchanges
        )


class _Guard:
    """Lets nothing out but to the practice site."""

    def __init__(self, inner: Transport, base_url: str | None, strays: list[str]) -> None:
        self._inner = inner
        self._only = base_url and urlsplit(base_url).netloc
        self._strays = strays

    def send(self, request: Request, *, timeout: float) -> Answer:
        if self._only and urlsplit(request.url).netloc != self._only:
            self._strays.append(request.url)
            raise Transient(f"{request.url} is not at the practice site")
        return self._inner.send(request, timeout=timeout)

    def close(self) -> None:
        self._inner.close()


class _Late:
    """A transport that is made when it is first needed."""

    def __init__(self, make: Callable[[], Transport]) -> None:
        self._make = make
        self._made: Transport | None = None

    def send(self, request: Request, *, timeout: float) -> Answer:
        self._made = self._made or self._make()
        return self._made.send(request, timeout=timeout)

    def close(self) -> None:
        if self._made is not None:
            self._made.close()


def _limited(
    collector: type[JobCollector[Any, Any]], limits: Limits | None
) -> type[JobCollector[Any, Any]]:
    if limits is None:
        return collector
    info = structs.replace(collector.info, limits=limits)
    return type(
        collector.__name__, (collector,), {"info": info, "__module__": collector.__module__}
    )


def _refs(pages: Sequence[Page]) -> list[PostingRef]:
    postings = [posting for page in pages for posting in page.postings][:DETAILS]
    return [PostingRef(source_id=p.source_id, url=p.url, title=p.title) for p in postings]
