"""`/admin/searches`: the list, and the steps with one search or several."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath
from msgspec import Struct

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.storage.errors import Duplicate, Stale
from jobtracker_core.storage.fields import Line, SourceName
from jobtracker_core.storage.searches import Search
from jobtracker_core.tracker import CollectorOff, JobTracker
from jobtracker_core.tracker.bulk import BulkResult
from jobtracker_core.tracker.searches import SearchForm
from jobtracker_core.web import query
from jobtracker_core.web.admin.collectors import follow, is_off
from jobtracker_core.web.admin.search_view import (
    STATES,
    Row,
    is_late,
    options_of,
    query_words,
    schedule_words,
)
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.strips import strip_of_runs
from jobtracker_core.web.view import curl

_FILTERS: Final[query.Words] = {"collector": ("collector", SourceName), "state": ("state", Line)}
_BEATS: Final = 12
_PACKED: Final = 2_000
"""Characters of a search that fit beside the rest of a message to undo with."""

_DONE: Final = {"pause": "paused", "resume": "resumed", "delete": "deleted", "run": "started"}
_LONGEST_NAME: Final = 100


@get("/admin/searches", sync_to_thread=True, include_in_schema=False)
def list_searches(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """List searches, how they stand and how they did."""
    given = query.read(request.query_params, _FILTERS)
    collector, state = given.get("collector"), given.get("state")
    if state is not None and state not in STATES:
        raise ClientException(f"state takes one of: {', '.join(STATES)}.")
    every = tracker.searches.list(collector=collector)
    on = {report.name: report for report in tracker.collectors.reports()}
    rows = [
        _row(tracker, one, {n: r.enabled for n, r in on.items() if r.installed}) for one in every
    ]
    shown = [row for row in rows if state is None or row.is_in(state)]
    filters = {"collector": collector} if collector else {}
    tail = f"?{urlencode(filters)}" if filters else ""
    now = datetime.now(UTC)
    return pages.render(
        request,
        "admin/searches.html",
        section="searches",
        rows=shown,
        total=len(rows),
        counts={name: sum(row.is_in(name) for row in rows) for name in STATES},
        states=STATES,
        state=state,
        collector=collector,
        collectors=sorted(on),
        filters=filters,
        late=any(is_late(row.search, now) for row in rows if row.kind == "on"),
        query_words=query_words,
        curl=curl(f"{pages.root(request)}/api/v1/searches{tail}"),
        command="jobtracker searches list" + (f" --collector={collector}" if collector else ""),
    )


def _row(tracker: JobTracker, search: Search, on: Mapping[str, bool]) -> Row:
    return Row(
        search=search,
        strip=strip_of_runs(tracker.runs.list(search_id=search.id, limit=_BEATS)),
        schedule=schedule_words(_words(tracker, search)),
        on=on.get(search.collector),
    )


def _words(tracker: JobTracker, search: Search) -> str:
    try:
        return tracker.searches.preview(search.id, count=0).words
    except ScheduleError as error:
        # Its zone, say, is gone from this machine; the other searches are still to be seen.
        return f"{error.message}. {error.hint}"


def _back(form: Form, search_id: int) -> str:
    return f"/admin/searches/{search_id}" if form.text("from") == "page" else "/admin/searches"


@post(
    "/admin/searches/{search_id:int}/run",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def run_search(
    request: Request[Any, Any, Any],
    search_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Start a search now."""
    try:
        made = tracker.searches.run(search_id)
    except CollectorOff as error:
        return pages.go(request, _back(form, search_id), is_off(error))
    return follow(request, pages, made, "The run")


