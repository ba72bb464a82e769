"""Whole runs: practice sites, python-jobspy's real scrapers, and what a run makes of trouble."""

from __future__ import annotations

from typing import Any

import pytest

from jobtracker_core import Employment, RunState
from jobtracker_jobspy.practice import BDJobsSite, HelloWorkSite
from jobtracker_jobspy.query import JobspyQuery
from jobtracker_jobspy.sites import BDJobs, HelloWork

SEARCH = {BDJobs: "/Jobs/api/*", HelloWork: "/fr-fr/emploi/*"}


@pytest.mark.parametrize("name", ["bdjobs", "hellowork"])
def test_three_runs_find_new_then_nothing_then_what_changed(
    name: str, open_tracker: Any, request: Any
) -> None:
    site = request.getfixturevalue(name)
    tracker = open_tracker(name, site.base_url)
    first = tracker.collect(name, {}).run
    assert (first.state, first.error_message) == (
        RunState.SUCCEEDED,
        "the results stopped without the site saying that this is the end",
    )
    assert (first.counts.new, first.end_confirmed) == (330, False)
    second = tracker.collect(name, {}).run.counts
    assert (second.new, second.changed, second.unchanged) == (0, 0, 330)
    changed = set(site.change(10))
    third = tracker.collect(name, {}).run
    assert (third.counts.new, third.counts.changed) == (0, 10)
    changes = tracker.jobs.changes(run_id=third.id)
    assert {tracker.jobs.get(each.job_id).job.source_id for each in changes} == changed


def test_a_page_costs_one_request(hellowork: HelloWorkSite, run: Any) -> None:
    ran = run(HelloWork, hellowork.base_url)
    assert len(ran.host.listed) == 330
    # Eleven full pages, and two looks for the end, which python-jobspy does not pass on.
    assert [request.query["p"] for request in hellowork.requests] == [
        *(str(number) for number in range(1, 13)),
        "12",
    ]
    assert [batch.cursor for batch in ran.host.batches] == [
        *(str(30 * number) for number in range(1, 12)),
        None,
    ]


def test_nothing_after_full_pages_is_asked_for_again(hellowork: HelloWorkSite, run: Any) -> None:
    hellowork.fail("challenge_200", query={"p": "3"}, times=1)  # a page without any card
    ran = run(HelloWork, hellowork.base_url)
    assert ran.end == ("succeeded", None)
    assert set(ran.host.listed) == set(hellowork.ids)
    assert ran.clock.monotonic() == 2 * 10


def test_many_postings_come_in_portions(run: Any) -> None:
    with BDJobsSite(postings=1201) as site:
        ran = run(BDJobs, site.base_url)
        assert ran.end == ("succeeded", None)
        assert set(ran.host.listed) == set(site.ids)
        pages = [request.query["pg"] for request in site.requests]
    assert len(ran.host.batches) == 7
    assert pages.count("1") == 7
    # Each portion reads page 1, and most of them the page on which the one before ended.
    assert len(pages) <= 24 + 6 + 6


def test_addresses_are_the_real_sites(
    bdjobs: BDJobsSite, hellowork: HelloWorkSite, run: Any
) -> None:
    for collector, site, start in (
        (BDJobs, bdjobs, "https://bdjobs.com/h/details/1"),
        (HelloWork, hellowork, "https://www.hellowork.com/fr-fr/emplois/1"),
    ):
        ran = run(collector, site.base_url, JobspyQuery(limit=20, descriptions=True))
        records = ran.host.listed.values()
        assert len(records) == 20
        assert all(record.url.startswith(start) for record in records)
        assert "127.0.0.1" not in repr(ran.host.listed)


def test_descriptions_are_asked_for_on_request_alone(hellowork: HelloWorkSite, run: Any) -> None:
    plain = run(HelloWork, hellowork.base_url, JobspyQuery(limit=10))
    assert hellowork.count() == 1
    assert all(record.description is None for record in plain.host.listed.values())
    whole = run(HelloWork, hellowork.base_url, JobspyQuery(limit=10, descriptions=True))
    assert hellowork.count() == 2 + 10
    texts = [record.description for record in whole.host.listed.values()]
    assert all("We look for a" in text for text in texts)
    assert "jobs@" not in repr(texts)
    assert "script" not in repr(texts)


def test_all_descriptions_cost_one_request_each(hellowork: HelloWorkSite, run: Any) -> None:
    ran = run(HelloWork, hellowork.base_url, JobspyQuery(descriptions=True, text="baker"))
    assert len(ran.host.listed) > 30
    assert all(record.description for record in ran.host.listed.values())
    assert set(hellowork.details_asked().values()) == {1}
    assert len(hellowork.details_asked()) == len(ran.host.listed)


