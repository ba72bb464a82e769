"""Whole lists as files for spreadsheets and programs: CSV, JSON, JSON lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream
from msgspec import Struct

from jobtracker_core.api import applications, events
from jobtracker_core.api.audit import OfAction, OfActor, OfTarget, SinceWhen, UntilWhen
from jobtracker_core.api.companies import CompanyText
from jobtracker_core.api.contacts import OfApplication, OfCompany
from jobtracker_core.api.job_filters import InOrder, read_filters
from jobtracker_core.api.operations import Operation, operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.runs import OfCollector, OfSearch, OfStates, read_states
from jobtracker_core.contract.access import Scope
from jobtracker_core.export import MEDIA_TYPES, Format, attach, encode, encode_rows
from jobtracker_core.storage.application_list import ApplicationFilters
from jobtracker_core.storage.applications import Application
from jobtracker_core.storage.audit_list import AuditEntry
from jobtracker_core.storage.companies import Company
from jobtracker_core.storage.contacts import Contact
from jobtracker_core.storage.dismissals import Dismissal
from jobtracker_core.storage.job_filters import Filters
from jobtracker_core.storage.runs import Run
from jobtracker_core.storage.searches import Search
from jobtracker_core.storage.timeline import Event, EventFilters
from jobtracker_core.tracker import JobTracker

AsFormat = Annotated[Format, QueryParameter(description="How it is written")]
"""Arguments have the parameter's own name: Litestar tells of a wrong value under that of the
argument."""


def attachment(name: str, kind: Format, pieces: Iterable[bytes]) -> Stream:
    """Answer with a file of that name, as it is read; see `export.attach`."""
    file = attach(name, kind, pieces)
    return Stream(file.pieces, media_type=file.media_type, headers=file.headers)


def export_operation(operation_id: str, summary: str, scope: Scope = Scope.JOBS_READ) -> Operation:
    """Describe an operation that answers with an `attachment`."""
    described = operation(
        operation_id,
        summary,
        description="All of them, whatever their number, with the filters of the list. In CSV no "
        "spreadsheet takes a cell for a formula: such a text begins with an apostrophe. It "
        "stands in the audit log.",
        scope=scope,
    )
    described["responses"] |= {
        200: ResponseSpec(
            data_container=str,
            description="The file; `Content-Disposition` has its name.",
            media_type=MEDIA_TYPES["csv"],
            generate_examples=False,
        )
    }
    return described


def _fields(kind: type[Struct]) -> tuple[str, ...]:
    return kind.__struct_fields__


@get("/jobs/export", **export_operation("exportJobs", "Export jobs"))
def export_jobs(
    tracker: NamedDependency[JobTracker],
    filters: NamedDependency[Filters],
    *,
    format: AsFormat = "csv",  # noqa: A002  (see AsFormat)
    sort: InOrder = "arrival",
    with_text: Annotated[
        bool,
        QueryParameter(description="Descriptions too: plain text in CSV, HTML in JSON"),
    ] = False,
) -> Stream:
    """Export jobs."""
    jobs = tracker.jobs.export(with_text=with_text, sort=sort, **filters)
    return attachment("jobs", format, encode(jobs, format, with_text=with_text))


@get("/companies/export", **export_operation("exportCompanies", "Export companies"))
def export_companies(
    tracker: NamedDependency[JobTracker],
    format: AsFormat = "csv",  # noqa: A002  (see AsFormat)
    search: CompanyText = None,
) -> Stream:
    """Export companies."""
    found = tracker.companies.export(text=search)
    return attachment("companies", format, encode_rows(found, _fields(Company), format))


@get("/searches/export", **export_operation("exportSearches", "Export searches"))
def export_searches(
    tracker: NamedDependency[JobTracker],
    format: AsFormat = "csv",  # noqa: A002  (see AsFormat)
    collector: OfCollector = None,
) -> Stream:
    """Export searches."""
    found = tracker.searches.export(collector=collector)
    return attachment("searches", format, encode_rows(found, _fields(Search), format))


@get("/runs/export", **export_operation("exportRuns", "Export runs"))
def export_runs(
    tracker: NamedDependency[JobTracker],
    format: AsFormat = "csv",  # noqa: A002  (see AsFormat)
    collector: OfCollector = None,
    search: OfSearch = None,
    states: OfStates = None,
) -> Stream:
    """Export runs."""
    found = tracker.runs.export(collector=collector, search_id=search, states=read_states(states))
    return attachment("runs", format, encode_rows(found, _fields(Run), format))


@get("/applications/export", **export_operation("exportApplications", "Export applications"))
def export_applications(
    tracker: NamedDependency[JobTracker],
    application_filters: NamedDependency[ApplicationFilters],
    *,
    format: AsFormat = "csv",  # noqa: A002  (see AsFormat)
) -> Stream:
    """Export applications."""
    found = tracker.applications.export(**application_filters)
    return attachment("applications", format, encode_rows(found, _fields(Application), format))


@get("/events/export", **export_operation("exportEvents", "Export events"))
def export_events(
    tracker: NamedDependency[JobTracker],
    event_filters: NamedDependency[EventFilters],
    *,
    format: AsFormat = "csv",  # noqa: A002  (see AsFormat)
) -> Stream:
    """Export events."""
    found = tracker.timeline.export(**event_filters)
    return attachment("events", format, encode_rows(found, _fields(Event), format))


@get("/contacts/export", **export_operation("exportContacts", "Export contacts"))
def export_contacts(
    tracker: NamedDependency[JobTracker],
    format: AsFormat = "csv",  # noqa: A002  (see AsFormat)
    company_id: OfCompany = None,
    application_id: OfApplication = None,
) -> Stream:
    """Export contacts."""
    found = tracker.contacts.export(company_id=company_id, application_id=application_id)
    return attachment("contacts", format, encode_rows(found, _fields(Contact), format))


@get("/dismissals/export", **export_operation("exportDismissals", "Export hidden jobs"))
def export_dismissals(
    tracker: NamedDependency[JobTracker],
    format: AsFormat = "csv",  # noqa: A002  (see AsFormat)
) -> Stream:
    """Export hidden jobs."""
    found = tracker.dismissals.export()
    return attachment("dismissals", format, encode_rows(found, _fields(Dismissal), format))


@get("/audit/export", **export_operation("exportAudit", "Export who changed what", Scope.ADMIN))
def export_audit(
    tracker: NamedDependency[JobTracker],
    format: AsFormat = "csv",  # noqa: A002  (see AsFormat)
    actor: OfActor = None,
    action: OfAction = None,
    target: OfTarget = None,
    since: SinceWhen = None,
    until: UntilWhen = None,
) -> Stream:
    """Export the audit log."""
    found = tracker.audit.export(
        actor=actor, action=action, target=target, since=since, until=until
    )
    return attachment("audit", format, encode_rows(found, _fields(AuditEntry), format))


def exports_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/",
        route_handlers=[
            *(export_jobs, export_companies, export_searches, export_runs),
            *(export_applications, export_events, export_contacts, export_dismissals),
            export_audit,
        ],
        dependencies={
            "filters": Provide(read_filters, sync_to_thread=False),
            "application_filters": Provide(applications.read_filters, sync_to_thread=False),
            "event_filters": Provide(events.read_filters, sync_to_thread=False),
        },
        guards=[refuse_unknown_parameters],
        tags=["exports"],
    )
