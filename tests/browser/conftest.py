"""A browser, and `jobtracker serve` as a process of its own with some hundred jobs to show.

Without a browser these tests are skipped; where CI is set, that is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import scene
from access import cookie_for
from browsing import CHROMIUM, LET_IN, begin, cookie_of, launch, portal
from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage import schema
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.engine import open_database
from scene import Scene
from tests.benchmarks.invented import fill

JOBS = 300

expect.set_options(timeout=30_000)  # a browser beside much else takes its time


@contextmanager
def serve(database: Path) -> Iterator[str]:
    """Run a server on an SQLite file; gives its address, for which `open_page` has a session."""
    url = f"sqlite:///{database}"
    with portal(url, database.parent) as address:
        with JobTracker(Settings(database_url=url, plugins=())) as tracker:
            LET_IN[urlsplit(address).netloc] = cookie_for(tracker)
        yield address


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal with jobs."""
    path = tmp_path_factory.mktemp("portal") / "jobs.db"
    database = open_database(f"sqlite:///{path}")
    schema.upgrade(database)
    fill(database, JOBS, now=datetime.now(UTC))
    database.close()
    with serve(path) as address:
        yield address


@pytest.fixture
def own_url(tmp_path: Path) -> Iterator[str]:
    """A portal for a test that changes what others count."""
    path = tmp_path / "jobs.db"
    database = open_database(f"sqlite:///{path}")
    schema.upgrade(database)
    fill(database, 120, now=datetime.now(UTC))
    database.close()
    with serve(path) as address:
        yield address


@pytest.fixture(scope="session")
def empty_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal without jobs."""
    with serve(tmp_path_factory.mktemp("portal") / "empty.db") as address:
        yield address


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Scene]]:
    """A portal with something of everything, and what is in it."""
    folder = tmp_path_factory.mktemp("scene")
    database = f"sqlite:///{folder / 'scene.db'}"
    made = scene.make(database, folder)
    with portal(database, folder, plugins=",".join(scene.PLUGINS)) as address:
        LET_IN[urlsplit(address).netloc] = made.cookie
        yield address, made


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[tuple[str, JobTracker]]:
    """A portal of its own with three drafts, and the JobTracker behind it."""
    path = tmp_path / "pipeline.db"
    database = open_database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    with JobTracker(Settings(database_url=f"sqlite:///{path}", plugins=())) as tracker:
        for title in ("First", "Second", "Third"):
            tracker.applications.create(ApplicationDraft(title=title, company="Brightwater"))
        with serve(path) as address:
            yield address, tracker


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    if CHROMIUM is None:
        missing = "there is no chromium; install it or name one with JT_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Begin a visit of a server, see `browsing.begin`; at the end nobody may have complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def start(
        address: str,
        *,
        cookie: str | None = None,
        theme: str | None = None,
        phone: bool = False,
        failing: Sequence[str] = (),
    ) -> BrowserContext:
        context = begin(
            chromium,
            address,
            complaints,
            cookie=cookie,
            theme=theme,
            phone=phone,
            failing=failing,
        )
        contexts.append(context)
        return context

    yield start
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def open_page(visit: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """Open a page as a new visitor who is let in; at the end nobody may have complained."""

    def opened(
        address: str, *, theme: str | None = None, phone: bool = False, failing: Sequence[str] = ()
    ) -> Page:
        context = visit(
            address, cookie=cookie_of(address), theme=theme, phone=phone, failing=failing
        )
        page = context.new_page()
        page.goto(address)
        return page

    return opened
