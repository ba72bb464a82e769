"""Events as a person enters, changes, ends and deletes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.errors import Stale
from jobtracker_core.storage.fields import Day
from jobtracker_core.storage.timeline import Event, EventChanges, EventDraft
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.entry import Entry, EntryField, ask_first, go_back, texts_in
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import ZONES, Preferences
from jobtracker_core.web.said import Said, Undo

_KINDS: Final = (
    ("interview", "Interview"),
    ("call", "Call"),
    ("follow_up", "Follow-up"),
    ("deadline", "Deadline"),
    ("offer", "Offer"),
    ("note", "Note"),
    ("other", "Other"),
)
_REMINDERS: Final = (
    ("", "No reminder"),
    ("0", "At its start"),
    ("15", "15 minutes before"),
    ("60", "An hour before"),
    ("120", "2 hours before"),
    ("1440", "A day before"),
    ("10080", "A week before"),
)
_TIMES: Final = ("start_day", "start_time", "end_day", "end_time", "timezone", "all_day")


def fields_for(reminder: str = "") -> tuple[EntryField, ...]:
    """Return the fields of an event; a reminder that is none of the usual ones is offered too."""
    reminders: tuple[tuple[str, str], ...] = _REMINDERS
    if reminder and reminder not in dict(_REMINDERS):
        reminders = (*_REMINDERS, (reminder, f"{reminder} minutes before"))
    return (
        EntryField(name="kind", label="Kind", kind="choice", options=_KINDS),
        EntryField(name="title", label="Title", maxlength=500, hint="The kind's word if empty."),
        EntryField(name="start_day", label="Day", kind="date", required=True),
        EntryField(name="start_time", label="Time", kind="time"),
        EntryField(name="end_day", label="Until day", kind="date", hint="The same day if empty."),
        EntryField(name="end_time", label="Until", kind="time"),
        EntryField(name="all_day", label="All day", kind="switch"),
        EntryField(
            name="timezone",
            label="Time zone",
            maxlength=100,
            hint="Whose clock these times are by, such as Europe/Berlin.",
            suggestions=ZONES,
        ),
        EntryField(
            name="place", label="Place", maxlength=300, hint="An address, a link, a number."
        ),
        EntryField(name="reminder_min", label="Reminder", kind="choice", options=reminders),
        EntryField(
            name="text", label="Notes", kind="textarea", maxlength=20_000, wide=True, rows=4
        ),
    )


FIELDS: Final = fields_for()


def blank(prefs: Preferences, now: datetime, day: date | None = None) -> dict[str, str]:
    """Return what the form of a new event holds: the next full hour, by the reader's clock."""
    at = now.astimezone(prefs.zone).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    at += timedelta(hours=1)
    return {
        "kind": "interview",
        "start_day": (day or at.date()).isoformat(),
        "start_time": f"{at:%H:%M}",
        "timezone": prefs.zone.key,
    }


def texts_of(event: Event) -> dict[str, str]:
    """Return a stored event as the texts of its form, by the clock of its own zone."""
    zone = ZoneInfo(event.timezone)
    first = event.starts_at.astimezone(zone)
    last = None if event.ends_at is None else event.ends_at.astimezone(zone)
    timed = not event.all_day
    return {
        "kind": event.kind,
        "title": event.title,
        "start_day": first.date().isoformat(),
        "start_time": f"{first:%H:%M}" if timed else "",
        "end_day": "" if last is None else last.date().isoformat(),
        "end_time": f"{last:%H:%M}" if last is not None and timed else "",
        "all_day": "on" if event.all_day else "",
        "timezone": event.timezone,
        "place": event.place or "",
        "reminder_min": "" if event.reminder_min is None else str(event.reminder_min),
        "text": event.text or "",
    }


