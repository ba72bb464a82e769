"""Board for JobTracker."""

from __future__ import annotations

from jobtracker_board.collector import Board
from jobtracker_core import hookimpl

__all__ = ["Board", "jobtracker_collectors"]


@hookimpl
def jobtracker_collectors() -> list[type[Board]]:
    """Return this plugin's collectors."""
    return [Board]
