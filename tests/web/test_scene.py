"""The scene of the portal's tests and pictures has something of everything."""

from __future__ import annotations

from typing import get_args

from jobtracker_core.contract.run import RunState
from jobtracker_core.settings import Settings
from jobtracker_core.storage.applications import Status
from jobtracker_core.tracker import JobTracker
from scene import PLUGINS, build


def test_the_scene_has_something_of_everything(db_url: str) -> None:
    with JobTracker(Settings(database_url=db_url, plugins=PLUGINS)) as tracker:
        scene = build(tracker)
        pipeline = tracker.applications.pipeline()
        assert all(getattr(pipeline, status) for status in get_args(Status))
        assert {run.state for run in tracker.runs.list(limit=200)} == set(RunState)
        assert 200 <= tracker.jobs.count() <= 300
        assert tracker.jobs.get(scene.job).changes
        assert tracker.runs.attempts(scene.run)
        assert tracker.runs.events(scene.failed_run)
        assert len(tracker.sessions.list()) == 2
        assert tracker.calendar.ics(scene.feed).count("BEGIN:VEVENT") > 10
