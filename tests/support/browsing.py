"""A server process with a portal, and browsers that note whatever must not happen in one.

Debian's Chromium, or the one that JT_CHROMIUM names.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from jobtracker_core import JobTracker, Settings
from keys import KEY

CHROMIUM = os.environ.get("JT_CHROMIUM") or shutil.which("chromium")
DESK = {"width": 1360, "height": 900}
PHONE = {"width": 390, "height": 844}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SMALLEST = 24
"""No control may be smaller than so many pixels; of links and boxes, axe also sees the room around."""

LET_IN: dict[str, str] = {}
"""The session of a reader, by the server."""

SET_UP: dict[str, str] = {}
"""The link to the first account, by the server."""

# Before any code of the page, so that no report is missed; told at once, so that none is lost
# when the page is left.
_REPORTS = """
document.addEventListener('securitypolicyviolation', (event) => {
  window.reportViolation(`${event.violatedDirective}: ${event.blockedURI || event.sourceFile}`);
});
"""

# Messages go after some seconds. A test that is late would wait for them in vain, so none goes by
# itself: this hears of each one before the page's own script does.
_LASTING = """
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) {
    if (node.nodeType !== Node.ELEMENT_NODE) continue;
    for (const box of [node, ...node.querySelectorAll('.toast')]) {
      if (box.dataset.ttl) box.dataset.ttl = 2 ** 31 - 1;
    }
  }
}).observe(document, {childList: true, subtree: true});
"""

_SMALL = """(smallest) => {
  const union = (a, b) => ({
    width: Math.max(a.right, b.right) - Math.min(a.left, b.left),
    height: Math.max(a.bottom, b.bottom) - Math.min(a.top, b.top),
  });
  const wrong = [];
  const targets = 'a.btn, button, input:not([type=hidden], [type=checkbox], [type=radio]), select,' +
    'textarea, summary';
  for (const target of document.querySelectorAll(targets)) {
    if (!target.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    // Those that are there for screen readers until they have the focus.
    if (target.closest('.sr-only, .skip')) continue;
    let box = target.getBoundingClientRect();
    const label = target.labels?.[0]?.getBoundingClientRect();
    if (label && label.width) box = union(box, label);
    if (box.width < smallest - 0.5 || box.height < smallest - 0.5) {
      const size = `${Math.round(box.width)}x${Math.round(box.height)}`;
      wrong.push(`${size}: ${target.outerHTML.slice(0, 160)}`);
    }
  }
  return wrong;
}"""

# A phone shows a page that is too wide smaller, so that its window seems to be as wide as the page.
_WIDE = """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
  [...document.querySelectorAll('body *')]
    .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(0, 3)
    .map((one) => one.outerHTML.slice(0, 160))"""


def cookie_of(address: str) -> str:
    """Return the session that a reader has at a server, if a fixture made one."""
    return LET_IN[urlsplit(address).netloc]


@contextmanager
def portal(
    database: str,
    folder: Path,
    *,
    plugins: str = "hiringcafe",
    worker: bool = False,
    env: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run `jobtracker serve` on a database (a URL); gives its address, without a last slash.

    Of one without an account, `SET_UP` has the link that it printed.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "JOBTRACKER_CONFIG": "",
        "JOBTRACKER_DATA_DIR": str(folder),
        "JOBTRACKER_DATABASE_URL": database,
        "JOBTRACKER_PLUGINS": plugins,
        "JOBTRACKER_SECRET_KEY": KEY,
        "PYTHONUNBUFFERED": "1",
        **(env or {}),
    }
    arguments = ["serve", "--listen", "127.0.0.1:0", *([] if worker else ["--no-worker"])]
    log = (folder / "server.log").open("a")
    with (
        log,
        subprocess.Popen(
            [sys.executable, "-m", "jobtracker_core", *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://\S+?(?=/\s)", said)
            assert found, said + (folder / "server.log").read_text()
            if not _has_account(database, folder):
                SET_UP[found[0]] = [process.stdout.readline() for _ in range(2)][1].strip()
            yield found[0]
        finally:
            process.terminate() if worker else process.kill()
            process.wait(60)


def _has_account(database: str, folder: Path) -> bool:
    with JobTracker(Settings(database_url=database, data_dir=folder, plugins=())) as tracker:
        return tracker.accounts.any()


def launch(playwright: Playwright) -> Browser:
    """Start the browser."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def begin(
    browser: Browser,
    address: str,
    complaints: list[str],
    *,
    cookie: str | None = None,
    theme: str | None = None,
    phone: bool = False,
    zone: str | None = None,
    failing: Sequence[str] = (),
) -> BrowserContext:
    """Open a context for a server; all that must not happen in it is added to `complaints`.

    That is: an error or a warning in the console, a report of the Content-Security-Policy, a dialog
    of the browser, a request to anywhere else. `failing` are parts of what the console says of
    answers that are meant to fail.
    """
    host = urlsplit(address)
    origin = f"{host.scheme}://{host.netloc}"
    context = browser.new_context(
        viewport=PHONE if phone else DESK,  # type: ignore[arg-type]
        is_mobile=phone,
        has_touch=phone,
        timezone_id=zone,
        permissions=["clipboard-read", "clipboard-write"],
        reduced_motion="reduce",
    )
    context.set_default_timeout(30_000)
    context.expose_function("reportViolation", lambda text: complaints.append(f"csp: {text}"))
    context.add_init_script(_REPORTS)
    context.add_init_script(_LASTING)
    cookies = {"jt": cookie, "jt-theme": theme}
    context.add_cookies(
        [{"name": name, "value": value, "url": origin} for name, value in cookies.items() if value]
    )
    context.on("page", lambda page: _watch(page, host.netloc, complaints, failing))
    return context


def _watch(page: Page, host: str, complaints: list[str], failing: Sequence[str]) -> None:
    def console(message: Any) -> None:
        expected = any(part in message.text for part in failing)
        if message.type in {"error", "warning"} and not expected:
            complaints.append(f"console at {page.url}: {message.text}")

    def request(request: Any) -> None:
        wanted = urlsplit(request.url)
        if wanted.scheme in {"http", "https"} and wanted.netloc != host:
            complaints.append(f"elsewhere: {request.url}")

    def dialog(dialog: Any) -> None:
        complaints.append(f"dialog at {page.url}: {dialog.message}")
        dialog.dismiss()

    page.on("pageerror", lambda error: complaints.append(f"error at {page.url}: {error}"))
    page.on("console", console)
    page.on("request", request)
    page.on("dialog", dialog)


def faults(page: Page, *, within: str | None = None) -> list[str]:
    """Return what keeps somebody from using a page, or a part of it: WCAG 2.2 AA, sizes, width."""
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = Axe().run(page, context=within, options=options)
    told = [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]
    told += [f"wider than the screen: {each}" for each in too_wide(page)]
    return told + [f"small target {each}" for each in page.evaluate(_SMALL, SMALLEST)]


def too_wide(page: Page) -> list[str]:
    """Return what stands out to the side of a page that is wider than its screen."""
    found: list[str] = page.evaluate(_WIDE)
    return found
