"""`/admin`: how everything that runs by itself does, on one page."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.gauges import Gauges
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import present, query
from jobtracker_core.web.admin import run_view
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.strips import CollectorStrip, strips_of_collectors
from jobtracker_core.web.view import curl

_NEXT: Final = 6
_LATE_S: Final = 120.0
"""Seconds that a run may be due, or a tick late, before that is said to be trouble."""


class Trouble(Struct, frozen=True, kw_only=True):
    """Something that does not go on by itself: what, and where to look."""

    words: str
    path: str


@get("/admin", sync_to_thread=True, include_in_schema=False)
def show_overview(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show the health of everything; the page asks for itself again."""
    query.read(request.query_params, {})
    gauges = tracker.gauges()
    searches = tracker.searches.list()
    strips = strips_of_collectors(tracker)
    upcoming = [one for one in searches if one.enabled and one.next_tick_at is not None]
    running = tracker.runs.list(states=[RunState.RUNNING], limit=_NEXT)
    return pages.render(
        request,
        "admin/_overview.html" if is_fragment(request) else "admin/overview.html",
        section="admin",
        gauges=gauges,
        database_bytes=tracker.maintenance.total(),
        failed=sum(one.ended.get("failed", 0) for one in gauges.collectors),
        troubles=_troubles(gauges, strips),
        strips=strips,
        running=running,
        view=run_view,
        failures=[
            (run, run_view.NEXT.get(run.error_class, "") if run.error_class else "")
            for run in tracker.today.failures()
        ],
        names={search.id: search.name for search in searches},
        upcoming=sorted(upcoming, key=lambda one: (one.next_tick_at, one.id))[:_NEXT],
        curl=curl(f"{pages.root(request)}/metrics"),
    )


def _troubles(gauges: Gauges, strips: tuple[CollectorStrip, ...]) -> tuple[Trouble, ...]:
    found = []
    if not gauges.workers and (gauges.pending or strips):
        found.append(
            Trouble(words="No worker is running: nothing is collected.", path="/admin/workers")
        )
    elif gauges.oldest_due_s > _LATE_S:
        waited = present.duration(gauges.oldest_due_s)
        words = f"{present.many(gauges.due, 'run')} could begin, the first for {waited}."
        found.append(Trouble(words=words, path="/admin/runs?state=pending,running"))
    if gauges.schedule_lag_s > _LATE_S:
        late = present.duration(gauges.schedule_lag_s)
        words = f"The schedule is {late} late: whoever looks after it is not there."
        found.append(Trouble(words=words, path="/admin/workers"))
    found += [
        Trouble(words=f"{one.title}: {one.trouble}", path=f"/admin/collectors/{one.name}")
        for one in strips
        if one.trouble
    ]
    return tuple(found)


HANDLERS = (show_overview,)
