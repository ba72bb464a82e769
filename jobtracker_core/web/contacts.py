"""People of an application or of a company: entered, changed, removed."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.contacts import Contact, ContactChanges, ContactDraft
from jobtracker_core.storage.errors import Stale
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.entry import (
    Entry,
    EntryField,
    ask_first,
    changed,
    go_back,
    texts_in,
    texts_of,
)
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said, Undo

FIELDS: Final = (
    EntryField(name="name", label="Name", maxlength=300, required=True),
    EntryField(name="role", label="Role", maxlength=300),
    EntryField(name="email", label="E-mail", kind="email", maxlength=254),
    EntryField(name="phone", label="Phone", kind="tel", maxlength=300),
    EntryField(name="url", label="Page or profile", kind="url", maxlength=2_000, wide=True),
    EntryField(name="notes", label="Notes", kind="textarea", maxlength=20_000, wide=True),
)


def _entry(title: str, action: str, button: str, application: str, company: str) -> Entry:
    return Entry(
        title=title,
        section="applications" if application else "companies",
        back=f"/applications/{application}" if application else f"/companies/{company}",
        back_label="The application" if application else "The company",
        action=action,
        button=button,
        fields=FIELDS,
        hidden={"application_id": application} if application else {"company_id": company},
    )


def _making(application: str, company: str) -> Entry:
    if bool(application) == bool(company):
        raise FormError({"application": "or company must be given, and one of them only"})
    return _entry("New contact", "/contacts/new", "Add contact", application, company)


@get("/contacts/new", sync_to_thread=True, include_in_schema=False)
def show_new(request: Request[Any, Any, Any], pages: NamedDependency[Pages]) -> Response[str]:
    """Offer to enter a contact."""
    words: query.Words = {"application": ("application", int), "company": ("company", int)}
    given = query.read(request.query_params, words)
    page = _making(str(given.get("application", "")), str(given.get("company", "")))
    return page.show(request, pages, {})


@post("/contacts/new", sync_to_thread=True, status_code=303, include_in_schema=False)
def make(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Store a contact; also the undo of removing one."""
    page = _making(form.text("application_id"), form.text("company_id"))
    values: dict[str, Any] = {k: text for k, text in texts_in(FIELDS, form).items() if text}
    values |= {name: form.text(name) for name in page.hidden}
    try:
        made = tracker.contacts.create(ContactDraft(**{"name": "", **values}))
    except FormError as error:
        return page.refused(request, pages, form, error)
    undo = Undo(path=f"/contacts/{made.id}/delete", fields={"version": made.version})
    return pages.go(request, page.back, Said(text=f"{made.name[:60]} is a contact.", undo=undo))


def _editing(contact: Contact) -> Entry:
    return _entry(
        f"Edit {contact.name}",
        f"/contacts/{contact.id}",
        "Save",
        str(contact.application_id or ""),
        str(contact.company_id or ""),
    )


@get("/contacts/{contact_id:int}", sync_to_thread=True, include_in_schema=False)
def show_edit(
    request: Request[Any, Any, Any],
    contact_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Offer to change a contact."""
    now = tracker.contacts.get(contact_id)
    return _editing(now).show(request, pages, texts_of(FIELDS, now), version=now.version)


@post("/contacts/{contact_id:int}", sync_to_thread=True, status_code=303, include_in_schema=False)
def edit(
    request: Request[Any, Any, Any],
    contact_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Change a contact."""
    now = tracker.contacts.get(contact_id)
    page, before, typed = _editing(now), texts_of(FIELDS, now), texts_in(FIELDS, form)
    values = changed(FIELDS, typed, before)
    if not values:
        return pages.go(request, page.back, Said(text="Nothing was changed."))
    try:
        made = tracker.contacts.update(
            contact_id, ContactChanges(**values), expected_version=form.version()
        )
    except FormError as error:
        return page.refused(request, pages, form, error)
    except Stale as error:
        return page.stale(request, pages, typed, before, error.current)
    fields: dict[str, str | int] = {"version": made.version}
    fields |= {name: before[name] for name in values}
    undo = Undo(path=f"/contacts/{contact_id}", fields=fields)
    return pages.go(request, page.back, Said(text=f"{made.name[:60]} is changed.", undo=undo))


@post(
    "/contacts/{contact_id:int}/delete",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def remove(
    request: Request[Any, Any, Any],
    contact_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Remove a contact; its undo enters it again."""
    now = tracker.contacts.get(contact_id)
    page = _editing(now)
    undo = Undo(path="/contacts/new", fields={**texts_of(FIELDS, now), **page.hidden})
    said = Said(text=f"{now.name[:60]} is removed.", undo=undo)
    asked = ask_first(request, pages, form, page, now.name, said)
    if asked is not None:
        return asked
    tracker.contacts.delete(contact_id, expected_version=form.version())
    return go_back(request, pages, form, page.back, said)


HANDLERS = (show_new, make, show_edit, edit, remove)
