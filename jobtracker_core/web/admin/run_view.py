"""A run in words: how far it is, what it waits for, how it ended and what to do then. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import Counts, FilterUse, RunState
from jobtracker_core.storage.events import Event
from jobtracker_core.storage.runs import Run
from jobtracker_core.web.present import duration, many

_LEAST_DONE: Final = 0.02
"""Of a run, before anything is said of how long the rest will take."""

_PROCESS: Final = 3
_SOON: Final = timedelta(seconds=5)
_LATE: Final = timedelta(days=2)

NEXT: Final[Mapping[ErrorClass, str]] = {
    "network": "The site could not be reached. Mostly that passes: run it again later.",
    "dns": "The site's name could not be looked up: see whether this machine is online.",
    "tls": "The connection was not safe: see whether this machine's clock is right.",
    "timeout": "The site did not answer in time. Mostly that passes: run it again later.",
    "proxy": "A proxy failed: test the proxies of its pool.",
    "http_4xx": "The site refused a request: see whether a newer version of the plugin is there.",
    "http_429": "The site asks for fewer requests: lower the rate, or leave it alone for a while.",
    "http_5xx": "The site has trouble of its own: run it again later.",
    "blocked": "The site takes this for a robot: lower the rate, and wait before the next run.",
    "parse": "The site looks different from what the plugin knows: update the plugin.",
    "decode": "The site's answer could not be read: update the plugin if it happens again.",
    "empty": "The site showed nothing where there should be something: look at it in a browser.",
    "validation": "The query does not fit the collector: edit the search.",
    "config": "Something is not set up: look at the collector's settings.",
    "auth": "The site wants to know who asks: look at the collector's settings.",
    "plugin_import": "The plugin cannot be loaded: look at the plugins, and install it again.",
    "memory_limit": "It needed more memory than it may have: raise the limit of the search.",
    "cpu_limit": "It computed for longer than it may: raise the limit of the search.",
    "runtime_limit": "It took longer than it may: raise its time, or ask for fewer postings.",
    "page_limit": "It read as many pages as it may: raise the limit, or let the next run go on.",
    "request_limit": "It sent as many requests as it may: raise the limit, or let the next go on.",
    "lease_lost": "Its worker was too slow or gone: another one takes it up.",
}
"""What to do about the causes that a person can do something about."""

_TRIGGERS: Final = {
    "manual": "started by hand",
    "schedule": "by its schedule",
    "api": "read elsewhere and sent in",
    "retry": "run again",
    "probe": "a probe",
    "recheck": "a second look at known jobs",
    "backfill": "a replay of recordings",
}


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run is.

    Attributes:
        done, total: Of `unit`; the total is None where nobody knows it.
        left: About how long it still takes, in words; "" where that cannot be said.
    """

    label: str
    unit: str
    done: int
    total: int | None
    left: str


class Counter(Struct, frozen=True, kw_only=True):
    """One number of a run, with its name and what it means."""

    label: str
    value: int
    note: str = ""


class FilterShown(Struct, frozen=True, kw_only=True):
    """What became of one word of a query."""

    word: str
    value: str
    told: str


class EventShown(Struct, frozen=True, kw_only=True):
    """One line of a run's story."""

    id: int
    at: datetime
    level: str
    kind: str
    words: str
    facts: str


def progress(run: Run, events: Iterable[Event], now: datetime) -> Progress:
    """Say how far a run is; `events` are those that say how much there is to do."""
    expected = {str(one.data.get("phase")): one for one in events if one.kind == "expects"}
    counts = run.counts
    details = expected.get("details")
    total: int | None
    if details is not None and counts.details + counts.details_failed:
        done, total = counts.details + counts.details_failed, int(details.data["total"])
        label, unit, began = "Reading the jobs' own pages", "pages", details.at
    else:
        announced = expected.get("list")
        bounds = [None if announced is None else announced.data["total"], run.query.get("limit")]
        known = [one for one in bounds if isinstance(one, int)]
        done, total = counts.seen, min(known) if known else None
        label, unit, began = "Reading the list", "postings", run.claimed_at or now
    if total is not None:
        # Sites announce more than they show, and show more than they announced.
        total = max(total, done)
    left = "" if total is None else _left(now - began, done, total)
    return Progress(label=label, unit=unit, done=done, total=total, left=left)


def _left(took: timedelta, done: int, total: int) -> str:
    if done < total * _LEAST_DONE or not done:
        return ""
    rest = took * ((total - done) / done)
    return f"about {duration(rest.total_seconds())} left" if _SOON < rest < _LATE else ""


