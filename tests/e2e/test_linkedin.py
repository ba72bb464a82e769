"""LinkedIn from its answers to stored jobs, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobtracker_core import JobTracker, RunState, Settings
from jobtracker_core.storage.tables import metadata
from jobtracker_linkedin.invented import RECRUITERS
from jobtracker_linkedin.practice import LinkedInSite

LIST = "/jobs-guest/jobs/api/seeMoreJobPostings/search"
DETAIL = "/jobs-guest/jobs/api/jobPosting/*"


@pytest.fixture
def site() -> Iterator[LinkedInSite]:
    """A practice site with four full pages and a short one."""
    with LinkedInSite(postings=45) as site:
        yield site


@pytest.fixture
def tracker(site, db_url: str, tmp_path: Path, quick_clock) -> Iterator[JobTracker]:
    """An installation whose LinkedIn is the practice site."""
    settings = Settings(
        data_dir=tmp_path,
        database_url=db_url,
        plugins=("linkedin",),
        collectors={"linkedin": {"base_url": site.base_url, "per_minute": 60_000}},
    )
    with JobTracker(settings, clock=quick_clock) as tracker:
        tracker.collectors.set_enabled("linkedin", True)
        yield tracker


def starts(site: LinkedInSite) -> list[str]:
    return [request.query["start"] for request in site.requests if request.path == LIST]


def test_runs_find_new_then_nothing_then_what_changed_and_came(site, tracker) -> None:
    first = tracker.collect("linkedin", {}).run
    assert first.state is RunState.SUCCEEDED, first.error_message
    assert not first.end_confirmed
    assert first.counts.new == first.counts.details == 45
    assert set(site.details_asked().values()) == {1}

    second = tracker.collect("linkedin", {}).run
    assert second.state is RunState.SUCCEEDED
    counts = second.counts
    assert (counts.new, counts.changed, counts.unchanged, counts.details) == (0, 0, 45, 0)

    changed = set(site.change(10))
    third = tracker.collect("linkedin", {}).run
    assert (third.counts.new, third.counts.changed) == (0, 10)
    changes = tracker.jobs.changes(run_id=third.id)
    assert {tracker.jobs.get(change.job_id).job.source_id for change in changes} == changed

    new = set(site.add(3))
    fourth = tracker.collect("linkedin", {})
    assert (fourth.run.counts.new, fourth.run.counts.changed) == (3, 0)
    assert {job.source_id for job in fourth.new} == new


def test_every_stored_job_is_whole_and_shows_no_person(site, tracker, tmp_path) -> None:
    tracker.collect("linkedin", {}, record=tmp_path / "capture")
    jobs = tracker.jobs.search(limit=100).items
    assert len(jobs) == 45
    assert all(job.title and job.company and job.place and job.employment for job in jobs)
    assert all(job.url == f"https://www.linkedin.com/jobs/view/{job.source_id}" for job in jobs)
    assert any(job.pay_year_min for job in jobs)
    details = [tracker.jobs.get(job.id) for job in jobs]
    assert all(d.description and d.raw and "data-entity-urn" in d.raw for d in details)
    held = "".join(path.read_text() for path in (tmp_path / "capture").iterdir())
    with tracker.database.read() as conn:
        for table in metadata.sorted_tables:
            held += str([tuple(row) for row in conn.execute(table.select())])
    assert "show-more-less-html__markup" in held
    assert "people@practice.example" not in held
    assert not any(part in held for person in RECRUITERS for part in person)


# what the site does, where; how the run must end; how much of the list must be stored
FAULTS = [
    ({"name": "auth_wall"}, "partial", "blocked", 0),
    ({"name": "auth_wall", "path": LIST, "after": 2}, "partial", "blocked", 20),
    ({"name": "auth_wall_page", "path": LIST, "after": 1}, "partial", "blocked", 10),
    ({"name": "status_999", "path": LIST, "after": 1}, "partial", "blocked", 10),
    ({"name": "status_999", "path": DETAIL, "after": 1}, "partial", "blocked", 45),
    ({"name": "rate_limit", "path": LIST, "after": 3}, "partial", "http_429", 30),
    ({"name": "rate_limit", "path": DETAIL, "after": 3}, "partial", "http_429", 45),
    ({"name": "drift"}, "failed", "parse", 0),
    ({"name": "drift", "path": LIST, "after": 1}, "failed", "parse", 10),
    ({"name": "no_cards", "path": LIST}, "failed", "parse", 0),
    ({"name": "many_bad_items", "path": LIST}, "failed", "parse", 0),
    ({"name": "empty"}, "partial", "blocked", 0),
    ({"name": "no_description", "path": DETAIL}, "partial", "parse", 45),
    ({"name": "wrong_job", "path": DETAIL}, "partial", "parse", 45),
    ({"name": "server_error", "path": LIST}, "failed", "http_5xx", 0),
    ({"name": "reset", "path": LIST, "after": 1}, "partial", "network", 10),
    ({"name": "broken_off", "path": LIST, "after": 1}, "partial", "network", 10),
    ({"name": "moved"}, "failed", "parse", 0),
]


@pytest.mark.parametrize(
    ("fault", "state", "error_class", "stored"),
    FAULTS,
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_each_fault_ends_in_its_class_and_keeps_what_was_read(
    site, tracker, fault, state, error_class, stored
) -> None:
    site.fail(fault["name"], **{k: v for k, v in fault.items() if k != "name"})
    run = tracker.collect("linkedin", {}).run
    assert (run.state.value, run.error_class) == (state, error_class), run.error_message
    assert run.error_message
    assert tracker.jobs.count() == run.counts.new == stored


@pytest.mark.fault(
    "F24",
    done="Some items of a site's pages could not be read.",
    holds="All others were stored, and the bad ones were counted.",
)
def test_bad_items_cost_only_themselves(site, tracker) -> None:
    site.fail("bad_items")
    run = tracker.collect("linkedin", {}).run
    assert run.state is RunState.SUCCEEDED, run.error_message
    assert (run.counts.new, run.counts.rejected) == (42, 3)


def test_the_next_run_goes_on_where_a_blocked_one_stopped(site, tracker) -> None:
    site.fail("status_999", path=LIST, after=2)
    assert tracker.collect("linkedin", {}).run.state is RunState.PARTIAL
    site.heal()
    tracker.collectors.set_enabled("linkedin", True)  # ends the time it is left alone for
    site.forget()
    run = tracker.collect("linkedin", {}).run
    assert run.state is RunState.SUCCEEDED, run.error_message
    assert tracker.jobs.count() == 45
    assert starts(site) == ["0", "20", "30", "40", "50", "50"]


def test_a_list_that_lacks_a_posting_closes_nothing(site, tracker) -> None:
    tracker.collect("linkedin", {})
    gone = {*site.close(2), *site.remove(2)}
    run = tracker.collect("linkedin", {}).run
    assert (run.state, run.counts.unchanged) == (RunState.SUCCEEDED, 41)
    stored = {job.source_id: job for job in tracker.jobs.search(limit=100).items}
    assert gone < stored.keys()
    assert all(stored[key].closed_at is None for key in gone)


def test_a_search_that_has_nothing_succeeds_after_the_canary(site, tracker) -> None:
    run = tracker.collect("linkedin", {"text": "zzzzunfindable"}).run
    assert run.state is RunState.SUCCEEDED
    assert run.end_confirmed
    assert run.counts.seen == 0
    assert [request.query["keywords"] for request in site.requests] == [
        "zzzzunfindable",
        "engineer",
    ]


def test_a_capture_replays_to_the_same_postings(site, tracker, tmp_path) -> None:
    directory = tmp_path / "capture"
    tracker.collect("linkedin", {"text": "engineer"}, record=directory)
    stored = {job.source_id for job in tracker.jobs.search(limit=100).items}
    assert stored
    site.forget()
    replayed = tracker.replay(directory)
    assert site.requests == []
    assert replayed.now.outcome.state is RunState.SUCCEEDED, replayed.now.outcome
    assert {record.source_id for record in replayed.listed} == stored
    assert len(replayed.detailed) == len(stored)


def test_a_distance_from_nowhere_names_the_field(tracker) -> None:
    run = tracker.collect("linkedin", {"distance_km": 10}).run
    assert (run.state, run.error_class) == (RunState.FAILED, "validation")
    assert (run.error_message or "").startswith("distance_km: ")
