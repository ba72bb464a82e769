"""The jobs list as a page shows it: whole, or the parts that change with a step."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar import Request, Response
from litestar.exceptions import ClientException
from msgspec import Struct
from msgspec.structs import replace

from jobtracker_core.search.begun import begun
from jobtracker_core.search.nodes import SearchError
from jobtracker_core.storage.search import JobList
from jobtracker_core.storage.tallies import Tally
from jobtracker_core.storage.views import View as SavedView
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web.filters import chips
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.rows import JobRow, read_rows
from jobtracker_core.web.said import Said
from jobtracker_core.web.view import PAGE, BadView, View

MOST_MEANT = 2_000
"""Jobs that a step can be meant for at once, beyond those of a page."""


class Mistake(Struct, frozen=True, kw_only=True):
    """Why a search cannot be read: what is wrong, and the search around the wrong piece."""

    message: str
    hint: str
    before: str
    wrong: str
    behind: str


class Listing(Struct, frozen=True, kw_only=True):
    """A page of the list.

    Attributes:
        saved: The saved view that is shown, if it is one; `changed` says that its filters were.
        mistake: Why nothing is shown.
    """

    view: View
    found: JobList
    rows: tuple[JobRow, ...]
    tally: Tally
    saved: SavedView | None
    changed: bool
    mistake: Mistake | None = None


def resolve(tracker: JobTracker, view: View) -> tuple[View, SavedView | None]:
    """Return what an address shows that may name a saved view.

    Raises NotFound for one that is not there, and ClientException for one that makes no sense.

    Filters beside the name stand in place of those that the view has.
    """
    if view.view is None:
        return view, None
    saved = tracker.views.get(view.view)
    if view.words():
        return view, saved
    try:
        own = View.of_words(saved.query, zone=view.zone)
    except BadView as error:
        # The API takes whatever is of the right type.
        raise ClientException(f"The view {saved.name} shows nothing: {error}") from error
    return replace(own, view=view.view, after=view.after, before=view.before), saved


def read_listing(tracker: JobTracker, view: View, prefs: Preferences) -> Listing:
    """Read a page of the list; raises NotFound for a mark or a saved view that there is not."""
    view, saved = resolve(tracker, view)
    changed = saved is not None and view.words() != _own_words(saved, view)
    try:
        listing = _read(tracker, view, prefs)
    except SearchError as error:
        listing = Listing(
            view=view,
            found=JobList(items=(), after=None),
            rows=(),
            tally=Tally(total=0, more=False),
            saved=None,
            changed=False,
            mistake=_mistake(error, view.q or ""),
        )
    return replace(listing, saved=saved, changed=changed)


def _mistake(error: SearchError, text: str) -> Mistake:
    return Mistake(
        message=error.message,
        hint=error.hint,
        before=text[: error.start],
        wrong=text[error.start : error.end],
        behind=text[error.end :],
    )


def _read(tracker: JobTracker, view: View, prefs: Preferences) -> Listing:
    found, tally = _page(tracker, view)
    if view.before and found.before is None:
        # Back at the top, where newer jobs may have come since: show that page whole.
        view = view.at()
        found, tally = _page(tracker, view)
    return Listing(
        view=view,
        found=found,
        rows=read_rows(tracker, found.items, now=datetime.now(UTC), zone=prefs.zone, text=view.q),
        tally=tally,
        saved=None,
        changed=False,
    )


def _own_words(saved: SavedView, view: View) -> dict[str, Any]:
    try:
        return View.of_words(saved.query, zone=view.zone).words()
    except BadView:  # whatever is shown differs from it
        return {}


def _page(tracker: JobTracker, view: View) -> tuple[JobList, Tally]:
    if view.after is None and view.before is None:
        return tracker.jobs.first_page(limit=PAGE, sort=view.sort, **view.filters)
    found = tracker.jobs.search(
        limit=PAGE, after=view.after, before=view.before, sort=view.sort, **view.filters
    )
    if view.before and found.before is None:
        return found, Tally(total=0, more=True)
    first = found.items[0].id if found.items else None
    tally = tracker.jobs.tally(first=first, sort=view.sort, **view.filters)
    return found, tally.covering((tally.newer or 0) + len(found.items))


def values_of(
    request: Request[Any, Any, Any], pages: Pages, tracker: JobTracker, listing: Listing
) -> dict[str, Any]:
    """Return what the templates of the list name."""
    view = listing.view
    empty = not listing.rows and not view.filtered and view.after is None
    return {
        "listing": listing,
        "view": view,
        "rows": listing.rows,
        "found": listing.found,
        "tally": listing.tally,
        "chips": chips(view),
        "curl": view.curl(pages.root(request)),
        "command": view.command(),
        "most_meant": MOST_MEANT,
        "begun": None if listing.rows else _with_begun(view),
        "stored": tracker.jobs.count() if empty else 0,
        "collectors": tracker.collectors.list() if empty else (),
    }


def _with_begun(view: View) -> View | None:
    """Return the list that the last word of the search may go on in; None where it has its end."""
    going_on = begun(view.q) if view.q else None
    return None if going_on in {None, view.q} else replace(view, q=going_on).at()


def shown_view(request: Request[Any, Any, Any], pages: Pages, prefs: Preferences) -> View | None:
    """Return the list that a browser shows while it asks for a step; None on other pages."""
    at = urlsplit(request.headers.get("HX-Current-URL", ""))
    if at.path != f"{pages.base(request)}/jobs":
        return None
    try:
        return View.of(dict(parse_qsl(at.query)), zone=prefs.zone)
    except BadView:  # nothing that a page of ours shows
        return None


def answer_list(
    request: Request[Any, Any, Any],
    pages: Pages,
    tracker: JobTracker,
    prefs: Preferences,
    view: View,
    message: Said,
    headers: dict[str, str] | None = None,
) -> Response[str]:
    """Answer a step with the list as it is after it, and with what was done."""
    listing = read_listing(tracker, view, prefs)
    values = values_of(request, pages, tracker, listing)
    return pages.render(
        request, "_jobs_acted.html", message=message, headers=headers, row=None, gone=None, **values
    )
