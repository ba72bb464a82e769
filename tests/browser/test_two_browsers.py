"""Two people, or one with two devices, at the same installation at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import scene
from browsing import LET_IN, portal
from jobtracker_core import JobTracker, Settings
from scene import Scene

pytestmark = pytest.mark.full

Open = Callable[..., Page]
CONFLICT = "412 (Precondition Failed)"
CHANGED = "This was changed elsewhere while you edited it"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[str, Scene]]:
    """An installation with something of everything, for a test that changes it."""
    database = f"sqlite:///{tmp_path / 'own.db'}"
    made = scene.make(database, tmp_path)
    with portal(database, tmp_path, plugins=",".join(scene.PLUGINS)) as url:
        LET_IN[url.removeprefix("http://")] = made.cookie
        yield url, made


def test_what_one_does_is_seen_in_the_others_open_page(
    own: tuple[str, Scene], open_page: Open
) -> None:
    url, made = own
    watching = open_page(f"{url}/admin/runs/{made.pending_run}")
    watching.evaluate("window.same = true")
    expect(watching.locator("#run-head")).to_contain_text("Pending")
    acting = open_page(f"{url}/admin/runs/{made.pending_run}")
    acting.get_by_role("button", name="Stop run").click()
    acting.get_by_role("dialog").get_by_role("button", name="Stop run").click()
    expect(watching.locator("#run-head")).to_contain_text("Cancelled", timeout=20_000)
    expect(watching.get_by_role("button", name="Run again")).to_be_visible()
    due = watching.locator("[data-count=today]")
    expect(due).to_be_visible()
    before = due.inner_text()
    acting.goto(url)
    acting.get_by_role("button", name=re.compile("^Done")).first.click()
    expect(acting.locator("#toasts .toast").first).to_be_visible()
    expect(due).not_to_have_text(before, timeout=15_000)
    assert watching.evaluate("window.same"), "the page was loaded again"
    acting.keyboard.press("u")
    expect(acting.locator("#toasts")).to_contain_text("Back as it was")
    expect(acting.get_by_role("heading", name="Today", level=1)).to_be_visible()


def test_a_form_that_is_out_of_date_is_told_and_keeps_what_was_typed(
    own: tuple[str, Scene], open_page: Open
) -> None:
    url, made = own
    forms = (
        (f"/admin/searches/{made.search_id}/edit", "name", "Platform, Berlin"),
        (f"/applications/{made.application}/edit", "title", "Platform engineer, Berlin"),
        (f"/jobs/{made.job}", "text", "Asked Mira: they pay well."),
    )
    one, other = (open_page(f"{url}/jobs", failing=[CONFLICT]) for _ in range(2))
    for address, name, typed in forms:
        for page in (one, other):
            page.goto(url + address)
        _send(one, name, f"{typed} (first)")
        expect(one.get_by_text(CHANGED)).to_have_count(0)
        _send(other, name, f"{typed} (second)")
        expect(other.get_by_text(CHANGED)).to_be_visible()
        expect(other.locator(f"[name={name}]").first).to_have_value(f"{typed} (second)")
        # Knowing that, it is saved after all.
        _send(other, name, f"{typed} (second)")
        expect(other.get_by_text(CHANGED)).to_have_count(0)
        one.goto(url + address)
        expect(one.locator(f"[name={name}]").first).to_have_value(f"{typed} (second)")


def test_what_was_typed_while_a_session_ended_is_back_after_the_login(
    own: tuple[str, Scene], tmp_path: Path, open_page: Open
) -> None:
    url, made = own
    password = "correct battery of seven words"
    with JobTracker(Settings(database_url=f"sqlite:///{tmp_path / 'own.db'}", plugins=())) as it:
        it.accounts.add("Bob", password)
    page = open_page(f"{url}/jobs/{made.job}")
    page.get_by_label("Note", exact=True).fill("Asked Mira: they pay well.")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("your last step was not made")).to_be_visible()
    page.get_by_label("Name").fill("Bob")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Note", exact=True)).to_have_value("Asked Mira: they pay well.")
    expect(page.locator("#toasts")).to_contain_text("It is not saved yet")
    page.get_by_role("button", name="Save note").click()
    page.goto(f"{url}/jobs/{made.job}")
    expect(page.get_by_label("Note", exact=True)).to_have_value("Asked Mira: they pay well.")


def _send(page: Page, name: str, value: str) -> None:
    field = page.locator(f"main [name={name}]").first
    field.fill(value)
    with page.expect_navigation():
        field.evaluate("field => field.form.requestSubmit()")