def counters(counts: Counts) -> tuple[Counter, ...]:
    """Return the numbers that people look for first; the rest only where there is something."""
    always = [
        Counter(label="Found", value=counts.seen, note=many(counts.pages, "page")),
        Counter(label="New", value=counts.new),
        Counter(label="Changed", value=counts.changed),
        Counter(label="Already known", value=counts.unchanged),
    ]
    sometimes = [
        Counter(label="Requests", value=counts.http_requests),
        Counter(label="Left out", value=counts.filtered, note="not what was asked for"),
        Counter(label="Unreadable", value=counts.rejected, note="told below"),
        Counter(
            label="Details read",
            value=counts.details,
            note=f"{counts.details_failed:,} failed" if counts.details_failed else "",
        ),
    ]
    return (*always, *(one for one in sometimes if one.value or one.note.endswith("failed")))


def trigger(run: Run, names: Mapping[str, str]) -> str:
    """Say why a run was made, and by whom if `names` has the label of whoever asked for it."""
    who = names.get(run.requested_by or "") if run.trigger in {"manual", "api"} else None
    by = f" by {who}" if who else ""
    return f"{_TRIGGERS.get(run.trigger, run.trigger)}{by}"


def took(run: Run, now: datetime) -> str:
    """Say how long a run took, or how long it has been going on."""
    if run.started_at is None:
        return ""
    return duration(((run.finished_at or now) - run.started_at).total_seconds())


def ending(run: Run) -> tuple[str, str] | None:
    """Return why a run ended as it did, and what to do; None where all is well."""
    if run.finished_at is None or run.state in {RunState.SUCCEEDED, RunState.CANCELLED}:
        return None
    if run.state is RunState.MISSED:
        return "It did not begin in time.", "See that a worker runs, and start it by hand."
    step = NEXT.get(run.error_class, "") if run.error_class else ""
    if run.state is RunState.SUSPECT:
        step = (
            "Nothing was closed because of it. Look at the site in a browser: if it is right "
            "after all, say so, and later runs are compared with this one."
        )
    return run.error_message or "Nobody said why.", step


def filters(uses: Sequence[FilterUse], query: Mapping[str, Any]) -> tuple[FilterShown, ...]:
    """Say what became of each word of a query; before the end, only what was asked."""
    if not uses:
        return tuple(
            FilterShown(word=word, value=_value(value), told="") for word, value in query.items()
        )
    return tuple(
        FilterShown(word=use.word, value=_value(query.get(use.word)), told=_applied(use))
        for use in uses
    )


def _applied(use: FilterUse) -> str:
    said = {
        "native": "the site applied it",
        "after": "applied here to what the site showed",
        "ignored": "not applied: this site cannot",
    }[use.support]
    parts = [said]
    parts += [f"{use.removed:,} left out"] if use.removed else []
    parts += [f"{use.unknown:,} kept that do not say"] if use.unknown else []
    parts += [use.note] if use.note else []
    return "; ".join(parts)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def story(events: Iterable[Event]) -> tuple[EventShown, ...]:
    """Put the lines of a run's story into words."""
    shown = []
    for event in events:
        words, facts = _told(event)
        shown.append(
            EventShown(
                id=event.id,
                at=event.at,
                level=event.level,
                kind=event.kind,
                words=words,
                facts=facts,
            )
        )
    return tuple(shown)


def _told(event: Event) -> tuple[str, str]:
    data = event.data
    if event.kind == "expects":
        what = "own page" if data.get("phase") == "details" else "posting"
        return f"{many(int(data.get('total', 0)), what)} to read", ""
    if event.kind == "started":
        again = ", from where the last attempt ended" if data.get("goes_on") else ""
        return "Started", f"attempt {data.get('attempt', 1)}{again}"
    said = [str(data["message"])] if data.get("message") else []
    said += [
        _fact(name, value)
        for name, value in sorted(data.items())
        if name != "message" and value not in (None, "", [], {})
    ]
    return event.kind.replace("_", " ").capitalize(), ", ".join(said)


def _fact(name: str, value: object) -> str:
    # Such names end in their unit.
    if name.endswith("_s"):
        return f"{name[:-2].replace('_', ' ')} {_value(value)} s"
    return f"{name.replace('_', ' ')} {_value(value)}"


def worker(worker_id: str) -> str:
    """Return a worker's machine and process, which is what people know it by."""
    parts = worker_id.split(":")
    return f"{parts[0]}, process {parts[3]}" if len(parts) > _PROCESS else worker_id


def line(event: Event) -> str:
    """Return an event as a line of a log."""
    told = " ".join(f"{name}={_value(value)!r}" for name, value in sorted(event.data.items()))
    return f"{event.at:%Y-%m-%dT%H:%M:%SZ} {event.level} {event.kind} {told}".rstrip()
