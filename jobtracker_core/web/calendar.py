"""`/calendar`: a month or its agenda, and the addresses that programs read it by."""

from __future__ import annotations

import re
import typing
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.calendar import EntryKind
from jobtracker_core.storage.fields import FIRST_YEAR, LAST_YEAR
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.calendar import NewFeed
from jobtracker_core.web import months, query
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.said import Said
from jobtracker_core.web.view import curl

_KINDS: Final[tuple[EntryKind, ...]] = (
    "interview",
    "call",
    "follow_up",
    "deadline",
    "next_action",
    "offer",
    "note",
    "other",
    "status",
)
_USUAL: Final = frozenset(_KINDS) - {"status"}
"""Moves fill a calendar, and are no appointments: they are shown when somebody asks for them."""

_LABELS: Final = {"status": "Moves", "follow_up": "Follow-ups", "next_action": "Next actions"}
_WORDS: Final[query.Words] = {
    "month": ("month", str),
    "view": ("view", str),
    "kinds": ("kinds", str),
}


@get("/calendar", sync_to_thread=True, include_in_schema=False)
def show_calendar(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Show a month by the reader's clock; phones get its agenda."""
    given = query.read(request.query_params, _WORDS)
    today = datetime.now(prefs.zone).date()
    month = _month(given["month"]) if "month" in given else months.first_of(today)
    if given.get("view", "month") not in {"month", "agenda"}:
        raise ClientException("view takes month or agenda.")
    kinds = _kinds(given["kinds"]) if "kinds" in given else _USUAL
    weeks = months.weeks(month)
    first, last = weeks[0][0], weeks[-1][-1]
    since, until = months.span(first, last)
    found = tracker.calendar.between(since, until)
    shown = [entry for entry in found if entry.kind in kinds]
    days = months.lay_out(
        [day for week in weeks for day in week], shown, month=month, today=today, zone=prefs.zone
    )
    here: dict[str, str] = {name: given[name] for name in ("view", "kinds") if name in given}
    api = urlencode({"from": f"{since:%Y-%m-%dT%H:%M:%SZ}", "to": f"{until:%Y-%m-%dT%H:%M:%SZ}"})
    return pages.render(
        request,
        "calendar.html",
        section="calendar",
        month=month,
        today=today,
        weeks=[days[start : start + 7] for start in range(0, len(days), 7)],
        agenda=[day for day in days if day.inside and (day.entries or day.today)],
        empty=not any(day.entries for day in days if day.inside),
        is_agenda=given.get("view") == "agenda",
        previous=_path(here, months.first_of(month, -1)) if month > _FIRST else None,
        next=_path(here, months.first_of(month, 1)) if month < _LAST else None,
        now_path=_path(here, None),
        shapes=[
            (_path({**here, "view": view}, month), view.capitalize(), view)
            for view in ("month", "agenda")
        ],
        kinds=[
            (
                _path({**here, "kinds": _toggled(kinds, kind)}, month),
                _label(kind),
                kind,
                kind in kinds,
            )
            for kind in _KINDS
        ],
        curl=curl(f"{pages.root(request)}/api/v1/calendar?{api}"),
    )


# One month is left at either end, for the days beside those that are shown.
_FIRST: Final = date(FIRST_YEAR, 2, 1)
_LAST: Final = date(LAST_YEAR, 11, 1)


def _month(text: str) -> date:
    if re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text):
        year, number = int(text[:4]), int(text[5:])
        if year and _FIRST <= date(year, number, 1) <= _LAST:
            return date(year, number, 1)
    raise ClientException(f"month takes one from {_FIRST:%Y-%m} to {_LAST:%Y-%m}, as 2026-11.")


def _kinds(text: str) -> frozenset[str]:
    wanted = frozenset(part for part in text.split(",") if part != "none")
    unknown = sorted(wanted - set(typing.get_args(EntryKind)))
    if unknown:
        known = ", ".join(_KINDS)
        raise ClientException(f"kinds takes some of {known}, not {unknown[0][:40]}.")
    return wanted


def _toggled(kinds: frozenset[str], kind: str) -> str:
    wanted = kinds ^ {kind}
    return ",".join(one for one in _KINDS if one in wanted) or "none"


def _label(kind: str) -> str:
    word = kind.replace("_", " ").capitalize()
    return _LABELS.get(kind, word if kind == "other" else f"{word}s")


def _path(here: dict[str, str], month: date | None) -> str:
    words = here if month is None else {"month": f"{month:%Y-%m}", **here}
    return f"/calendar?{urlencode(words, safe=',')}" if words else "/calendar"


@get("/calendar/feeds", sync_to_thread=True, include_in_schema=False)
def show_feeds(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """List the addresses of the calendar."""
    query.read(request.query_params, {})
    return _feeds(request, tracker, pages)


@post("/calendar/feeds", sync_to_thread=True, status_code=200, include_in_schema=False)
def make_feed(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[str]:
    """Make an address, and show it this once."""
    try:
        made = tracker.calendar.create_feed(form.text("name"))
    except FormError as error:
        return _feeds(request, tracker, pages, problems=error.problems, name=form.text("name"))
    return _feeds(request, tracker, pages, made=made)


def _feeds(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    *,
    made: NewFeed | None = None,
    problems: dict[str, str] | None = None,
    name: str = "",
) -> Response[str]:
    address = "" if made is None else f"{pages.root(request)}/feeds/{made.secret}.ics"
    return pages.render(
        request,
        "feeds.html",
        status=422 if problems else 200,
        headers={"Cache-Control": "private, no-store"} if made is not None else None,
        section="calendar",
        feeds=tracker.calendar.feeds(),
        address=address,
        webcal=re.sub(r"^https?:", "webcal:", address),
        plain=address.startswith("http:"),
        problems=problems or {},
        name=name,
    )


@post(
    "/calendar/feeds/{feed_id:int}/revoke",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def revoke_feed(
    request: Request[Any, Any, Any],
    feed_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """End an address."""
    feed = tracker.calendar.revoke_feed(feed_id)
    said = Said(text=f"{feed.name} is revoked: nobody reads the calendar by it any more.")
    return pages.go(request, "/calendar/feeds", said)


HANDLERS = (show_calendar, show_feeds, make_feed, revoke_feed)
