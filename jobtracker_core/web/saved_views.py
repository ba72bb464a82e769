"""Saved views of the jobs list: made of the filters it shows, renamed, overwritten, forgotten."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET
from msgspec.structs import replace

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.errors import Duplicate
from jobtracker_core.storage.views import View as SavedView
from jobtracker_core.storage.views import ViewChanges, ViewDraft
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.view import BadView, View, read_view


def _read(form: Form, prefs: Preferences) -> View:
    given = dict(parse_qsl(form.text("query")))
    return replace(read_view(given, zone=prefs.zone).at(), view=None)


def _undo(saved: SavedView, prefs: Preferences, path: str, **more: str | int) -> Undo | None:
    """Return the form that brings a view's name and filters back; None for what no form sends."""
    try:
        query = urlencode(View.of_words(saved.query, zone=prefs.zone).query)
    except BadView:
        return None
    return Undo(path=path, fields={"name": saved.name, "query": query, **more})


@post("/jobs/views", sync_to_thread=True, status_code=303, include_in_schema=False)
def save_view(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    prefs: NamedDependency[Preferences],
) -> Response[Any]:
    """Save the filters of the list under a name."""
    view = _read(form, prefs)
    try:
        draft = ViewDraft(name=form.text("name"), kind="jobs", query=view.words())
        made = tracker.views.create(draft)
    except FormError as error:
        return _refused(request, pages, view.path(), error.problems)
    except Duplicate as error:
        return _refused(request, pages, view.path(), {"name": f"{error}. {error.hint or ''}"})
    undo = Undo(path=f"/jobs/views/{made.id}/delete", fields={"version": made.version})
    return pages.go(
        request, f"/jobs?view={made.id}", Said(text=f"The view {made.name} is saved.", undo=undo)
    )


@post("/jobs/views/{view_id:int}", sync_to_thread=True, status_code=303, include_in_schema=False)
def change_view(
    request: Request[Any, Any, Any],
    view_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    prefs: NamedDependency[Preferences],
) -> Response[Any]:
    """Give a view another name, or the filters that the list shows now."""
    before = tracker.views.get(view_id)
    changes = ViewChanges(
        name=form.text("name") if "name" in form else UNSET,
        query=_read(form, prefs).words() if "query" in form else UNSET,
    )
    path = f"/jobs?view={view_id}"
    try:
        made = tracker.views.update(view_id, changes, expected_version=form.version())
    except FormError as error:
        return _refused(request, pages, path, error.problems)
    except Duplicate as error:
        return _refused(request, pages, path, {"name": f"{error}. {error.hint or ''}"})
    undo = _undo(before, prefs, f"/jobs/views/{view_id}", version=made.version)
    what = "keeps these filters now" if "query" in form else "has its new name"
    return pages.go(request, path, Said(text=f"The view {made.name} {what}.", undo=undo))


@post(
    "/jobs/views/{view_id:int}/delete",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def delete_view(
    request: Request[Any, Any, Any],
    view_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    prefs: NamedDependency[Preferences],
) -> Response[Any]:
    """Forget a view; the jobs in it stay."""
    before = tracker.views.get(view_id)
    tracker.views.delete(view_id, expected_version=form.version())
    undo = _undo(before, prefs, "/jobs/views")
    return pages.go(request, "/jobs", Said(text=f"The view {before.name} is forgotten.", undo=undo))


def _refused(
    request: Request[Any, Any, Any], pages: Pages, path: str, problems: dict[str, str]
) -> Response[Any]:
    said = " ".join(f"{name.capitalize()} {text}" for name, text in problems.items())
    return pages.go(request, path, Said(text=f"The view was not saved: {said}", tone="wrong"))


HANDLERS = (save_view, change_view, delete_view)
