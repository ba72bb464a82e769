"""Steps with one job, from the list and from its page: save, set the stage, dismiss, restore."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from jobtracker_core.storage.jobs import Job
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import stages
from jobtracker_core.web.form import Form
from jobtracker_core.web.listing import answer_list, read_listing, shown_view, values_of
from jobtracker_core.web.login import is_ours
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.rows import LONGEST, JobRow, read_rows
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.view import View

_LONGEST_NAME = 60


class Step:
    """What a step is answered with, wherever it was made."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        pages: Pages,
        tracker: JobTracker,
        prefs: Preferences,
        form: Form,
    ) -> None:
        self.request, self.pages, self.tracker = request, pages, tracker
        self.prefs, self.form = prefs, form

    def name(self, job_id: int) -> str:
        """Return a job's title, short enough for a message; raises NotFound."""
        title = self.tracker.jobs.get(job_id).job.title[:LONGEST]
        return title if len(title) <= _LONGEST_NAME else f"{title[:_LONGEST_NAME]}…"

    @property
    def view(self) -> View | None:
        """The list that the browser shows."""
        if not is_fragment(self.request):
            return None
        return shown_view(self.request, self.pages, self.prefs)

    def row(self, job_id: int, message: Said) -> Response[Any]:
        """Answer with the job's row; without it where the list does not show it any more."""
        view = self.view
        if view is None:
            return self.back(message, f"/jobs/{job_id}")
        job = self.tracker.jobs.get(job_id).job
        if _is_out(job, view):
            if self.form.flag("last"):
                return self.list(message)
            listing = read_listing(self.tracker, view, self.prefs)
            values = values_of(self.request, self.pages, self.tracker, listing)
            return self.pages.render(
                self.request, "_jobs_acted.html", message=message, row=None, gone=job_id, **values
            )
        return self.pages.render(
            self.request, "_job_acted.html", message=message, row=self._row(job)
        )

    def _row(self, job: Job) -> JobRow:
        [row] = read_rows(self.tracker, [job], now=datetime.now(UTC), zone=self.prefs.zone)
        return row

    def list(self, message: Said, headers: dict[str, str] | None = None) -> Response[Any]:
        """Answer with the whole list as it is now."""
        view = self.view
        if view is None:
            return self.back(message, "/jobs")
        return answer_list(
            self.request, self.pages, self.tracker, self.prefs, view, message, headers
        )

    def back(self, message: Said, otherwise: str) -> Response[None]:
        """Lead to where the step was made."""
        base = self.pages.base(self.request)
        back = self.form.text("back")
        inside = is_ours(back, base) and back.startswith(f"{base}/")
        return self.pages.go(
            self.request, back.removeprefix(base) if inside else otherwise, message
        )


def read_step(
    request: Request[Any, Any, Any],
    pages: NamedDependency[Pages],
    tracker: NamedDependency[JobTracker],
    prefs: NamedDependency[Preferences],
    form: NamedDependency[Form],
) -> Step:
    """Read what a step was asked for with; a dependency of handlers by the name `step`."""
    return Step(request, pages, tracker, prefs, form)


def _is_out(job: Job, view: View) -> bool:
    hidden = job.dismissed_at is not None
    return hidden if view.dismissed is None else (view.dismissed == "only" and not hidden)


@post("/jobs/{job_id:int}/save", sync_to_thread=True, status_code=200, include_in_schema=False)
def save_job(job_id: FromPath[int], step: NamedDependency[Step]) -> Response[Any]:
    """Make an application for a job, as a draft."""
    return step.row(job_id, stages.save(step.tracker, job_id, step.name(job_id)))


@post("/jobs/{job_id:int}/stage", sync_to_thread=True, status_code=200, include_in_schema=False)
def set_stage(job_id: FromPath[int], step: NamedDependency[Step]) -> Response[Any]:
    """Set how far the application for a job has come."""
    status = stages.read_status(step.form.text("status"))
    return step.row(job_id, stages.set_stage(step.tracker, job_id, step.name(job_id), status))


@post(
    "/jobs/{job_id:int}/stage/undo", sync_to_thread=True, status_code=200, include_in_schema=False
)
def undo_stage(job_id: FromPath[int], step: NamedDependency[Step]) -> Response[Any]:
    """Take that back."""
    undone = stages.undo_stage(step.tracker, step.form, step.name(job_id))
    # Undos of earlier steps, which wait in the page, are for the version that is now another one.
    told = {"application": undone.application, "before": undone.before, "now": undone.now}
    return step.list(undone.message, {"HX-Trigger": json.dumps({"jt:undone": told})})


@post("/jobs/{job_id:int}/dismiss", sync_to_thread=True, status_code=200, include_in_schema=False)
def dismiss_job(job_id: FromPath[int], step: NamedDependency[Step]) -> Response[Any]:
    """Hide a job for good; also the undo of its opposite."""
    step.tracker.dismissals.dismiss(job_id, reason=step.form.text("reason") or None)
    undo = Undo(path=f"/jobs/{job_id}/restore", fields={"undo": 1})
    message = Said(text=f"{step.name(job_id)} is dismissed.", undo=undo)
    if step.form.flag("undo"):
        return step.list(Said(text=message.text))
    return step.row(job_id, message)


@post("/jobs/{job_id:int}/restore", sync_to_thread=True, status_code=200, include_in_schema=False)
def restore_job(job_id: FromPath[int], step: NamedDependency[Step]) -> Response[Any]:
    """Show a job again; also the undo of its opposite."""
    hidden = step.tracker.dismissals.of_job(job_id)
    step.tracker.dismissals.restore_job(job_id)
    reason = "" if hidden is None else hidden.reason or ""
    undo = Undo(path=f"/jobs/{job_id}/dismiss", fields={"undo": 1, "reason": reason})
    message = Said(text=f"{step.name(job_id)} is back in the list.", undo=undo)
    if step.form.flag("undo"):
        return step.list(Said(text=message.text))
    return step.row(job_id, message)


HANDLERS = (save_job, set_stage, undo_stage, dismiss_job, restore_job)
