"""Whole runs: a practice site, the real client, a real database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobtracker_core import RunState
from jobtracker_core.http.address import is_secret
from jobtracker_indeed.facts import Facts
from jobtracker_indeed.practice import IndeedSite


def test_three_runs_find_new_then_nothing_then_what_changed(
    site: IndeedSite, open_tracker: Any
) -> None:
    tracker = open_tracker(site.base_url)
    first = tracker.collect("indeed", {})
    assert first.run.state is RunState.SUCCEEDED, first.run.error_message
    assert first.run.end_confirmed
    counts = first.run.counts
    assert (counts.new, counts.pages, counts.rejected, counts.details) == (330, 4, 0, 0)
    second = tracker.collect("indeed", {}).run.counts
    assert (second.new, second.changed, second.unchanged) == (0, 0, 330)
    changed = set(site.change(10))
    third = tracker.collect("indeed", {}).run
    assert (third.counts.new, third.counts.changed) == (0, 10)
    changes = tracker.jobs.changes(run_id=third.id)
    assert {tracker.jobs.get(each.job_id).job.source_id for each in changes} == changed


def test_every_stored_job_is_whole(site: IndeedSite, open_tracker: Any) -> None:
    tracker = open_tracker(site.base_url)
    tracker.collect("indeed", {})
    jobs = tracker.jobs.search(limit=400).items
    assert len(jobs) == 330
    assert all(job.title and job.place and job.posted_at for job in jobs)
    details = [tracker.jobs.get(job.id) for job in jobs]
    assert all(detail.description for detail in details)
    held = "".join(f"{detail.description} {detail.raw}" for detail in details)
    assert "jobs@" not in held
    assert "<script" not in "".join(detail.description for detail in details)


def test_filters_are_reported_as_the_sites_own(site: IndeedSite, open_tracker: Any) -> None:
    query = {"text": "engineer", "remote": ["hybrid"], "posted_within_days": 60}
    run = open_tracker(site.base_url).collect("indeed", query).run
    assert run.state is RunState.SUCCEEDED
    assert 0 < run.counts.new < 60
    assert run.counts.filtered == 0


def test_an_empty_search_is_believed_after_the_canary(site: IndeedSite, open_tracker: Any) -> None:
    run = open_tracker(site.base_url).collect("indeed", {"text": "alchemist"}).run
    assert (run.state, run.counts.seen) == (RunState.SUCCEEDED, 0)
    canary = json.loads(site.requests[-1].body)["query"]
    assert 'what: "engineer"' in canary
    assert "limit: 10" in canary
    assert site.count() == 2


def test_a_site_that_finds_nothing_at_all_is_not_believed(
    site: IndeedSite, open_tracker: Any
) -> None:
    site.fail("empty_last")
    run = open_tracker(site.base_url).collect("indeed", {"text": "alchemist"}).run
    assert (run.state, run.error_class) == (RunState.PARTIAL, "blocked")


@pytest.mark.parametrize("fault", ["bad_input", "unauthenticated", "no_data", "drift"])
def test_errors_in_place_of_data_are_never_no_jobs(
    site: IndeedSite, open_tracker: Any, fault: str
) -> None:
    site.fail(fault)
    run = open_tracker(site.base_url).collect("indeed", {}).run
    assert run.state is RunState.FAILED
    assert run.error_class == ("auth" if fault == "unauthenticated" else "parse")


def test_endless_paging_ends(site: IndeedSite, open_tracker: Any) -> None:
    site.fail("endless")
    run = open_tracker(site.base_url).collect("indeed", {}).run
    assert (run.state, run.end_confirmed, run.counts.new) == (RunState.SUCCEEDED, False, 330)


def test_a_limited_run_is_continued_from_its_cursor(site: IndeedSite, open_tracker: Any) -> None:
    tracker = open_tracker(site.base_url)
    site.fail("rate_limit", after=2, times=1)
    first = tracker.collect("indeed", {}).run
    assert (first.state, first.error_class) == (RunState.PARTIAL, "http_429")
    assert first.counts.new == 199
    second = tracker.collect("indeed", {}).run
    assert (second.state, second.counts.new) == (RunState.SUCCEEDED, 131)
    # The front, which is known, and then the pages from the cursor on.
    assert second.counts.pages == 3


def test_a_kept_cursor_that_expired_costs_a_read_from_the_front(
    site: IndeedSite, open_tracker: Any
) -> None:
    tracker = open_tracker(site.base_url)
    site.fail("rate_limit", after=2, times=1)
    tracker.collect("indeed", {})
    site.fail("expired_cursor", after=1, times=1)
    second = tracker.collect("indeed", {}).run
    assert (second.state, second.counts.new, second.end_confirmed) == (
        RunState.SUCCEEDED,
        131,
        True,
    )
    assert second.counts.pages == 5


def test_no_key_and_no_mark_of_the_visit_is_in_a_capture(
    site: IndeedSite, open_tracker: Any, known: Facts, tmp_path: Path
) -> None:
    tracker = open_tracker(site.base_url)
    run = tracker.collect("indeed", {"text": "data"}, record=tmp_path / "capture").run
    assert run.counts.new > 10
    written = "".join(file.read_text() for file in (tmp_path / "capture").iterdir())
    assert '"data"' in written
    assert known.headers["indeed-api-key"] not in written
    assert "indeed-api-key" not in written
    # And it goes to no other host along with a redirect.
    assert is_secret("indeed-api-key")
    assert "jobs@" not in written
    compared = tracker.compare(tracker.replay(run.id))
    assert compared.empty
    assert compared.unchanged == run.counts.new