@post(
    "/admin/searches/{search_id:int}/pause",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def pause_search(
    request: Request[Any, Any, Any],
    search_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Pause a search, unless it was changed since."""
    return _switch(request, tracker, pages, form, search_id, on=False)


@post(
    "/admin/searches/{search_id:int}/resume",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def resume_search(
    request: Request[Any, Any, Any],
    search_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Let a search run by itself again, unless it was changed since."""
    return _switch(request, tracker, pages, form, search_id, on=True)


def _switch(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    form: Form,
    search_id: int,
    *,
    on: bool,
) -> Response[Any]:
    try:
        after = tracker.searches.edit(search_id, enabled=on, expected_version=form.version())
    except Stale:
        text = "The search was changed elsewhere meanwhile. Look at it, then try again."
        return pages.go(request, f"/admin/searches/{search_id}", Said(text=text, tone="wrong"))
    undo = Undo(
        path=f"/admin/searches/{search_id}/{'pause' if on else 'resume'}",
        fields={"version": after.version, "from": form.text("from")},
    )
    what = "runs by itself again" if on else "is paused"
    said = Said(text=f"{after.name} {what}.", undo=undo)
    return pages.go(request, _back(form, search_id), said)


@post(
    "/admin/searches/{search_id:int}/clone",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def clone_search(
    request: Request[Any, Any, Any],
    search_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Make a paused copy, and lead to its form."""
    found = tracker.searches.get(search_id)
    taken = {one.name for one in tracker.searches.list()}
    name, number = _copy(found.name, ""), 2
    while name in taken:
        name, number = _copy(found.name, f" {number}"), number + 1
    made = tracker.searches.clone(search_id, name)
    undo = Undo(
        path=f"/admin/searches/{made.id}/delete", fields={"version": made.version, "undone": "on"}
    )
    said = Said(text=f"{made.name} is a copy, paused until you resume it.", undo=undo)
    return pages.go(request, f"/admin/searches/{made.id}/edit", said)


def _copy(name: str, number: str) -> str:
    tail = f" copy{number}"
    return name[: _LONGEST_NAME - len(tail)].rstrip() + tail


@post(
    "/admin/searches/{search_id:int}/delete",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def delete_search(
    request: Request[Any, Any, Any],
    search_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Delete a search; undone by keeping the same search anew, under another number."""
    try:
        gone = tracker.searches.remove(search_id, expected_version=form.version())
    except Stale:
        text = "The search was changed elsewhere meanwhile. Look at it before you delete it."
        return pages.go(request, f"/admin/searches/{search_id}", Said(text=text, tone="wrong"))
    if form.flag("undone"):
        return pages.go(request, "/admin/searches", Said(text=f"{gone.name} is gone again."))
    packed = pack(gone)
    undo = None
    if len(packed) <= _PACKED:
        undo = Undo(path="/admin/searches/restore", fields={"search": packed})
    said = Said(text=f"{gone.name} is deleted. Its runs and jobs stay.", undo=undo)
    return pages.go(request, "/admin/searches", said)


class _Packed(Struct, frozen=True, kw_only=True):
    """What `pack()` returns."""

    name: str
    collector: str
    query: dict[str, Any]
    options: dict[str, Any]
    enabled: bool


def pack(search: Search) -> str:
    """Return all that makes a search, to keep it anew."""
    options = {name: value for name, value in options_of(search).items() if value is not None}
    words = {"name": search.name, "collector": search.collector, "query": search.query}
    return json.dumps(words | {"options": options, "enabled": search.enabled})


def is_restorable(search: Search) -> bool:
    """Say whether deleting a search can be undone; else it has to be asked for first."""
    return len(pack(search)) <= _PACKED


@post("/admin/searches/restore", sync_to_thread=True, status_code=303, include_in_schema=False)
def restore_search(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Keep a search anew that was deleted."""
    packed = form.packed("search", _Packed)
    if not packed.options.keys() <= {*SearchForm.__struct_fields__}:
        raise FormError({"search": "is not what a page of this portal sends"})
    try:
        made = tracker.searches.add(
            packed.name, packed.collector, packed.query, **cast("Any", packed.options)
        )
        if not packed.enabled:
            made = tracker.searches.pause(made.id)
    except (FormError, ScheduleError, Duplicate) as error:
        said = Said(text=f"It could not be put back: {error}.", tone="wrong")
        return pages.go(request, "/admin/searches", said)
    said = Said(text=f"{made.name} is back, as search {made.id}.")
    return pages.go(request, f"/admin/searches/{made.id}", said)


@post("/admin/searches/bulk", sync_to_thread=True, status_code=303, include_in_schema=False)
def act_on_searches(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Pause, resume, start or delete those that are selected."""
    searches, action = tracker.searches, form.text("action")
    acts = {
        "pause": searches.pause_all,
        "resume": searches.resume_all,
        "run": searches.run_all,
        "delete": searches.remove_all,
    }
    if action not in acts:
        raise FormError({"action": f"takes one of {', '.join(acts)}"})
    was = {one.id: one.enabled for one in searches.list()}
    result = acts[action](form.numbers("ids"))
    return pages.go(request, "/admin/searches", _told(action, result, was))


def _told(action: str, result: BulkResult, was: Mapping[int, bool]) -> Said:
    text = f"{result.done} {_DONE[action]}."
    if result.failed:
        why = next(item.detail for item in result.items if item.problem)
        text = f"{text[:-1]}, {result.failed} not: {why}"
    changed = [
        item.id
        for item in result.items
        if item.problem is None and was.get(item.id) == (action == "pause")
    ]
    undo = None
    if action in {"pause", "resume"} and changed:
        opposite = "resume" if action == "pause" else "pause"
        fields: dict[str, str | int] = {"action": opposite, "ids": ",".join(map(str, changed))}
        undo = Undo(path="/admin/searches/bulk", fields=fields)
    return Said(text=text, undo=undo, tone="wrong" if result.failed else "done")


HANDLERS = (
    *(list_searches, run_search, pause_search, resume_search, clone_search, delete_search),
    *(restore_search, act_on_searches),
)
