"""Sites that ask for quiet, from their answer to the next run, on both databases."""

from __future__ import annotations

import threading

import msgspec
import pytest

from jobtracker_core import JobTracker, RunState
from jobtracker_core.testing.practice import Reply
from jobtracker_hiringcafe import HiringCafe
from jobtracker_hiringcafe.practice import HiringCafeSite


class MoodySite(HiringCafeSite):
    """Answers with a status of the test's choice once so many requests were answered well."""

    status = 429
    retry_after: str | None = None
    patience = 1

    def answer(self, request):
        with self.lock:
            self.patience -= 1
            if self.patience >= 0:
                return super().answer(request)
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        return Reply(status=self.status, headers=headers)


@pytest.fixture
def site():
    with MoodySite(postings=90) as site:
        yield site


@pytest.fixture
def tracker(site, open_tracker, quick_clock):
    return open_tracker(site.base_url, clock=quick_clock)


def cooling(tracker: JobTracker) -> float:
    [status] = tracker.collectors.list()
    if status.cooling_until is None:
        return 0.0
    with tracker.database.read() as conn:
        return (status.cooling_until - tracker.database.now(conn)).total_seconds()


@pytest.mark.fault(
    "F26",
    done="A site answered 429 with a Retry-After that was sound, negative, a date, far away or garbage.",
    holds="One request was refused, the site was left alone for a time within bounds, the run ended http_429.",
)
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, 30),
        ("300", 300),
        ("-300", 30),
        ("soon", 30),
        ("0", 30),
        ("Mon, 01 Jan 2024 00:00:00 GMT", 30),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3600),
        ("99999", 3600),
    ],
)
def test_whatever_retry_after_says_the_site_is_left_alone(site, tracker, said, seconds) -> None:
    site.retry_after = said
    run = tracker.collect("hiringcafe", {}).run
    assert (run.state, run.error_class) == (RunState.PARTIAL, "http_429")
    assert seconds - 15 < cooling(tracker) <= seconds
    assert len(site.requests) == 2


@pytest.mark.fault(
    "F26",
    done="A run began while its site was to be left alone.",
    holds="It sent nothing and kept the cursor, and a later run read the rest.",
)
def test_a_run_in_the_quiet_time_sends_nothing_and_loses_nothing(site, tracker) -> None:
    site.patience = 3  # the build, then two pages
    site.retry_after = "600"
    first = tracker.collect("hiringcafe", {}).run
    assert (first.state, first.error_class, first.counts.pages) == (
        RunState.PARTIAL,
        "http_429",
        2,
    )
    kept = tracker.runs.get(first.id).cursor
    assert kept is not None
    site.forget()

    second = tracker.collect("hiringcafe", {}).run
    assert (second.state, second.error_class) == (RunState.PARTIAL, "http_429")
    assert "is left alone until" in (second.error_message or "")
    assert site.requests == []
    assert second.counts.http_requests == 0
    assert tracker.runs.get(second.id).cursor == kept

    site.patience = 1000
    tracker.collectors.set_enabled("hiringcafe", True)
    third = tracker.collect("hiringcafe", {}).run
    assert third.state is RunState.SUCCEEDED, third.error_message
    assert tracker.jobs.count() == 90
    [status] = tracker.collectors.list()
    assert (status.rate, status.cooling_until) == (30_000, None)


@pytest.mark.fault(
    "F26",
    done="Four runs met a site that answers 429 only.",
    holds="One request was sent in the quiet time by all of them together.",
)
def test_a_storm_gets_one_request_in_each_quiet_time_over_all_runs(
    site, tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = msgspec.structs.replace(HiringCafe.info.limits, max_running=4)
    monkeypatch.setattr(HiringCafe, "info", msgspec.structs.replace(HiringCafe.info, limits=limits))
    site.patience = 0
    site.retry_after = "600"
    tracker.collect("hiringcafe", {})
    assert len(site.requests) == 1

    ends: list[str | None] = []
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        ends.append(tracker.collect("hiringcafe", {}).run.error_class)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == ["http_429"] * 4
    assert len(site.requests) == 1


@pytest.mark.fault(
    "F26",
    done="A site refused as to a robot.",
    holds="It was left alone for half an hour.",
)
def test_a_refusal_as_a_robot_is_left_alone_for_longer(site, tracker) -> None:
    site.status = 403
    run = tracker.collect("hiringcafe", {}).run
    assert (run.state, run.error_class) == (RunState.PARTIAL, "blocked")
    assert 1700 < cooling(tracker) <= 1800
    [status] = tracker.collectors.list()
    assert status.rate == 60_000
    site.forget()
    assert tracker.collect("hiringcafe", {}).run.error_class == "blocked"
    assert site.requests == []
