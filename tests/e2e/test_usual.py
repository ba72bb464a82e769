"""What the same query usually finds holds for runs of the command line and of scripts, too."""

from __future__ import annotations

from jobtracker_core import RunState
from jobtracker_hiringcafe.practice import HiringCafeSite


def test_a_script_is_told_that_its_run_is_far_below_the_usual(
    site, open_tracker, quick_clock
) -> None:
    tracker = open_tracker(site.base_url, clock=quick_clock)
    for _ in range(3):
        assert tracker.collect("hiringcafe", {}).run.state is RunState.SUCCEEDED
    tracker.close()
    with HiringCafeSite(postings=3) as poor:
        tracker = open_tracker(poor.base_url, clock=quick_clock)
        run = tracker.collect("hiringcafe", {}).run
    assert run.state is RunState.SUSPECT
    assert run.error_message == "found only 3 where the last 3 good runs found 90 (median)"
