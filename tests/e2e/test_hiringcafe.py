"""HiringCafe from its answers to stored jobs, on both databases."""

from __future__ import annotations

import json
import threading
from collections import Counter
from urllib.request import urlopen

import pytest

from jobtracker_core import RunState
from jobtracker_core.plugins.forms import FormError


@pytest.fixture
def tracker(site, open_tracker, quick_clock):
    return open_tracker(site.base_url, clock=quick_clock)


def details_asked(site) -> Counter[str]:
    return Counter(r.query["id"] for r in site.requests if r.path == "/api/job-description")


def be_friends_again(site, tracker) -> None:
    """End what is wrong with the site, and the time for which it is left alone."""
    site.heal()
    tracker.collectors.set_enabled("hiringcafe", True)


def user_ids(site) -> set[str]:
    """The ids of other users that the site sends along."""
    address = f"{site.base_url}/_next/data/{site.build_id}/index.json?searchState=%7B%7D&page="
    found: set[str] = set()
    for number in range(3):
        with urlopen(address + str(number)) as answer:
            for hit in json.load(answer)["pageProps"]["ssrHits"]:
                for kind in ("viewed", "applied", "saved", "hidden"):
                    name = "viewedByUsers" if kind == "viewed" else f"{kind}FromUsers"
                    found |= set(hit["job_information"].get(name, ()))
    return found


def test_three_runs_find_new_then_nothing_then_what_changed(site, tracker) -> None:
    first = tracker.collect("hiringcafe", {})
    assert first.run.state is RunState.SUCCEEDED, first.run.error_message
    assert first.run.end_confirmed
    assert first.run.counts.new == first.run.counts.details == 90
    assert first.run.counts.pages == 3
    assert len(first.new) == 90
    asked = details_asked(site)
    assert set(asked.values()) == {1}

    second = tracker.collect("hiringcafe", {})
    assert second.run.state is RunState.SUCCEEDED
    counts = second.run.counts
    assert (counts.new, counts.changed, counts.unchanged, counts.details) == (0, 0, 90, 0)
    assert details_asked(site) == asked

    changed = set(site.change(10))
    third = tracker.collect("hiringcafe", {})
    assert (third.run.counts.new, third.run.counts.changed) == (0, 10)
    changes = tracker.jobs.changes(run_id=third.run.id)
    ids = {tracker.jobs.get(change.job_id).job.source_id for change in changes}
    assert ids == changed
    assert all(change.changes for change in changes)
    assert all(old != new for change in changes for old, new in change.changes.values())


def test_every_stored_job_is_whole(site, tracker) -> None:
    tracker.collect("hiringcafe", {})
    jobs = tracker.jobs.search(limit=200).items
    assert len(jobs) == 90
    assert all(job.title and job.company for job in jobs)
    # A few of the site's items lack their processed half, as some of the real ones do.
    assert 70 < sum(bool(job.place and job.remote and job.posted_at) for job in jobs) < 90
    assert any(job.pay_year_min for job in jobs)
    assert all(job.url.startswith("https://hiringcafe.com/") for job in jobs)
    details = [tracker.jobs.get(job.id) for job in jobs]
    assert all(d.description and d.last_seen_at and d.times_seen == 1 for d in details)
    assert not any("@" in (d.description or "") for d in details)


def test_nothing_of_other_users_is_stored(site, tracker) -> None:
    users = user_ids(site)
    tracker.collect("hiringcafe", {})
    held = "".join(tracker.jobs.get(j.id).raw or "" for j in tracker.jobs.search(limit=99).items)
    assert '"objectID"' in held
    assert not any(user in held for user in users)


