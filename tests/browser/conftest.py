"""A browser, and `jobtracker serve` as a process of its own with some hundred jobs to show.

Debian's Chromium, or the one that JT_CHROMIUM names; without either these tests are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from access import cookie_for
from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage import schema
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.engine import open_database
from tests.benchmarks.invented import fill

CHROMIUM = os.environ.get("JT_CHROMIUM") or shutil.which("chromium")
JOBS = 300
DESK = {"width": 1360, "height": 900}
PHONE = {"width": 390, "height": 844}

# Before any code of the page, so that no report is missed.
_REPORTS = """
window.reports = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.reports.push(`${event.violatedDirective}: ${event.blockedURI || event.sourceFile}`);
});
"""


LET_IN: dict[str, str] = {}
"""The session of a reader, by the server."""


def serve(database: Path) -> Iterator[str]:
    """Run a server; gives its address."""
    environment = {
        "PATH": os.environ["PATH"],
        "JOBTRACKER_DATA_DIR": str(database.parent),
        "JOBTRACKER_DATABASE_URL": f"sqlite:///{database}",
        "JOBTRACKER_PLUGINS": "hiringcafe",
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jobtracker_core",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--no-worker",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://\S+?(?=/\s)", said)
            assert found, said
            with JobTracker(Settings(database_url=f"sqlite:///{database}", plugins=())) as tracker:
                LET_IN[urlsplit(found[0]).netloc] = cookie_for(tracker)
            yield found[0]
        finally:
            process.kill()


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal with jobs."""
    path = tmp_path_factory.mktemp("portal") / "jobs.db"
    database = open_database(f"sqlite:///{path}")
    schema.upgrade(database)
    fill(database, JOBS, now=datetime.now(UTC))
    database.close()
    yield from serve(path)


@pytest.fixture
def own_url(tmp_path: Path) -> Iterator[str]:
    """A portal for a test that changes what others count."""
    path = tmp_path / "jobs.db"
    database = open_database(f"sqlite:///{path}")
    schema.upgrade(database)
    fill(database, 120, now=datetime.now(UTC))
    database.close()
    yield from serve(path)


@pytest.fixture(scope="session")
def empty_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal without jobs."""
    yield from serve(tmp_path_factory.mktemp("portal") / "empty.db")


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
        for url in serve(path):
            yield url, tracker


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium; install it or name one with JT_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page as a new visitor; at the end, nothing may have been refused or gone elsewhere.

    `failing` are parts of what the console says of answers that are meant to fail.
    """
    pages: list[Page] = []
    complaints: list[str] = []

    def visit(
        address: str, *, theme: str | None = None, phone: bool = False, failing: Sequence[str] = ()
    ) -> Page:
        host = urlsplit(address)
        context = chromium.new_context(
            viewport=PHONE if phone else DESK,  # type: ignore[arg-type]
            is_mobile=phone,
            has_touch=phone,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(10_000)
        context.add_init_script(_REPORTS)
        origin = f"{host.scheme}://{host.netloc}"
        context.add_cookies([{"name": "jt", "value": LET_IN[host.netloc], "url": origin}])
        if theme is not None:
            context.add_cookies([{"name": "jt-theme", "value": theme, "url": origin}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"console: {message.text}")
                if message.type in {"error", "warning"}
                and not any(part in message.text for part in failing)
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                complaints.append(f"elsewhere: {request.url}")
                if urlsplit(request.url).netloc != host.netloc
                else None
            ),
        )
        page.goto(address)
        pages.append(page)
        return page

    yield visit
    for page in pages:
        complaints += page.evaluate("window.reports")
        page.context.close()
    assert complaints == []