def read_times(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return when an event is, as the facade takes it; raises FormError."""
    all_day = bool(texts.get("all_day"))
    problems: dict[str, str] = {}
    day, at = texts.get("start_day", ""), texts.get("start_time", "")
    if not day:
        problems["start_day"] = "must be given"
    if not at and not all_day:
        problems["start_time"] = "must be given, unless it takes the whole day"
    end_day, end_at = texts.get("end_day", ""), texts.get("end_time", "")
    if end_day and not end_at and not all_day:
        problems["end_time"] = "must be given with the day"
    if problems:
        raise FormError(problems)
    ends = bool(end_day or (end_at and not all_day))
    return {
        "starts_at": _clock("start_day", day, "00:00" if all_day else at),
        "ends_at": _clock("end_day", end_day or day, "00:00" if all_day else end_at)
        if ends
        else None,
        "all_day": all_day,
        "timezone": texts.get("timezone") or "UTC",
    }


def _clock(name: str, day: str, time: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=None)
    except ValueError as error:
        raise FormError({name: "takes a day and a time such as 2026-03-31 and 14:00"}) from error


_NAMES: Final = {"starts_at": "start_day", "ends_at": "end_day"}


def _named(error: FormError) -> FormError:
    """Name problems by the fields of the form."""
    return FormError({_NAMES.get(name, name): said for name, said in error.problems.items()})


def _entry(title: str, action: str, button: str, back: str, **hidden: str | int) -> Entry:
    return Entry(
        title=title,
        section="applications" if back.startswith("/applications") else "calendar",
        back=back,
        back_label="The application" if back.startswith("/applications/") else "Back",
        action=action,
        button=button,
        fields=FIELDS,
        hidden=hidden,
    )


def _making(application: str, job: str) -> Entry:
    back = f"/applications/{application}" if application else "/calendar"
    back = f"/jobs/{job}" if job and not application else back
    of = {"application_id": application} if application else {"job_id": job} if job else {}
    return _entry("New event", "/events/new", "Add event", back, **of)


@get("/events/new", sync_to_thread=True, include_in_schema=False)
def show_new(
    request: Request[Any, Any, Any],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Offer to enter an event."""
    words: query.Words = {
        "date": ("day", Day),
        "application": ("application", int),
        "job": ("job", int),
    }
    given = query.read(request.query_params, words)
    page = _making(str(given.get("application", "")), str(given.get("job", "")))
    return page.show(request, pages, blank(prefs, datetime.now(UTC), given.get("day")))


@post("/events/new", sync_to_thread=True, status_code=303, include_in_schema=False)
def make(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Store an event; also the undo of deleting one."""
    texts = texts_in(FIELDS, form)
    application, job = form.text("application_id"), form.text("job_id")
    page = _making(application, job)
    try:
        values = read_times(texts) | _plain(texts) | _exact(form)
        of = {"application_id": application, "job_id": job}
        values |= {name: number for name, number in of.items() if number}
        made = tracker.timeline.create(EventDraft(done=form.flag("done"), **values))
    except FormError as error:
        return page.refused(request, pages, form, _named(error))
    undo = Undo(path=f"/events/{made.id}/delete", fields={"version": made.version})
    day = made.starts_at.astimezone(ZoneInfo(made.timezone)).date()
    back = page.back if application or job else f"/calendar?{urlencode({'month': f'{day:%Y-%m}'})}"
    return pages.go(request, back, Said(text=f"{made.title[:60]} is entered.", undo=undo))


def _plain(texts: Mapping[str, str]) -> dict[str, Any]:
    return {name: text or None for name, text in texts.items() if name not in _TIMES and text} | {
        "kind": texts.get("kind") or "other"
    }


def _exact(form: Form) -> dict[str, Any]:
    """Return instants, which an undo sends: the form itself goes by minutes."""
    return {name: form.text(name) for name in ("starts_at", "ends_at") if form.text(name)}


def _editing(event: Event) -> Entry:
    back = f"/applications/{event.application_id}" if event.application_id else "/calendar"
    page = _entry(f"Edit {event.title}", f"/events/{event.id}", "Save", back)
    reminder = "" if event.reminder_min is None else str(event.reminder_min)
    return Entry(
        title=page.title,
        section=page.section,
        back=back,
        back_label=page.back_label,
        action=page.action,
        button="Save",
        fields=fields_for(reminder),
        note="This move was written when the application moved; it cannot be changed."
        if event.kind == "status"
        else "",
    )


@get("/events/{event_id:int}", sync_to_thread=True, include_in_schema=False)
def show_edit(
    request: Request[Any, Any, Any],
    event_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Offer to change an event; moves are shown where they belong."""
    event = tracker.timeline.get(event_id)
    if event.kind == "status":
        return pages.go(request, f"/applications/{event.application_id}")
    return _editing(event).show(request, pages, texts_of(event), version=event.version)


@post("/events/{event_id:int}", sync_to_thread=True, status_code=303, include_in_schema=False)
def edit(
    request: Request[Any, Any, Any],
    event_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Change an event."""
    event = tracker.timeline.get(event_id)
    now = texts_of(event)
    typed = {name: form.text(name) for name in now}
    page = _editing(event)
    values: dict[str, Any] = {
        name: typed[name] or None
        for name in typed
        if name not in _TIMES and typed[name] != now[name]
    }
    if "title" in values:
        values["title"] = typed["title"] or typed["kind"].replace("_", " ").capitalize()
    try:
        if any(typed[name] != now[name] for name in _TIMES):
            values |= read_times(typed) | _exact(form)
        made = tracker.timeline.update(
            event_id, EventChanges(**values), expected_version=form.version()
        )
    except FormError as error:
        return page.refused(request, pages, form, _named(error))
    except Stale as error:
        return page.stale(request, pages, typed, now, error.current)
    fields: dict[str, str | int] = {
        **now,
        "version": made.version,
        "starts_at": event.starts_at.isoformat(),
    }
    if event.ends_at is not None:
        fields["ends_at"] = event.ends_at.isoformat()
    undo = Undo(path=f"/events/{event_id}", fields=fields)
    return pages.go(request, page.back, Said(text=f"{made.title[:60]} is changed.", undo=undo))


@post("/events/{event_id:int}/done", sync_to_thread=True, status_code=303, include_in_schema=False)
def mark(
    request: Request[Any, Any, Any],
    event_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Mark an event as done, or as not done."""
    done = form.flag("done")
    made = tracker.timeline.update(
        event_id, EventChanges(done=done), expected_version=form.version()
    )
    undo = Undo(
        path=f"/events/{event_id}/done", fields={"version": made.version, "done": int(not done)}
    )
    said = Said(text=f"{made.title[:60]} is {'done' if done else 'not done'}.", undo=undo)
    return go_back(request, pages, form, "/calendar", said)


@post(
    "/events/{event_id:int}/delete", sync_to_thread=True, status_code=303, include_in_schema=False
)
def delete(
    request: Request[Any, Any, Any],
    event_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Delete an event; its undo makes it again."""
    event = tracker.timeline.get(event_id)
    fields: dict[str, str | int] = {**texts_of(event), "starts_at": event.starts_at.isoformat()}
    also = {
        "ends_at": None if event.ends_at is None else event.ends_at.isoformat(),
        "application_id": event.application_id,
        "job_id": event.job_id,
        "done": 1 if event.done_at is not None else None,
    }
    fields |= {name: value for name, value in also.items() if value is not None}
    said = Said(
        text=f"{event.title[:60]} is deleted.", undo=Undo(path="/events/new", fields=fields)
    )
    asked = ask_first(request, pages, form, _editing(event), event.title, said)
    if asked is not None:
        return asked
    tracker.timeline.delete(event_id, expected_version=form.version())
    return go_back(request, pages, form, "/calendar", said)


HANDLERS = (show_new, make, show_edit, edit, mark, delete)