# what the site does, where; how the run must end; whether the list must be stored
FAULTS = [
    ({"name": "challenge"}, "partial", "blocked", 0),
    ({"name": "challenge", "path": "/_next/*"}, "partial", "blocked", 0),
    ({"name": "challenge", "path": "/_next/*", "after": 1}, "partial", "blocked", 40),
    ({"name": "challenge_200", "path": "/_next/*", "after": 1}, "partial", "blocked", 40),
    ({"name": "challenge", "path": "/api/job-description"}, "partial", "blocked", 90),
    ({"name": "challenge_200", "path": "/api/job-description"}, "partial", "blocked", 90),
    ({"name": "unauthorized", "path": "/_next/*"}, "failed", "auth", 0),
    ({"name": "unauthorized", "path": "/_next/*", "after": 2}, "failed", "auth", 80),
    ({"name": "moved"}, "failed", "parse", 0),
    ({"name": "moved", "path": "/_next/*", "after": 1}, "failed", "parse", 40),
    ({"name": "ssr_error", "path": "/_next/*"}, "failed", "http_5xx", 0),
    ({"name": "ssr_error", "path": "/_next/*", "after": 1}, "partial", "http_5xx", 40),
    ({"name": "truncated", "path": "/_next/*"}, "failed", "decode", 0),
    ({"name": "truncated", "path": "/_next/*", "after": 1}, "failed", "decode", 40),
    ({"name": "truncated", "path": "/api/job-description"}, "partial", "decode", 90),
    ({"name": "broken_off", "path": "/_next/*", "after": 1}, "partial", "network", 40),
    ({"name": "server_error", "path": "/_next/*"}, "failed", "http_5xx", 0),
    ({"name": "server_error", "path": "/api/job-description"}, "partial", "http_5xx", 90),
    ({"name": "rate_limit", "path": "/_next/*", "after": 1}, "partial", "http_429", 40),
    ({"name": "rate_limit", "path": "/api/job-description", "after": 5}, "partial", "http_429", 90),
    ({"name": "reset", "path": "/_next/*", "after": 1}, "partial", "network", 40),
    ({"name": "drift", "path": "/_next/*"}, "failed", "parse", 0),
    ({"name": "drift", "path": "/_next/*", "after": 1}, "failed", "parse", 40),
    ({"name": "empty_page", "path": "/_next/*"}, "failed", "parse", 0),
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
    run = tracker.collect("hiringcafe", {}).run
    assert (run.state.value, run.error_class) == (state, error_class), run.error_message
    assert run.error_message
    assert tracker.jobs.count() == stored
    assert run.counts.new == stored
    assert not (run.state is RunState.SUCCEEDED and stored == 0)


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "stale_build", "times": 1},
        {"name": "app_shell", "path": "/_next/*"},
        {"name": "server_error", "path": "/_next/*", "times": 1},
        {"name": "ssr_error", "path": "/_next/*", "after": 1, "times": 1},
        {"name": "reset", "path": "/api/job-description", "times": 2},
        {"name": "empty_page", "path": "/_next/*", "after": 1, "times": 1},
    ],
    ids=lambda fault: fault["name"],
)
def test_what_can_be_got_over_is(site, tracker, fault) -> None:
    site.fail(fault["name"], **{k: v for k, v in fault.items() if k != "name"})
    run = tracker.collect("hiringcafe", {}).run
    assert run.state is RunState.SUCCEEDED, run.error_message
    assert run.end_confirmed
    assert tracker.jobs.count() == run.counts.new == 90


def test_a_build_id_that_stays_stale_is_an_error(site, tracker) -> None:
    site.fail("stale_build")
    run = tracker.collect("hiringcafe", {}).run
    assert (run.state, run.error_class) == (RunState.FAILED, "parse")


def test_results_that_stop_early_are_never_taken_for_the_end(site, tracker) -> None:
    site.fail("empty_page", path="/_next/*", after=1)
    run = tracker.collect("hiringcafe", {}).run
    assert run.counts.new == 40
    assert not run.end_confirmed
    assert (run.state, run.error_class) == (RunState.PARTIAL, "empty")


def test_the_next_run_goes_on_where_a_blocked_one_stopped(site, tracker) -> None:
    site.fail("challenge", path="/_next/*", after=1)
    assert tracker.collect("hiringcafe", {}).run.state is RunState.PARTIAL
    be_friends_again(site, tracker)
    site.forget()
    run = tracker.collect("hiringcafe", {}).run
    assert run.state is RunState.SUCCEEDED, run.error_message
    assert tracker.jobs.count() == 90
    pages = [r.query["page"] for r in site.requests if r.path.startswith("/_next/")]
    assert pages == ["0", "1", "2"]


def test_a_cursor_of_another_query_is_not_used(site, tracker) -> None:
    site.fail("challenge", path="/_next/*", after=1, times=1)
    assert tracker.collect("hiringcafe", {}).run.state is RunState.PARTIAL
    be_friends_again(site, tracker)
    site.forget()
    tracker.collect("hiringcafe", {"sort": "date"})
    pages = [r.query["page"] for r in site.requests if r.path.startswith("/_next/")]
    assert pages == ["0", "1", "2"]


def test_a_failed_detail_is_asked_again_by_the_next_run(site, tracker) -> None:
    site.fail("challenge", path="/api/job-description", after=50)
    first = tracker.collect("hiringcafe", {})
    assert first.run.counts.details == 50
    be_friends_again(site, tracker)
    second = tracker.collect("hiringcafe", {})
    assert second.run.counts.details == 40
    assert all(tracker.jobs.get(job.id).description for job in tracker.jobs.search(limit=99).items)


