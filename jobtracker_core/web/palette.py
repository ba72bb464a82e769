"""What the palette finds beside pages and actions, which it holds already."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from jobtracker_core.search.begun import begun
from jobtracker_core.search.nodes import SearchError
from jobtracker_core.storage.jobs import Job
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import present
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.view import LONGEST_TEXT

_FOUND: Final = 6
"""Of each kind."""


class Group(Struct, frozen=True, kw_only=True):
    """What was found of one kind: (address below the prefix, its name, what else to know it by)."""

    label: str
    icon: str
    entries: tuple[tuple[str, str, str], ...]


@get("/palette", sync_to_thread=True, include_in_schema=False)
def find(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    q: Annotated[str, QueryParameter(name="q", max_length=2_000)] = "",
) -> Response[str]:
    """Find applications, jobs, companies and searches by a part of their names."""
    text = q.strip()[:LONGEST_TEXT]
    groups = _found(tracker, text) if text else ()
    return pages.render(
        request, "_palette_found.html", groups=[group for group in groups if group.entries]
    )


def _found(tracker: JobTracker, text: str) -> tuple[Group, ...]:
    applications = tracker.applications.list(text=text, limit=_FOUND).items
    jobs = _jobs(tracker, text)
    companies = tracker.companies.list(text=text, limit=_FOUND).items
    searches = [one for one in tracker.searches.list() if text.lower() in one.name.lower()]
    return (
        Group(
            label="Applications",
            icon="send",
            entries=tuple(
                (f"/applications/{one.id}", one.title, _known_by(one.company, one.status))
                for one in applications
            ),
        ),
        Group(
            label="Jobs",
            icon="briefcase",
            entries=tuple(
                (f"/jobs/{one.id}", one.title, _known_by(one.company, present.place(one)))
                for one in jobs
            ),
        ),
        Group(
            label="Companies",
            icon="building-2",
            entries=tuple((f"/companies/{one.id}", one.name, "") for one in companies),
        ),
        Group(
            label="Searches",
            icon="calendar-sync",
            entries=tuple(
                (f"/admin/searches/{one.id}", one.name, one.collector) for one in searches[:_FOUND]
            ),
        ),
    )


def _jobs(tracker: JobTracker, text: str) -> tuple[Job, ...]:
    """Find jobs while their words are being typed: the last one may go on."""
    try:
        return tracker.jobs.search(text=begun(text), limit=_FOUND).items
    except SearchError:  # half a query: what it lacks comes with the next letters
        return ()


def _known_by(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)


HANDLERS = (find,)
