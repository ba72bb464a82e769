"""`/admin/audit`: who did what, and to what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, tzinfo
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import ClientException

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.audit_list import AuditEntry
from jobtracker_core.storage.fields import Line, Moment
from jobtracker_core.tracker import JobTracker, entries
from jobtracker_core.web import query
from jobtracker_core.web.admin import deeds
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.view import curl

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIMES: Final = ("since", "until")
_PAGE: Final = 50
_WORDS: Final[query.Words] = {
    name: (name, Line) for name in ("actor", "action", "target", "since", "until", "after")
}


@get("/admin/audit", sync_to_thread=True, include_in_schema=False)
def list_audit(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    prefs: NamedDependency[Preferences],
) -> Response[str]:
    """List changes, the newest first."""
    given = query.read(request.query_params, _WORDS)
    given |= {name: _time(name, given[name], prefs.zone) for name in _TIMES if name in given}
    found = tracker.audit.list(limit=_PAGE, **given)
    words = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    filters = {name: value for name, value in words.items() if name != "after"}
    return pages.render(
        request,
        "admin/audit.html",
        section="audit",
        found=found,
        filters=filters,
        first=_path(filters),
        older=_path({**filters, "after": found.after}) if found.after else None,
        paged="after" in words,
        users=tracker.accounts.list(),
        kinds=deeds.KINDS,
        shown=_shown,
        curl=curl(f"{pages.root(request)}/api/v1/audit?{urlencode(words)}".rstrip("?")),
    )


def _shown(entry: AuditEntry) -> dict[str, Any]:
    return {
        "who": deeds.actor(entry.actor),
        "label": entry.actor.label,
        "did": deeds.action(entry.action),
        "target": deeds.target(entry.target, entry.data),
        "place": deeds.place(entry.target),
        "facts": deeds.facts(entry.data),
    }


def _time(name: str, text: str, zone: tzinfo) -> datetime:
    """Read an instant, or a day: that begins by the reader's clock."""
    if _DAY.fullmatch(text):
        try:
            return datetime.combine(date.fromisoformat(text), time(), tzinfo=zone)
        except ValueError as error:
            raise ClientException(f"{name}: there is no day {text}.") from error
    try:
        found: datetime = entries.check_value(name, text, Moment)
    except FormError as error:
        raise ClientException(f"{name} {error.problems[name]}.") from error
    return found


def _path(words: Mapping[str, str]) -> str:
    return f"/admin/audit?{urlencode(words)}" if words else "/admin/audit"


HANDLERS = (list_audit,)
