"""`/`: what is due, what is new, how the collectors do; and the counts beside the pages' names."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath
from msgspec import Struct

from jobtracker_core.storage.applications import ApplicationChanges
from jobtracker_core.storage.attention import Attention, Strip
from jobtracker_core.storage.calendar import CalendarEntry
from jobtracker_core.storage.searches import Search
from jobtracker_core.storage.timeline import EventChanges
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.collectors import CollectorStatus
from jobtracker_core.tracker.today import Day
from jobtracker_core.web import present
from jobtracker_core.web.form import Form
from jobtracker_core.web.login import is_ours
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.query import refuse_unknown
from jobtracker_core.web.said import Said, Undo
from jobtracker_core.web.session import BY_ITSELF

_COUNTED: Final = 100
"""A count that is so high is shown as more than one less."""

_NEXT_RUNS: Final = 5
_KINDS: Final = {"succeeded": "ok", "partial": "slow", "suspect": "slow", "failed": "fail"}


class CollectorStrip(Struct, frozen=True, kw_only=True):
    """A collector that is on: what is wrong with it, and its last runs as a strip shows them.

    Attributes:
        state: `broken`, `paused`, `cooling` or `on`.
        trouble: What is wrong, in words.
        beats: (kind, what is told of it) of each run, the oldest first.
        label: All of them in one sentence.
    """

    name: str
    title: str
    state: str
    trouble: str | None
    beats: tuple[tuple[str, str], ...]
    label: str


@get("/", sync_to_thread=True, include_in_schema=False)
def show_today(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Show what somebody should look at."""
    refuse_unknown(request)
    since = request.auth.last_visit_at
    day = tracker.today.day(prefs.zone)
    counted = tracker.today.attention(day, since=since)
    searches = tracker.searches.list()
    pipeline = tracker.applications.pipeline()
    strips = _strips(tracker)
    fresh = tracker.today.newest(since=since) if counted.new else ()
    begun = bool(searches or strips or fresh or any(_counts(pipeline)))
    return pages.render(
        request,
        "today.html",
        section="today",
        begun=begun or bool(tracker.jobs.search(limit=1).items),
        **_due(tracker, day),
        counted=counted,
        more=counted.new >= _COUNTED,
        since=since,
        fresh=fresh,
        triage=_triage(since),
        pipeline=pipeline,
        strips=strips,
        upcoming=_upcoming(searches),
        paused=sum(not search.enabled for search in searches),
        failures=tracker.today.failures(),
    )


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


@get("/counts", sync_to_thread=True, include_in_schema=False, opt={BY_ITSELF: True})
def counts(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    prefs: NamedDependency[Preferences],
) -> Response[dict[str, Any]]:
    """Give what stands beside the names of pages, by their sections."""
    since = request.auth.last_visit_at
    counted = tracker.today.attention(tracker.today.day(prefs.zone), since=since)
    found = {
        section: {"text": _bounded(count), "words": words.format(_bounded(count))}
        for section, count, words in _badges(counted, first=since is None)
        if count
    }
    return Response(found, headers={"Cache-Control": "private, no-store"})


def _badges(counted: Attention, *, first: bool) -> tuple[tuple[str, int, str], ...]:
    visit = "" if first else " since your last visit"
    return (
        ("today", counted.due, "{} due"),
        ("jobs", counted.new, f"{{}} new{visit}"),
        ("runs", counted.running, "{} going on"),
        ("admin", counted.failed, f"{{}} failed{visit}"),
        ("collectors", counted.trouble, "{} paused after failures"),
    )


def _bounded(count: int) -> str:
    return str(count) if count < _COUNTED else f"{_COUNTED - 1}+"


def _counts(pipeline: Struct) -> list[int]:
    return [getattr(pipeline, name) for name in pipeline.__struct_fields__]


def _triage(since: datetime | None) -> str:
    """Return the address of the new jobs that wait for a decision."""
    words = {"has_application": "false", "closed": "false"}
    if since is not None:
        words["new_since"] = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"/jobs?{urlencode(words)}"


def _due(tracker: JobTracker, day: Day) -> dict[str, Any]:
    found = tracker.today.due(day)
    now = tracker.database.present()
    late = tuple(entry for entry in found if _is_late(entry, now, day))
    return {"late": late, "due": tuple(entry for entry in found if entry not in late)}


def _is_late(entry: CalendarEntry, now: datetime, day: Day) -> bool:
    ends = entry.ends_at or entry.starts_at
    if not entry.all_day:
        return ends < now
    # A whole day is over when the day after it begins, by the clock of the entry's place.
    return ends.astimezone(ZoneInfo(entry.timezone)).date() < day.date


def _strips(tracker: JobTracker) -> tuple[CollectorStrip, ...]:
    runs = {strip.collector: strip for strip in tracker.today.strips()}
    shown = [
        _strip(status, runs.get(status.info.name))
        for status in tracker.collectors.list()
        if status.enabled
    ]
    order = ("broken", "paused", "cooling", "on")
    return tuple(sorted(shown, key=lambda strip: (order.index(strip.state), strip.title.lower())))


def _strip(status: CollectorStatus, strip: Strip | None) -> CollectorStrip:
    beats = () if strip is None else strip.beats
    good = sum(beat.state == "succeeded" for beat in beats)
    label = f"{good} of the last {present.many(len(beats), 'run')} succeeded"
    told = []
    for beat in beats:
        when = "" if beat.finished_at is None else f"{beat.finished_at:%Y-%m-%d %H:%M} UTC: "
        found = f"{present.many(beat.seen, 'job')} seen, {beat.new:,} new"
        told.append((_KINDS.get(beat.state, "none"), f"{when}{present.words(beat.state)}, {found}"))
    state, trouble = _state(status)
    return CollectorStrip(
        name=status.info.name,
        title=status.info.title,
        state=state,
        trouble=trouble,
        beats=tuple(told),
        label=label if beats else "It has not run yet",
    )


def _state(status: CollectorStatus) -> tuple[str, str | None]:
    if status.unavailable is not None:
        return "broken", f"It cannot be used on this machine: {status.unavailable}."
    if status.rate is None:
        return "broken", "Its settings cannot be read."
    if status.paused is not None:
        return "paused", f"Paused: {status.paused}"
    if status.cooling_until is not None:
        return "cooling", "Its site asked for quiet and is left alone for a while."
    return "on", None


def _upcoming(searches: tuple[Search, ...]) -> tuple[Search, ...]:
    planned = [search for search in searches if search.enabled and search.next_tick_at is not None]
    planned.sort(key=lambda search: (search.next_tick_at or datetime.max.replace(tzinfo=UTC)))
    return tuple(planned[:_NEXT_RUNS])


def _undo_action(number: int, version: int, text: str | None, on: Any) -> Undo:
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
    due = _due(tracker, tracker.today.day(prefs.zone))
    return pages.render(request, "_due.html", message=said, **due, **_rest(tracker))


def _rest(tracker: JobTracker) -> dict[str, Any]:
    return {"upcoming": _upcoming(tracker.searches.list())}


def _back(
    request: Request[Any, Any, Any], pages: Pages, form: Form, said: Said
) -> Response[None]:
    base, back = pages.base(request), form.text("back")
    return pages.go(request, back.removeprefix(base) if is_ours(back, base) else "/", said)


HANDLERS = (
    *(show_today, counts),
    *(finish_event, postpone_event, restore_event),
    *(finish_action, postpone_action, restore_action),
)
