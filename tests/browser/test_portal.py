"""The portal in a real browser, in both themes, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from browsing import cookie_of, faults, too_wide
from scene import Scene

pytestmark = pytest.mark.full

Open = Callable[..., Page]
ROWS = "a[data-row]"
SHORT = "nav[aria-label=Pages] .num"


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["/jobs", "/jobs/300", "/jobs/77", "/jobs?q=zzz", "/jobs/999999"])
def test_pages_can_be_used_by_everybody(
    open_page: Open, url: str, path: str, theme: str, phone: bool
) -> None:
    page = open_page(url + path, theme=theme, phone=phone, failing=["404 (Not Found)"])
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_list_without_jobs(open_page: Open, empty_url: str, theme: str) -> None:
    page = open_page(f"{empty_url}/jobs", theme=theme, phone=True)
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    assert faults(page) == []
    page.get_by_text("The same at a terminal").click()
    page.get_by_role("button", name="Copy: jobtracker collectors enable hiringcafe").click()
    assert page.evaluate("navigator.clipboard.readText()") == (
        "jobtracker collectors enable hiringcafe"
    )


def test_filters_change_the_list_and_the_address(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    page.evaluate("window.same = true")
    expect(page.locator("#count")).to_have_text("300 jobs")
    search = page.get_by_label("Search jobs")
    search.fill("nur")
    expect(page).to_have_url(f"{url}/jobs?q=nur%2A")
    expect(page.locator(ROWS).first).to_contain_text("Nurse")
    search.press("Enter")
    expect(page).to_have_url(f"{url}/jobs?q=nur")
    expect(page.locator("#count")).to_have_text("0 jobs")
    search.fill("nurse")
    expect(page).to_have_url(f"{url}/jobs?q=nurse%2A")
    search.press("Enter")
    expect(page).to_have_url(f"{url}/jobs?q=nurse")
    expect(page.locator(ROWS).first).to_contain_text("Nurse")
    assert all("Nurse" in text for text in page.locator(ROWS).all_inner_texts())
    page.get_by_label("Any source").select_option("quarry")
    expect(page).to_have_url(f"{url}/jobs?q=nurse&source=quarry")
    page.get_by_label("Any work").select_option("Remote")
    expect(page).to_have_url(f"{url}/jobs?q=nurse&source=quarry&remote=remote")
    count = page.locator(ROWS).count()
    assert 0 < count < 50
    expect(page.locator("#count")).to_have_text(re.compile(rf"^{count} jobs?$"))
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#toasts")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        'curl -H "Authorization: Bearer $JOBTRACKER_TOKEN" '
        f"'{url}/api/v1/jobs?search=nurse&source=quarry&remote=remote'"
    )
    assert page.evaluate("window.same"), "the whole page was loaded again"
    expect(search).to_have_value("nurse")
    page.get_by_text("More filters").click()
    page.get_by_role("link", name="harbour").click()
    expect(page).to_have_url(f"{url}/jobs?q=nurse&source=harbour&remote=remote#facets")


def test_back_and_forward_walk_through_filters(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    page.get_by_label("Any source").select_option("quarry")
    expect(page).to_have_url(f"{url}/jobs?source=quarry")
    page.get_by_text("More filters").click()
    page.get_by_label("Any state").select_option("Closed")
    expect(page).to_have_url(f"{url}/jobs?source=quarry&closed=true")
    page.go_back()
    expect(page).to_have_url(f"{url}/jobs?source=quarry")
    expect(page.get_by_label("Any state")).to_have_value("")
    expect(page.get_by_label("Any source")).to_have_value("quarry")
    page.go_back()
    expect(page).to_have_url(f"{url}/jobs")
    expect(page.locator("#count")).to_have_text("300 jobs")
    page.go_forward()
    expect(page).to_have_url(f"{url}/jobs?source=quarry")
    expect(page.locator("#count")).to_have_text("75 jobs")


def test_pages_of_the_list(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    first = page.locator(ROWS).first.inner_text()
    expect(page.locator(SHORT)).to_have_text("1–50 of 300")
    page.get_by_role("link", name="Older").click()
    expect(page.locator(SHORT)).to_have_text("51–100 of 300")
    page.wait_for_load_state()
    page.keyboard.press("]")
    expect(page.locator(SHORT)).to_have_text("101–150 of 300")
    page.wait_for_load_state()
    page.keyboard.press("[")
    expect(page.locator(SHORT)).to_have_text("51–100 of 300")
    page.get_by_role("link", name="Newer").click()
    expect(page.locator(SHORT)).to_have_text("1–50 of 300")
    assert page.locator(ROWS).first.inner_text() == first


def test_a_job_and_back(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    row = page.locator("tbody tr").first
    title = row.locator(ROWS).inner_text()
    row.click(position={"x": 500, "y": 20})  # not on the title: the row is the target
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_text("a year")).to_be_visible()
    expect(page.get_by_role("link", name="Open at lantern")).to_have_attribute(
        "rel", "noopener noreferrer nofollow"
    )
    history = page.get_by_role("region", name="History")
    expect(
        history.get_by_text("New", exact=False).or_(history.locator("ins")).first
    ).to_be_visible()
    page.get_by_text("As the site gave it").click()
    expect(page.locator("details pre")).to_contain_text('"title": "as the site spells it"')
    page.locator("main a[data-list]").click()
    expect(page).to_have_url(f"{url}/jobs")
    # Whether by that or by the browser's own button: the list as it was, at the row.
    page.goto(f"{url}/jobs?remote=remote&sort=pay")
    third = page.locator(ROWS).nth(2)
    for back in ("link", "button"):
        third.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if back == "link":
            page.keyboard.press("s")
            expect(page.locator("#toasts")).to_contain_text("draft")
            page.keyboard.press("u")
            expect(page.locator("#toasts")).to_contain_text("not saved any more")
        page.locator("main a[data-list]").click() if back == "link" else page.go_back()
        expect(page).to_have_url(f"{url}/jobs?remote=remote&sort=pay")
        expect(third).to_be_focused()


def test_the_theme_is_switched_and_kept(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    page.get_by_label("Any source").select_option("quarry")
    expect(page).to_have_url(f"{url}/jobs?source=quarry")
    page.get_by_role("button", name="Switch to the light theme").click()
    expect(html).to_have_attribute("data-theme", "light")
    expect(page).to_have_url(f"{url}/jobs?source=quarry")
    assert page.evaluate("getComputedStyle(document.body.parentNode).backgroundColor") == (
        "rgb(245, 247, 249)"
    )
    page.goto(f"{url}/jobs/5")
    expect(html).to_have_attribute("data-theme", "light")
    page.keyboard.press("t")
    expect(html).to_have_attribute("data-theme", "dark")


def test_the_list_by_keyboard(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    rows = page.locator(ROWS)
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    expect(rows.nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(1)).to_be_focused()
    original = page.locator("tbody tr").nth(1).locator("[data-key=v]")
    original.evaluate(
        "link => link.addEventListener('click', (event) => {"
        " event.preventDefault(); link.title = 'pressed'; })"
    )
    page.keyboard.press("v")
    expect(original).to_have_attribute("title", "pressed")
    page.keyboard.press("/")
    search = page.get_by_label("Search jobs")
    expect(search).to_be_focused()
    page.keyboard.type("jk")  # letters there, not commands
    expect(search).to_have_value("jk")
    expect(page).to_have_url(f"{url}/jobs?q=jk%2A")
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    expect(search).to_have_value("")
    expect(page).to_have_url(f"{url}/jobs")
    expect(rows).to_have_count(50)
    page.keyboard.press("j")
    page.keyboard.press("j")
    title = rows.nth(1).inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.wait_for_load_state()
    page.keyboard.press("g")
    page.keyboard.press("j")
    expect(page).to_have_url(f"{url}/jobs")


def test_the_list_of_keys_and_turning_them_off(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    assert faults(page) == []
    page.get_by_label("Use single keys on this device").uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_label("Search jobs")).not_to_be_focused()
    page.reload()
    page.keyboard.press("?")
    expect(keys).to_be_hidden()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_label("Use single keys on this device")).not_to_be_checked()
    page.get_by_label("Use single keys on this device").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("/")
    expect(page.get_by_label("Search jobs")).to_be_focused()


def test_the_head_of_the_list_stays_above_its_rows(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    # Row by row past the head, so that each of its cells has had every kind of cell below it.
    on_top = page.evaluate(
        """() => {
          const heads = [...document.querySelectorAll('th')];
          const wrong = [];
          for (let y = 400; y < 480; y += 8) {
            window.scrollTo(0, y);
            for (const head of heads) {
              const box = head.getBoundingClientRect();
              const found = document.elementFromPoint(box.x + box.width - 14, box.y + 12);
              if (!head.contains(found)) wrong.push(`${head.innerText} at ${y}`);
            }
          }
          return wrong;
        }"""
    )
    assert on_top == []


def test_times_are_told_in_the_readers_zone(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs/300")
    exact = page.locator("time[datetime*=T]").first
    expect(exact).not_to_have_attribute("title", re.compile("UTC$"))
    assert exact.get_attribute("title") == exact.evaluate(
        "element => new Intl.DateTimeFormat(undefined, {dateStyle: 'full', timeStyle: 'short'})"
        ".format(new Date(element.dateTime))"
    )


def test_the_first_page_after_the_login_knows_the_readers_zone(chromium: Browser, url: str) -> None:
    context = chromium.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(f"{url}/calendar")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    context.add_cookies([{"name": "jt", "value": cookie_of(url), "url": url}])
    page.goto(f"{url}/calendar")
    expect(page.get_by_text("Times are those of Asia/Tokyo")).to_be_visible()
    context.close()


def test_one_count_after_the_other_makes_the_list_shorter(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs")
    page.get_by_text("More filters").click()
    for name in ("Remote", "full-time"):
        page.locator("#facets a", has_text=re.compile(name, re.IGNORECASE)).first.click()
        expect(page.locator("#chips a", has_text=re.compile(name, re.IGNORECASE))).to_be_visible()
        # They stand there for the next one.
        expect(page.locator("#facets a").first).to_be_visible()


def test_a_server_that_is_gone_is_said_to_be(open_page: Open, url: str) -> None:
    page = open_page(f"{url}/jobs", failing=["ERR_CONNECTION_REFUSED", "Failed to fetch"])
    page.route("**/jobs?*", lambda route: route.abort("connectionrefused"))
    page.get_by_label("Any source").select_option("quarry")
    expect(page.locator("#toasts")).to_contain_text("The server does not answer")


def test_without_script_what_asks_stands_in_the_page(
    chromium: Browser, played: tuple[str, Scene]
) -> None:
    url, made = played
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "jt", "value": made.cookie, "url": url}])
    page = context.new_page()
    page.goto(f"{url}/jobs/{made.by_hand}")
    expect(page.locator("#dismiss button.btn-danger, #dismiss button.btn-primary")).to_be_visible()
    expect(page.locator("[data-copy]").first).to_be_hidden()
    page.goto(f"{url}/applications?view=list")
    page.locator("[data-select]").first.check()
    expect(page.locator("#bulk [name=stage]").first).to_be_attached()
    expect(page.locator("#bulk summary")).to_be_visible()
    # The selection of searches is put together by a script.
    page.goto(f"{url}/admin/searches")
    expect(page.locator("[data-select]").first).to_be_hidden()
    expect(page.locator("#bulk")).to_be_hidden()
    context.close()


def test_what_a_row_is_about_can_be_read_at_every_width(
    played: tuple[str, Scene], open_page: Open
) -> None:
    url, made = played
    page = open_page(f"{url}/jobs")
    lists = ("/jobs", "/applications?view=list", "/companies", "/admin/searches", "/admin/runs")
    runs = (f"/admin/searches/{made.search_id}", f"/admin/collectors/{made.collector}")
    for path in (*lists, "/admin/collectors", "/admin/tokens", "/admin/workers", *runs):
        page.goto(url + path)
        name = page.locator("td:has(a[data-row], .font-medium), li div:has(> a[data-row])").first
        for width in (360, 768, 959, 960, 1024, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            box = name.bounding_box()
            assert too_wide(page) == [], (path, width)
            assert box is not None, (path, width)
            assert box["width"] >= 140, (path, width)
