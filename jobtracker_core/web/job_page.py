"""`/jobs/{id}`: one job, with all that is known of it and what a person keeps about it."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup
from msgspec import Struct

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.applications import Application
from jobtracker_core.storage.errors import Stale
from jobtracker_core.storage.jobs import Job, JobDetail
from jobtracker_core.storage.snapshots import Snapshot
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.job_forms import BY_HAND
from jobtracker_core.web import present
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.present import FieldChange
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.triage import Step
from jobtracker_core.web.view import curl

_OTHERS: Final = 6
_APPLICATIONS: Final = 10


class NoteForm(Struct, frozen=True, kw_only=True):
    """What stands in the note's field, and what is wrong with it or meanwhile stored."""

    text: str
    version: int
    problem: str = ""
    theirs: tuple[tuple[str, str], ...] | None = None


@get("/jobs/{job_id:int}", sync_to_thread=True, include_in_schema=False)
def show_job(
    request: Request[Any, Any, Any],
    job_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show one job."""
    return _render(request, pages, tracker, job_id)


def _render(
    request: Request[Any, Any, Any],
    pages: Pages,
    tracker: JobTracker,
    job_id: int,
    note: NoteForm | None = None,
    status: int = 200,
) -> Response[str]:
    detail = tracker.jobs.get(job_id)
    applications = tracker.applications.list(job_id=job_id, limit=_APPLICATIONS).items
    snapshot = _snapshot(tracker, applications)
    stored = tracker.jobs.note(job_id)
    return pages.render(
        request,
        "job.html",
        section="jobs",
        status=status,
        job=detail.job,
        by_hand=detail.job.source == BY_HAND,
        detail=detail,
        # Sanitised before it was stored.
        description=Markup(detail.description) if detail.description else None,  # noqa: S704
        raw=None if detail.raw is None else present.raw(detail.raw),
        changes=present.changes(detail.changes, datetime.now(UTC)),
        applications=applications,
        dismissal=tracker.dismissals.of_job(job_id),
        tags=tracker.tags.of("job", job_id),
        known_tags=tracker.tags.list(),
        note=note
        or NoteForm(
            text="" if stored is None else stored.text,
            version=0 if stored is None else stored.version,
        ),
        noted=stored,
        snapshot=snapshot,
        differences=() if snapshot is None else differences(snapshot, detail),
        others=_others(tracker, detail.job),
        curl=curl(f"{pages.root(request)}/api/v1/jobs/{job_id}"),
        command=f"jobtracker jobs show {job_id}",
    )


def _snapshot(tracker: JobTracker, applications: tuple[Application, ...]) -> Snapshot | None:
    """Return what the posting said when one applied last."""
    for application in applications:
        snapshots = tracker.applications.get(application.id).snapshots
        if snapshots:
            return snapshots[0]
    return None


def differences(snapshot: Snapshot, detail: JobDetail) -> tuple[FieldChange, ...]:
    """Say what a posting says now that it did not say when one applied."""
    job = detail.job
    same = ("title", "company", "place", "remote", "posted_at", "url", "apply_url")
    pairs = {name: (getattr(snapshot, name), getattr(job, name)) for name in same}
    pay = tuple(name for name in Snapshot.__struct_fields__ if name.startswith("pay_"))
    before = {name.removeprefix("pay_"): getattr(snapshot, name) for name in pay}
    after = {name.removeprefix("pay_"): getattr(job, name) for name in pay}
    pairs["pay"] = (
        before if any(value is not None for value in before.values()) else None,
        after if any(value is not None for value in after.values()) else None,
    )
    pairs["description"] = (snapshot.description, detail.description)
    return tuple(
        present.field_change(name, _plain(old), _plain(new))
        for name, (old, new) in pairs.items()
        if old != new
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _others(tracker: JobTracker, job: Job) -> tuple[Job, ...]:
    if job.company_id is None:
        return ()
    found = tracker.jobs.search(company_id=job.company_id, limit=_OTHERS + 1)
    return tuple(other for other in found.items if other.id != job.id)[:_OTHERS]


@post("/jobs/{job_id:int}/note", sync_to_thread=True, status_code=303, include_in_schema=False)
def write_note(
    request: Request[Any, Any, Any],
    job_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Write on a job in place of what stood there."""
    text, version = form.text("text"), form.version()
    before = tracker.jobs.note(job_id)
    try:
        made = tracker.jobs.write_note(job_id, text, expected_version=version)
    except FormError as error:
        note = NoteForm(text=text, version=version or 0, problem=error.problems["text"])
        return _render(request, pages, tracker, job_id, note, HTTPStatus.UNPROCESSABLE_ENTITY)
    except Stale:
        theirs = (("Note", "" if before is None else before.text),)
        note = NoteForm(text=text, version=before.version if before else 0, theirs=theirs)
        return _render(request, pages, tracker, job_id, note, HTTPStatus.PRECONDITION_FAILED)
    undo = Undo(
        path=f"/jobs/{job_id}/note",
        fields={
            "text": "" if before is None else before.text,
            "version": 0 if made is None else made.version,
        },
    )
    said = "The note is saved." if made is not None else "The note is gone."
    return pages.go(request, f"/jobs/{job_id}", Said(text=said, undo=undo))


@post("/jobs/{job_id:int}/tags", sync_to_thread=True, status_code=303, include_in_schema=False)
def add_tags(job_id: FromPath[int], step: NamedDependency[Step]) -> Response[Any]:
    """Put tags on a job, with commas between them."""
    names = _names(step.form)
    before = step.tracker.tags.of("job", job_id)
    try:
        after = step.tracker.tags.add("job", job_id, names)
    except FormError as error:
        said = Said(text=f"No tag was added: {error.problems['tags']}.", tone="wrong")
        return step.back(said, f"/jobs/{job_id}")
    new = [name for name in after if name not in before]
    undo = Undo(path=f"/jobs/{job_id}/tags/remove", fields={"tags": ",".join(new)})
    text = f"Tagged {', '.join(new)}." if new else "It has that tag already."
    return step.back(Said(text=text, undo=undo if new else None), f"/jobs/{job_id}")


@post(
    "/jobs/{job_id:int}/tags/remove", sync_to_thread=True, status_code=303, include_in_schema=False
)
def remove_tags(job_id: FromPath[int], step: NamedDependency[Step]) -> Response[Any]:
    """Take tags off a job."""
    names = _names(step.form)
    step.tracker.tags.remove("job", job_id, names)
    undo = Undo(path=f"/jobs/{job_id}/tags", fields={"tags": ",".join(names)})
    said = Said(text=f"The tag {', '.join(names)} is off.", undo=undo)
    return step.back(said, f"/jobs/{job_id}")


def _names(form: Form) -> list[str]:
    return [name.strip() for name in form.text("tags").split(",") if name.strip()]


HANDLERS = (show_job, write_note, add_tags, remove_tags)
