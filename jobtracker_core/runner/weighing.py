"""Whether a run that went well is to be believed, against what its search usually finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, structs

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.runner.execute import Result
from jobtracker_core.runner.inline import InlineHost
from jobtracker_core.runner.outcome import Outcome
from jobtracker_core.runner.session import Task
from jobtracker_core.runner.suspicion import suspicion
from jobtracker_core.storage import baselines, runs
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.endings import note_fill
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.runs import Run

_CAPPED: Final[tuple[ErrorClass, ...]] = ("page_limit", "empty")
"""Why a run is partial whose list was read as far as we or the site let anybody read it."""


class Weighed(Struct, frozen=True, kw_only=True):
    """How a run ends in the light of those before it.

    Attributes:
        fill: How many of the postings seen had each field; None where the run is not comparable:
            it did not read its list from the front to its end or its cap.
    """

    outcome: Outcome
    fill: Mapping[str, int] | None


def weigh(db: Database, run: Run, result: Result, host: InlineHost, *, from_front: bool) -> Weighed:
    """Return the outcome that a run ends with, and what later ones are compared with.

    `run` is its row as this attempt found it; `from_front` is False if it went on from where
    another one stopped. A run that was stopped or failed stays what it is, which is not silent.
    """
    outcome = result.outcome
    seen = runs.get(db, run.id).counts.seen - run.counts.seen + result.tail.seen
    read = not outcome.keep_cursor or outcome.error_class == "page_limit"
    fill = _fill(host, seen) if from_front and read and not run.counts.seen else None
    usual = _usual(db, run) if from_front else None
    capped = outcome.state is RunState.PARTIAL and outcome.error_class in _CAPPED
    if usual is None or not (outcome.state is RunState.SUCCEEDED or capped):
        return Weighed(outcome=outcome, fill=fill)
    if capped:
        # How many it found is the cap's doing, which may be another one than before.
        usual = structs.replace(usual, found=0)
    if fill is None or not host.delivered:
        # Nobody looked at the fields: only the number can be compared.
        usual = structs.replace(usual, fill={})
    doubt = suspicion(usual, found=seen, fill=fill or {})
    if doubt is not None:
        outcome = structs.replace(
            outcome, state=RunState.SUSPECT, error_class=None, message=doubt, keep_cursor=False
        )
    return Weighed(outcome=outcome, fill=fill)


def weigh_inline(
    db: Database, claim: Claim, task: Task, result: Result, host: InlineHost
) -> Result:
    """Do the same for a run of this process: return its result with the outcome to end with.

    What later ones are compared with is written here; raises LeaseLost.
    """
    began = structs.replace(runs.get(db, claim.run_id), counts=Counts())
    weighed = weigh(db, began, result, host, from_front=task.from_front)
    note_fill(db, claim, weighed.fill)
    return structs.replace(result, outcome=weighed.outcome)


def _fill(host: InlineHost, seen: int) -> Mapping[str, int]:
    # Nobody looked at what our own filters left out: it is taken to be like the rest.
    return {name: round(count * seen / host.delivered) for name, count in host.filled.items()}


def _usual(db: Database, run: Run) -> baselines.Baseline | None:
    if run.search_id is not None:
        return baselines.of_search(db, run.search_id, query_hash=run.query_hash)
    if run.query_hash is not None:
        return baselines.of_query(db, collector=run.collector, query_hash=run.query_hash)
    return None
