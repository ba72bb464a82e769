"""`/admin/workers`: the processes that execute runs."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.runs import Run
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.view import curl

_MOST_RUNS = 500


@get("/admin/workers", sync_to_thread=True, include_in_schema=False)
def list_workers(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """List workers and what they do; the page asks for its list again."""
    query.read(request.query_params, {})
    runs: dict[str, list[Run]] = {}
    for run in tracker.runs.list(states=[RunState.RUNNING], limit=_MOST_RUNS):
        if run.worker_id is not None:
            runs.setdefault(run.worker_id, []).append(run)
    workers = tracker.workers.list()
    return pages.render(
        request,
        "admin/_workers.html" if is_fragment(request) else "admin/workers.html",
        section="workers",
        here=[one for one in workers if not one.silent and one.state != "gone"],
        silent=[one for one in workers if one.silent and one.state != "gone"],
        gone=[one for one in workers if one.state == "gone"],
        runs=runs,
        names={search.id: search.name for search in tracker.searches.list()},
        curl=curl(f"{pages.root(request)}/api/v1/workers"),
    )


HANDLERS = (list_workers,)
