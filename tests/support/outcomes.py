"""How runs end, in short."""

from __future__ import annotations

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import RunState
from jobtracker_core.runner.execute import Result


def ends(result: Result) -> tuple[RunState, ErrorClass | None]:
    """Return what a run came to, and why."""
    return result.outcome.state, result.outcome.error_class
