"""The form of a search in a real browser: its preview while it is filled in, and its keys."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.full


def test_the_preview_follows_what_is_chosen(played: Any, open_page: Any) -> None:
    url, _ = played
    page = open_page(f"{url}/admin/searches/new?collector=hiringcafe")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Every day at 07:00")
    page.get_by_role("button", name="Mondays at 08:00").click()
    expect(page.get_by_label("Cron line")).to_have_value("0 8 * * 1")
    expect(preview).to_contain_text("Every Monday at 08:00")
    expect(preview.locator("tbody tr")).to_have_count(10)
    page.get_by_label("Cron line").fill("61 * * * *")
    expect(preview.get_by_role("alert")).to_contain_text("'61' is no minute")
    page.get_by_label("Again and again").check()
    expect(page.get_by_label("Cron line")).to_be_hidden()
    page.get_by_label("Every", exact=True).fill("2")
    page.get_by_label("Every: unit").select_option(label="hours")
    expect(preview).to_contain_text("Every 2 hours")
    page.get_by_label("Only when I start it").check()
    expect(preview).to_contain_text("It never runs by itself")


def test_what_was_typed_stays_when_a_form_is_refused(played: Any, open_page: Any) -> None:
    url, _ = played
    page = open_page(f"{url}/admin/searches/new?collector=hiringcafe", failing=("Unprocessable",))
    page.get_by_label("Name").fill("123")
    page.get_by_label("What", exact=True).fill("data engineer")
    page.get_by_label("Hybrid").check()
    page.get_by_label("Cron line").press("Control+Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("What", exact=True)).to_have_value("data engineer")
    expect(page.get_by_label("Hybrid")).to_be_checked()
