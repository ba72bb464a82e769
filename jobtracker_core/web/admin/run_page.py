"""`/admin/runs/{id}`: one run, as it goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from jobtracker_core.contract.run import RunState
from jobtracker_core.export import begin
from jobtracker_core.storage.events import Event
from jobtracker_core.storage.jobs import Job
from jobtracker_core.storage.runs import Run
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.collectors import CollectorOff
from jobtracker_core.tracker.runs import NoRetry, NotSuspect
from jobtracker_core.web import query
from jobtracker_core.web.admin import run_view
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said
from jobtracker_core.web.view import curl

_EVENTS: Final = 1_000
"""Lines that a page shows at once, the newest ones; the file has them all."""

_JOBS: Final = 100
_CHANGES: Final = 1_000
"""Changes that are looked at; each may hold a description twice."""

_FIELDS: Final = 6


@get("/admin/runs/{run_id:int}", sync_to_thread=True, include_in_schema=False)
def show_run(
    request: Request[Any, Any, Any],
    run_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show one run; the page goes on by itself while the run does."""
    query.read(request.query_params, {})
    # The run is read first: what had happened when it ended is then among the events.
    run = tracker.runs.get(run_id)
    before = tracker.runs.before_newest(run_id, _EVENTS)
    events = tracker.runs.events(run_id, after=before, limit=_EVENTS)
    search = None
    if run.search_id is not None:
        search = {one.id: one for one in tracker.searches.list()}.get(run.search_id)
    return pages.render(
        request,
        "admin/run.html",
        section="runs",
        **head_of(tracker, run, tracker.runs.announced(run_id)),
        search=search,
        attempts=tracker.runs.attempts(run_id),
        events=run_view.story(events),
        kinds=Counter(event.kind for event in events),
        all_shown=not before,
        last=events[-1].id if events else 0,
        changed=_changed(tracker, run_id),
        curl=curl(f"{pages.root(request)}/api/v1/runs/{run_id}"),
        command=f"jobtracker runs show {run_id}",
    )


def _names(tracker: JobTracker, run: Run) -> dict[str, str]:
    """Return how people know those who start runs, by their labels."""
    if not run.requested_by:
        return {}
    users = {f"user:{one.id}": one.name for one in tracker.accounts.list()}
    return users | {f"token:{one.id}": f"the token {one.name}" for one in tracker.tokens.list()}


def head_of(tracker: JobTracker, run: Run, announced: Sequence[Event]) -> dict[str, Any]:
    """Return what of a run changes while it goes on; `announced` says how much there is to do."""
    now = datetime.now(UTC)
    return {
        "run": run,
        "view": run_view,
        "filters": run_view.filters(run.filters, run.query),
        "limits": _limits(run),
        "progress": run_view.progress(run, announced, now),
        "counters": run_view.counters(run.counts),
        "trigger": run_view.trigger(run, _names(tracker, run)),
        "took": run_view.took(run, now),
        "ending": run_view.ending(run),
        "waits": _waits(tracker, run, now) if run.state is RunState.PENDING else None,
        "over": run.finished_at is not None,
    }


@get("/admin/runs/{run_id:int}/log.txt", sync_to_thread=True, include_in_schema=False)
def download_log(
    request: Request[Any, Any, Any],
    run_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
) -> Stream:
    """Give the whole story of a run as lines of text."""
    query.read(request.query_params, {})
    # The run is read first: what had happened when it ended is then among the lines.
    run = tracker.runs.get(run_id)
    return Stream(
        begin(_lines(run, tracker.runs.story(run_id))),
        media_type="text/plain; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="run-{run_id}.txt"',
            "Cache-Control": "private, no-store",
        },
    )


def _lines(run: Run, story: Iterable[Event]) -> Iterator[bytes]:
    for event in story:
        yield f"{run_view.line(event)}\n".encode()
    if run.error_detail:
        yield f"\n{run.error_detail}\n".encode()


