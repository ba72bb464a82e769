"""`/welcome`: from nothing to the first jobs, step by step; each step can be left out."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Literal, get_args

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from msgspec import Struct

from jobtracker_core.plugins.forms import FormError, FormField
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.storage.errors import Duplicate
from jobtracker_core.storage.fields import Line, SourceName
from jobtracker_core.storage.runs import Run
from jobtracker_core.storage.searches import Search
from jobtracker_core.tracker import CollectorOff, JobTracker
from jobtracker_core.tracker.collector_reports import CollectorReport
from jobtracker_core.web import query, schema_form
from jobtracker_core.web.admin.collector_view import standing
from jobtracker_core.web.admin.collectors import follow, is_off
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.said import Said
from jobtracker_core.web.schema_form import QUERY, label_of

Step = Literal["collector", "policy", "search", "run", "triage"]
STEPS: Final[tuple[tuple[Step, str], ...]] = (
    ("collector", "Choose a site"),
    ("policy", "Turn it on"),
    ("search", "Say what to look for"),
    ("run", "Run it"),
    ("triage", "Look at the jobs"),
)
_GIVEN: Final[query.Words] = {"step": ("step", Line), "collector": ("collector", SourceName)}
_FEW: Final = ("text", "location", "remote", "posted_within_days")
_TIMES: Final = {
    "daily": ("Every morning at 07:00", "0 7 * * *"),
    "weekdays": ("On weekdays at 07:00", "0 7 * * 1-5"),
    "hours": ("Every six hours", "0 */6 * * *"),
    "manual": ("Only when I start it", None),
}


class State(Struct, frozen=True, kw_only=True):
    """How far somebody has come: read of what is there, so that it goes on anywhere, any time."""

    collectors: tuple[CollectorReport, ...]
    chosen: CollectorReport | None
    search: Search | None
    run: Run | None

    @property
    def step(self) -> Step:
        """The first step that is not done."""
        if self.run is not None and self.run.finished_at is not None:
            return "triage"
        if self.search is not None:
            return "run"
        if self.chosen is None:
            return "collector"
        return "search" if self.chosen.enabled else "policy"


def read_state(tracker: JobTracker, name: str | None = None) -> State:
    """Read how far it has come, with the collector of that name if one was chosen."""
    collectors = tuple(one for one in tracker.collectors.reports() if one.installed)
    usable = [one for one in collectors if one.unavailable is None]
    searches = sorted(tracker.searches.list(), key=lambda one: one.id)
    search = searches[0] if searches else None
    on = next((one for one in usable if one.enabled), None)
    chosen = next((one for one in usable if one.name == name), on)
    runs = [] if search is None else tracker.runs.list(search_id=search.id, limit=1)
    return State(collectors=collectors, chosen=chosen, search=search, run=runs[0] if runs else None)


@get("/welcome", sync_to_thread=True, include_in_schema=False)
def show_welcome(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show the step that is next, or the one that is asked for."""
    given = query.read(request.query_params, _GIVEN)
    wanted = given.get("step")
    known = get_args(Step)
    if wanted is not None and wanted not in known:
        raise ClientException(f"step takes one of: {', '.join(known)}.")
    state = read_state(tracker, given.get("collector"))
    step: Step = next((name for name, _ in STEPS if name == wanted), state.step)
    # A step that stands on nothing leads back to what it needs.
    if step in {"policy", "search"} and state.chosen is None:
        step = "collector"
    if step == "search" and state.chosen is not None and not state.chosen.enabled:
        step = "policy"
    if step == "run" and state.search is None:
        step = "search" if state.chosen is not None and state.chosen.enabled else "collector"
    return _page(request, tracker, pages, state, step)


