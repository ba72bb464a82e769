"""`/admin/runs`: the queue and what has been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.fields import Line, SourceName
from jobtracker_core.storage.runs import Run
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.runs import BulkRun
from jobtracker_core.web import query
from jobtracker_core.web.admin import run_view
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.present import many
from jobtracker_core.web.said import Said
from jobtracker_core.web.view import curl

PAGE: Final = 50
ACTIVE: Final = frozenset({RunState.PENDING, RunState.RUNNING})
MOST_AT_ONCE: Final = 200

_WORDS: Final[query.Words] = {
    "collector": ("collector", SourceName),
    "search": ("search_id", int),
    "state": ("states", Line),
    "before": ("before", int),
}
GROUPS: Final = (
    ("", "All"),
    ("pending,running", "Going on"),
    ("succeeded", "Succeeded"),
    ("partial,suspect", "Doubtful"),
    ("failed,missed", "Failed"),
    ("cancelled", "Cancelled"),
)
"""What is chosen with one click."""


@get("/admin/runs", sync_to_thread=True, include_in_schema=False)
def list_runs(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """List runs, the newest first; the page asks for its list again while something goes on."""
    given = query.read(request.query_params, _WORDS)
    states = _states(given.get("states", ""))
    wanted = {name: value for name, value in given.items() if name != "states"}
    found = tracker.runs.list(**wanted, states=states, limit=PAGE + 1)
    shown, more = found[:PAGE], len(found) > PAGE
    searches = tracker.searches.list()
    said = {name: value for name, value in request.query_params.items() if value}
    without = {name: value for name, value in said.items() if name != "before"}
    return pages.render(
        request,
        "admin/_runs.html" if is_fragment(request) else "admin/runs.html",
        section="runs",
        runs=shown,
        view=run_view,
        names={search.id: search.name for search in searches},
        active=any(run.state in ACTIVE for run in shown),
        groups=_groups(without),
        said=said,
        filters=without,
        collectors=sorted({search.collector for search in searches} | _collectors(tracker)),
        searches=searches,
        older=_path({**without, "before": str(shown[-1].id)}) if more else None,
        newest=_path(without) if "before" in said else None,
        here=_path(said),
        no_worker=_is_waiting_for_nobody(tracker, shown),
        curl=curl(f"{pages.root(request)}/api/v1/runs{_query(said)}"),
        command=_command(without),
    )


@post("/admin/runs/bulk", sync_to_thread=True, include_in_schema=False)
def change_runs(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Stop several runs, or run several again."""
    ids = form.numbers("ids")
    action = form.text("action")
    if action not in {"cancel", "retry"}:
        raise ClientException("action is cancel or retry.")
    if not 0 < len(ids) <= MOST_AT_ONCE:
        raise ClientException(f"Choose 1 to {MOST_AT_ONCE} runs.")
    done = tracker.runs.all("cancel" if action == "cancel" else "retry", ids)
    return pages.go(request, "/admin/runs", _outcome(action, done))


def _outcome(action: str, done: Sequence[BulkRun]) -> Said:
    good = sum(one.ok for one in done)
    words = "asked to stop" if action == "cancel" else "put into the queue"
    bad = [one for one in done if not one.ok]
    if not bad:
        return Said(text=f"{many(good, 'run')} {words}.")
    first = f"{bad[0].error}. {bad[0].next or ''}".strip()
    return Said(text=f"{many(good, 'run')} {words}, {len(bad)} not: {first}", tone="wrong")


def _states(text: str) -> tuple[RunState, ...]:
    try:
        return tuple(RunState(word) for word in text.split(",") if word)
    except ValueError as error:
        raise ClientException(f"state takes some of: {', '.join(RunState)}.") from error


def _collectors(tracker: JobTracker) -> set[str]:
    return {report.name for report in tracker.collectors.reports()}


def _groups(said: dict[str, str]) -> tuple[tuple[str, str, bool], ...]:
    rest = {name: value for name, value in said.items() if name != "state"}
    return tuple(
        (
            _path({**rest, "state": states} if states else rest),
            label,
            said.get("state", "") == states,
        )
        for states, label in GROUPS
    )


def _is_waiting_for_nobody(tracker: JobTracker, shown: Sequence[Run]) -> bool:
    if not any(run.state is RunState.PENDING for run in shown):
        return False
    return all(worker.silent or worker.state == "gone" for worker in tracker.workers.list())


def _command(said: dict[str, str]) -> str:
    words = ["jobtracker runs list"]
    for name, value in said.items():
        parts = value.split(",") if name == "state" else [value]
        words += [f"--{name}={part}" for part in parts]
    return " ".join(words)


def _query(said: dict[str, str]) -> str:
    return f"?{urlencode(said)}" if said else ""


def _path(said: dict[str, str]) -> str:
    return f"/admin/runs{_query(said)}"


HANDLERS = (list_runs, change_runs)
