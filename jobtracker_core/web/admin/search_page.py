"""`/admin/searches/{id}`: one search, when it runs, and how it does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from jobtracker_core.contract.run import RunState
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.admin.collector_view import standing
from jobtracker_core.web.admin.search_view import limits_words, query_words, span
from jobtracker_core.web.admin.searches import is_restorable
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.schema_form import label_of
from jobtracker_core.web.strips import ASKED, strip_of_runs
from jobtracker_core.web.view import curl

_RECENT: Final = 10
_TIMES: Final = 10
_DOUBTS: Final = 5


@get("/admin/searches/{search_id:int}", sync_to_thread=True, include_in_schema=False)
def show_search(
    request: Request[Any, Any, Any],
    search_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Show one search."""
    query.read(request.query_params, {})
    report = tracker.searches.report(search_id)
    search = report.search
    runs = tracker.runs.list(search_id=search_id, limit=ASKED)
    collector = tracker.collectors.report(search.collector)
    try:
        preview = tracker.searches.preview(search_id, count=_TIMES)
        problem = ""
    except ScheduleError as error:
        # Stored by an older version, or the zone is gone from this machine.
        preview, problem = None, f"{error.message}. {error.hint}"
    address = f"{pages.root(request)}/api/v1/searches/{search_id}"
    usual = report.usual
    return pages.render(
        request,
        "admin/search.html",
        section="searches",
        report=report,
        search=search,
        collector=collector,
        standing=standing(collector, datetime.now(UTC)),
        strip=strip_of_runs(runs),
        runs=runs[:_RECENT],
        found=[run.counts.seen for run in reversed(runs) if run.finished_at is not None],
        doubts=[run for run in runs if run.state is RunState.SUSPECT][:_DOUBTS],
        words=query_words(search.query),
        limits=limits_words(search),
        fills=[] if usual is None else sorted(usual.fill.items(), key=lambda one: -one[1]),
        span=span,
        label_of=label_of,
        preview=preview,
        preview_problem=problem,
        other_zone=search.schedule.timezone != prefs.zone.key,
        restorable=is_restorable(search),
        curl=curl(address),
        curl_run=curl(f"{address}/run").replace("curl ", "curl -X POST ", 1),
        command_line=f"jobtracker searches show {search_id}",
    )


HANDLERS = (show_search,)
