"""From nothing to an interview, and to the same installation elsewhere, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from browsing import SET_UP, portal
from jobtracker_core import JobTracker, Settings
from jobtracker_core.cli.practice import PER_MINUTE
from jobtracker_core.plugins.practice import practice_sites
from jobtracker_core.testing.practice import PracticeSite

pytestmark = pytest.mark.full

POSTINGS = 60
PASSWORD = "a lantern over still water"
SEARCH = "Everything there is"


@pytest.fixture
def site() -> Iterator[PracticeSite]:
    with practice_sites()["hiringcafe"](postings=POSTINGS) as site:
        yield site


@contextmanager
def _installed(database: str, folder: Path, site: PracticeSite, *, worker: bool) -> Iterator[str]:
    folder.mkdir()
    env = {
        "JOBTRACKER_HIRINGCAFE_BASE_URL": site.base_url,
        "JOBTRACKER_HIRINGCAFE_PER_MINUTE": str(PER_MINUTE),
    }
    with portal(database, folder, worker=worker, env=env) as address:
        yield address


def test_the_whole_story(
    visit: Callable[..., BrowserContext], db_url: str, tmp_path: Path, site: PracticeSite
) -> None:
    with _installed(db_url, tmp_path / "first", site, worker=True) as url:
        page = visit(url).new_page()
        _set_up(page, url)
        _make_a_search(page)
        _watch_its_run(page)
        _triage(page, url)
        title = _apply_and_drag(page, url)
        _plan_an_interview(page, url, title)
        _read_the_feed(page, url, title)
        exported = _export(page, url, tmp_path)
        page.context.close()  # before its server is gone
    second = f"sqlite:///{tmp_path / 'second.db'}"
    with _installed(second, tmp_path / "second", site, worker=False) as other:
        page = visit(other).new_page()
        _set_up(page, other)
        _import(page, other, exported)
        page.context.close()
    assert _configuration(second, tmp_path) == _configuration(db_url, tmp_path)


def _set_up(page: Page, url: str) -> None:
    page.goto(SET_UP[url])
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("navigation").first).to_be_visible()
    page.goto(f"{url}/welcome")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to JobTracker")


def _make_a_search(page: Page) -> None:
    page.get_by_role("link", name="Choose HiringCafe").click()
    expect(page.get_by_role("region", name="Policy note")).to_contain_text("robots file")
    page.get_by_role("button", name="Turn it on").click()
    page.get_by_label("When").select_option("manual")
    page.get_by_role("button", name="Save the search").click()
    page.get_by_role("button", name="Run it now").click()


def _watch_its_run(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^Run \d+$"))
    page.evaluate("window.same = true")
    head = page.locator("#run-head")
    expect(head).to_contain_text("Succeeded", timeout=40_000)
    expect(head).to_contain_text(re.compile(rf"{POSTINGS}"))
    assert page.evaluate("window.same"), "the page was loaded again"
    expect(page.locator("#events")).to_contain_text("Ended")
    page.get_by_role("link", name="Triage the new jobs").click()


def _triage(page: Page, url: str) -> None:
    """Work through twenty jobs by keys, and take two steps back."""
    expect(page).to_have_url(re.compile(r"status=new"))
    page.goto(f"{url}/jobs?sort=arrival")
    count = page.locator("#count")
    expect(count).to_contain_text(str(POSTINGS))
    page.keyboard.press("j")
    for number in range(20):
        row = page.locator("tr:focus-within")
        name = str(row.get_attribute("id"))
        if number % 4 == 3:
            page.keyboard.press("d")
            expect(page.locator(f"#{name}")).to_have_count(0)
            continue
        key, said = ("a", "Applied") if number % 4 == 1 else ("s", "Draft")
        page.keyboard.press(key)
        expect(page.locator(f"#{name} .status").first).to_have_text(said)
        if number != 18:
            page.keyboard.press("j")
    expect(count).to_contain_text(str(POSTINGS - 5))
    page.keyboard.press("u")
    expect(count).to_contain_text(str(POSTINGS - 4))
    page.keyboard.press("u")
    expect(page.locator("#toasts")).to_contain_text("is not saved any more")


def _apply_and_drag(page: Page, url: str) -> str:
    page.goto(f"{url}/applications")
    card = page.locator("[data-column=applied] [data-card]").first
    name, title = card.get_attribute("id"), card.locator("[data-row]").inner_text()
    target = page.locator("[data-column=interviewing]")
    box, there = card.bounding_box(), target.bounding_box()
    assert box is not None
    assert there is not None
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] - 12)
    page.mouse.down()
    # As a hand does: in steps, and with an eye on what it holds.
    page.mouse.move(box["x"] + 50, box["y"] + box["height"] - 16, steps=4)
    expect(page.locator("[data-card].card-ghost")).to_be_visible()
    page.mouse.move(there["x"] + 60, there["y"] + 12, steps=12)
    page.mouse.move(there["x"] + 64, there["y"] + 16, steps=4)
    expect(target.locator(f"#{name}")).to_be_visible()
    page.mouse.up()
    expect(page.locator("#toasts .toast")).to_be_visible()
    page.reload()
    expect(page.locator(f"[data-column=interviewing] #{name}")).to_be_visible()
    page.locator(f"#{name} [data-row]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return title


def _plan_an_interview(page: Page, url: str, title: str) -> None:
    page.get_by_text("Add an event").click()
    form = page.locator("form[action$='/events/new']")
    form.get_by_label("Kind").select_option("interview")
    form.get_by_label("Title").fill("Talk with the team")
    form.get_by_label(re.compile("^Day")).fill(f"{_tomorrow():%Y-%m-%d}")
    form.get_by_label("Time", exact=True).fill("10:30")
    form.get_by_role("button", name="Add event").click()
    expect(page.locator("section[aria-labelledby=timeline]")).to_contain_text("Talk with the team")
    page.goto(f"{url}/calendar?month={_tomorrow():%Y-%m}")
    entry = page.locator("table.month").get_by_text("Talk with the team")
    expect(entry).to_be_visible()


def _read_the_feed(page: Page, url: str, title: str) -> None:
    page.goto(f"{url}/calendar/feeds")
    page.get_by_label("Name").fill("Phone")
    page.get_by_role("button", name="Make an address").click()
    address = re.search(r"http://\S+/feeds/\S+", page.locator("main").inner_text())
    assert address is not None
    answer = httpx.get(address[0])
    assert answer.headers["content-type"].startswith("text/calendar")
    lines = answer.text.replace("\r\n ", "")
    assert "SUMMARY:Talk with the team" in lines
    assert f"{_tomorrow():%Y%m%d}T" in lines


def _export(page: Page, url: str, folder: Path) -> Path:
    page.goto(f"{url}/jobs")
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as jobs:
        page.get_by_role("link", name="CSV for spreadsheets").click()
    jobs.value.save_as(folder / "jobs.csv")
    assert len((folder / "jobs.csv").read_text().splitlines()) >= POSTINGS - 5
    page.goto(f"{url}/admin/config")
    with page.expect_download() as config:
        page.get_by_role("link", name="Download").click()
    config.value.save_as(folder / "config.json")
    return folder / "config.json"


def _import(page: Page, url: str, exported: Path) -> None:
    page.goto(f"{url}/admin/config")
    page.get_by_label("A file").set_input_files(exported)
    page.get_by_role("button", name="Show the differences").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What the import would do")
    expect(page.locator("main")).to_contain_text("Is added")
    page.get_by_role("button", name=re.compile("^Apply ")).click()
    page.goto(f"{url}/admin/config")
    page.get_by_label("A file").set_input_files(exported)
    page.get_by_role("button", name="Show the differences").click()
    expect(page.locator("main")).to_contain_text("Everything is so already")


def _configuration(database: str, folder: Path) -> object:
    settings = Settings(database_url=database, data_dir=folder, plugins=("hiringcafe",))
    with JobTracker(settings) as tracker:
        return tracker.configuration.export()


def _tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)