@post("/welcome/on", sync_to_thread=True, status_code=303, include_in_schema=False)
def turn_on(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Turn the collector on whose policy note was shown."""
    name = form.text("collector")
    report = tracker.collectors.update(name, enabled=True)
    said = Said(text=f"{report.title or name} is on.")
    return pages.go(request, f"/welcome?step=search&collector={name}", said)


@post("/welcome/search", sync_to_thread=True, status_code=303, include_in_schema=False)
def add_search(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    prefs: NamedDependency[Preferences],
) -> Response[Any]:
    """Keep the first search, under a name made of what it looks for."""
    collector = form.text("collector")
    fields = _fields(tracker, collector)
    words = schema_form.read(fields, QUERY, form)
    if form.text("times") not in _TIMES:
        raise ClientException(f"times takes one of: {', '.join(_TIMES)}.")
    cron = _TIMES[form.text("times")][1]
    try:
        made = tracker.searches.add(
            _name(tracker, words, collector),
            collector,
            words,
            cron=cron,
            timezone=prefs.zone.key,
        )
    except (FormError, ScheduleError) as error:
        problems = error.problems if isinstance(error, FormError) else {"times": str(error)}
        state = read_state(tracker, collector)
        return _page(request, tracker, pages, state, "search", form=form, problems=problems)
    except Duplicate as error:
        state = read_state(tracker, collector)
        told = {"query.text": f"{error}"}
        return _page(request, tracker, pages, state, "search", form=form, problems=told)
    said = Said(text=f"{made.name} is saved.")
    return pages.go(request, "/welcome?step=run", said)


def _name(tracker: JobTracker, words: dict[str, Any], collector: str) -> str:
    """Return a name that no search has; one of digits alone would be a number."""
    told = " in ".join(str(words[name]) for name in ("text", "location") if words.get(name))
    name = " ".join(told.split())[:80] or f"All of {collector}"
    name = f"Search {name}" if name.isdecimal() else name
    taken = {one.name for one in tracker.searches.list()}
    return next(
        text
        for text in (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
        if text not in taken
    )


@post("/welcome/run", sync_to_thread=True, status_code=303, include_in_schema=False)
def run_first(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[Any]:
    """Start the first search, and lead to where it can be watched."""
    number = form.number("search") or 0
    try:
        made = tracker.searches.run(number)
    except CollectorOff as error:
        return pages.go(request, f"/welcome?step=policy&collector={error.name}", is_off(error))
    return follow(request, pages, made, "The run")


def _fields(tracker: JobTracker, collector: str) -> tuple[FormField, ...]:
    """Return the few words to begin with, and whatever else the site must be told."""
    fields = tracker.collectors.schema(collector).query_fields
    return tuple(field for field in fields if field.name in _FEW or field.required)


def _page(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    state: State,
    step: Step,
    *,
    form: Form | None = None,
    problems: dict[str, str] | None = None,
) -> Response[str]:
    chosen = state.chosen
    wrong = problems or {}
    fields: tuple[schema_form.SchemaField, ...] = ()
    if step == "search" and chosen is not None:
        known = _fields(tracker, chosen.name)
        values = {} if form is None else schema_form.typed(known, QUERY, form)
        filters = tracker.collectors.schema(chosen.name).filters
        [group, *more] = schema_form.query_groups(
            known, filters, chosen.title or chosen.name, values, wrong
        )
        fields = (*group.fields, *(one for other in more for one in other.fields))
    now = datetime.now(UTC)
    order = [name for name, _ in STEPS]
    return pages.render(
        request,
        "welcome.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        state=state,
        step=step,
        steps=STEPS,
        done=order.index(state.step),
        here=order.index(step),
        choices=[(one, standing(one, now)) for one in state.collectors],
        broken=[plugin for plugin in tracker.registry.plugins if plugin.status == "broken"],
        fields=fields,
        times=tuple((name, text) for name, (text, _) in _TIMES.items()),
        chosen_times="daily" if form is None else form.text("times"),
        problems=wrong,
        labels={name: label_of(name.removeprefix(QUERY)) for name in wrong},
        workers=len(tracker.workers.list()),
    )


HANDLERS = (show_welcome, turn_on, add_search, run_first)
