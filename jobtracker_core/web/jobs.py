"""`/jobs`: the list."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from jobtracker_core.tracker import JobTracker
from jobtracker_core.web.filters import common_choices, further_choices
from jobtracker_core.web.listing import read_listing, values_of
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.view import read_view


@get("/jobs", sync_to_thread=True, include_in_schema=False)
def list_jobs(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """List jobs; a filter that was changed asks for the list alone."""
    view = read_view(request.query_params, zone=prefs.zone)
    with tracker.reading():
        listing = read_listing(tracker, view, prefs)
        values = values_of(request, pages, tracker, listing)
        if not is_fragment(request):
            values |= {
                "choices": common_choices(listing.view, tracker.jobs.sources()),
                "further": further_choices(listing.view),
                "views": tracker.views.list(kind="jobs"),
            }
    if is_fragment(request):
        address = f"{pages.base(request)}{listing.view.path()}"
        return pages.render(request, "_jobs.html", headers={"HX-Push-Url": address}, **values)
    return pages.render(request, "jobs.html", section="jobs", **values)


HANDLERS = (list_jobs,)
