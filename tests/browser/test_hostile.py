"""Postings that mean harm are collected like all others, and shown, and nothing comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from msgspec import Struct
from playwright.sync_api import BrowserContext, Page, expect

from access import cookie_for
from browsing import LET_IN, cookie_of, portal, too_wide
from hostile_site import DESCRIPTION, WORDS, hostile_site
from jobtracker_core import JobTracker, Settings
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import schema
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.contacts import ContactDraft
from jobtracker_core.storage.engine import open_database
from jobtracker_core.storage.timeline import EventDraft

pytestmark = pytest.mark.full

EXPORTS = ("jobs", "applications", "companies", "contacts", "events", "runs")


class Collected(Struct, frozen=True, kw_only=True):
    """A server of what was collected, and the addresses of the pages that show it."""

    url: str
    pages: tuple[str, ...]


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collected]:
    folder = tmp_path_factory.mktemp("hostile")
    database = f"sqlite:///{folder / 'jobs.db'}"
    db = open_database(database)
    schema.upgrade(db)
    db.close()
    with hostile_site() as site:
        settings = Settings(
            database_url=database,
            data_dir=folder,
            plugins=("hiringcafe",),
            collectors={"hiringcafe": {"base_url": site.base_url, "per_minute": 60_000}},
        )
        with JobTracker(settings) as tracker:
            tracker.collectors.set_enabled("hiringcafe", enabled=True)
            run = tracker.collect("hiringcafe", {})
            assert run.run.state is RunState.SUCCEEDED, run
            pages = tuple(_track(tracker))
            cookie = cookie_for(tracker)
    with portal(database, folder) as url:
        LET_IN[url.removeprefix("http://")] = cookie
        yield Collected(url=url, pages=pages)


def _track(tracker: JobTracker) -> Iterator[str]:
    """Make all that can be made of the jobs; yield the addresses that show them."""
    yield from ("/", "/jobs", "/jobs?q=%3Cscript%3E", "/companies", "/applications", "/calendar")
    yield from ("/applications?view=list", "/calendar?view=agenda", "/admin/audit", "/settings")
    yield from ("/admin", "/admin/runs", "/admin/runs/1", "/admin/searches", "/admin/collectors")
    jobs = tracker.jobs.search(limit=50).items
    assert len(jobs) >= len(WORDS) - 1
    for job in jobs:
        text = job.title[:40] if job.title.isprintable() else "script"
        tracker.jobs.write_note(job.id, DESCRIPTION[:5_000])
        tracker.tags.add("job", job.id, [text.strip()])
        application = tracker.applications.create(
            ApplicationDraft(job_id=job.id, status="applied", notes=DESCRIPTION, next_action=text)
        )
        tracker.timeline.create(
            EventDraft(
                kind="interview",
                application_id=application.id,
                title=job.title[:500],
                place=job.title[:300],
                text=DESCRIPTION,
                starts_at=datetime.now(UTC),
            )
        )
        contact = ContactDraft(application_id=application.id, name=text, notes=DESCRIPTION)
        made = tracker.contacts.create(contact)
        yield from (f"/jobs/{job.id}", f"/jobs/{job.id}/edit")
        if job.company_id is not None:  # a name of nothing but signs is none
            yield f"/companies/{job.company_id}"
        yield from (f"/applications/{application.id}", f"/applications/{application.id}/edit")
        yield f"/contacts/{made.id}"


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_postings_that_mean_harm_are_only_shown(
    visit: Callable[..., BrowserContext], collected: Collected, phone: bool
) -> None:
    url = collected.url
    page = visit(url, cookie=cookie_of(url), phone=phone).new_page()
    wide = {}
    for address in collected.pages:
        answer = page.goto(url + address)
        assert answer is not None
        assert answer.status == 200, address
        assert page.locator("h1").count() == 1, address
        assert "49" not in page.locator("h1").inner_text(), address
        if found := too_wide(page):
            wide[address] = found
    assert wide == {}
    _look_in_the_palette(page)


def _look_in_the_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#palette-text").fill("script")
    expect(page.locator("#palette [role=option]").filter(has_text="<script>").first).to_be_visible()
    page.keyboard.press("Escape")


def test_they_leave_as_files_that_nothing_runs(collected: Collected, tmp_path: Path) -> None:
    with httpx.Client(base_url=collected.url, cookies={"jt": cookie_of(collected.url)}) as client:
        for what in EXPORTS:
            for kind in ("csv", "json", "jsonl"):
                answer = client.get(f"/export/{what}.{kind}")
                assert answer.status_code == 200, answer.url
                assert answer.headers["content-disposition"].startswith("attachment"), answer.url
                assert not answer.headers["content-type"].startswith("text/html"), answer.url
                assert answer.headers["x-content-type-options"] == "nosniff"
