"""`/applications`: the board, and the list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, cast
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from msgspec import Struct

from jobtracker_core.storage.application_list import (
    ApplicationFilters,
    ApplicationSort,
    Pipeline,
)
from jobtracker_core.storage.applications import Application, Status
from jobtracker_core.storage.fields import Line
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.view import PAGE, STATUSES, curl

MOST_CARDS: Final = 50
"""Cards of a column; the list has all."""

ENDS: Final = ("rejected", "withdrawn")
LIVE: Final = tuple(status for status in STATUSES if status not in ENDS)

_FILTERS: Final[query.Words] = {
    "q": ("text", Line),
    "company": ("company", Line),
    "tag": ("tag", Line),
}
_OF_LIST: Final[query.Words] = {
    **_FILTERS,
    "status": ("status", Status),
    "open": ("open", bool),
    "company_id": ("company_id", int),
    "job_id": ("job_id", int),
    "next_action_until": ("next_action_until", date),
    "sort": ("sort", ApplicationSort),
    "after": ("after", str),
    "before": ("before", str),
}


class Card(Struct, frozen=True, kw_only=True):
    """An application on the board; `overdue` is said of its next action."""

    application: Application
    overdue: bool
    due_today: bool


class Column(Struct, frozen=True, kw_only=True):
    """A column: the cards that fit, of `total`."""

    status: Status
    cards: tuple[Card, ...]
    total: int


def card_of(application: Application, today: date) -> Card:
    """Return an application as a card; `today` is the reader's."""
    on = application.next_action_on
    live = application.status not in ENDS
    return Card(
        application=application,
        overdue=live and on is not None and on < today,
        due_today=live and on == today,
    )


@get("/applications", sync_to_thread=True, include_in_schema=False)
def show_applications(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Show the applications, in columns or as a list."""
    given = request.query_params.dict()
    shape = (given.pop("view", None) or ["board"])[-1] or "board"
    if shape not in {"board", "list"}:
        raise ClientException("view takes board or list.")
    words = _OF_LIST if shape == "list" else _FILTERS
    rest = type(request.query_params)(
        (name, value) for name, value in request.query_params.multi_items() if name != "view"
    )
    found = query.read(rest, words)
    query_of = {name: value for name, value in rest.items() if value.strip()}
    today = datetime.now(prefs.zone).date()
    if shape == "board":
        return _board(request, pages, tracker, found, query_of, today)
    return _list(request, pages, tracker, found, query_of, today)


def _board(
    request: Request[Any, Any, Any],
    pages: Pages,
    tracker: JobTracker,
    found: Mapping[str, Any],
    given: Mapping[str, str],
    today: date,
) -> Response[str]:
    filters = cast("ApplicationFilters", found)
    counts = tracker.applications.pipeline(**filters)
    columns = {status: _column(tracker, status, filters, counts, today) for status in STATUSES}
    return pages.render(
        request,
        "board.html",
        section="applications",
        columns=[columns[status] for status in LIVE],
        ended=[columns[status] for status in ENDS],
        total=sum(count_of(counts, status) for status in STATUSES),
        given=given,
        path=_path,
        most=MOST_CARDS,
        curl=curl(_with(f"{pages.root(request)}/api/v1/applications", _api(given))),
        tags=tracker.tags.list(),
    )


def _column(
    tracker: JobTracker,
    status: Status,
    filters: ApplicationFilters,
    counts: Pipeline,
    today: date,
) -> Column:
    total = count_of(counts, status)
    items: tuple[Application, ...] = ()
    if total:
        wanted: ApplicationFilters = {**filters, "status": status}
        items = tracker.applications.list(limit=MOST_CARDS, **wanted).items
    return Column(status=status, cards=tuple(card_of(one, today) for one in items), total=total)


def count_of(counts: Pipeline, status: Status) -> int:
    """Return how many are in a status."""
    number: int = getattr(counts, status)
    return number


def _list(
    request: Request[Any, Any, Any],
    pages: Pages,
    tracker: JobTracker,
    found: dict[str, Any],
    given: dict[str, str],
    today: date,
) -> Response[str]:
    after, before = found.pop("after", None), found.pop("before", None)
    if after and before:
        raise ClientException("A page goes on after one application or ends before one, not both.")
    sort: ApplicationSort = found.pop("sort", "latest")
    filters = cast("ApplicationFilters", found)
    page = tracker.applications.list(limit=PAGE, after=after, before=before, sort=sort, **filters)
    others = cast("ApplicationFilters", {k: v for k, v in found.items() if k not in _STATES})
    counts = tracker.applications.pipeline(**others)
    given = {name: value for name, value in given.items() if name not in {"after", "before"}}
    every = {name: value for name, value in given.items() if name not in _STATES}
    mine = {"view": "list", **given}
    total = tracker.applications.pipeline(**filters)
    return pages.render(
        request,
        "applications.html",
        section="applications",
        rows=[card_of(one, today) for one in page.items],
        statuses=[
            (_path({"view": "list", **every, "status": status}), status, count_of(counts, status))
            for status in STATUSES
            if count_of(counts, status) or given.get("status") == status
        ],
        everything=_path({"view": "list", **every}),
        all_count=sum(count_of(counts, status) for status in STATUSES),
        total=sum(count_of(total, status) for status in STATUSES),
        newer=_path({**mine, "before": page.before}) if page.before else None,
        older=_path({**mine, "after": page.after}) if page.after else None,
        given=given,
        sort=sort,
        shared={name: value for name, value in given.items() if name in _FILTERS},
        exported={name: value for name, value in given.items() if name != "sort"},
        path=_path,
        curl=curl(_with(f"{pages.root(request)}/api/v1/applications", _api(given))),
        tags=tracker.tags.list(),
    )


_STATES: Final = ("status", "open")


def _path(given: Mapping[str, str]) -> str:
    return _with("/applications", given)


def _with(path: str, given: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(given)}" if given else path


def _api(given: Mapping[str, str]) -> dict[str, str]:
    return {"search" if name == "q" else name: value for name, value in given.items()}


HANDLERS = (show_applications,)
