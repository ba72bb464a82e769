"""Take the pictures of the documentation: `make screenshots` writes them to docs/images/.

They show the scene, on a server of its own. Two of one state differ only in times.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct
from playwright.sync_api import Page, expect, sync_playwright

import scene
from browsing import begin, launch, portal
from png import shrink
from scene import Scene

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def _nothing(_: Page) -> None:
    """Leave the page as it is."""


class Picture(Struct, frozen=True, kw_only=True):
    """A picture: its file's name, the address, and what is done there first."""

    name: str
    path: str
    theme: str = "dark"
    phone: bool = False
    first: Callable[[Page], None] = _nothing


def pictures(made: Scene) -> tuple[Picture, ...]:
    """Return all of them."""
    run = f"/admin/runs/{made.running_run}"
    return (
        Picture(name="today", path="/"),
        Picture(name="today-light", path="/", theme="light"),
        Picture(name="jobs", path="/jobs"),
        Picture(name="jobs-light", path="/jobs", theme="light"),
        Picture(name="triage", path="/jobs?status=new", first=_triage),
        Picture(name="job", path=f"/jobs/{made.job}"),
        Picture(name="board", path="/applications"),
        Picture(name="board-light", path="/applications", theme="light"),
        Picture(name="application", path=f"/applications/{made.application}"),
        Picture(name="calendar", path="/calendar", theme="light"),
        Picture(name="run", path=run),
        Picture(name="performance", path="/admin/performance"),
        Picture(name="search", path=f"/admin/searches/{made.search_id}/edit", theme="light"),
        Picture(name="collectors", path="/admin/collectors"),
        Picture(name="palette", path="/jobs", first=_palette),
        Picture(name="phone-today", path="/", phone=True),
        Picture(name="phone-jobs", path="/jobs", phone=True),
        Picture(name="phone-board", path="/applications", theme="light", phone=True),
    )


def take(wanted: Iterable[str]) -> None:
    """Take all pictures, or those that are named."""
    names = set(wanted)
    complaints: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/scene.db"
        made = scene.make(database, Path(folder))
        with (
            portal(database, Path(folder), plugins=",".join(scene.PLUGINS)) as url,
            sync_playwright() as playwright,
        ):
            browser = launch(playwright)
            for picture in pictures(made):
                if names and picture.name not in names:
                    continue
                context = begin(
                    browser,
                    url,
                    complaints,
                    cookie=made.cookie,
                    theme=picture.theme,
                    phone=picture.phone,
                    zone=scene.ZONE,
                )
                page = context.new_page()
                page.goto(url + picture.path)
                page.reload()  # by now the server knows the zone of this device
                # The counts come after the page.
                expect(page.locator("[data-count=jobs]")).not_to_have_text("")
                picture.first(page)
                (IMAGES / f"{picture.name}.png").write_bytes(shrink(page.screenshot()))
                context.close()
            browser.close()
    if complaints:
        raise SystemExit("\n".join(complaints))


def _triage(page: Page) -> None:
    for key in ("j", "s", "j", "d", "j"):
        page.keyboard.press(key)
    expect(page.locator("#toasts")).to_contain_text("dismissed")


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#palette-text").fill("platform")
    expect(page.locator("#palette [role=option]").filter(has_text="Platform").first).to_be_visible()


if __name__ == "__main__":
    take(sys.argv[1:])
