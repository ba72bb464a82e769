"""Examples for the OpenAPI document: each of them is one that the API itself accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

BODIES: Final[Mapping[str, Any]] = {
    "createJob": {
        "title": "Engineer",
        "url": "https://jobs.example/1",
        "company": "Example Works",
        "place": "Berlin, Germany",
        "remote": "hybrid",
        "pay_text": "60,000 - 80,000 EUR a year",
    },
    "upsertJob": {
        "source": "board",
        "source_id": "17",
        "title": "Lead engineer",
        "url": "https://board.example/17",
        "posted_at": "2026-11-20T08:00:00Z",
    },
    "changeJobs": {"action": "tag", "ids": [1, 2], "tags": ["dream"]},
    "updateJob": {"place": "Hamburg, Germany", "skills": ["python"], "release": ["title"]},
    "dismissJob": {"reason": "too far"},
    "setJobTags": {"tags": ["dream", "near"]},
    "writeJobNote": {"text": "Ask about the team."},
    "createApplication": {
        "job_id": 1,
        "status": "applied",
        "applied_at": "2026-11-27T09:00:00Z",
        "next_action": "call them",
        "next_action_on": "2027-01-15",
    },
    "changeApplications": {"action": "move", "ids": [1], "status": "interviewing"},
    "updateApplication": {"status": "offer", "notes": "They called back."},
    "createEvent": {
        "kind": "interview",
        "application_id": 1,
        "starts_at": "2027-01-20T14:00:00",
        "ends_at": "2027-01-20T15:00:00",
        "timezone": "Europe/Berlin",
        "reminder_min": 60,
    },
    "updateEvent": {"place": "Main street 1", "done": True},
    "createContact": {
        "company_id": 1,
        "name": "Ada Example",
        "role": "team lead",
        "email": "ada@example.com",
    },
    "updateContact": {"phone": "+49 30 123456"},
    "createCalendarFeed": {"name": "phone"},
    "createCompany": {"name": "Acme Ltd", "homepage": "https://acme.example", "founded": 1949},
    "findOrCreateCompany": {"name": "ACME ltd"},
    "updateCompany": {"industry": "Anvils", "size": "51-200"},
    "renameTag": {"name": "favourite"},
    "createView": {
        "name": "Well paid",
        "kind": "jobs",
        "query": {"pay_from": 70000, "sort": "pay"},
    },
    "updateView": {"name": "Best paid"},
    "createSearch": {
        "name": "python",
        "collector": "hiringcafe",
        "query": {"text": "python"},
        "cron": "30 7 * * 1-5",
        "timezone": "Europe/Berlin",
    },
    "updateSearch": {"enabled": False, "pages": 20},
    "cloneSearch": {"name": "python again"},
    "createRun": {"collector": "hiringcafe", "query": {"text": "python"}, "pages": 2},
    "changeRuns": {"action": "cancel", "ids": [1, 2]},
    "updateCollector": {"enabled": True, "settings": {"per_minute": 10}},
    "runCollector": {"query": {"text": "python"}, "priority": 1},
    "updateSite": {"limit": 2},
    "pruneDatabase": {"jobs_closed_before_days": 365},
    "ingest": {
        "collector": "board",
        "key": "2026-11-29",
        "batch": 1,
        "postings": [
            {"source_id": "17", "url": "https://board.example/17", "title": "Engineer"},
        ],
        "done": True,
        "end_confirmed": True,
    },
    "createProxy": {"url": "http://user:password@192.0.2.7:3128", "pool": "eu"},
    "testProxies": {"collector": "hiringcafe", "pool": "eu"},
    "importConfig": {
        "format": 1,
        "searches": [
            {
                "name": "rust",
                "collector": "hiringcafe",
                "query": {"text": "rust"},
                "every_s": 86400,
            }
        ],
    },
    "changeSearches": {"action": "pause", "ids": [1, 2]},
    "runSearches": {"ids": [1, 2]},
    "setApplicationTags": {"tags": ["dream", "near"]},
    "createToken": {"name": "crawler", "scopes": ["ingest"], "days": 30, "collector": "board"},
}
"""By the name of the operation whose body it is."""

_MOMENT: Final = "2026-11-01T00:00:00Z"

_PARAMETERS: Final[Mapping[str, Any]] = {
    "source": "hiringcafe",
    "search": "engineer",
    "company": "Example",
    "place": "Berlin",
    "remote": "hybrid",
    "employment": "full_time",
    "seniority": "senior",
    "pay_from": 60000,
    "pay_currency": "EUR",
    "posted_since": _MOMENT,
    "new_since": _MOMENT,
    "seen_since": _MOMENT,
    "since": _MOMENT,
    "until": "2030-01-01T00:00:00Z",
    "from": _MOMENT,
    "to": "2026-12-01T00:00:00Z",
    "url": "https://jobs.example/1",
    "title": "Data engineer",
    "job_ids": "1,2",
    "company_ids": "1,2",
    "next_action_until": "2027-01-15",
    "status": "applied",
    "closed": False,
    "has_application": False,
    "open": True,
    "done": False,
    "dismissed": "hide",
    "tag": "dream",
    "sort": "pay",
    "limit": 20,
    "page": 2,
    "per_page": 50,
    "count": False,
    "snippets": True,
    "format": "csv",
    "with_text": True,
    "dry_run": True,
    "revoked": True,
    "collector": "hiringcafe",
    "days": 30,
    "timezone": "Europe/Berlin",
    "state": "failed,partial",
    "name": "hiringcafe",
    "site": "hiringcafe.com",
    "pool": "eu",
    "actor": "token:1",
    "action": "job.update",
    "target": "job:1",
    "If-Match": '"v1"',
    "If-None-Match": '"v1"',
    "Last-Event-ID": "120",
}
_OF_OPERATION: Final[Mapping[tuple[str, str], Any]] = {
    ("listEvents", "kind"): "interview",
    ("exportEvents", "kind"): "interview",
    ("listViews", "kind"): "jobs",
    ("listRuns", "search"): 1,
    ("exportRuns", "search"): 1,
    ("previewSearch", "count"): 5,
    ("previewSchedule", "cron"): "30 7 * * 1-5",
    ("previewSchedule", "every_s"): 21_600,
    ("previewSchedule", "timezone"): "Europe/Berlin",
    ("previewSchedule", "search"): 1,
    ("previewSchedule", "after"): _MOMENT,
    ("previewSchedule", "count"): 5,
    ("previewSearch", "after"): _MOMENT,
    ("listRunEvents", "after"): 120,
    ("listRunChanges", "after"): "42~120",
    ("listApplications", "sort"): "next_action",
    ("listApplications", "after"): "739585~42",
    ("listApplications", "before"): "739585~42",
    ("listCompanies", "after"): "example works",
    ("listEvents", "after"): "1795959000000000~42",
    ("listJobs", "after"): "1795959000000000~42",
    ("listJobs", "before"): "1795959000000000~42",
    ("deleteProxyPool", "name"): "eu",
    ("countJobs", "first"): 42,
}
_NUMBER: Final = 1
_MARK: Final = "42"


def of_parameter(operation: str, name: str) -> Any:
    """Return an example of an operation's parameter; raises KeyError where there is none."""
    known = _OF_OPERATION.get((operation, name), _PARAMETERS.get(name))
    if known is not None:
        return known
    if name == "Idempotency-Key":
        return f"{operation}-4f1c"
    if name in {"after", "before"}:
        return _MARK
    if name.endswith("_id") or name == "changed_by_run":
        return _NUMBER
    raise KeyError(f"{operation}: {name}")


PROBLEMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "400": {
        "type": "urn:jobtracker:problem:invalid-request",
        "title": "The request is not valid",
        "detail": "limit: Expected `int` <= 200",
        "errors": [{"field": "limit", "message": "Expected `int` <= 200"}],
    },
    "401": {
        "type": "urn:jobtracker:problem:unauthorized",
        "title": "Unauthorized",
        "detail": "The token is unknown, has expired or was revoked.",
    },
    "403": {
        "type": "urn:jobtracker:problem:forbidden",
        "title": "Forbidden",
        "detail": "This token does not allow jobs:write; it allows jobs:read.",
    },
    "404": {
        "type": "urn:jobtracker:problem:not-found",
        "title": "Not Found",
        "detail": "there is no job 404",
        "next": "List the jobs to see which there are.",
    },
    "409": {
        "type": "urn:jobtracker:problem:duplicate",
        "title": "Conflict",
        "detail": "application 3 for job 1 is still open (its status is applied)",
        "next": "Go on with application 3, or end it first.",
    },
    "412": {
        "type": "urn:jobtracker:problem:changed",
        "title": "Precondition Failed",
        "detail": "job 1 was changed: its version is 4, not 3",
        "next": "Read it again, and decide anew.",
    },
    "413": {
        "type": "urn:jobtracker:problem:request-entity-too-large",
        "title": "Request Entity Too Large",
    },
    "422": {
        "type": "urn:jobtracker:problem:key-reused",
        "title": "Unprocessable Entity",
        "detail": "the Idempotency-Key marks another request",
    },
    "429": {
        "type": "urn:jobtracker:problem:too-many-requests",
        "title": "Too Many Requests",
        "detail": "Too many requests; try again in 3 s.",
    },
    "503": {
        "type": "urn:jobtracker:problem:unavailable",
        "title": "Service Unavailable",
        "detail": "The database is busy.",
        "instance": "urn:uuid:0f0d3a52-4f4e-4a86-9d0e-0d2f6a3ac1c5",
        "next": "Try again in some seconds; the server's log has the cause under this instance.",
    },
}
"""What an error of a status looks like."""
