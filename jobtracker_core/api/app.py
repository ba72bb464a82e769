"""The API's routes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from litestar import Router, get

from jobtracker_core.api.access import Gate, token_guard
from jobtracker_core.api.application_tags import application_tags_router
from jobtracker_core.api.applications import applications_router
from jobtracker_core.api.audit import audit_router
from jobtracker_core.api.bodies import ApiRequest
from jobtracker_core.api.calendar import calendar_router, read_feed
from jobtracker_core.api.collectors import collectors_router
from jobtracker_core.api.companies import companies_router
from jobtracker_core.api.configuration import config_router
from jobtracker_core.api.contacts import contacts_router
from jobtracker_core.api.database import database_router
from jobtracker_core.api.dismissals import dismissals_router
from jobtracker_core.api.document import describe
from jobtracker_core.api.events import events_router
from jobtracker_core.api.exports import exports_router
from jobtracker_core.api.health import health_router
from jobtracker_core.api.in_turn import Turns, in_turn
from jobtracker_core.api.ingest import collect_router
from jobtracker_core.api.job_marks import job_marks_router
from jobtracker_core.api.jobs import jobs_router
from jobtracker_core.api.kept import keeping
from jobtracker_core.api.live import KEPT, LiveRuns
from jobtracker_core.api.machinery import machinery_router
from jobtracker_core.api.metrics import Metrics, metrics_router
from jobtracker_core.api.operations import SCOPE, answer_again
from jobtracker_core.api.problems import refuse_broken_text
from jobtracker_core.api.proxies import proxies_router
from jobtracker_core.api.runs import runs_router
from jobtracker_core.api.searches import searches_router
from jobtracker_core.api.sites import sites_router
from jobtracker_core.api.stats import stats_router
from jobtracker_core.api.tags import tags_router
from jobtracker_core.api.tokens import tokens_router
from jobtracker_core.api.views import views_router
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.request_keys import Answered
from jobtracker_core.tracker import JobTracker


def api_router(
    tracker: JobTracker,
    *,
    metrics: Metrics | None = None,
    live: LiveRuns | None = None,
    turns: Turns | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> Router:
    """Make the routes under `/api/v1`, and `/healthz`, `/readyz` and `/metrics`.

    They need a dependency `installation`, the JobTracker, and errors answered by
    `problems.explain`, around them.
    """
    live = live or follow_runs(tracker, stopping)
    gate = Gate(tracker)

    @cache  # lives as long as the routes do
    def document() -> dict[str, Any]:
        return document_of(tracker)

    @get(
        "/openapi.json",
        media_type="application/vnd.oai.openapi+json",
        include_in_schema=False,
        sync_to_thread=True,
        opt={SCOPE: Scope.JOBS_READ},
    )
    def openapi() -> dict[str, Any]:
        """Give the document that describes the API."""
        return document()

    return Router(
        "/",
        route_handlers=[
            Router(
                "/api/v1",
                route_handlers=[
                    *_resources(live),
                    openapi,
                ],
                guards=[token_guard(gate)],
                middleware=[keeping(tracker, gate), in_turn(turns or Turns(), "search")],
                request_class=ApiRequest,
                before_request=refuse_broken_text,
                exception_handlers={Answered: answer_again},
            ),
            read_feed,
            health_router(tracker, stopping),
            metrics_router(tracker, metrics or Metrics(tracker.gauges)),
        ],
    )


def follow_runs(tracker: JobTracker, stopping: Callable[[], bool]) -> LiveRuns:
    """Return what looks at runs for all who watch them, programs and people."""
    return LiveRuns(
        lambda run_id, after: tracker.runs.look(run_id, after=after),
        stopping,
        begin=lambda run_id: tracker.runs.before_newest(run_id, KEPT),
    )


def document_of(tracker: JobTracker) -> dict[str, Any]:
    """Return the document that describes the API; the database is not touched."""
    return describe([api_router(tracker)])


def _resources(live: LiveRuns) -> list[Router]:
    return [
        jobs_router(),
        applications_router(),
        application_tags_router(),
        events_router(),
        contacts_router(),
        calendar_router(),
        job_marks_router(),
        dismissals_router(),
        companies_router(),
        tags_router(),
        views_router(),
        stats_router(),
        exports_router(),
        searches_router(),
        runs_router(live),
        collectors_router(),
        sites_router(),
        collect_router(),
        proxies_router(),
        machinery_router(),
        config_router(),
        database_router(),
        tokens_router(),
        audit_router(),
    ]