def test_a_search_that_has_nothing_succeeds_because_the_site_says_so(site, tracker) -> None:
    run = tracker.collect("hiringcafe", {"text": "zzzzunfindable"}).run
    assert run.state is RunState.SUCCEEDED
    assert run.end_confirmed
    assert run.counts.seen == 0


def test_a_place_that_is_not_found_names_the_field(site, tracker) -> None:
    run = tracker.collect("hiringcafe", {"location": "Xyzzyville"}).run
    assert (run.state, run.error_class) == (RunState.FAILED, "validation")
    assert run.error_message is not None
    assert run.error_message.startswith("location: ")


def test_stopping_keeps_what_was_read_and_the_cursor(site, tracker) -> None:
    stop = threading.Event()

    def stop_after_the_first_page(progress) -> None:
        if progress.counts.pages == 1:
            stop.set()

    run = tracker.collect("hiringcafe", {}, stop=stop, on_progress=stop_after_the_first_page).run
    assert run.state is RunState.CANCELLED
    assert tracker.jobs.count() == 40
    assert tracker.runs.get(run.id).cursor == "1"


def test_a_capture_replays_to_the_same_postings_and_holds_nothing_private(
    site, tracker, tmp_path
) -> None:
    directory = tmp_path / "capture"
    tracker.collect("hiringcafe", {"text": "engineer"}, record=directory)
    stored = {job.source_id for job in tracker.jobs.search(limit=200).items}
    assert stored
    users = user_ids(site)
    assert len(users) > 10
    held = "".join(path.read_text() for path in directory.iterdir())
    assert not any(user in held for user in users)
    assert "set-cookie" not in held.lower()
    site.forget()
    replayed = tracker.replay(directory)
    assert site.requests == []
    assert replayed.now.outcome.state is RunState.SUCCEEDED, replayed.now.outcome
    assert {record.source_id for record in replayed.listed} == stored
    assert len(replayed.detailed) == len(stored)
    assert replayed.unused == ()


def test_a_collector_is_off_until_it_is_turned_on(site, tracker) -> None:
    from jobtracker_core.tracker import CollectorOff

    tracker.collectors.set_enabled("hiringcafe", False)
    with pytest.raises(CollectorOff):
        tracker.collect("hiringcafe", {})
    assert site.requests == []
    assert tracker.runs.list() == ()


def test_a_run_that_reads_nothing_keeps_the_place_of_the_one_before(site, tracker) -> None:
    site.fail("challenge", path="/_next/*", after=2)
    assert tracker.collect("hiringcafe", {}).run.counts.new == 80
    be_friends_again(site, tracker)
    site.fail("challenge")
    assert tracker.collect("hiringcafe", {}).run.counts.pages == 0
    be_friends_again(site, tracker)
    site.forget()
    assert tracker.collect("hiringcafe", {}).run.state is RunState.SUCCEEDED
    pages = [r.query["page"] for r in site.requests if r.path.startswith("/_next/")]
    assert pages == ["0", "2"]


def test_reading_the_front_again_does_not_forget_how_deep_it_was(site, tracker) -> None:
    site.fail("challenge", path="/_next/*", after=2)
    tracker.collect("hiringcafe", {})
    be_friends_again(site, tracker)
    site.fail("challenge", path="/_next/*", query={"page": "2"})
    run = tracker.collect("hiringcafe", {}).run
    assert run.state is RunState.PARTIAL
    assert tracker.runs.get(run.id).cursor == "2"


def test_bad_detail_pages_do_not_starve_the_others(site, tracker) -> None:
    site.fail("rate_limit", path="/api/job-description")
    tracker.collect("hiringcafe", {})
    be_friends_again(site, tracker)
    by_arrival = sorted(tracker.jobs.search(limit=200).items, key=lambda job: job.id)
    for job in by_arrival[:5]:
        site.fail("truncated", path="/api/job-description", query={"id": job.source_id})
    second = tracker.collect("hiringcafe", {}).run.counts
    assert (second.details, second.details_failed) == (0, 90)
    third = tracker.collect("hiringcafe", {}).run.counts
    assert (third.details, third.details_failed) == (85, 5)


def test_what_is_no_query_is_told_as_such(open_tracker, site) -> None:
    tracker = open_tracker(site.base_url)
    with pytest.raises(FormError, match="query: None is no query"):
        tracker.collect("hiringcafe", None)
