"""Applications on their way: moved, moved back, deleted; one, or several at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.applications import Application, Status
from jobtracker_core.storage.errors import Duplicate, NotFound, Stale
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.bulk import MOST
from jobtracker_core.web import entry
from jobtracker_core.web.board import card_of
from jobtracker_core.web.form import Form, is_number
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.present import many
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.stages import read_status, read_time
from jobtracker_core.web.view import STATUSES

_PARTS: Final = 4
_LONGEST_NAME: Final = 60


def name_of(application: Application) -> str:
    """Return the title, short enough for a message."""
    title = application.title
    return title if len(title) <= _LONGEST_NAME else f"{title[:_LONGEST_NAME]}…"


@post(
    "/applications/{application_id:int}/stage",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def move(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    prefs: NamedDependency[Preferences],
) -> Response[Any]:
    """Move an application; the board gets its card as it is then."""
    status = read_status(form.text("status"))
    before = tracker.applications.get(application_id).application
    if before.status == status:
        message = Said(text=f"{name_of(before)} is {status} already.")
        moved = before
    else:
        moved = tracker.applications.move(application_id, status, expected_version=form.version())
        fields: dict[str, str | int] = {"version": moved.version, "was": before.status}
        if before.applied_at is not None:
            fields["applied_at"] = before.applied_at.isoformat()
        undo = Undo(path=f"/applications/{application_id}/stage/undo", fields=fields)
        message = Said(text=f"{name_of(moved)} is {status} now.", undo=undo)
    if is_fragment(request) and form.flag("card"):
        today = datetime.now(prefs.zone).date()
        return pages.render(
            request,
            "_moved.html",
            status=200,
            message=message,
            card=card_of(moved, today),
            shown_at=form.text("back") or f"{pages.base(request)}/applications",
        )
    return entry.go_back(request, pages, form, f"/applications/{application_id}", message)


@post(
    "/applications/{application_id:int}/stage/undo",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def move_back(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Take a move back, if nothing came after it."""
    moved = _back(
        tracker, application_id, form.text("was"), form.text("applied_at"), form.version()
    )
    message = Said(text=f"{name_of(moved)} is {moved.status} again.")
    return entry.go_back(request, pages, form, f"/applications/{application_id}", message)


def _back(
    tracker: JobTracker, application_id: int, was: str, applied_at: str, version: int | None
) -> Application:
    status = _status(was)
    sent = None if status == "draft" else read_time(applied_at)
    return tracker.applications.move(
        application_id, status, applied_at=sent, expected_version=version
    )


def _status(text: str) -> Status:
    for status in STATUSES:
        if status == text:
            return status
    raise FormError({"was": f"takes one of {', '.join(STATUSES)}"})


@post(
    "/applications/{application_id:int}/delete",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def delete(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Delete an application with all that belongs to it."""
    before = tracker.applications.get(application_id).application
    tracker.applications.delete(application_id, expected_version=form.version())
    return pages.go(request, "/applications", Said(text=f"{name_of(before)} is deleted."))


@post("/applications/bulk", sync_to_thread=True, status_code=303, include_in_schema=False)
def act_on_several(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Move or delete the applications that were selected."""
    ids = form.numbers("ids")
    if not ids:
        raise FormError({"ids": "are missing: select an application first"})
    _refuse_too_many("ids", len(ids))
    if form.text("stage"):
        message = _move_several(tracker, ids, _status(form.text("stage")))
    elif form.text("action") == "delete":
        result = tracker.applications.delete_all(ids)
        message = Said(
            text=f"{many(result.done, 'application')} deleted{_failed(result.failed)}.",
            tone="done" if result.done else "wrong",
        )
    else:
        raise FormError({"action": "takes delete, or a stage to move to"})
    return entry.go_back(request, pages, form, "/applications?view=list", message)


def _move_several(tracker: JobTracker, ids: Iterable[int], status: Status) -> Said:
    before = [tracker.applications.get(number).application for number in ids]
    moving = {one.id: one for one in before if one.status != status}
    if not moving:
        return Said(text=f"{'It is' if len(before) == 1 else 'All are'} {status} already.")
    result = tracker.applications.move_all(list(moving), status)
    steps = [
        f"{one.id}.{one.version + 1}.{one.status}.{_stamp(one)}"
        for one in (moving[item.id] for item in result.items if item.problem is None)
    ]
    first = next((item.detail or "" for item in result.items if item.problem), "")
    text = f"{many(result.done, 'application')} moved to {status}{_failed(result.failed)}."
    undo = Undo(path="/applications/bulk/undo", fields={"steps": ",".join(steps)})
    return Said(
        text=f"{text} {first}".strip(),
        undo=undo if steps else None,
        tone="done" if result.done else "wrong",
    )


def _refuse_too_many(name: str, count: int) -> None:
    if count > MOST:
        raise FormError({name: f"takes {MOST:,} applications at once"})


def _stamp(application: Application) -> int:
    return 0 if application.applied_at is None else int(application.applied_at.timestamp())


def _failed(count: int) -> str:
    return f", {count:,} not" if count else ""


@post("/applications/bulk/undo", sync_to_thread=True, status_code=303, include_in_schema=False)
def move_several_back(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Take such a move back, but for those that were changed after it."""
    steps = [step.split(".") for step in form.text("steps").split(",")]
    numeric = ((step[0], step[1], step[3]) for step in steps if len(step) == _PARTS)
    if any(len(step) != _PARTS for step in steps) or not all(
        is_number(part) for parts in numeric for part in parts
    ):
        raise FormError({"steps": "is not what a page of this portal sends"})
    _refuse_too_many("steps", len(steps))
    done = 0
    for number, version, was, stamp in steps:
        try:
            sent = datetime.fromtimestamp(int(stamp), UTC).isoformat() if int(stamp) else ""
        except (ValueError, OverflowError, OSError) as error:
            raise FormError({"steps": "holds a time that there is not"}) from error
        try:
            _back(tracker, int(number), was, sent, int(version))
        except (Stale, NotFound, Duplicate):
            continue
        done += 1
    text = f"{many(done, 'application')} moved back."
    left = len(steps) - done
    if left:
        text += f" {left:,} {'was' if left == 1 else 'were'} changed since, and stayed."
    return entry.go_back(request, pages, form, "/applications?view=list", Said(text=text))


HANDLERS = (move, move_back, delete, act_on_several, move_several_back)
