"""What can be set of a search beside its name, collector and query: one form for every surface."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypedDict, cast

from msgspec import Meta, Struct, structs

from jobtracker_core.plugins import forms
from jobtracker_core.runner import schedule as schedules
from jobtracker_core.storage.queue import Limits
from jobtracker_core.storage.searches import Kind, Overlap, Schedule, Search

LONGEST_RUN_S = 86_400
"""No run may take longer: it holds a slot of its site, and a collector that hangs holds it too."""

_YEAR_S = 366 * 24 * 3600


Cron = Annotated[
    str,
    Meta(
        description="Run at these times: minute, hour, day, month, weekday, such as "
        "'30 7 * * 1-5'; or @daily and the like",
        max_length=200,
    ),
]
EveryS = Annotated[
    int, Meta(description="Run again and again, with so much time between", ge=60, le=_YEAR_S)
]
ZoneName = Annotated[
    str, Meta(description="The place whose clock the cron line goes by", max_length=100)
]
StaggerS = Annotated[
    int, Meta(description="Begin up to so long after each time, always as long", ge=0, le=86_400)
]
MisfireWindowS = Annotated[
    int, Meta(description="Not begun so long after its time, a run is missed", ge=1, le=_YEAR_S)
]
WhatOverlap = Annotated[
    Overlap, Meta(description="What to do at a time when the last run still goes on")
]
Priority = Annotated[int, Meta(description="Runs of lower numbers come first", ge=1, le=9)]
MaxAttempts = Annotated[
    int, Meta(description="Attempts at a run that fails of something passing", ge=1, le=20)
]
MemoryMb = Annotated[int, Meta(description="Megabytes of memory of a run", ge=256, le=1_048_576)]
RuntimeS = Annotated[
    int,
    Meta(
        description="Time from a run's start to its end, in place of the collector's own; a day "
        "at most",
        ge=1,
        le=LONGEST_RUN_S,
    ),
]
CpuS = Annotated[int, Meta(description="Processor time of a run", ge=1, le=86_400)]
Pages = Annotated[int, Meta(description="List pages of a run", ge=1, le=100_000)]
Requests = Annotated[int, Meta(description="Requests of a run", ge=1, le=10_000_000)]
PoolName = Annotated[
    str,
    Meta(description="Pool of proxies that its runs go through", min_length=1, max_length=100),
]


class SearchForm(Struct, frozen=True, kw_only=True):
    """The options of a search. The limits are those that a run can be held to.

    `forms.fields(SearchForm)` describes them for a command line, a schema or a page.
    """

    cron: Cron | None = None
    every_s: EveryS | None = None
    timezone: ZoneName = "UTC"
    stagger_s: StaggerS = 0
    misfire_window_s: MisfireWindowS = 3_600
    overlap: WhatOverlap = "skip"
    priority: Priority = 5
    max_attempts: MaxAttempts = 3
    memory_mb: MemoryMb | None = None
    runtime_s: RuntimeS | None = None
    cpu_s: CpuS | None = None
    pages: Pages | None = None
    requests: Requests | None = None
    proxy_pool: PoolName | None = None


class SearchOptions(TypedDict, total=False):
    """The same as arguments. What is missing stays as it is; None puts back what is usual.

    `cron` and `every_s` exclude each other: setting one takes the other away, and with neither a
    search runs only when it is started by hand.
    """

    cron: str | None
    every_s: int | None
    timezone: str | None
    stagger_s: int | None
    misfire_window_s: int | None
    overlap: Overlap | None
    priority: int | None
    max_attempts: int | None
    memory_mb: int | None
    runtime_s: int | None
    cpu_s: int | None
    pages: int | None
    requests: int | None
    proxy_pool: str | None


def read(given: Mapping[str, Any], before: Search | None = None) -> SearchForm:
    """Fill in the form, on top of what a search has; raises FormError naming each field."""
    if given.get("cron") is not None and given.get("every_s") is not None:
        raise forms.FormError({"cron": "a search goes by a cron line or by an interval, not both"})
    words = {} if before is None else words_of(before)
    if given.get("cron") is not None or given.get("every_s") is not None:
        words |= {"cron": None, "every_s": None}
    words |= given
    return forms.fill(SearchForm, {name: word for name, word in words.items() if word is not None})


def words_of(search: Search) -> dict[str, Any]:
    """Return what a search has of the form."""
    names = SearchForm.__struct_fields__
    found = structs.asdict(search) | structs.asdict(search.schedule) | structs.asdict(search.limits)
    return {name: found[name] for name in names}


def to_schedule(form: SearchForm, *, before: Schedule | None, now: datetime) -> Schedule:
    """Return the schedule that a form describes; raises ScheduleError if it cannot be used.

    Intervals are counted from the minute of `now`; one that is changed, from where it was before.
    """
    kind: Kind = "manual"
    anchor_at = None
    if form.cron is not None:
        kind = "cron"
    elif form.every_s is not None:
        kind = "interval"
        whole = now.replace(second=0, microsecond=0)
        anchor_at = whole if before is None or before.anchor_at is None else before.anchor_at
    schedule = Schedule(
        kind=kind,
        cron=form.cron,
        every_s=form.every_s,
        anchor_at=anchor_at,
        timezone=form.timezone,
        stagger_s=form.stagger_s,
        misfire_window_s=form.misfire_window_s,
    )
    schedules.validate(schedule)
    return schedule


def check_limits(limits: Limits, *, priority: int | None) -> None:
    """Raise FormError naming each number that is out of bounds."""
    given = structs.asdict(limits) | {"priority": priority}
    forms.fill(SearchForm, {name: value for name, value in given.items() if value is not None})


def to_limits(form: SearchForm) -> Limits:
    """Return the limits that a form sets."""
    found = cast("dict[str, int | None]", structs.asdict(form))
    return Limits(**{name: found[name] for name in Limits.__struct_fields__})
