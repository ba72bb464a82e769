"""One app for many tests: to make one takes longer than a test's requests."""

from __future__ import annotations

from functools import cache
from typing import Any

from jobtracker_core.server.application import Application
from jobtracker_core.server.compose import create_app
from jobtracker_core.settings import Settings
from jobtracker_core.tracker import JobTracker


class Standing:
    """An app whose installation is exchanged from test to test."""

    def __init__(self, prefix: str) -> None:
        chosen = self

        class Current(JobTracker):
            def __init__(self) -> None:
                """Have nothing of its own."""

            def __getattribute__(self, name: str) -> Any:
                return getattr(chosen.tracker, name)

        self.tracker = JobTracker(Settings(plugins=()))
        self.app: Application = create_app(Current(), prefix=prefix)


@cache
def _standing(prefix: str) -> Standing:
    return Standing(prefix)


def app_of(tracker: JobTracker, prefix: str = "") -> Application:
    """Return an app of this installation, until another one asks.

    It is the app of all earlier tests of this process, with their metrics and their memory of
    pace, and without what plugins add to the server: tests of these make their own.
    """
    standing = _standing(prefix)
    standing.tracker = tracker
    return standing.app
