"""Every page that there is can be used by everybody: in both themes, on a desk and on a phone.

The pages come from the routes of the program, so that none is forgotten. A route with a parameter
that has no example in `_examples` fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from litestar.routes import HTTPRoute
from playwright.sync_api import BrowserContext, Page

from browsing import cookie_of, faults
from jobtracker_core import JobTracker, Settings
from scene import Scene
from standing import app_of

pytestmark = [pytest.mark.full, pytest.mark.timeout(240)]

VARIANTS = [
    pytest.param("dark", False, id="dark"),
    pytest.param("light", False, id="light"),
    pytest.param("dark", True, id="dark-phone"),
    pytest.param("light", True, id="light-phone"),
]
NO_PAGES = ("/api/", "/static/", "/docs/", "/feeds/", "/export/", "/metrics", "/healthz", "/readyz")
"""Beginnings of addresses under which there are no pages."""

QUERIES = {"/contacts/new": "?application={application_id}"}
"""What an address must have with it to be one."""

STRANGER = ("/login", "/login?next=/jobs", "/setup", "/setup?code=wrong", "/nowhere")
NO_SUCH = ("/nowhere", "/jobs/999999", "/jobs?nonsense=1")
"""Pages that tell of an error."""

AT_LEAST = 40
"""So many pages there are."""

OFFENDING = ("404 (Not Found)", "400 (Bad Request)")


def _examples(made: Scene) -> dict[str, int | str]:
    return {
        "job_id": made.job,
        "application_id": made.application,
        "company_id": made.company,
        "contact_id": made.contact,
        "event_id": made.event,
        "run_id": made.run,
        "search_id": made.search_id,
        "name": made.collector,
        "collector": made.collector,
        "token_id": made.token,
        "view_id": made.view,
    }


def _more(made: Scene) -> tuple[str, ...]:
    """Return addresses of pages that look different by what they show."""
    return (
        f"/jobs/{made.by_hand}",
        f"/jobs/{made.dismissed}",
        "/jobs?q=zzz",
        "/jobs?dismissed=only",
        f"/admin/runs/{made.failed_run}",
        f"/admin/runs/{made.pending_run}",
        f"/admin/runs/{made.running_run}",
        "/applications?view=list",
        f"/applications/{made.offer}",
    )


@pytest.mark.parametrize(("theme", "phone"), VARIANTS)
def test_all_pages_can_be_used_by_everybody(
    visit: Callable[..., BrowserContext], played: tuple[str, Scene], theme: str, phone: bool
) -> None:
    url, made = played
    context = visit(url, cookie=made.cookie, theme=theme, phone=phone, failing=OFFENDING)
    addresses = [*_pages(url, made.cookie, _examples(made)), *_more(made), *NO_SUCH]
    assert len(addresses) >= AT_LEAST
    wrong = _walk(context.new_page(), url, addresses)
    assert not wrong, _told(wrong)


@pytest.mark.parametrize(("theme", "phone"), VARIANTS)
def test_all_pages_of_an_empty_installation_can_be_used_by_everybody(
    visit: Callable[..., BrowserContext], empty_url: str, theme: str, phone: bool
) -> None:
    cookie = cookie_of(empty_url)
    context = visit(empty_url, cookie=cookie, theme=theme, phone=phone)
    wrong = _walk(context.new_page(), empty_url, _pages(empty_url, cookie, {"name": "hiringcafe"}))
    assert not wrong, _told(wrong)


@pytest.mark.parametrize(("theme", "phone"), VARIANTS)
def test_pages_for_strangers_can_be_used_by_everybody(
    visit: Callable[..., BrowserContext], empty_url: str, theme: str, phone: bool
) -> None:
    page = visit(empty_url, theme=theme, phone=phone, failing=OFFENDING).new_page()
    wrong = _walk(page, empty_url, STRANGER)
    assert not wrong, _told(wrong)


def _pages(url: str, cookie: str, examples: dict[str, int | str]) -> list[str]:
    """Return the addresses of all pages; without an example for its parameter a page is left out.

    Of a scene with many examples that is an error.
    """
    found = []
    with httpx.Client(base_url=url, cookies={"jt": cookie}, timeout=60) as client:
        for plain in _paths():
            path = plain + QUERIES.get(plain, "")
            words = re.findall(r"\{(\w+)\}", path)
            missing = [word for word in words if word not in examples]
            if missing and len(examples) > 1:
                raise LookupError(f"{path}: give an example of {missing[0]} in {__file__}")
            if missing:
                continue
            filled = re.sub(r"\{(\w+)\}", lambda word: str(examples[word[1]]), path)
            # Not read to its end: some are streams that have none.
            with client.stream("GET", filled) as answer:
                kind = answer.headers.get("content-type", "")
                assert answer.status_code < 400 or words, f"{filled}: {answer.status_code}"
                whole = answer.status_code == 200 and kind.startswith("text/html")
                if whole and answer.read().lstrip()[:9].lower() == b"<!doctype":
                    found.append(filled)
    return found


def _paths() -> Iterator[str]:
    with JobTracker(Settings(plugins=())) as tracker:
        app = app_of(tracker)
        for route in app.routes:
            gets = isinstance(route, HTTPRoute) and "GET" in route.route_handler_map
            if gets and not route.path_format.startswith(NO_PAGES):
                yield route.path_format


def _walk(page: Page, url: str, addresses: list[str] | tuple[str, ...]) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    seen: set[str] = set()
    for address in addresses:
        page.goto(url + address)
        told = faults(page) + _misses(page)
        if page.evaluate(_OPEN_ALL):
            told += [f"with all opened: {each}" for each in faults(page)]
        for menu in page.locator(_MENU).all()[:3]:
            menu.evaluate("menu => { menu.open = true; menu.id ||= 'opened'; }")
            told += [
                f"in a menu: {each}" for each in faults(page, within=f"#{menu.get_attribute('id')}")
            ]
            menu.evaluate("menu => { menu.open = false; menu.id = ''; }")
        dialogs = page.locator("dialog").evaluate_all("all => all.map((one) => one.id)")
        for dialog in dialogs:
            # That of another row says the same of another thing.
            kind = re.sub(r"\d+", "N", dialog)
            if kind not in seen:
                seen.add(kind)
                page.evaluate("id => document.getElementById(id).showModal()", dialog)
                told += [f"in {dialog}: {each}" for each in faults(page, within=f"#{dialog}")]
                page.evaluate("id => document.getElementById(id).close()", dialog)
        if told:
            wrong[address] = told
    return wrong


# Menus float: one that is open hides what is behind it, so that they are opened one by one.
_MENU = "main details.menu"
_OPEN_ALL = """() => {
  const closed = document.querySelectorAll('main details:not([open], .menu)');
  for (const one of closed) one.open = true;
  return closed.length > 0;
}"""


def _misses(page: Page) -> list[str]:
    told = []
    headings = page.locator("h1").count()
    if headings != 1:
        told.append(f"it has {headings} h1")
    if not page.title().strip():
        told.append("it has no title")
    return told


def _told(wrong: dict[str, list[str]]) -> str:
    return "\n".join(f"{address}: {each}" for address, told in wrong.items() for each in told)
