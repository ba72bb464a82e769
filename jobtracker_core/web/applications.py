"""`/applications/new` and `/applications/{id}`: one application, made, shown and changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.applications import (
    Application,
    ApplicationChanges,
    ApplicationDraft,
)
from jobtracker_core.storage.errors import Duplicate, Stale
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.board import card_of
from jobtracker_core.web.entry import (
    Entry,
    EntryField,
    changed,
    go_back,
    refuse,
    texts_in,
    texts_of,
)
from jobtracker_core.web.events import blank, fields_for
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.present import snapshot_of
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.view import STATUSES, curl

_EVENTS: Final = 200
_CONTACTS: Final = 50

FIELDS: Final = (
    EntryField(name="title", label="Title", maxlength=500, required=True, wide=True),
    EntryField(name="company", label="Company", maxlength=300),
    EntryField(name="url", label="Address of the posting", kind="url", maxlength=2_000),
    EntryField(name="next_action", label="Next action", maxlength=300),
    EntryField(name="next_action_on", label="On", kind="date"),
    EntryField(
        name="found_through",
        label="Found through",
        maxlength=300,
        hint="A site, a person, a fair.",
    ),
    EntryField(name="pay_wish", label="Pay wish", maxlength=300, hint="What you ask for."),
    EntryField(name="notes", label="Notes", kind="textarea", maxlength=20_000, wide=True, rows=8),
)
_STATUS: Final = EntryField(
    name="status",
    label="Stage",
    kind="choice",
    options=tuple((status, status.capitalize()) for status in STATUSES),
)
_NEW: Final = (FIELDS[0], *FIELDS[1:3], _STATUS, *FIELDS[3:])


def _making(job_id: str = "") -> Entry:
    return Entry(
        title="New application",
        section="applications",
        back=f"/jobs/{job_id}" if job_id else "/applications",
        back_label="The job" if job_id else "Applications",
        action="/applications/new",
        button="Add application",
        fields=_NEW,
        hidden={"job_id": job_id} if job_id else {},
        note="What the posting says is kept with it when you apply." if job_id else "",
    )


@get("/applications/new", sync_to_thread=True, include_in_schema=False)
def show_new(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Offer to enter an application, for a stored job or by hand."""
    words: query.Words = {"job": ("job", int), "company": ("company", int)}
    given = query.read(request.query_params, words)
    texts = {"status": "draft"}
    if "job" in given:
        job = tracker.jobs.get(given["job"]).job
        texts |= {"title": job.title, "company": job.company or "", "url": job.url}
        return _making(str(job.id)).show(request, pages, texts)
    if "company" in given:
        texts["company"] = tracker.companies.get(given["company"]).name
    return _making().show(request, pages, texts)


@post("/applications/new", sync_to_thread=True, status_code=303, include_in_schema=False)
def make(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Store an application."""
    texts = texts_in(_NEW, form)
    job = form.text("job_id")
    values: dict[str, Any] = {name: text for name, text in texts.items() if text}
    if job:
        values["job_id"] = job
    elif values.get("company"):
        values["company_id"] = _company_of(tracker, values["company"])
    try:
        made = tracker.applications.create(ApplicationDraft(**values))
    except FormError as error:
        return _making(job).refused(request, pages, form, error)
    except Duplicate as error:
        refused = FormError({"title": f"is applied for already: {error}. {error.hint}"})
        return _making(job).refused(request, pages, form, refused)
    said = Said(text=f"The application is made, as {made.status}.")
    return pages.go(request, f"/applications/{made.id}", said)


def _company_of(tracker: JobTracker, name: str) -> int | None:
    """Return a stored company of that very name; a new name makes none."""
    found = tracker.companies.list(text=name, limit=10).items
    same = (one.id for one in found if one.name.casefold() == name.casefold())
    return next(same, None)


@get("/applications/{application_id:int}", sync_to_thread=True, include_in_schema=False)
def show(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Show an application."""
    query.read(request.query_params, {})
    detail = tracker.applications.get(application_id)
    now = datetime.now(UTC)
    events = tracker.timeline.list(application_id=application_id, limit=_EVENTS)
    return pages.render(
        request,
        "application.html",
        section="applications",
        application=detail.application,
        detail=detail,
        card=card_of(detail.application, now.astimezone(prefs.zone).date()),
        events=events.items,
        more_events=events.after is not None,
        contacts=tracker.contacts.list(application_id=application_id, limit=_CONTACTS).items,
        event_fields=fields_for(),
        event_texts=blank(prefs, now),
        statuses=STATUSES,
        snapshots=[snapshot_of(one, prefs.zone, now) for one in detail.snapshots],
        curl=curl(f"{pages.root(request)}/api/v1/applications/{application_id}"),
    )


def _editing(application: Application) -> Entry:
    return Entry(
        title=f"Edit {application.title}",
        section="applications",
        back=f"/applications/{application.id}",
        back_label="The application",
        action=f"/applications/{application.id}/edit",
        button="Save",
        fields=FIELDS,
    )


@get("/applications/{application_id:int}/edit", sync_to_thread=True, include_in_schema=False)
def show_edit(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Offer to change an application."""
    now = tracker.applications.get(application_id).application
    return _editing(now).show(request, pages, texts_of(FIELDS, now), version=now.version)


@post(
    "/applications/{application_id:int}/edit",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def edit(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Change what a form holds of an application; what it does not name stays."""
    now = tracker.applications.get(application_id).application
    before, typed = texts_of(FIELDS, now), texts_in(FIELDS, form)
    values = changed(FIELDS, typed, before)
    path = f"/applications/{application_id}"
    if not values:
        return pages.go(request, path, Said(text="Nothing was changed."))
    try:
        made = tracker.applications.update(
            application_id, ApplicationChanges(**values), expected_version=form.version()
        )
    except FormError as error:
        page, texts = _editing(now), {**before, **typed}
        return page.show(
            request,
            pages,
            texts,
            version=form.version(),
            problems=error.problems,
        )
    except Stale as error:
        return _editing(now).stale(request, pages, typed, before, error.current)
    fields: dict[str, str | int] = {"version": made.version}
    fields |= {name: before[name] for name in values}
    undo = Undo(path=f"{path}/edit", fields=fields)
    return pages.go(request, path, Said(text="The application is changed.", undo=undo))


@post(
    "/applications/{application_id:int}/tags",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def put_tags(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Make the words of a field, with commas between them, the tags."""
    before = tracker.applications.get(application_id).tags
    names = [name.strip() for name in form.text("tags").split(",") if name.strip()]
    path = f"/applications/{application_id}"
    try:
        tracker.tags.put("application", application_id, names)
    except FormError as error:
        return go_back(request, pages, form, path, refuse(error))
    undo = Undo(path=f"{path}/tags", fields={"tags": ",".join(before)})
    return pages.go(request, path, Said(text="The tags are changed.", undo=undo))


HANDLERS = (show_new, make, show, show_edit, edit, put_tags)
