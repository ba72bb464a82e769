"""What is due, on the first page: done or put off with one step, and taken back with another."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath
from msgspec import Struct

from jobtracker_core.storage.applications import ApplicationChanges
from jobtracker_core.storage.calendar import CalendarEntry
from jobtracker_core.storage.timeline import EventChanges
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.today import Day
from jobtracker_core.web import present
from jobtracker_core.web.form import Form
from jobtracker_core.web.login import is_ours
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.said import Said, Undo


class DueShown(Struct, frozen=True, kw_only=True):
    """An entry of the list.

    Attributes:
        path: What its buttons send to, below the prefix.
        place: The page that tells more.
        when: Its time of the day, or how late it is.
    """

    entry: CalendarEntry
    path: str
    place: str
    late: bool
    when: str


def of_day(tracker: JobTracker, day: Day, zone: ZoneInfo) -> tuple[DueShown, ...]:
    """Return what is due on a day and what is late, the earliest first."""
    now = tracker.database.present()
    return tuple(_shown(entry, now, day, zone) for entry in tracker.today.due(day))


@post("/today/events/{event_id:int}/done", sync_to_thread=True, status_code=HTTPStatus.OK)
def finish_event(
    request: Request[Any, Any, Any],
    event_id: FromPath[int],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[Any]:
    """Mark an event as done."""
    made = tracker.timeline.update(
        event_id, EventChanges(done=True), expected_version=form.version()
    )
    undo = Undo(path=f"/today/events/{event_id}/undo", fields={"version": made.version})
    said = Said(text=f"Done: {made.title}", undo=undo)
    return _after(request, tracker, pages, prefs, said)


@post("/today/events/{event_id:int}/tomorrow", sync_to_thread=True, status_code=HTTPStatus.OK)
def postpone_event(
    request: Request[Any, Any, Any],
    event_id: FromPath[int],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[Any]:
    """Move an event to tomorrow, at the same hour."""
    before = tracker.timeline.get(event_id)
    day = tracker.today.day(prefs.zone)
    zone = ZoneInfo(before.timezone)
    begins = before.starts_at.astimezone(zone)
    moved = datetime.combine(day.date + timedelta(days=1), begins.timetz())
    lasts = None if before.ends_at is None else before.ends_at - before.starts_at
    made = tracker.timeline.update(
        event_id,
        EventChanges(starts_at=moved, ends_at=None if lasts is None else moved + lasts),
        expected_version=form.version(),
    )
    fields: dict[str, str | int] = {
        "version": made.version,
        "starts_at": before.starts_at.isoformat(),
        "ends_at": "" if before.ends_at is None else before.ends_at.isoformat(),
    }
    undo = Undo(path=f"/today/events/{event_id}/undo", fields=fields)
    said = Said(text=f"Moved to tomorrow: {made.title}", undo=undo)
    return _after(request, tracker, pages, prefs, said)


@post("/today/events/{event_id:int}/undo", sync_to_thread=True, status_code=HTTPStatus.OK)
def restore_event(
    request: Request[Any, Any, Any],
    event_id: FromPath[int],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Take back what was last done to an event here."""
    changes = EventChanges(done=False)
    if form.text("starts_at"):
        changes = EventChanges(
            starts_at=_time(form, "starts_at"),
            ends_at=_time(form, "ends_at") if form.text("ends_at") else None,
        )
    made = tracker.timeline.update(event_id, changes, expected_version=form.version())
    return _back(request, pages, form, Said(text=f"Back as it was: {made.title}"))


