"""A run of the collector against a server, on the core's own client, with time that never waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.runner.dry import DryHost
from jobtracker_core.runner.execute import Result, execute
from jobtracker_core.runner.session import Task
from jobtracker_core.testing.practice import PracticeSite, Reply, Seen
from jobtracker_core.testing.visit import Visit
from jobtracker_linkedin import LinkedIn, LinkedInQuery
from jobtracker_linkedin.practice import LinkedInSite

TODAY = date(2026, 9, 15)
NOW = datetime(2026, 9, 15, tzinfo=UTC)

_LIST = "/jobs-guest/jobs/api/seeMoreJobPostings/search"


class ServedSite(PracticeSite):
    """Answers with given bodies.

    Attributes:
        lists: Pages of the list by their offsets.
        pages: Other pages by their paths.
        otherwise: Status and body for the rest; by default 404, and no results beyond the lists.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[int, bytes] = {}
        self.pages: dict[str, bytes] = {}
        self.otherwise: tuple[int, bytes] | None = None

    def answer(self, request: Seen) -> Reply:
        """See PracticeSite."""
        is_list = request.path == _LIST
        given = (
            self.lists.get(int(request.query["start"])) if is_list else self.pages.get(request.path)
        )
        missing = (200, b"<!DOCTYPE html>\n\n<!---->") if is_list else (404, b"<h1>404</h1>")
        status, body = (self.otherwise or missing) if given is None else (200, given)
        return Reply(status=status, body=body, content_type="text/html; charset=utf-8")


@pytest.fixture
def site() -> Iterator[LinkedInSite]:
    """A practice site with 95 postings: ten pages, the last with five."""
    with LinkedInSite(postings=95, today=TODAY) as running:
        yield running


@pytest.fixture
def served() -> Iterator[ServedSite]:
    """A site that gives what it was told to."""
    with ServedSite() as running:
        yield running


@pytest.fixture
def transport() -> Iterator[CurlTransport]:
    """The real transport."""
    with closing(CurlTransport()) as transport:
        yield transport


@pytest.fixture
def visit_at(transport: CurlTransport) -> Callable[[str], Visit]:
    """Make runs against an address."""
    return lambda base_url: Visit(
        LinkedIn, LinkedIn.info.settings(base_url=base_url), transport, NOW
    )


@pytest.fixture
def visit(site: LinkedInSite, visit_at: Callable[[str], Visit]) -> Visit:
    """One run against `site`."""
    return visit_at(site.base_url)


@pytest.fixture
def run_at(transport: CurlTransport) -> Callable[..., tuple[Result, DryHost]]:
    """Execute whole runs against an address, in no time and without a database."""

    def run(
        base_url: str, query: CommonQuery | None = None, *, host: DryHost | None = None, **task: Any
    ) -> tuple[Result, DryHost]:
        host = host or DryHost()
        settings = LinkedIn.info.settings(base_url=base_url)
        todo = Task(collector=LinkedIn, settings=settings, query=query or LinkedInQuery(), **task)
        return execute(todo, host, transport=transport, clock=JumpClock(NOW)), host

    return run


@pytest.fixture
def recordings() -> Path:
    """The folder with real answers of the real site."""
    folder = os.environ.get("JOBTRACKER_RECORDINGS")
    if not folder:
        pytest.skip("JOBTRACKER_RECORDINGS names no folder")
    return Path(folder) / "linkedin"
