"""Collectors that are on: what is wrong with each, and its last runs as a strip shows them."""

from __future__ import annotations

from msgspec import Struct

from jobtracker_core.storage.attention import Strip
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.collectors import CollectorStatus
from jobtracker_core.web import present
from jobtracker_core.web.admin.beats import KINDS


class CollectorStrip(Struct, frozen=True, kw_only=True):
    """A collector that is on: what is wrong with it, and its last runs as a strip shows them.

    Attributes:
        state: `broken`, `paused`, `cooling` or `on`.
        trouble: What is wrong, in words.
        beats: (kind, what is told of it) of each run, the oldest first.
        label: All of them in one sentence.
    """

    name: str
    title: str
    state: str
    trouble: str | None
    beats: tuple[tuple[str, str], ...]
    label: str


def strips_of(tracker: JobTracker) -> tuple[CollectorStrip, ...]:
    """Return the collectors that are on, those in trouble first."""
    runs = {strip.collector: strip for strip in tracker.today.strips()}
    shown = [
        _strip(status, runs.get(status.info.name))
        for status in tracker.collectors.list()
        if status.enabled
    ]
    order = ("broken", "paused", "cooling", "on")
    return tuple(sorted(shown, key=lambda strip: (order.index(strip.state), strip.title.lower())))


def _strip(status: CollectorStatus, strip: Strip | None) -> CollectorStrip:
    beats = () if strip is None else strip.beats
    good = sum(beat.state == "succeeded" for beat in beats)
    label = f"{good} of the last {present.many(len(beats), 'run')} succeeded"
    told = []
    for beat in beats:
        when = "" if beat.finished_at is None else f"{beat.finished_at:%Y-%m-%d %H:%M} UTC: "
        found = f"{present.many(beat.seen, 'job')} seen, {beat.new:,} new"
        told.append((KINDS.get(beat.state, "none"), f"{when}{present.words(beat.state)}, {found}"))
    state, trouble = _state(status)
    return CollectorStrip(
        name=status.info.name,
        title=status.info.title,
        state=state,
        trouble=trouble,
        beats=tuple(told),
        label=label if beats else "It has not run yet",
    )


def _state(status: CollectorStatus) -> tuple[str, str | None]:
    if status.unavailable is not None:
        return "broken", f"It cannot be used on this machine: {status.unavailable}."
    if status.rate is None:
        return "broken", "Its settings cannot be read."
    if status.paused is not None:
        return "paused", f"Paused: {status.paused}"
    if status.cooling_until is not None:
        return "cooling", "Its site asked for quiet and is left alone for a while."
    return "on", None
