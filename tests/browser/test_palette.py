"""The palette, the settings and what fails, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.full

Open = Callable[..., Page]
CHOSEN = "#palette [aria-selected=true]"


def test_the_palette_goes_anywhere_by_keyboard(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/settings")
    page.keyboard.press("Control+k")
    text = page.get_by_role("combobox", name=re.compile("Search pages"))
    expect(text).to_be_focused()
    expect(page.locator(CHOSEN)).to_have_text(re.compile("^Today"))
    page.keyboard.press("ArrowUp")
    expect(page.locator(CHOSEN)).to_have_text("Log out")
    page.keyboard.press("ArrowDown")
    # Words in any order; what is read out is what is chosen.
    text.fill("token new")
    expect(page.locator(CHOSEN)).to_have_text("New token")
    expect(text).to_have_attribute("aria-activedescendant", "do-token")
    expect(page.locator("#palette-count")).to_have_text("1 found")
    text.fill("zzzz")
    expect(page.locator("#palette-none")).to_be_visible()
    # What is stored comes from the server.
    text.fill("nurse")
    found = page.locator("#palette-found [role=option]")
    expect(found.first).to_contain_text("Nurse")
    expect(page.locator(CHOSEN)).to_contain_text("Nurse")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/jobs/\d+$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nurse")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_the_palette_does_things(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/settings", theme="dark", phone=True)
    page.get_by_role("button", name="Jump to").tap()
    page.get_by_role("option", name="Switch the theme").tap()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page).to_have_url(f"{url}/settings")
    page.get_by_role("button", name="Jump to").tap()
    page.get_by_role("option", name="Keyboard shortcuts").tap()
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    expect(page.locator("#palette")).to_be_hidden()


def test_compact_tables_show_more_rows(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    row = page.locator("tbody tr").first
    before = row.bounding_box()
    page.goto(f"{url}/settings")
    page.get_by_label("Compact: more rows on a screen").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved for this device")).to_be_visible()
    page.goto(f"{url}/jobs")
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] < before["height"]


def test_a_token_is_revoked_by_its_name_alone(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/admin/tokens/new")
    page.get_by_label("Name").fill("for the browser")
    page.get_by_role("button", name="Make the token").click()
    page.get_by_role("button", name=re.compile("^Copy: jt_")).click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("jt_")
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("button", name="Revoke for the browser").click()
    dialog = page.get_by_role("dialog", name="Revoke for the browser?")
    dialog.get_by_role("textbox").fill("for the")
    dialog.get_by_role("button", name="Revoke it").click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("textbox").fill("for the browser")
    dialog.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_text("Revoked: for the browser")).to_be_visible()
