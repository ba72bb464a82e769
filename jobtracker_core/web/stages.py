"""How far the application for a job has come, set from the job: one step, and its undo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.applications import Application, ApplicationDraft, Status
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.bulk import MOST
from jobtracker_core.web.form import Form, is_number
from jobtracker_core.web.present import many
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.view import STATUSES

_PARTS: Final = 4
_MOST_STEPS: Final = 2_000


class Undone(Struct, frozen=True, kw_only=True):
    """What was taken back, and which version of the application that made of which."""

    message: Said
    application: int
    before: int = 0
    now: int = 0


def read_status(text: str) -> Status:
    """Return the status of that name; raises FormError."""
    for status in STATUSES:
        if status == text:
            return status
    raise FormError({"status": f"takes one of {', '.join(STATUSES)}"})


def read_time(text: str) -> datetime | None:
    """Return when an application was sent, None for ""; raises FormError."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise FormError({"applied_at": "is no time"}) from error


def set_stage(tracker: JobTracker, job_id: int, title: str, status: Status) -> Said:
    """Move the application for a job there, or make one; raises as the facade does."""
    known = tracker.applications.of_jobs([job_id])
    if not known:
        made = tracker.applications.create(ApplicationDraft(job_id=job_id, status=status))
        return Said(text=f"{title} is saved as {status}.", undo=_undo(job_id, made, None))
    before = known[0]
    if before.status == status:
        return Said(text=f"{title} is {status} already.")
    moved = tracker.applications.move(before.id, status, expected_version=before.version)
    return Said(text=f"{title} is {status} now.", undo=_undo(job_id, moved, before))


def save(tracker: JobTracker, job_id: int, title: str) -> Said:
    """Make an application as a draft; one that is there stays as it is."""
    known = tracker.applications.of_jobs([job_id])
    if known:
        return Said(text=f"{title} is saved already: it is {known[0].status}.")
    return set_stage(tracker, job_id, title, "draft")


def _undo(job_id: int, made: Application, before: Application | None) -> Undo:
    fields: dict[str, str | int] = {"application": made.id, "version": made.version}
    if before is not None:
        fields |= {"was": before.status, "before": before.version}
        if before.applied_at is not None:
            fields["applied_at"] = before.applied_at.isoformat()
    return Undo(path=f"/jobs/{job_id}/stage/undo", fields=fields)


def undo_stage(tracker: JobTracker, form: Form, title: str) -> Undone:
    """Take a step back; raises Stale where the application was changed after it."""
    number, version = form.number("application"), form.version()
    if number is None:
        raise FormError({"application": "must be given"})
    before = form.number("before") or 0
    if not form.text("was"):
        tracker.applications.delete(number, expected_version=version)
        return Undone(message=Said(text=f"{title} is not saved any more."), application=number)
    was = read_status(form.text("was"))
    moved = tracker.applications.move(
        number,
        was,
        applied_at=None if was == "draft" else read_time(form.text("applied_at")),
        expected_version=version,
    )
    return Undone(
        message=Said(text=f"{title} is {was} again."),
        application=number,
        before=before,
        now=moved.version,
    )


def set_all(tracker: JobTracker, ids: Sequence[int], status: Status, *, move: bool) -> Said:
    """Do the same to many jobs; without `move`, those that have an application stay."""
    done: list[str] = []
    problems: list[str] = []
    for start in range(0, len(ids), MOST):
        portion = ids[start : start + MOST]
        before = {made.job_id: made for made in tracker.applications.of_jobs(portion)}
        without = [number for number in portion if number not in before]
        if without:
            result = tracker.applications.create_all(without, status)
            problems += [item.detail or "" for item in result.items if item.problem]
        moving = [made.id for made in before.values() if move and made.status != status]
        if moving:
            result = tracker.applications.move_all(moving, status)
            problems += [item.detail or "" for item in result.items if item.problem]
        done += _steps(tracker, [*without], [one for one in before.values() if one.id in moving])
    return told(
        "saved" if not move else f"set to {status}", len(done), problems, undo=_undo_all(done)
    )


def _steps(tracker: JobTracker, made: list[int], moved: list[Application]) -> list[str]:
    """Write down what was done to each application, and what it was before."""
    was = {one.id: one for one in moved}
    ids = [*made, *(one.job_id for one in moved if one.job_id is not None)]
    now = tracker.applications.of_jobs(ids) if ids else ()
    return [
        f"{one.job_id}.{one.id}.{one.version}.{was[one.id].status if one.id in was else ''}"
        for one in now
        if one.id not in was or was[one.id].version != one.version
    ]


def _undo_all(done: list[str]) -> Undo | None:
    return Undo(path="/jobs/bulk/undo", fields={"steps": ",".join(done)}) if done else None


def undo_all(tracker: JobTracker, steps: str) -> Said:
    """Take back what `set_all()` did, but for what was changed after it."""
    parts = [step.split(".") for step in steps.split(",")]
    if not all(len(part) == _PARTS and all(map(is_number, part[:3])) for part in parts):
        raise FormError({"steps": "is not what a page of this portal sends"})
    if len(parts) > _MOST_STEPS:
        raise FormError({"steps": f"takes {_MOST_STEPS:,} jobs at once"})
    done = 0
    for start in range(0, len(parts), MOST):
        portion = parts[start : start + MOST]
        now = {one.id: one for one in tracker.applications.of_jobs([int(p[0]) for p in portion])}
        same = [p for p in portion if int(p[1]) in now and now[int(p[1])].version == int(p[2])]
        made = [int(p[1]) for p in same if not p[3]]
        if made:
            done += tracker.applications.delete_all(made).done
        for status in STATUSES:
            moved = [int(p[1]) for p in same if p[3] == status]
            if moved:
                done += tracker.applications.move_all(moved, status).done
    left = len(parts) - done
    text = f"Undone for {many(done, 'job')}."
    if left:
        text += f" {left:,} {'was' if left == 1 else 'were'} changed since, and"
        text += " stays." if left == 1 else " stay."
    return Said(text=text)


def told(what: str, done: int, problems: Sequence[str], undo: Undo | None) -> Said:
    """Say what became of many, with the first reason where some could not be done."""
    text = f"{many(done, 'job')} {what}"
    if problems:
        was, more = ("was", "") if len(problems) == 1 else ("were", ", and others")
        text += f", {len(problems):,} {was} not: {problems[0]}{more}"
    return Said(
        text=f"{text.rstrip('.')}.", undo=undo, tone="done" if done or not problems else "wrong"
    )
