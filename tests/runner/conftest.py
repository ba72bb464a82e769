"""Collectors made of a script, and the means to run them without a network or a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from frozen import FrozenTime
from jobtracker_core import (
    CollectorInfo,
    CollectorSettings,
    CommonQuery,
    JobCollector,
    Limits,
    Page,
    Policy,
    Posting,
    PostingRef,
    Private,
    RunContext,
)
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.execute import Result, execute
from jobtracker_core.runner.session import Task
from lives import Life

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CANARY = CommonQuery(text="engineer")


class NoTransport:
    """These collectors ask for nothing."""

    def send(self, request: Any, *, timeout: float) -> Any:
        raise AssertionError(f"unexpected request {request}")

    def close(self) -> None:
        """Nothing to close."""


def posting(number: int, **fields: Any) -> Posting:
    """Posting number N."""
    return Posting(
        source_id=str(number),
        url=f"https://board.example/{number}",
        title=fields.pop("title", f"Job {number}"),
        **fields,
    )


Pages = Callable[[CommonQuery, RunContext, str | None], Iterator[Page]]
Details = Callable[[PostingRef, RunContext], Posting]


def scripted(
    pages: Pages, details: Details | None = None, **changes: Any
) -> type[JobCollector[Any, Any]]:
    """Make a collector class of two functions."""
    features = {"resume"} | ({"details"} if details else set())
    card = CollectorInfo(
        name="board",
        title="Board",
        homepage="https://board.example",
        contract=1,
        query=CommonQuery,
        hosts=("board.example",),
        policy=Policy(summary="none"),
        canary=CANARY,
        features=changes.pop("features", frozenset(features)),
        limits=changes.pop("limits", Limits()),
        filters=changes.pop("filters", {}),
        private=changes.pop("private", Private()),
    )

    class Board(JobCollector[CommonQuery, CollectorSettings]):
        info = card

        def collect(
            self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None
        ) -> Iterator[Page]:
            yield from pages(query, ctx, cursor)

        def details(self, ref: PostingRef, ctx: RunContext) -> Posting:
            assert details is not None
            return details(ref, ctx)

    return Board


class Kit:
    """Runs scripted collectors; `host` and `clock` are there to look at and to play with."""

    def __init__(self) -> None:
        self.host = DryHost()
        self.clock = JumpClock(NOW)
        self.posting = posting
        self.scripted = scripted
        self.canary = CANARY
        self.now = NOW
        self.no_transport = NoTransport()

    def run(
        self,
        pages: Pages,
        details: Details | None = None,
        *,
        query: CommonQuery | None = None,
        cursor: str | None = None,
        **changes: Any,
    ) -> Result:
        return self.start(scripted(pages, details, **changes), query=query, cursor=cursor)

    def start(
        self,
        collector: type[JobCollector[Any, Any]],
        *,
        query: CommonQuery | None = None,
        cursor: str | None = None,
    ) -> Result:
        task = self.task(collector, query=query, cursor=cursor)
        return execute(task, self.host, transport=self.no_transport, clock=self.clock)

    def task(
        self,
        collector: type[JobCollector[Any, Any]],
        *,
        query: CommonQuery | None = None,
        cursor: str | None = None,
    ) -> Task:
        return Task(
            collector=collector,
            settings=CollectorSettings(),
            query=query or CommonQuery(text="python"),
            cursor=cursor,
        )

    def paged(self, count: int, *, size: int = 3, seen: list[str | None] | None = None) -> Pages:
        """A site of COUNT postings, SIZE to a page; cursors are page numbers."""

        def pages(query: CommonQuery, ctx: RunContext, cursor: str | None) -> Iterator[Page]:
            start = int(cursor or 0)
            for number in range(start, -(-count // size)):
                if seen is not None:
                    seen.append(str(number))
                last = (number + 1) * size >= count
                ids = range(number * size, min(count, (number + 1) * size))
                yield Page(
                    postings=tuple(posting(i) for i in ids),
                    cursor=None if last else str(number + 1),
                    total_hint=count,
                )

        return pages

    def fail(self, *errors: Exception) -> Iterator[Page]:
        """Fail before the first page."""
        for error in errors:
            raise error
        yield Page(postings=())

    def one(self, page: Page) -> Pages:
        """A site of one page."""
        return lambda _query, _ctx, _cursor: iter([page])

    def known(self, *numbers: int) -> None:
        """Have these postings stored already."""
        self.run(self.one(Page(postings=tuple(posting(n) for n in numbers))))
        self.host = DryHost(known=self.host.listed)


@pytest.fixture
def kit() -> Kit:
    return Kit()


@pytest.fixture
def replace() -> Callable[..., Any]:
    return msgspec.structs.replace


@pytest.fixture
def life(frozen: FrozenTime, kit: Kit) -> Life:
    """A board that runs are made of one after another, in time that the test sets."""
    return Life(frozen, kit)
