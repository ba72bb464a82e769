"""The last runs as a strip: one bar each, the newest at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.runs import Run
from jobtracker_core.web.present import many

SHOWN: Final = 30
ASKED: Final = SHOWN + 2
"""So that the strip is full while some runs wait or go on."""

Beat = Literal["ok", "slow", "fail", "none"]

KINDS: Final[dict[RunState, Beat]] = {
    RunState.SUCCEEDED: "ok",
    RunState.PARTIAL: "slow",
    RunState.SUSPECT: "slow",
    RunState.FAILED: "fail",
}


class Strip(Struct, frozen=True, kw_only=True):
    """What the strip shows.

    Attributes:
        beats: The kind of each bar, and what is told of it.
        label: The same in one sentence.
        last: The newest run that has ended.
        going: The run that waits or goes on.
        wrong: The newest run that ended with an error, if it is shown.
    """

    beats: tuple[tuple[Beat, str], ...]
    label: str
    last: Run | None
    going: Run | None
    wrong: Run | None


def strip(runs: Sequence[Run]) -> Strip:
    """Make the strip of some runs, the newest first as they are listed."""
    ended = [run for run in runs if run.finished_at is not None][:SHOWN]
    good = sum(run.state is RunState.SUCCEEDED for run in ended)
    label = f"{good} of the last {many(len(ended), 'run')} succeeded" if ended else "no run yet"
    return Strip(
        beats=tuple((KINDS.get(run.state, "none"), _told(run)) for run in reversed(ended)),
        label=label,
        last=ended[0] if ended else None,
        going=next((run for run in runs if run.finished_at is None), None),
        wrong=next((run for run in ended if run.error_message), None),
    )


def _told(run: Run) -> str:
    at = run.finished_at or run.scheduled_for
    return f"Run {run.id}, {at:%Y-%m-%d %H:%M} UTC: {run.state.value}, {run.counts.seen:,} found"
