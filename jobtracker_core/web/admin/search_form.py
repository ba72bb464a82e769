"""`/admin/searches/new` and `/admin/searches/{id}/edit`: the form of a search, with its preview."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.storage.errors import Duplicate, Stale
from jobtracker_core.storage.fields import Line, SourceName
from jobtracker_core.storage.searches import Search
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.searches import Preview
from jobtracker_core.web import preferences, query
from jobtracker_core.web.admin import search_entry
from jobtracker_core.web.admin.collector_view import standing
from jobtracker_core.web.admin.search_entry import KINDS, PRESETS, Entry, problems_of
from jobtracker_core.web.admin.search_view import differences
from jobtracker_core.web.form import Form, status_of
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.schema_form import label_of, query_groups

_NEW: Final[query.Words] = {"collector": ("collector", SourceName)}
_PREVIEWED: Final[query.Words] = {
    **{name: (name, Line) for name in ("kind", "cron", "every_s", "every_s.unit", "timezone")},
    "search": ("search", int),
}
_TIMES: Final = 10


@get("/admin/searches/new", sync_to_thread=True, include_in_schema=False)
def show_new(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Offer the collectors to choose from, then the form of the one that was chosen."""
    collector = query.read(request.query_params, _NEW).get("collector")
    if collector is None:
        now = datetime.now(UTC)
        reports = [one for one in tracker.collectors.reports() if one.installed]
        return pages.render(
            request,
            "admin/search_choose.html",
            section="searches",
            choices=[(one, standing(one, now)) for one in reports],
        )
    entry = search_entry.new(collector, prefs.zone.key)
    return _page(request, tracker, pages, entry)


@post("/admin/searches/new", sync_to_thread=True, status_code=303, include_in_schema=False)
def add_search(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Keep a new search."""
    schema = tracker.collectors.schema(form.text("collector"))
    entry = search_entry.typed(schema, form)
    if form.flag("look"):
        return _page(request, tracker, pages, entry)
    try:
        options = search_entry.read_options(form)
        words = search_entry.read_query(schema, form)
        made = tracker.searches.add(entry.name, schema.name, words, **options)
    except (FormError, ScheduleError) as error:
        return _page(request, tracker, pages, entry, problems=problems_of(error))
    except Duplicate as error:
        return _page(request, tracker, pages, entry, problems={"name": f"{error}"})
    undo = Undo(
        path=f"/admin/searches/{made.id}/delete", fields={"version": made.version, "undone": "on"}
    )
    said = Said(text=f"{made.name} is saved.", undo=undo)
    return pages.go(request, f"/admin/searches/{made.id}", said)


@get("/admin/searches/{search_id:int}/edit", sync_to_thread=True, include_in_schema=False)
def show_edit(
    request: Request[Any, Any, Any],
    search_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show the form of a search."""
    query.read(request.query_params, {})
    search = tracker.searches.get(search_id)
    return _page(request, tracker, pages, search_entry.of_search(search), search=search)


@post(
    "/admin/searches/{search_id:int}/edit",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def edit_search(
    request: Request[Any, Any, Any],
    search_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Save a search, unless somebody else has changed it since the form was made."""
    before = tracker.searches.get(search_id)
    schema = tracker.collectors.schema(before.collector)
    entry = search_entry.typed(schema, form)
    if form.flag("look"):
        return _page(request, tracker, pages, entry, search=before)
    try:
        options = search_entry.read_options(form)
        words = search_entry.read_query(schema, form)
        after = tracker.searches.edit(
            search_id,
            name=entry.name,
            query=words,
            expected_version=entry.version,
            **options,
        )
    except (FormError, ScheduleError) as error:
        problems = problems_of(error)
        return _page(request, tracker, pages, entry, search=before, problems=problems)
    except Duplicate as error:
        problems = {"name": f"{error}"}
        return _page(request, tracker, pages, entry, search=before, problems=problems)
    except Stale:
        theirs = tracker.searches.get(search_id)
        told = differences(theirs, entry.name, words, options)
        return _page(request, tracker, pages, entry, search=theirs, theirs=told)
    said = Said(text=f"{after.name} is saved.")
    return pages.go(request, f"/admin/searches/{after.id}", said)


def _page(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    entry: Entry,
    *,
    search: Search | None = None,
    problems: dict[str, str] | None = None,
    theirs: list[tuple[str, str]] | None = None,
) -> Response[str]:
    wrong = problems or {}
    report = tracker.collectors.report(entry.collector)
    schema = tracker.collectors.schema(entry.collector)
    pools = tuple(pool.name for pool in tracker.proxies.pools())
    version = entry.version
    if theirs is not None and search is not None:
        version = search.version
    preview, why = _preview(
        tracker, entry.kind, entry.options, None if search is None else search.id
    )
    return pages.render(
        request,
        "admin/search_form.html",
        status=status_of(problems, theirs),
        section="searches",
        entry=entry,
        search=search,
        version=version,
        report=report,
        groups=query_groups(
            schema.query_fields, schema.filters, report.title or report.name, entry.query, wrong
        ),
        options=search_entry.option_groups(entry, wrong, pools),
        problems=wrong,
        labels={name: label_of(name.removeprefix("query.")) for name in wrong},
        theirs=theirs,
        kinds=KINDS,
        presets=PRESETS,
        zones=preferences.ZONES,
        preview=preview,
        preview_problem=why,
    )


@get("/admin/searches/preview", sync_to_thread=True, include_in_schema=False)
def show_preview(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show when a search would run that goes by the schedule of a form."""
    given = query.read(request.query_params, _PREVIEWED)
    form = Form(((name, str(value)) for name, value in given.items()), {})
    options = search_entry.options_in(form)
    preview, why = _preview(tracker, form.text("kind"), options, given.get("search"))
    return pages.render(
        request, "admin/_schedule_preview.html", preview=preview, preview_problem=why
    )


def _preview(
    tracker: JobTracker, kind: str, options: Any, search_id: int | None
) -> tuple[Preview | None, str]:
    """Return the times, or why there are none."""
    try:
        chosen = search_entry.schedule_of(search_entry.read_kind(kind), options)
        ahead = tracker.searches.preview_schedule(**chosen, search=search_id, count=_TIMES)
    except (FormError, ScheduleError) as error:
        return None, " ".join(
            f"{text[:1].upper()}{text[1:]}." if text[-1:] not in ".?" else text
            for text in problems_of(error).values()
        )
    return ahead, ""


HANDLERS = (show_new, add_search, show_edit, edit_search, show_preview)
