"""`/companies`: employers, with their jobs, applications and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath
from msgspec import Struct

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.companies import Company, CompanyChanges, CompanyDraft
from jobtracker_core.storage.company_figures import CompanyFigures
from jobtracker_core.storage.errors import Duplicate, Stale
from jobtracker_core.storage.fields import Line
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.entry import Entry, EntryField, changed, texts_in, texts_of
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.view import PAGE, curl

_OF_ONE: Final = 10

FIELDS: Final = (
    EntryField(name="name", label="Name", maxlength=300, required=True, wide=True),
    EntryField(name="homepage", label="Homepage", kind="url", maxlength=2_000),
    EntryField(name="profile_url", label="Profile", kind="url", maxlength=2_000),
    EntryField(name="industry", label="Industry", maxlength=300),
    EntryField(name="size", label="Size", maxlength=100, hint="As in: 50 to 200"),
    EntryField(name="founded", label="Founded", kind="number", hint="The year."),
    EntryField(name="headquarters", label="Head office", maxlength=300),
    EntryField(
        name="ats", label="Takes applications by", maxlength=100, hint="As in: Greenhouse, mail"
    ),
    EntryField(name="logo_url", label="Address of its logo", kind="url", maxlength=2_000),
    EntryField(
        name="description",
        label="Description and notes",
        kind="textarea",
        maxlength=5_000,
        wide=True,
        rows=6,
    ),
)


class Row(Struct, frozen=True, kw_only=True):
    """A company, and what there is of it."""

    company: Company
    figures: CompanyFigures


@get("/companies", sync_to_thread=True, include_in_schema=False)
def list_companies(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """List companies by their names."""
    words: query.Words = {"q": ("text", Line), "after": ("after", str), "before": ("before", str)}
    given = query.read(request.query_params, words)
    text, after, before = (given.get(name) for name in ("text", "after", "before"))
    if after and before:
        raise ClientException("A page goes on after one company or ends before one, not both.")
    found = tracker.companies.list(text=text, limit=PAGE, after=after, before=before)
    if before and found.before is None:
        # Back at the top, where others may have come since: show that page whole.
        found = tracker.companies.list(text=text, limit=PAGE)
    filters = {"q": text} if text else {}
    return pages.render(
        request,
        "companies.html",
        section="companies",
        rows=_rows(tracker, found.items),
        text=text or "",
        filters=filters,
        begun=after is not None,
        newer=_path({**filters, "before": found.before}) if found.before else None,
        older=_path({**filters, "after": found.after}) if found.after else None,
        curl=curl(
            f"{pages.root(request)}/api/v1/companies"
            + (f"?{urlencode({'search': text})}" if text else "")
        ),
    )


def _path(given: Mapping[str, str]) -> str:
    return f"/companies?{urlencode(given)}"


def _rows(tracker: JobTracker, companies: Sequence[Company]) -> tuple[Row, ...]:
    if not companies:
        return ()
    counted = tracker.companies.figures([company.id for company in companies])
    return tuple(
        Row(company=company, figures=figures)
        for company, figures in zip(companies, counted, strict=True)
    )


@get("/companies/{company_id:int}", sync_to_thread=True, include_in_schema=False)
def show(
    request: Request[Any, Any, Any],
    company_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show a company."""
    query.read(request.query_params, {})
    company = tracker.companies.get(company_id)
    return pages.render(
        request,
        "company.html",
        section="companies",
        company=company,
        jobs=tracker.jobs.search(company_id=company_id, limit=_OF_ONE),
        jobs_count=tracker.jobs.tally(company_id=company_id),
        applications=tracker.applications.list(company_id=company_id, limit=_OF_ONE),
        figures=tracker.companies.figures([company_id])[0],
        contacts=tracker.contacts.list(company_id=company_id, limit=50).items,
        curl=curl(f"{pages.root(request)}/api/v1/companies/{company_id}"),
    )


def _entry(company: Company | None) -> Entry:
    path = "/companies" if company is None else f"/companies/{company.id}"
    return Entry(
        title="New company" if company is None else f"Edit {company.name}",
        section="companies",
        back=path,
        back_label="Companies" if company is None else "The company",
        action=f"{path}/new" if company is None else f"{path}/edit",
        button="Add company" if company is None else "Save",
        fields=FIELDS,
    )


@get("/companies/new", sync_to_thread=True, include_in_schema=False)
def show_new(request: Request[Any, Any, Any], pages: NamedDependency[Pages]) -> Response[str]:
    """Offer to enter a company."""
    query.read(request.query_params, {})
    return _entry(None).show(request, pages, {})


@post("/companies/new", sync_to_thread=True, status_code=303, include_in_schema=False)
def make(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Store a company."""
    values: dict[str, Any] = {k: text for k, text in texts_in(FIELDS, form).items() if text}
    try:
        made = tracker.companies.create(CompanyDraft(**{"name": "", **values}))
    except FormError as error:
        return _entry(None).refused(request, pages, form, error)
    except Duplicate as error:
        refused = FormError({"name": f"is taken: {error}. {error.hint}"})
        return _entry(None).refused(request, pages, form, refused)
    return pages.go(request, f"/companies/{made.id}", Said(text=f"{made.name[:60]} is added."))


@get("/companies/{company_id:int}/edit", sync_to_thread=True, include_in_schema=False)
def show_edit(
    request: Request[Any, Any, Any],
    company_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Offer to change a company."""
    now = tracker.companies.get(company_id)
    return _entry(now).show(request, pages, texts_of(FIELDS, now), version=now.version)


@post(
    "/companies/{company_id:int}/edit",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def edit(
    request: Request[Any, Any, Any],
    company_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Change a company."""
    now = tracker.companies.get(company_id)
    before, typed = texts_of(FIELDS, now), texts_in(FIELDS, form)
    values = changed(FIELDS, typed, before)
    path = f"/companies/{company_id}"
    if not values:
        return pages.go(request, path, Said(text="Nothing was changed."))
    try:
        made = tracker.companies.update(
            company_id, CompanyChanges(**values), expected_version=form.version()
        )
    except FormError as error:
        return _entry(now).refused(request, pages, form, error)
    except Stale as error:
        return _entry(now).stale(request, pages, typed, before, error.current)
    fields: dict[str, str | int] = {"version": made.version}
    fields |= {name: before[name] for name in values}
    undo = Undo(path=f"{path}/edit", fields=fields)
    return pages.go(request, path, Said(text=f"{made.name[:60]} is changed.", undo=undo))


HANDLERS = (list_companies, show, show_new, make, show_edit, edit)
