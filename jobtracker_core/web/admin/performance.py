"""`/admin/performance`: how collecting did, in lines, strips and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from jobtracker_core.storage.fields import SourceName
from jobtracker_core.storage.performance import DayFigures, Performance
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.view import curl

SPANS: Final = (7, 30, 90)
_DEFAULT: Final = 30
_WORDS: Final[query.Words] = {
    "days": ("days", Annotated[int, Meta(ge=1, le=90)]),
    "source": ("source", SourceName),
}


class Line(Struct, frozen=True, kw_only=True):
    """One line of a chart."""

    label: str
    value: Callable[[DayFigures], float | None]


class Chart(Struct, frozen=True, kw_only=True):
    """A chart: what the script draws, and the same as a table.

    Attributes:
        data: JSON: the names of the lines, and [times, line, line, …].
    """

    title: str
    note: str
    labels: tuple[str, ...]
    data: str
    rows: tuple[tuple[Any, ...], ...]


CHARTS: Final = (
    (
        "Postings a day",
        "Found on the sites, and seen here for the first time.",
        (
            Line(label="Found", value=lambda day: day.seen),
            Line(label="New", value=lambda day: day.new),
        ),
    ),
    (
        "Duration of runs, seconds",
        "Half of the runs stay below the first line, 19 of 20 below the second.",
        (
            Line(label="Median", value=lambda day: day.median_s),
            Line(label="95 of 100", value=lambda day: day.slowest_s),
        ),
    ),
    (
        "Requests a day",
        "What the sites were asked for.",
        (Line(label="Requests", value=lambda day: day.requests),),
    ),
)


@get("/admin/performance", sync_to_thread=True, include_in_schema=False)
def show_performance(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """Show how collecting did."""
    given = query.read(request.query_params, _WORDS)
    given.setdefault("days", _DEFAULT)
    zone = prefs.zone.key
    found = tracker.stats.performance(**given, timezone=zone)
    asked = urlencode({**given, "timezone": zone})
    return pages.render(
        request,
        "admin/performance.html",
        section="performance",
        found=found,
        chosen=given["days"],
        source=given.get("source", ""),
        sources=tuple(report.name for report in tracker.collectors.reports()),
        spans=tuple((_path(given, days), f"{days} days", days == given["days"]) for days in SPANS),
        charts=_charts(found) if any(day.runs for day in found.days) else (),
        curl=curl(f"{pages.root(request)}/api/v1/stats/performance?{asked}"),
    )


def _path(given: dict[str, Any], days: int) -> str:
    return f"/admin/performance?{urlencode({**given, 'days': days})}"


def _charts(found: Performance) -> tuple[Chart, ...]:
    return tuple(_chart(title, note, lines, found.days) for title, note, lines in CHARTS)


def _chart(title: str, note: str, lines: Sequence[Line], days: Sequence[DayFigures]) -> Chart:
    labels = tuple(line.label for line in lines)
    values = [[line.value(day) for day in days] for line in lines]
    data = {"labels": labels, "days": [day.day for day in days], "series": values}
    return Chart(
        title=title,
        note=note,
        labels=labels,
        data=msgspec.json.encode(data).decode(),
        rows=tuple(zip((day.day for day in days), *values, strict=True)),
    )


HANDLERS = (show_performance,)
