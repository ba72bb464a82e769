"""`/jobs`: the list and one job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup

from jobtracker_core.storage.search import JobList, Tally
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import present
from jobtracker_core.web.filters import common_choices
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.view import PAGE, View, curl, read_view


@get("/jobs", sync_to_thread=True, include_in_schema=False)
def list_jobs(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """List jobs; a filter that was changed asks for the list alone."""
    view = read_view(request.query_params, zone=prefs.zone)
    filters = view.filters
    found = tracker.jobs.search(limit=PAGE, after=view.after, before=view.before, **filters)
    if view.before and found.before is None:
        # Back at the top, where newer jobs may have come since: show that page whole.
        view = view.at()
        found = tracker.jobs.search(limit=PAGE, **filters)
    tally = _tally(tracker, view, found)
    base = pages.base(request)
    empty = not found.items and not view.filtered and view.after is None
    return pages.render(
        request,
        "_jobs.html" if is_fragment(request) else "jobs.html",
        headers={"HX-Push-Url": f"{base}{view.path()}"} if is_fragment(request) else None,
        section="jobs",
        view=view,
        found=found,
        tally=tally,
        curl=view.curl(pages.root(request)),
        command=view.command(),
        choices=() if is_fragment(request) else common_choices(view, tracker.jobs.sources()),
        collectors=tracker.collectors.list() if empty else (),
    )


@get("/jobs/{job_id:int}", sync_to_thread=True, include_in_schema=False)
def show_job(
    request: Request[Any, Any, Any],
    job_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show one job."""
    detail = tracker.jobs.get(job_id)
    return pages.render(
        request,
        "job.html",
        section="jobs",
        job=detail.job,
        detail=detail,
        # Sanitised before it was stored.
        description=Markup(detail.description) if detail.description else None,  # noqa: S704
        raw=None if detail.raw is None else present.raw(detail.raw),
        changes=present.changes(detail.changes, datetime.now(UTC)),
        curl=curl(f"{pages.root(request)}/api/v1/jobs/{detail.job.id}"),
        command=f"jobtracker jobs show {detail.job.id}",
    )


def _tally(tracker: JobTracker, view: View, found: JobList) -> Tally:
    if found.before is None and found.after is None and view.after is None:
        # All of them are here; counting again would search through everything once more.
        return Tally(total=len(found.items), more=False, newer=0)
    first = found.items[0].id if found.items else None
    return tracker.jobs.tally(first=first, **view.filters)


HANDLERS = (list_jobs, show_job)
