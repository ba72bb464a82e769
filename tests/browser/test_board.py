"""The board by mouse and by keys, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from jobtracker_core import JobTracker

pytestmark = pytest.mark.full

Open = Callable[..., Page]
Pipeline = tuple[str, JobTracker]


def drag(page: Page, number: int, status: str) -> None:
    """Take a card by the mouse to a column, in steps as a hand does."""
    card = page.locator(f"#application-{number}").bounding_box()
    column = page.locator(f"[data-column={status}]").bounding_box()
    assert card is not None
    assert column is not None
    page.mouse.move(card["x"] + 20, card["y"] + card["height"] - 8)
    page.mouse.down()
    page.mouse.move(card["x"] + 30, card["y"] + card["height"] - 12, steps=4)
    expect(page.locator("[data-card].card-ghost")).to_be_visible()
    page.mouse.move(column["x"] + 40, column["y"] + 20, steps=12)
    page.mouse.move(column["x"] + 44, column["y"] + 26, steps=4)
    expect(page.locator(f"[data-column={status}] #application-{number}")).to_be_visible()
    page.mouse.up()


def test_a_dragged_card_is_moved_and_moved_back(pipeline: Pipeline, open_page: Open) -> None:
    url, tracker = pipeline
    page = open_page(f"{url}/applications")
    drag(page, 2, "applied")
    applied = page.locator("[data-column=applied]")
    expect(applied.locator("#application-2[data-version='2'][data-status=applied]")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("Second is applied now.")
    expect(page.locator("[data-count-of=applied]")).to_have_text("1")
    expect(page.locator("[data-count-of=draft]")).to_have_text("2")
    assert tracker.applications.get(2).application.status == "applied"
    # The card that came from the server can go on, with the version it is at.
    drag(page, 2, "offer")
    expect(page.locator("[data-column=offer] #application-2[data-version='3']")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator("[data-column=applied] #application-2")).to_be_visible()
    assert tracker.applications.get(2).application.status == "applied"


def test_a_drag_that_is_refused_puts_the_card_back(pipeline: Pipeline, open_page: Open) -> None:
    url, tracker = pipeline
    page = open_page(f"{url}/applications", failing=["412", "Failed", "ERR_FAILED"])
    tracker.applications.move(2, "interviewing")
    drag(page, 2, "applied")
    expect(page.locator("#toasts")).to_contain_text("changed meanwhile")
    expect(page.locator("[data-column=draft] #application-2")).to_be_visible()
    titles = page.locator("[data-column=draft] [data-row]")
    expect(titles).to_have_text(["Third", "Second", "First"])
    page.route("**/stage", lambda route: route.abort())
    drag(page, 1, "offer")
    expect(page.locator("#toasts")).to_contain_text("The server does not answer")
    expect(titles).to_have_text(["Third", "Second", "First"])
    expect(page.locator("[data-count-of=draft]")).to_have_text("3")
    assert tracker.applications.get(2).application.status == "interviewing"


def test_cards_are_moved_by_keys_and_by_their_menu(pipeline: Pipeline, open_page: Open) -> None:
    url, tracker = pipeline
    page = open_page(f"{url}/applications")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Second")).to_be_focused()
    page.keyboard.press("3")
    expect(
        page.locator("[data-column=interviewing] #application-2[data-version='2']")
    ).to_be_visible()
    expect(page.get_by_role("link", name="Second")).to_be_focused()
    expect(page.locator("#live")).to_have_text("Moved to interviewing")
    card = page.locator("#application-1")
    card.locator("summary").click()
    card.get_by_role("button", name="Withdrawn").click()
    expect(page.locator("[data-column=withdrawn] #application-1[data-version='2']")).to_be_visible()
    assert tracker.applications.get(1).application.status == "withdrawn"
    page.get_by_role("link", name="Third").focus()
    page.keyboard.press("o")
    expect(page).to_have_url(f"{url}/applications/3")
    page.wait_for_load_state()  # by then its keys are heard
    page.keyboard.press("4")
    expect(page.locator("#toasts")).to_contain_text("Third is offer now.")


def test_keys_set_the_stage_of_a_row_of_the_list(open_page: Open, pipeline: Pipeline) -> None:
    url, tracker = pipeline
    page = open_page(f"{url}/applications?view=list")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#application-2 [data-row]")).to_be_focused()
    page.keyboard.press("2")
    expect(page.locator("#toasts")).to_contain_text("Second is applied now.")
    # The page that follows comes back to the row.
    row = page.locator("#application-2[data-version='2']")
    expect(row.locator("[data-row]")).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator("#application-2[data-version='3']")).to_be_visible()
    assert tracker.applications.get(2).application.status == "draft"
    # It asks for its counts, and the server goes before the browser does.
    page.close()


def test_an_undo_that_comes_too_late_says_so(open_page: Open, pipeline: Pipeline) -> None:
    url, tracker = pipeline
    page = open_page(f"{url}/applications?view=list", failing=["412"])
    page.keyboard.press("j")
    page.keyboard.press("2")
    expect(page.locator("#toasts")).to_contain_text("is applied now.")
    [moved] = tracker.applications.list(status="applied").items
    tracker.applications.move(moved.id, "interviewing")
    page.keyboard.press("u")
    expect(page.locator("#toasts .toast-wrong")).to_contain_text("changed")
    expect(page.locator("#toasts .toast-wrong")).not_to_contain_text("The server answered")
    assert tracker.applications.get(moved.id).application.status == "interviewing"