@post("/admin/runs/{run_id:int}/cancel", sync_to_thread=True, include_in_schema=False)
def stop_run(
    request: Request[Any, Any, Any],
    run_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Ask for a run to be stopped."""
    state = tracker.runs.cancel(run_id)
    words = {
        RunState.RUNNING: "The run is told to stop. It ends after the page that it is reading.",
        RunState.CANCELLED: "The run is taken out of the queue.",
    }
    told = words.get(state, f"The run had ended already: {state}.")
    return pages.go(request, f"/admin/runs/{run_id}", Said(text=told))


@post("/admin/runs/{run_id:int}/believe", sync_to_thread=True, include_in_schema=False)
def believe_run(
    request: Request[Any, Any, Any],
    run_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Say that a suspect run is right."""
    try:
        tracker.runs.believe(run_id)
    except NotSuspect as error:
        said = Said(text=f"{str(error).capitalize()}. {error.hint}", tone="wrong")
    else:
        said = Said(text="The run counts. Later ones are compared with it.")
    return pages.go(request, f"/admin/runs/{run_id}", said)


@post("/admin/runs/{run_id:int}/retry", sync_to_thread=True, include_in_schema=False)
def run_again(
    request: Request[Any, Any, Any],
    run_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Put a run into the queue once more, with the same settings."""
    try:
        made = tracker.runs.retry(run_id)
    except NoRetry as error:
        said = Said(text=f"{str(error).capitalize()}. {error.hint}", tone="wrong")
        return pages.go(request, f"/admin/runs/{run_id}", said)
    except CollectorOff as error:
        said = Said(text=f"{str(error).capitalize()}. Turn it on first.", tone="wrong")
        return pages.go(request, f"/admin/collectors/{error.name}", said)
    told = "Run again, with the same settings."
    if made.outcome == "overlap":
        told = "A run of the same search is already waiting or going on: this one."
    return pages.go(request, f"/admin/runs/{made.run_id}", Said(text=told))


def _waits(tracker: JobTracker, run: Run, now: datetime) -> tuple[str, str]:
    """Return what a run waits for, and a command that would end the wait ("" if none does)."""
    if run.scheduled_for > now:
        why = "its next attempt" if run.attempt else "its time"
        return f"It waits for {why}.", ""
    there = [one for one in tracker.workers.list() if not one.silent and one.state != "gone"]
    serving = [one for one in there if one.collectors is None or run.collector in one.collectors]
    if not serving:
        what = "No worker is running." if not there else f"No worker serves {run.collector}."
        return f"{what} It waits for one:", "jobtracker worker"
    busy = "All workers are busy. It begins as soon as one is free."
    free = any(one.running < one.slots for one in serving)
    return _waits_for_site(tracker, run, now) or ("It begins in a moment." if free else busy), ""


def _waits_for_site(tracker: JobTracker, run: Run, now: datetime) -> str | None:
    report = next((one for one in tracker.collectors.reports() if one.name == run.collector), None)
    if report is not None and not report.enabled:
        return "Its collector is off: it waits until that is turned on."
    if report is not None and report.cooling_until is not None and report.cooling_until > now:
        return "The site asked for quiet, and is left alone for a while."
    busy = tracker.runs.list(states=[RunState.RUNNING], limit=200)
    same = [one.id for one in busy if one.concurrency_key == run.concurrency_key]
    return f"It waits for run {same[-1]}, which asks the same site." if same else None


def _limits(run: Run) -> tuple[tuple[str, str], ...]:
    named = (
        ("Time", run.limit_runtime_s, "s"),
        ("Processor", run.limit_cpu_s, "s"),
        ("Memory", run.limit_memory_mb, "MB"),
        ("Pages", run.limit_pages, ""),
        ("Requests", run.limit_requests, ""),
    )
    found = [(name, f"{value:,} {unit}".strip()) for name, value, unit in named if value]
    found += [("Proxies", run.proxy_pool)] if run.proxy_pool else []
    return tuple(found)


def _changed(tracker: JobTracker, run_id: int) -> tuple[tuple[Job, str], ...]:
    """Return jobs that a run changed, each with what of it, where that was looked at."""
    fields: dict[int, dict[str, None]] = {}
    for change in tracker.jobs.changes(run_id=run_id, limit=_CHANGES):
        fields.setdefault(change.job_id, {}).update(dict.fromkeys(change.changes))
    if not fields:
        return ()
    found = tracker.jobs.search(changed_by_run=run_id, dismissed="all", limit=_JOBS)
    return tuple(
        (job, ", ".join([*fields.get(job.id, ())][:_FIELDS]).replace("_", " "))
        for job in found.items
    )


HANDLERS = (show_run, download_log, stop_run, believe_run, run_again)
