"""When a search would run that is not kept yet."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.schedule import ScheduleError

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_times_are_told_before_a_search_is_kept(tracker) -> None:
    ahead = tracker.searches.preview_schedule(
        cron="30 7 * * 1-5", timezone="Europe/Berlin", after=NOON, count=2
    )
    assert ahead.words == "every weekday at 07:30 (Europe/Berlin)"
    assert [one.local for one in ahead.upcoming] == [
        "Mon 2026-11-30 07:30 CET",
        "Tue 2026-12-01 07:30 CET",
    ]
    assert tracker.searches.preview_schedule().upcoming == ()
    assert tracker.searches.list() == ()


def test_what_is_no_schedule_names_its_field(tracker) -> None:
    with pytest.raises(FormError, match="not both"):
        tracker.searches.preview_schedule(cron="0 7 * * *", every_s=3600)
    with pytest.raises(FormError, match="every_s"):
        tracker.searches.preview_schedule(every_s=1)
    for wrong, field in (({"cron": "7"}, "cron"), ({"timezone": "Moon"}, "timezone")):
        with pytest.raises(ScheduleError) as refused:
            tracker.searches.preview_schedule(**wrong)
        assert refused.value.field == field
