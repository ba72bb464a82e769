"""`/export/…`: the lists of the portal as files, the same as the API's."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from litestar import Request, get
from litestar.datastructures import MultiDict
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from jobtracker_core.contract.run import RunState
from jobtracker_core.export import MEDIA_TYPES, Format, attach, encode, encode_rows
from jobtracker_core.storage.application_list import ApplicationFilters
from jobtracker_core.storage.applications import Application
from jobtracker_core.storage.audit_list import AuditEntry
from jobtracker_core.storage.companies import Company
from jobtracker_core.storage.contacts import Contact
from jobtracker_core.storage.dismissals import Dismissal
from jobtracker_core.storage.fields import Line, Moment, SourceName
from jobtracker_core.storage.runs import Run
from jobtracker_core.storage.searches import Search
from jobtracker_core.storage.timeline import Event, EventFilters
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.listing import resolve
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.view import read_view


class Exported(Struct, frozen=True, kw_only=True):
    """A list that can be taken away.

    Attributes:
        kind: Of its rows; the fields are the columns of a CSV.
        words: The parameters of an address; those of the API, and `q` for a search.
        rows: Gives all that match.
    """

    kind: type[Struct]
    words: query.Words
    rows: Callable[[JobTracker, Mapping[str, Any]], Iterable[Any]]


def _hinted(filters: type, **other_names: str) -> query.Words:
    names = {argument: name for name, argument in other_names.items()}
    hints = typing.get_type_hints(filters)
    return {names.get(argument, argument): (argument, hint) for argument, hint in hints.items()}


def _of_states(text: str) -> tuple[RunState, ...]:
    try:
        return tuple(RunState(word) for word in text.split(","))
    except ValueError as error:
        raise ClientException(f"state takes some of: {', '.join(RunState)}.") from error


def _runs(tracker: JobTracker, given: Mapping[str, Any]) -> Iterable[Run]:
    states = _of_states(given["states"]) if "states" in given else ()
    return tracker.runs.export(**{**given, "states": states})


LISTS: Final[dict[str, Exported]] = {
    "applications": Exported(
        kind=Application,
        words=_hinted(ApplicationFilters, q="text"),
        rows=lambda tracker, given: tracker.applications.export(**given),
    ),
    "companies": Exported(
        kind=Company,
        words={"q": ("text", Line)},
        rows=lambda tracker, given: tracker.companies.export(**given),
    ),
    "events": Exported(
        kind=Event,
        words=_hinted(EventFilters, **{"from": "since", "to": "until"}),
        rows=lambda tracker, given: tracker.timeline.export(**given),
    ),
    "contacts": Exported(
        kind=Contact,
        words={"company_id": ("company_id", int), "application_id": ("application_id", int)},
        rows=lambda tracker, given: tracker.contacts.export(**given),
    ),
    "searches": Exported(
        kind=Search,
        words={"collector": ("collector", SourceName)},
        rows=lambda tracker, given: tracker.searches.export(**given),
    ),
    "runs": Exported(
        kind=Run,
        words={
            "collector": ("collector", SourceName),
            "search": ("search_id", int),
            "state": ("states", Line),
        },
        rows=_runs,
    ),
    "audit": Exported(
        kind=AuditEntry,
        words={name: (name, Line) for name in ("actor", "action", "target")}
        | {name: (name, Moment) for name in ("since", "until")},
        rows=lambda tracker, given: tracker.audit.export(**given),
    ),
    "dismissals": Exported(
        kind=Dismissal, words={}, rows=lambda tracker, _given: tracker.dismissals.export()
    ),
}
"""All but that of jobs, which has filters of its own."""


@get("/export/{file:str}", sync_to_thread=True, include_in_schema=False)
def export_list(
    request: Request[Any, Any, Any],
    file: FromPath[str],
    tracker: NamedDependency[JobTracker],
    prefs: NamedDependency[Preferences],
) -> Stream:
    """Give a list as a file, with the filters of the address; it stands in the audit log."""
    what, _, ending = file.rpartition(".")
    kinds = [kind for kind in MEDIA_TYPES if kind == ending]
    if not kinds or (what != "jobs" and what not in LISTS):
        raise NotFoundException(f"There is no export {file[:60]}.")
    return _answer(tracker, what, kinds[0], request.query_params, prefs)


def _answer(
    tracker: JobTracker, what: str, kind: Format, given: MultiDict[str], prefs: Preferences
) -> Stream:
    if what == "jobs":
        with_text = given.get("with_text") == "true"
        words = {name: value for name, value in given.multi_items() if name != "with_text"}
        view, _ = resolve(tracker, read_view(words, zone=prefs.zone))
        jobs = tracker.jobs.export(with_text=with_text, sort=view.sort, **view.filters)
        pieces = encode(jobs, kind, with_text=with_text)
    else:
        listed = LISTS[what]
        rows = listed.rows(tracker, query.read(given, listed.words))
        pieces = encode_rows(rows, listed.kind.__struct_fields__, kind)
    file = attach(what, kind, pieces)
    return Stream(file.pieces, media_type=file.media_type, headers=file.headers)


HANDLERS = (export_list,)
