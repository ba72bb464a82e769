"""`/jobs`: the list."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec.structs import replace

from jobtracker_core.search.begun import begun
from jobtracker_core.search.nodes import SearchError
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web.facets import facet_groups
from jobtracker_core.web.filters import common_choices, further_choices
from jobtracker_core.web.listing import read_listing, resolve, values_of
from jobtracker_core.web.offered import Offers
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.view import read_view


@get("/jobs", sync_to_thread=True, include_in_schema=False)
def list_jobs(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
    offers: NamedDependency[Offers],
) -> Response[str]:
    """List jobs; a filter that was changed asks for the list alone.

    While somebody types, the last word of the search may go on, and the address says so.
    """
    view = read_view(request.query_params, zone=prefs.zone)
    if view.q and request.headers.get("X-Typing") and is_fragment(request):
        view = replace(view, q=begun(view.q))
    offered = None if is_fragment(request) else offers.read()
    # A search for words asks more than once; all else looks, which is quicker.
    with tracker.reading() if view.q else tracker.looking():
        listing = read_listing(tracker, view, prefs)
        values = values_of(request, pages, tracker, listing)
    if offered is not None:
        values |= {
            "choices": common_choices(listing.view, offered.sources),
            "further": further_choices(listing.view),
            "views": offered.views,
        }
    if is_fragment(request):
        address = f"{pages.base(request)}{listing.view.path()}"
        return pages.render(request, "_jobs.html", headers={"HX-Push-Url": address}, **values)
    return pages.render(request, "jobs.html", section="jobs", **values)


@get("/jobs/facets", sync_to_thread=True, include_in_schema=False)
def list_facets(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Count the jobs of the list by what they are; asked for when its filters are in sight."""
    view = read_view(request.query_params, zone=prefs.zone)
    with tracker.reading():
        view, _ = resolve(tracker, view)
        try:
            found = tracker.jobs.facets(**view.filters)
        except SearchError:  # the list beside it says what is wrong
            found = ()
    return pages.render(request, "_facets.html", groups=facet_groups(view, found))


HANDLERS = (list_jobs, list_facets)
