"""Is the plugin right? The core's own checks, one test each."""

from __future__ import annotations

from jobtracker_board import Board
from jobtracker_board.practice import BoardSite
from jobtracker_core.testing import CollectorContract


class TestContract(CollectorContract):
    """Runs on the practice site."""

    collector = Board
    site = BoardSite
    query = {"text": "engineer"}
