"""Steps with jobs by keys and with the mouse, and their undo, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = pytest.mark.full

Open = Callable[..., Page]


def rows(page: Page) -> list[str]:
    return [str(row.get_attribute("id")) for row in page.locator("tbody tr").all()]


def stage(page: Page, row: str) -> Locator:
    return page.locator(f"#{row} td:nth-child(6) .status")


def press(page: Page, *keys: str) -> None:
    page.wait_for_load_state()  # before that, a page that was gone on to hears no keys
    for key in keys:
        page.keyboard.press(key)


def expect_focus(page: Page, row: str) -> None:
    expect(page.locator(f"#{row} a[data-row]")).to_be_focused()


def test_a_list_is_worked_through_by_keys_and_taken_back_step_by_step(
    own_url: str, open_page: Open
) -> None:
    page = open_page(f"{own_url}/jobs")
    first, second, third, *_ = rows(page)
    press(page, "j", "s")
    expect(stage(page, first)).to_have_text("Draft")
    press(page, "a")
    expect(stage(page, first)).to_have_text("Applied")
    press(page, "4")
    expect(stage(page, first)).to_have_text("Offer")
    expect_focus(page, first)
    # Faster than the server answers.
    press(page, "u", "u", "u")
    expect(stage(page, first)).to_have_text("New")
    expect_focus(page, first)
    press(page, "d", "d")
    expect_focus(page, third)
    expect(page.locator("#count")).to_contain_text("118")
    for range_ in ("#range", "caption"):
        expect(page.locator(range_)).to_contain_text("1–48 of 118")
    expect(page.locator(f"#{first}, #{second}")).to_have_count(0)
    press(page, "u", "u")
    expect(page.locator("#count")).to_contain_text("120")
    assert rows(page)[:3] == [first, second, third]
    expect(page.locator("#range")).to_have_text("1–50 of 120")
    expect_focus(page, third)


def test_many_are_selected_and_meant_on_all_pages(own_url: str, open_page: Open) -> None:
    page = open_page(f"{own_url}/jobs")
    bulk = page.locator("#bulk")
    boxes = page.locator("tbody input[data-select]")
    expect(bulk).to_be_hidden()
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(bulk).to_contain_text("4 selected")
    expect(page.locator("#beyond")).to_be_hidden()
    bulk.get_by_role("button", name="Tag").click()
    page.locator("#bulk-tags").fill("later")
    press(page, "Enter")
    expect(page.locator("#toasts")).to_contain_text("4 jobs tagged.")
    # Keys are heard by the page again once the dialog is gone and the answer is in its place.
    expect(page.locator("#bulk-tag")).to_be_hidden()
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    press(page, "*", "n")
    expect(bulk).to_be_hidden()
    boxes.nth(1).click()
    bulk.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#toasts")).to_contain_text("1 job dismissed.")
    # The way on is from where it was.
    expect(page.locator("tbody tr").nth(1).locator("a[data-row]")).to_be_focused()
    press(page, "u")
    expect(page.locator("#count")).to_contain_text("120")
    press(page, "*", "a")
    page.get_by_label("all 120 that match").check()
    bulk.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#toasts")).to_contain_text("120 jobs dismissed.")
    expect(page.get_by_role("heading", name="Nothing is left to look at")).to_be_visible()
    press(page, "u")
    expect(page.locator("#count")).to_contain_text("120")
    expect(page.locator("tbody tr")).to_have_count(50)


def test_the_last_row_of_a_page_brings_the_next_ones(own_url: str, open_page: Open) -> None:
    page = open_page(f"{own_url}/jobs?q=nurse")
    count = len(rows(page))
    slow: list[Route] = []
    page.route("**/dismiss", lambda route: route.continue_() if slow else slow.append(route))
    press(page, "j", *("d" for _ in range(count)))
    # The page behind the last row waits for the step that is still on its way.
    expect(page.locator("tbody tr:visible")).to_have_count(0)
    slow[0].continue_()
    expect(page.get_by_role("heading", name="No jobs match these filters")).to_be_visible()
    page.goto(f"{own_url}/jobs?status=dismissed")
    expect(page.locator("tbody tr")).to_have_count(count)
    page.get_by_role("button", name="Restore").first.click()
    expect(page.locator("tbody tr")).to_have_count(count - 1)


def test_a_jobs_page_by_keys(own_url: str, open_page: Open) -> None:
    page = open_page(f"{own_url}/jobs/120")
    now = page.locator("h1 ~ p .status").first
    press(page, "3")
    expect(now).to_have_text("Interviewing")
    press(page, "u")
    expect(now).to_have_text("New")
    press(page, "d")
    page.get_by_label("Why").fill("Too far")
    press(page, "Enter")
    expect(page.locator(".banner", has_text="Too far")).to_be_visible()
    press(page, "e")
    expect(page).to_have_url(f"{own_url}/jobs/120/edit")


def test_what_is_refused_is_told_and_the_row_comes_back(own_url: str, open_page: Open) -> None:
    page = open_page(f"{own_url}/jobs", failing=["404 (Not Found)"])
    first, *_ = rows(page)
    other = page.context.new_page()
    other.goto(f"{own_url}/jobs/{first.removeprefix('job-')}")
    other.get_by_label("More").click()
    other.get_by_role("button", name="Delete").click()
    other.locator("#delete").get_by_role("button", name="Delete").click()
    expect(other.locator("#toasts")).to_contain_text("is deleted")
    press(page, "j", "d")
    expect(page.locator("#toasts .toast-wrong")).to_contain_text("There is no job")
    expect(page.locator(f"#{first}")).to_be_visible()


@pytest.mark.parametrize("width", [360, 768, 1360, 1920])
def test_a_message_covers_nothing_that_selected_rows_need(
    own_url: str, open_page: Open, width: int
) -> None:
    page = open_page(f"{own_url}/jobs")
    page.set_viewport_size({"width": width, "height": 740})
    press(page, "j", "d")
    # Of two answers on their way at once, the earlier may come last and tell its number.
    expect(page.locator("#count")).to_contain_text("119")
    press(page, "d", "x")
    expect(page.locator("#bulk")).to_be_visible()
    expect(page.locator("#waiting")).to_have_text("and 1 more to undo")
    # Until all is answered the list moves below what lies over it.
    expect(page.locator("#count")).to_contain_text("118")
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    page.get_by_role("button", name="Close this message").focus()  # which keeps it
    for end in (False, True):
        if end:
            page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        # Each of these asks of the browser whether a click would reach it.
        for button in page.locator("#bulk > .btn, #bulk > details > summary, .toast .btn").all():
            if button.is_visible():
                button.click(trial=True)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("link", name="Older").click(trial=True)


def test_a_pile_of_steps_shows_its_newest_and_is_taken_back_one_by_one(
    own_url: str, open_page: Open
) -> None:
    page = open_page(f"{own_url}/jobs")
    before = rows(page)
    press(page, "j", *("d" for _ in range(19)))
    # Of several answers on their way at once, an earlier one may come last and tell its number.
    expect(page.locator("#waiting")).to_have_text("and 18 more to undo")
    press(page, "d")
    expect(page.locator("#waiting")).to_have_text("and 19 more to undo")
    expect(page.locator("#count")).to_contain_text("100")
    expect(page.locator(".toast:visible")).to_have_count(1)
    # What is read out is the newest alone.
    expect(page.locator("#told")).to_have_text(
        re.compile(r"^[^.]+ is dismissed\. It can be undone\.$")
    )
    press(page, *("u" for _ in range(20)))
    expect(page.locator("#count")).to_contain_text("120", timeout=30_000)
    assert rows(page) == before
    expect(page.locator("#waiting")).to_be_hidden()
