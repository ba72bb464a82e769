"""The last runs as strips: one bar each, the newest at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.attention import Beat
from jobtracker_core.storage.runs import Run
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.collectors import CollectorStatus
from jobtracker_core.web.present import many, words

_SHOWN: Final = 30
ASKED: Final = _SHOWN + 2
"""Runs to read for a strip, so that it is full while some of them wait or go on."""

Kind = Literal["ok", "slow", "fail", "none"]

_KINDS: Final[dict[RunState, Kind]] = {
    RunState.SUCCEEDED: "ok",
    RunState.PARTIAL: "slow",
    RunState.SUSPECT: "slow",
    RunState.FAILED: "fail",
}
_ORDER: Final = ("broken", "paused", "cooling", "on")


class Strip(Struct, frozen=True, kw_only=True):
    """What a strip shows.

    Attributes:
        beats: The kind of each bar, and what is told of it.
        label: All of them in one sentence.
    """

    beats: tuple[tuple[Kind, str], ...]
    label: str


class RunStrip(Strip, frozen=True, kw_only=True):
    """The strip of some runs.

    Attributes:
        last: The newest run that has ended.
        going: The run that waits or goes on.
        wrong: The newest run that ended with an error, if it is shown.
    """

    last: Run | None
    going: Run | None
    wrong: Run | None


class CollectorStrip(Strip, frozen=True, kw_only=True):
    """The strip of a collector that is on.

    Attributes:
        state: `broken`, `paused`, `cooling` or `on`.
        trouble: What is wrong with it, in words.
    """

    name: str
    title: str
    state: str
    trouble: str | None


def strip_of_runs(runs: Sequence[Run]) -> RunStrip:
    """Make the strip of some runs, the newest first as they are listed."""
    ended = [run for run in runs if run.finished_at is not None][:_SHOWN]
    beats, label = _draw([_beat(run) for run in reversed(ended)])
    return RunStrip(
        beats=beats,
        label=label,
        last=ended[0] if ended else None,
        going=next((run for run in runs if run.finished_at is None), None),
        wrong=next((run for run in ended if run.error_message), None),
    )


def strips_of_collectors(tracker: JobTracker) -> tuple[CollectorStrip, ...]:
    """Return the strips of the collectors that are on, those in trouble first."""
    runs = {strip.collector: strip.beats for strip in tracker.today.strips()}
    shown = [
        _of_collector(status, runs.get(status.info.name, ()))
        for status in tracker.collectors.list()
        if status.enabled
    ]
    return tuple(sorted(shown, key=lambda strip: (_ORDER.index(strip.state), strip.title.lower())))


def _of_collector(status: CollectorStatus, ended: Sequence[Beat]) -> CollectorStrip:
    beats, label = _draw(ended)
    state, trouble = _state(status)
    return CollectorStrip(
        beats=beats,
        label=label,
        name=status.info.name,
        title=status.info.title,
        state=state,
        trouble=trouble,
    )


def _draw(ended: Sequence[Beat]) -> tuple[tuple[tuple[Kind, str], ...], str]:
    """Return the bars of runs that have ended, the oldest first, and all in one sentence."""
    good = sum(beat.state is RunState.SUCCEEDED for beat in ended)
    label = f"{good} of the last {many(len(ended), 'run')} succeeded"
    beats = tuple((_KINDS.get(beat.state, "none"), _told(beat)) for beat in ended)
    return beats, label if ended else "It has not run yet"


def _beat(run: Run) -> Beat:
    return Beat(
        id=run.id,
        state=run.state,
        started_at=run.started_at,
        finished_at=run.finished_at,
        seen=run.counts.seen,
        new=run.counts.new,
    )


def _told(beat: Beat) -> str:
    when = "" if beat.finished_at is None else f", {beat.finished_at:%Y-%m-%d %H:%M} UTC"
    found = f"{many(beat.seen, 'job')} seen, {beat.new:,} new"
    return f"Run {beat.id}{when}: {words(beat.state)}, {found}"


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
