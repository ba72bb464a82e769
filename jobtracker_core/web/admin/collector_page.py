"""`/admin/collectors/{name}`: one collector in full, and its settings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from jobtracker_core.plugins.forms import FormError, FormField
from jobtracker_core.storage.errors import Stale
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.collector_reports import CollectorReport, CollectorSchema
from jobtracker_core.web import query, schema_form
from jobtracker_core.web.admin.collector_view import (
    abilities,
    setting_note,
    standing,
    who_set,
)
from jobtracker_core.web.form import Form, status_of
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said
from jobtracker_core.web.schema_form import SETTINGS, SchemaField, label_of
from jobtracker_core.web.strips import ASKED, strip_of_runs
from jobtracker_core.web.view import curl

_RECENT: Final = 8


@get("/admin/collectors/{name:str}", sync_to_thread=True, include_in_schema=False)
def show_collector(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show one collector."""
    query.read(request.query_params, {})
    return _page(request, tracker, pages, tracker.collectors.report(name))


@post(
    "/admin/collectors/{name:str}/settings",
    sync_to_thread=True,
    status_code=303,
    include_in_schema=False,
)
def save_settings(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Set a collector up; an empty field leaves a setting to the file, the environment or us."""
    schema = tracker.collectors.schema(name)
    given = _given(schema, form)
    try:
        tracker.collectors.update(name, settings=given, expected_version=form.version())
    except FormError as error:
        report = tracker.collectors.report(name)
        return _page(request, tracker, pages, report, form=form, problems=error.problems)
    except Stale:
        report = tracker.collectors.report(name)
        theirs = _theirs(report, given)
        return _page(request, tracker, pages, report, form=form, theirs=theirs)
    return pages.go(
        request,
        f"/admin/collectors/{name}",
        Said(text="The settings are saved. They hold from the next run on."),
    )


def _given(schema: CollectorSchema, form: Form) -> dict[str, Any]:
    read = schema_form.read(schema.settings_fields, SETTINGS, form)
    given: dict[str, Any] = {}
    for field in schema.settings_fields:
        control = f"{SETTINGS}{field.name}"
        if field.name in read:
            given[field.name] = read[field.name]
        elif not schema_form.is_secret_setting(field.name) or form.flag(f"{control}.remove"):
            given[field.name] = None
    return given


def _theirs(report: CollectorReport, given: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (label_of(status.name), "" if status.stored is None else str(status.stored))
        for status in report.settings
        if status.name in given
        and not schema_form.is_secret_setting(status.name)
        and str(status.stored) != str(given[status.name])
    ]


def _page(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    report: CollectorReport,
    *,
    form: Form | None = None,
    problems: dict[str, str] | None = None,
    theirs: list[tuple[str, str]] | None = None,
) -> Response[str]:
    name, root = report.name, pages.root(request)
    schema = tracker.collectors.schema(name) if report.installed else None
    runs = tracker.runs.list(collector=name, limit=ASKED)
    return pages.render(
        request,
        "admin/collector.html",
        status=status_of(problems, theirs),
        section="collectors",
        report=report,
        standing=standing(report, datetime.now(UTC)),
        strip=strip_of_runs(runs),
        runs=runs[:_RECENT],
        searches=tracker.searches.list(collector=name),
        schema=schema,
        settings=() if schema is None else _settings(report, schema, form, problems or {}),
        set_by=[(status, who_set(status)) for status in report.settings],
        abilities="" if schema is None else abilities(schema.features),
        label_of=label_of,
        problems=problems or {},
        theirs=theirs,
        curl=curl(f"{root}/api/v1/collectors/{name}"),
        command_line=f"jobtracker collectors {'disable' if report.enabled else 'enable'} {name}",
    )


def _settings(
    report: CollectorReport,
    schema: CollectorSchema,
    form: Form | None,
    problems: dict[str, str],
) -> tuple[SchemaField, ...]:
    held = {status.name: status for status in report.settings}
    values = {name: status.stored for name, status in held.items()}
    if form is not None:
        values |= schema_form.typed(schema.settings_fields, SETTINGS, form)

    def made(field: FormField) -> SchemaField:
        note = setting_note(held[field.name]) if field.name in held else ""
        return schema_form.describe(
            schema_form.unset(field), SETTINGS, values, problems, note=note, weak=bool(note)
        )

    return tuple(made(field) for field in schema.settings_fields)


HANDLERS = (show_collector, save_settings)
