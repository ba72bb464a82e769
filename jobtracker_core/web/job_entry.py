"""`/jobs/new` and `/jobs/{id}/edit`: jobs that a person enters, changes and deletes."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.errors import Stale
from jobtracker_core.storage.jobs import Job
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.job_forms import BY_HAND, JobChanges, JobDraft
from jobtracker_core.web import query
from jobtracker_core.web.form import Form
from jobtracker_core.web.job_fields import FIELDS, Texts, changed, texts_in, texts_of, to_values
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said, Undo

_LONGEST = 4_000
_GIVEN = {name: (name, str) for name in ("url", "title", "text", "company")}


@get("/jobs/new", sync_to_thread=True, include_in_schema=False)
def show_new(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Offer to enter a job, with what the bookmark sends of the page it was opened on."""
    given = {
        name: text[:_LONGEST] for name, text in query.read(request.query_params, _GIVEN).items()
    }
    texts: dict[str, str | tuple[str, ...]] = {
        field.name: () if field.multiple else "" for field in FIELDS
    }
    texts |= {"description": given.pop("text", ""), **given}
    alike = _alike(tracker, texts) if given.get("url") else ()
    return _form(request, pages, texts, alike=alike)


@post("/jobs/new", sync_to_thread=True, status_code=303, include_in_schema=False)
def enter_job(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Store a job; one that seems to be there already only if that is said again."""
    texts = texts_in(form)
    alike = () if form.flag("anyway") else _alike(tracker, texts)
    if alike:
        return _form(request, pages, texts, alike=alike, status=HTTPStatus.CONFLICT)
    values = {name: value for name, value in to_values(texts).items() if value is not None}
    try:
        made = tracker.jobs.create(JobDraft(**{"title": "", "url": "", **values}))
    except FormError as error:
        return _form(
            request,
            pages,
            texts,
            # Found only once all the others are right.
            problems=error.problems | ({} if texts["url"] else {"url": "must not be empty"}),
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    undo = Undo(path=f"/jobs/{made.job.id}/delete", fields={"version": made.job.version})
    return pages.go(request, f"/jobs/{made.job.id}", Said(text="The job is added.", undo=undo))


def _alike(tracker: JobTracker, texts: Texts) -> tuple[Job, ...]:
    url, title, company = (str(texts.get(name) or "") for name in ("url", "title", "company"))
    return tracker.jobs.alike(url=url, title=title, company=company or None) if url else ()


@get("/jobs/{job_id:int}/edit", sync_to_thread=True, include_in_schema=False)
def show_edit(
    request: Request[Any, Any, Any],
    job_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Offer to change a job."""
    detail = tracker.jobs.get(job_id)
    return _form(request, pages, texts_of(detail), job=detail.job)


@post("/jobs/{job_id:int}/edit", sync_to_thread=True, status_code=303, include_in_schema=False)
def edit_job(
    request: Request[Any, Any, Any],
    job_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Change what became different in the form; the rest goes on to follow the site."""
    detail, texts = tracker.jobs.get(job_id), texts_in(form)
    before = texts_of(detail)
    values = changed(texts, before)
    release = tuple(name for name in form.all("release"))
    if not values and not release:
        return pages.go(request, f"/jobs/{job_id}", Said(text="Nothing was changed."))
    try:
        made = tracker.jobs.update(
            job_id, JobChanges(**values, release=release), expected_version=form.version()
        )
    except FormError as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _form(request, pages, texts, job=detail.job, problems=error.problems, status=status)
    except Stale:
        theirs = [
            (field.label, _shown(before[field.name]))
            for field in FIELDS
            if field.name in values and field.name != "description"
        ]
        status = HTTPStatus.PRECONDITION_FAILED
        return _form(request, pages, texts, job=detail.job, theirs=theirs, status=status)
    # What follows the site again does not go back by itself to what was set before.
    undo = None if release else _undo(job_id, detail.job, made.job, values, before)
    return pages.go(request, f"/jobs/{job_id}", Said(text="The job is changed.", undo=undo))


def _undo(job_id: int, was: Job, now: Job, values: dict[str, Any], before: Texts) -> Undo:
    old = to_values({name: before[name] for name in values})
    new = set(now.edited or ()) - set(was.edited or ())
    fields: dict[str, str | int] = {
        "version": now.version,
        "values": json.dumps(old, ensure_ascii=False),
        "release": ",".join(sorted(new)),
    }
    return Undo(path=f"/jobs/{job_id}/edit/undo", fields=fields)


@post("/jobs/{job_id:int}/edit/undo", sync_to_thread=True, status_code=303, include_in_schema=False)
def undo_edit(
    request: Request[Any, Any, Any],
    job_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Set back what was changed, and let it follow the site again where it did before."""
    try:
        changes = JobChanges(**form.packed("values", dict[str, Any]))
    except TypeError as error:
        raise ClientException("This is nothing that a page of this portal sends.") from error
    made = tracker.jobs.update(job_id, changes, expected_version=form.version())
    release = tuple(name for name in form.text("release").split(",") if name)
    if release:
        tracker.jobs.update(job_id, JobChanges(release=release), expected_version=made.job.version)
    return pages.go(request, f"/jobs/{job_id}", Said(text="The job is as it was before."))


@post("/jobs/{job_id:int}/delete", sync_to_thread=True, status_code=303, include_in_schema=False)
def delete_job(
    request: Request[Any, Any, Any],
    job_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Delete a job; its applications stay."""
    title = tracker.jobs.get(job_id).job.title[:100]
    tracker.jobs.delete(job_id, expected_version=form.version())
    return pages.go(request, "/jobs", Said(text=f"{title} is deleted."))


def _shown(text: str | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else ", ".join(text)


def _form(
    request: Request[Any, Any, Any],
    pages: Pages,
    texts: Texts,
    *,
    job: Job | None = None,
    alike: tuple[Job, ...] = (),
    problems: dict[str, str] | None = None,
    theirs: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> Response[str]:
    return pages.render(
        request,
        "job_form.html",
        section="jobs",
        status=status,
        job=job,
        by_hand=job is None or job.source == BY_HAND,
        fields=FIELDS,
        texts=texts,
        alike=alike,
        problems=problems or {},
        theirs=theirs,
    )


HANDLERS = (show_new, enter_job, show_edit, edit_job, undo_edit, delete_job)