@post("/today/actions/{application_id:int}/done", sync_to_thread=True, status_code=HTTPStatus.OK)
def finish_action(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[Any]:
    """Take an application's next action as done: there is none any more."""
    before = tracker.applications.get(application_id).application
    made = tracker.applications.update(
        application_id,
        ApplicationChanges(next_action=None, next_action_on=None),
        expected_version=form.version(),
    )
    said = Said(
        text=f"Done: {before.next_action or 'next action'}, {made.title}",
        undo=_undo_action(application_id, made.version, before.next_action, before.next_action_on),
    )
    return _after(request, tracker, pages, prefs, said)


@post(
    "/today/actions/{application_id:int}/tomorrow", sync_to_thread=True, status_code=HTTPStatus.OK
)
def postpone_action(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[Any]:
    """Move an application's next action to tomorrow."""
    before = tracker.applications.get(application_id).application
    tomorrow = tracker.today.day(prefs.zone).date + timedelta(days=1)
    made = tracker.applications.update(
        application_id,
        ApplicationChanges(next_action_on=tomorrow),
        expected_version=form.version(),
    )
    said = Said(
        text=f"Moved to tomorrow: {before.next_action or 'next action'}, {made.title}",
        undo=_undo_action(application_id, made.version, before.next_action, before.next_action_on),
    )
    return _after(request, tracker, pages, prefs, said)


@post("/today/actions/{application_id:int}/undo", sync_to_thread=True, status_code=HTTPStatus.OK)
def restore_action(
    request: Request[Any, Any, Any],
    application_id: FromPath[int],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Take back what was last done to a next action here."""
    day = form.text("next_action_on")
    made = tracker.applications.update(
        application_id,
        ApplicationChanges(
            next_action=form.text("next_action") or None,
            next_action_on=_time(form, "next_action_on").date() if day else None,
        ),
        expected_version=form.version(),
    )
    return _back(request, pages, form, Said(text=f"Back as it was: {made.title}"))


def _shown(entry: CalendarEntry, now: datetime, day: Day, zone: ZoneInfo) -> DueShown:
    ends = entry.ends_at or entry.starts_at
    # A whole day is over when the day after it begins, by the clock of the entry's own place.
    days = (day.date - ends.astimezone(ZoneInfo(entry.timezone)).date()).days
    late = days > 0 if entry.all_day else ends < now
    if entry.all_day:
        when = f"{present.many(days, 'day')} late" if late else "Today"
    else:
        begins = entry.starts_at.astimezone(zone)
        when = f"{begins:%H:%M}" if begins.date() == day.date else f"{begins:%Y-%m-%d %H:%M}"
    path = f"/today/events/{entry.event_id}"
    if entry.event_id is None:
        path = f"/today/actions/{entry.application_id}"
    return DueShown(entry=entry, path=path, place=_place(entry), late=late, when=when)


def _place(entry: CalendarEntry) -> str:
    if entry.application_id is not None:
        return f"/applications/{entry.application_id}"
    return "/calendar" if entry.job_id is None else f"/jobs/{entry.job_id}"


def _undo_action(number: int, version: int, text: str | None, on: date | None) -> Undo:
    fields: dict[str, str | int] = {"version": version, "next_action": text or ""}
    fields["next_action_on"] = "" if on is None else on.isoformat()
    return Undo(path=f"/today/actions/{number}/undo", fields=fields)


def _time(form: Form, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(form.text(name))
    except ValueError as error:
        raise ClientException(f"{name} is no time.") from error
    return found if found.tzinfo else datetime.combine(found.date(), time(), tzinfo=UTC)


def _after(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    prefs: Preferences,
    said: Said,
) -> Response[Any]:
    """Answer with what is due now, or lead back to the page."""
    if not is_fragment(request):
        return pages.go(request, "/", said)
    due = of_day(tracker, tracker.today.day(prefs.zone), prefs.zone)
    return pages.render(request, "_due_changed.html", message=said, due=due)


def _back(request: Request[Any, Any, Any], pages: Pages, form: Form, said: Said) -> Response[None]:
    base, back = pages.base(request), form.text("back")
    return pages.go(request, back.removeprefix(base) if is_ours(back, base) else "/", said)


HANDLERS = (
    *(finish_event, postpone_event, restore_event),
    *(finish_action, postpone_action, restore_action),
)
