"""`/`: what is due, what is new, how the collectors do; and the counts beside the pages' names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from jobtracker_core.storage.attention import Attention
from jobtracker_core.storage.searches import Search
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import due, query
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.session import BY_ITSELF
from jobtracker_core.web.strips import strips_of_collectors

_COUNTED: Final = 100
"""A count that is so high is shown as more than one less."""

_NEXT_RUNS: Final = 5


@get("/", sync_to_thread=True, include_in_schema=False)
def show_today(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Show what somebody should look at."""
    query.read(request.query_params, {})
    since = request.auth.last_visit_at
    day = tracker.today.day(prefs.zone)
    counted = tracker.today.attention(day, since=since)
    searches = tracker.searches.list()
    pipeline = tracker.applications.pipeline()
    strips = strips_of_collectors(tracker)
    fresh = tracker.today.newest(since=since) if counted.new else ()
    tasks = due.of_day(tracker, day, prefs.zone)
    begun = bool(searches or strips or fresh or tasks or any(_counts(pipeline)))
    return pages.render(
        request,
        "today.html",
        section="today",
        date=_date_in_words(day.date),
        begun=begun or bool(tracker.jobs.search(limit=1).items),
        due=tasks,
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


def _date_in_words(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B}"


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


def _upcoming(searches: tuple[Search, ...]) -> tuple[Search, ...]:
    planned = [search for search in searches if search.enabled and search.next_tick_at is not None]
    planned.sort(key=lambda search: search.next_tick_at or datetime.max.replace(tzinfo=UTC))
    return tuple(planned[:_NEXT_RUNS])


HANDLERS = (show_today, counts)