def test_a_search_in_words_of_the_site(
    bdjobs: BDJobsSite, hellowork: HelloWorkSite, run: Any
) -> None:
    query = JobspyQuery(
        text="manager",
        remote=("remote",),
        employment=(Employment.FULL_TIME,),
        posted_within_days=20,
    )
    for collector, site in ((BDJobs, bdjobs), (HelloWork, hellowork)):
        ran = run(collector, site.base_url, query)
        found = list(ran.host.listed.values())
        assert 0 < len(found) < 40
        assert {record.remote for record in found} == {"remote"}
        assert all("full_time" in record.employment for record in found)
        assert all(use.support == "native" for use in ran.result.filters)


def test_an_unknown_place_is_told(bdjobs: BDJobsSite, run: Any) -> None:
    ran = run(BDJobs, bdjobs.base_url, JobspyQuery(location="Atlantis"))
    (use,) = ran.result.filters
    assert (use.word, use.support) == ("location", "ignored")
    assert use.note == "location 'Atlantis' not found, searching all of Bangladesh"


def test_an_empty_search_is_believed_after_the_canary(
    bdjobs: BDJobsSite, hellowork: HelloWorkSite, run: Any
) -> None:
    hellowork.add(1)
    with HelloWorkSite() as other:
        other._jobs = [other._jobs[0]]  # the canary finds nothing there
        assert run(HelloWork, other.base_url, JobspyQuery(text="alchemist")).end == (
            "partial",
            "blocked",
        )
    ran = run(BDJobs, bdjobs.base_url, JobspyQuery(text="alchemist"))
    assert ran.end == ("succeeded", None)
    assert [request.query["keyword"] for request in bdjobs.requests] == ["alchemist", "manager"]


@pytest.mark.parametrize("collector", [BDJobs, HelloWork])
@pytest.mark.parametrize(
    ("fault", "end"),
    [
        ("rate_limit", ("partial", "http_429")),
        ("challenge", ("partial", "blocked")),
        ("unauthorized", ("failed", "auth")),
        ("server_error", ("failed", "http_5xx")),
        ("reset", ("failed", "network")),
        ("broken_off", ("failed", "network")),
        ("drift", ("failed", "parse")),
    ],
)
def test_trouble_on_the_first_page(
    collector: Any, fault: str, end: tuple[str, str], run: Any, request: Any
) -> None:
    site = request.getfixturevalue(collector.info.name)
    site.fail(fault)
    ran = run(collector, site.base_url)
    assert ran.end == end, ran.message
    assert ran.host.listed == {}


@pytest.mark.parametrize("collector", [BDJobs, HelloWork])
@pytest.mark.parametrize(
    ("fault", "error_class"),
    [
        ("rate_limit", "http_429"),
        ("challenge", "blocked"),
        ("server_error", "http_5xx"),
        ("reset", "network"),
    ],
)
def test_what_came_before_the_trouble_is_kept(
    collector: Any, fault: str, error_class: str, run: Any, request: Any
) -> None:
    site = request.getfixturevalue(collector.info.name)
    site.fail(fault, path=SEARCH[collector], after=2, times=1)
    ran = run(collector, site.base_url)
    assert ran.end == ("partial", error_class), ran.message
    got = 105 if collector is BDJobs else 60
    assert len(ran.host.listed) == got
    assert ran.result.outcome.keep_cursor
    rest = run(collector, site.base_url, cursor=ran.host.batches[-1].cursor)
    assert rest.end == ("succeeded", None)
    assert set(ran.host.listed) | set(rest.host.listed) == set(site.ids)


def test_an_unreadable_page_after_readable_ones_ends_partial(bdjobs: BDJobsSite, run: Any) -> None:
    bdjobs.fail("truncated", after=2, times=1)
    ran = run(BDJobs, bdjobs.base_url)
    assert ran.end == ("partial", "parse")
    assert len(ran.host.listed) == 105


def test_a_challenge_in_place_of_a_page_is_never_an_empty_search(
    bdjobs: BDJobsSite, hellowork: HelloWorkSite, run: Any
) -> None:
    bdjobs.fail("challenge_200")
    assert run(BDJobs, bdjobs.base_url).end == ("failed", "decode")
    hellowork.fail("challenge_200")
    assert run(HelloWork, hellowork.base_url).end == ("partial", "blocked")


