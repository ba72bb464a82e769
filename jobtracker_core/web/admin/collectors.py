"""`/admin/collectors`: the list, and what is done with one collector."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.errors import Stale
from jobtracker_core.storage.queue import Enqueued
from jobtracker_core.tracker import CollectorOff, JobTracker
from jobtracker_core.tracker.collector_reports import CollectorReport
from jobtracker_core.web import query
from jobtracker_core.web.admin.collector_view import Standing, standing
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.strips import ASKED, RunStrip, strip_of_runs
from jobtracker_core.web.view import curl


class Card(Struct, frozen=True, kw_only=True):
    """A collector in the list."""

    report: CollectorReport
    standing: Standing
    strip: RunStrip
    searches: int
    next_at: datetime | None


@get("/admin/collectors", sync_to_thread=True, include_in_schema=False)
def list_collectors(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """List collectors, and how they do."""
    query.read(request.query_params, {})
    now = datetime.now(UTC)
    searches = tracker.searches.list()
    cards = []
    for report in tracker.collectors.reports():
        mine = [one for one in searches if one.collector == report.name]
        ahead = [one.next_tick_at for one in mine if one.enabled and one.next_tick_at]
        cards.append(
            Card(
                report=report,
                standing=standing(report, now),
                strip=strip_of_runs(tracker.runs.list(collector=report.name, limit=ASKED)),
                searches=len(mine),
                next_at=min(ahead, default=None),
            )
        )
    return pages.render(
        request,
        "admin/collectors.html",
        section="collectors",
        # Those that are used come first.
        cards=sorted(cards, key=lambda card: not (card.report.enabled or card.searches)),
        broken=[plugin for plugin in tracker.registry.plugins if plugin.status == "broken"],
        curl=curl(f"{pages.root(request)}/api/v1/collectors"),
        command="jobtracker collectors list",
    )


@get("/admin/collectors/{name:str}/on", sync_to_thread=True, include_in_schema=False)
def ask_to_turn_on(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show what the site says about programs before its collector is turned on."""
    query.read(request.query_params, {})
    return _ask(request, pages, tracker.collectors.report(name))


def _ask(
    request: Request[Any, Any, Any],
    pages: Pages,
    report: CollectorReport,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response[str]:
    return pages.render(
        request,
        "admin/collector_on.html",
        status=status,
        section="collectors",
        report=report,
        changed=status is HTTPStatus.PRECONDITION_FAILED,
    )


@post(
    "/admin/collectors/{name:str}/on", sync_to_thread=True, status_code=303, include_in_schema=False
)
def turn_on(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Turn a collector on; whoever does it has seen the policy note."""
    if not form.flag("seen"):
        report = tracker.collectors.report(name)
        return _ask(request, pages, report, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        after = tracker.collectors.update(name, enabled=True, expected_version=form.version())
    except Stale:
        report = tracker.collectors.report(name)
        return _ask(request, pages, report, HTTPStatus.PRECONDITION_FAILED)
    undo = Undo(path=f"/admin/collectors/{name}/off", fields={"version": after.version})
    said = Said(text=f"{after.title or name} is on. Its searches run from now on.", undo=undo)
    return pages.go(request, f"/admin/collectors/{name}", said)


@post(
    "/admin/collectors/{name:str}/off",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def turn_off(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Turn a collector off: its searches stay, and wait."""
    try:
        after = tracker.collectors.update(name, enabled=False, expected_version=form.version())
    except Stale:
        return pages.go(request, f"/admin/collectors/{name}", _changed(name))
    fields: dict[str, str | int] = {"version": after.version, "seen": "on"}
    undo = Undo(path=f"/admin/collectors/{name}/on", fields=fields)
    said = Said(
        text=f"{after.title or name} is off. What runs ends; nothing new begins.", undo=undo
    )
    return pages.go(request, _back(form, f"/admin/collectors/{name}"), said)


def _changed(name: str) -> Said:
    text = f"{name} was changed elsewhere meanwhile. Look at it, then try again."
    return Said(text=text, tone="wrong")


def _back(form: Form, path: str) -> str:
    return "/admin/collectors" if form.text("from") == "list" else path


@post(
    "/admin/collectors/{name:str}/resume",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def end_pause(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """End a collector's pause, and the quiet that its site asked for."""
    if not tracker.collectors.enabled(name):
        # Turned off meanwhile: on again it goes by the page with the policy note.
        return pages.go(request, f"/admin/collectors/{name}/on")
    after = tracker.collectors.update(name, enabled=True)
    said = Said(text=f"{after.title or name} may run again. A run now shows whether it works.")
    return pages.go(request, f"/admin/collectors/{name}", said)


@post(
    "/admin/collectors/{name:str}/probe",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def probe(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Look whether the collector's site answers, without storing anything."""
    try:
        made = tracker.collectors.probe(name)
    except CollectorOff as error:
        return pages.go(request, f"/admin/collectors/{name}", is_off(error))
    return follow(request, pages, made, "The probe")


@post(
    "/admin/collectors/{name:str}/run",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def run_now(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Run a collector once with a query that asks for everything."""
    try:
        made = tracker.runs.enqueue(name, {})
    except CollectorOff as error:
        return pages.go(request, f"/admin/collectors/{name}", is_off(error))
    except FormError as error:
        # Some sites want to be asked for something: that is what a search is for.
        why = "; ".join(error.problems.values())
        text = f"{name} cannot be asked for everything: {why}. Make a search of it."
        return pages.go(
            request, f"/admin/searches/new?collector={name}", Said(text=text, tone="wrong")
        )
    return follow(request, pages, made, "The run")


def is_off(error: CollectorOff) -> Said:
    """Say that a collector has to be turned on first."""
    return Said(text=f"{error.name} is off. Turn it on first, then run it.", tone="wrong")


def follow(
    request: Request[Any, Any, Any], pages: Pages, made: Enqueued, what: str
) -> Response[Any]:
    """Lead to a run that was asked for, or to the one in its way."""
    text = f"{what} waits for a worker."
    if made.outcome != "made":
        text = f"{what} was not needed: this one is pending or going on already."
    return pages.go(request, f"/admin/runs/{made.run_id}", Said(text=text))


HANDLERS = (list_collectors, ask_to_turn_on, turn_on, turn_off, end_pause, probe, run_now)
