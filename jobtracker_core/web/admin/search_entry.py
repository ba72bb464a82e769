"""What the form of a search holds: read from a request, made of a search, shown again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, TypedDict, cast

from msgspec import Struct

from jobtracker_core.plugins import forms
from jobtracker_core.plugins.forms import FormError, FormField
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.storage.searches import Search
from jobtracker_core.tracker.collector_reports import CollectorSchema
from jobtracker_core.tracker.searches import SearchForm, SearchOptions
from jobtracker_core.web import schema_form
from jobtracker_core.web.admin.search_view import options_of
from jobtracker_core.web.form import Form
from jobtracker_core.web.schema_form import QUERY, Group

Kind = Literal["manual", "interval", "cron"]
KINDS: Final[tuple[tuple[Kind, str], ...]] = (
    ("cron", "At set times"),
    ("interval", "Again and again"),
    ("manual", "Only when I start it"),
)
PRESETS: Final = (
    ("0 7 * * *", "Every day at 07:00"),
    ("30 7 * * 1-5", "Weekdays at 07:30"),
    ("0 7,19 * * *", "At 07:00 and 19:00"),
    ("0 */6 * * *", "Every six hours"),
    ("0 8 * * 1", "Mondays at 08:00"),
)
_SCHEDULE: Final = ("cron", "every_s", "timezone")
_TIMING: Final = ("stagger_s", "misfire_window_s", "overlap", "priority", "max_attempts")
_LABELS: Final = {
    "cron": "Cron line",
    "every_s": "Every",
    "timezone": "Time zone",
    "stagger_s": "Spread starts over",
    "misfire_window_s": "Missed after",
    "overlap": "If the last run still goes on",
    "max_attempts": "Attempts",
    "memory_mb": "Memory (MB)",
    "runtime_s": "Time",
    "cpu_s": "Processor time",
    "proxy_pool": "Proxy pool",
}


@lru_cache(maxsize=1)
def option_fields() -> dict[str, FormField]:
    """Return the options of a search as fields of a form."""
    return {field.name: field for field in forms.fields(SearchForm)}


class Entry(Struct, frozen=True, kw_only=True):
    """The form of a search.

    Attributes:
        query: Its words as they are stored or were typed, `options` the same.
        version: Of the search that is edited; None for a new one.
    """

    name: str = ""
    collector: str = ""
    kind: Kind = "manual"
    query: Mapping[str, Any] = {}
    options: Mapping[str, Any] = {}
    version: int | None = None


def of_search(search: Search) -> Entry:
    """Make the form of a stored search."""
    return Entry(
        name=search.name,
        collector=search.collector,
        kind=search.schedule.kind,
        query=search.query,
        options=options_of(search),
        version=search.version,
    )


def new(collector: str, zone: str) -> Entry:
    """Make an empty form; a search goes by the clock of whoever makes it."""
    options = {"cron": PRESETS[0][0], "timezone": zone}
    return Entry(collector=collector, kind="cron", options=options)


def typed(schema: CollectorSchema, form: Form) -> Entry:
    """Make a form of what was typed into it."""
    return Entry(
        name=form.text("name"),
        collector=schema.name,
        kind=read_kind(form.text("kind")),
        query=schema_form.typed(schema.query_fields, QUERY, form),
        options=schema_form.typed(option_fields().values(), "", form),
        version=form.version(),
    )


def read_kind(text: str) -> Kind:
    """Return the kind of a schedule; raises FormError."""
    for kind, _ in KINDS:
        if kind == text:
            return kind
    raise FormError({"kind": "takes one of " + ", ".join(dict(KINDS))})


def read_query(schema: CollectorSchema, form: Form) -> dict[str, Any]:
    """Return the query that a form asks for."""
    return schema_form.read(schema.query_fields, QUERY, form)


def read_options(form: Form) -> SearchOptions:
    """Return the options that a form sets, all of them: what is empty is as usual.

    Raises FormError if the schedule that was chosen is not filled in.
    """
    kind = read_kind(form.text("kind"))
    given = schema_form.read(option_fields().values(), "", form)
    options: dict[str, Any] = {name: given.get(name) for name in option_fields()}
    if kind != "cron":
        options["cron"] = None
    if kind != "interval":
        options["every_s"] = None
    wanted = {"cron": "cron", "interval": "every_s"}.get(kind)
    if wanted is not None and options[wanted] is None:
        told = "say at which times" if kind == "cron" else "say how often"
        raise FormError({wanted: told})
    return cast("SearchOptions", options)


def options_in(form: Form) -> dict[str, Any]:
    """Return what of a form is the schedule, as it was typed."""
    fields = [option_fields()[name] for name in _SCHEDULE]
    return schema_form.typed(fields, "", form)


class Chosen(TypedDict):
    """The schedule that a form asks for, as the facade previews it."""

    cron: str | None
    every_s: int | None
    timezone: str


def schedule_of(kind: Kind, options: Mapping[str, Any]) -> Chosen:
    """Return the schedule of a form's options, stored or typed; raises FormError."""
    every: Any = options.get("every_s")
    if "every_s.unit" in options:
        every = schema_form.seconds(str(every), str(options["every_s.unit"]))
    cron = options.get("cron") or None
    if kind == "cron" and cron is None:
        raise FormError({"cron": "say at which times"})
    if kind == "interval" and not every:
        raise FormError({"every_s": "say how often"})
    return Chosen(
        cron=cron if kind == "cron" else None,
        every_s=every if kind == "interval" else None,
        timezone=options.get("timezone") or "UTC",
    )


def problems_of(error: FormError | ScheduleError) -> dict[str, str]:
    """Return what is wrong by fields of the form."""
    if isinstance(error, ScheduleError):
        return {error.field: f"{error.message}. {error.hint}"}
    return dict(error.problems)


def option_groups(
    entry: Entry, problems: Mapping[str, str], pools: tuple[str, ...]
) -> dict[str, Group]:
    """Make the fields of a search's options: `schedule`, `timing` and `limits`."""

    def group(title: str, names: tuple[str, ...]) -> Group:
        found = []
        for name in names:
            field = option_fields()[name]
            if name == "proxy_pool":
                chosen = entry.options.get(name)
                known = (*pools, *([chosen] if chosen and chosen not in pools else []))
                field = forms.FormField(
                    name=name, kind="choice", description=field.description, choices=known
                )
            made = schema_form.describe(field, "", entry.options, problems)
            found.append(schema_form.named(made, _LABELS.get(name)))
        return Group(title=title, fields=tuple(found))

    rest = tuple(name for name in option_fields() if name not in (*_SCHEDULE, *_TIMING))
    return {
        "schedule": group("When", _SCHEDULE),
        "timing": group("Timing", _TIMING),
        "limits": group("Limits of a run", rest),
    }