def test_a_slow_site_is_not_waited_for(
    hellowork: HelloWorkSite, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobspy.util.RotatingProxySession.request_timeout", 0.5)
    hellowork.fail("slow")
    ran = run(HelloWork, hellowork.base_url)
    assert ran.end == ("failed", "timeout"), ran.message


@pytest.mark.parametrize("collector", [BDJobs, HelloWork])
def test_endless_paging_ends(collector: Any, run: Any, request: Any) -> None:
    site = request.getfixturevalue(collector.info.name)
    site.fail("endless")
    ran = run(collector, site.base_url)
    assert ran.end == ("succeeded", None)
    assert not ran.result.outcome.end_confirmed
    assert set(ran.host.listed) == set(site.ids)
    assert site.count() < 20


@pytest.mark.parametrize("collector", [BDJobs, HelloWork])
def test_unreadable_items_are_counted(collector: Any, run: Any, request: Any) -> None:
    site = request.getfixturevalue(collector.info.name)
    site.fail("bad_items")
    ran = run(collector, site.base_url)
    assert ran.end == ("succeeded", None)
    spoilt = {job_id for job_id in site.ids if int(job_id) % 20 == 3}
    assert set(ran.host.listed) == set(site.ids) - spoilt
    assert ran.result.counts.rejected >= len(spoilt)
    (_, _, fields) = next(event for event in ran.host.events if event[1] == "item unreadable")
    assert str(fields["path"]).startswith("page ")


def test_refused_descriptions_end_the_run_and_keep_the_list(
    hellowork: HelloWorkSite, run: Any
) -> None:
    hellowork.fail("rate_limit", path="/fr-fr/emplois/*")
    ran = run(HelloWork, hellowork.base_url, JobspyQuery(descriptions=True))
    assert ran.end == ("partial", "http_429")
    assert len(ran.host.listed) == 10
    assert "descriptions could not be read" in ran.events("warning")


def test_a_broken_description_costs_only_itself(hellowork: HelloWorkSite, run: Any) -> None:
    hellowork.fail("server_error", path="/fr-fr/emplois/*", times=1)
    ran = run(HelloWork, hellowork.base_url, JobspyQuery(descriptions=True, limit=5))
    assert ran.end == ("succeeded", None)
    assert [r.description is None for r in ran.host.listed.values()].count(True) == 1


@pytest.mark.parametrize(
    ("fault", "error_class"), [("server_error", "http_5xx"), ("moved", "parse")]
)
def test_descriptions_of_which_most_fail_are_the_runs_error(
    hellowork: HelloWorkSite, run: Any, fault: str, error_class: str
) -> None:
    hellowork.fail(fault, path="/fr-fr/emplois/*", after=4)
    ran = run(HelloWork, hellowork.base_url, JobspyQuery(descriptions=True))
    assert ran.end == ("partial", error_class)
    assert len(ran.host.listed) == 10


@pytest.mark.parametrize("collector", [BDJobs, HelloWork])
def test_a_proxy_carries_every_request(
    collector: Any, run: Any, request: Any, forward: Any
) -> None:
    site = request.getfixturevalue(collector.info.name)
    proxy = forward(site.base_url)
    # The name exists nowhere: whoever asks for it directly fails.
    ran = run(
        collector,
        "http://jobs.practice.invalid",
        JobspyQuery(descriptions=True, limit=5),
        proxy=proxy.url,
    )
    assert ran.end == ("succeeded", None), ran.message
    assert len(ran.host.listed) == 5
    assert len(proxy.asked) == site.count() == 6
    assert all(address.startswith("http://jobs.practice.invalid/") for address in proxy.asked)


@pytest.mark.parametrize("collector", [BDJobs, HelloWork])
def test_a_proxy_that_is_gone_is_the_proxys_fault(collector: Any, run: Any, request: Any) -> None:
    site = request.getfixturevalue(collector.info.name)
    ran = run(collector, site.base_url, proxy="http://127.0.0.1:9")
    assert ran.end == ("failed", "proxy"), ran.message
    assert site.count() == 0


def test_a_run_that_is_stopped_asks_for_no_further_page(bdjobs: BDJobsSite, run: Any) -> None:
    class Stopping(BDJobs):
        def __init__(self, settings: Any) -> None:
            super().__init__(settings)
            bdjobs.forget()

        def collect(self, query: Any, ctx: Any, *, cursor: str | None = None) -> Any:
            ctx._watch._host._host.reason = "stopped"
            yield from super().collect(query, ctx, cursor=cursor)

    assert run(Stopping, bdjobs.base_url).end == ("cancelled", "cancelled")
    assert bdjobs.count() == 0


def test_pages_of_one_call_are_announced_before_they_are_asked_for(
    bdjobs: BDJobsSite, run: Any
) -> None:
    class Stopping(BDJobs):
        def collect(self, query: Any, ctx: Any, *, cursor: str | None = None) -> Any:
            host = ctx._watch._host._host
            count = bdjobs.answer

            def answer(request: Any) -> Any:
                if request.query["pg"] == "2":
                    host.reason = "shutdown"
                return count(request)

            bdjobs.answer = answer  # type: ignore[method-assign]
            yield from super().collect(query, ctx, cursor=cursor)

    assert run(Stopping, bdjobs.base_url).end == ("cancelled", "drained")
    assert [request.query["pg"] for request in bdjobs.requests] == ["1", "2"]
