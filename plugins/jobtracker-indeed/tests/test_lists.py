from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from jobtracker_core import (
    Blocked,
    CollectorSettings,
    LayoutChanged,
    Page,
    Posting,
    RateLimited,
    Transient,
)
from jobtracker_core.testing.practice import Reply, Seen
from jobtracker_indeed import Indeed, IndeedQuery
from jobtracker_indeed.practice import IndeedSite


def postings(pages: list[Page]) -> list[Posting]:
    return [posting for page in pages for posting in page.postings]


def ids(pages: list[Page]) -> list[str]:
    return [posting.source_id for posting in postings(pages)]


def cursors(site: IndeedSite) -> list[str]:
    """The cursors that were asked for, "" where none was."""
    texts = [json.loads(request.body)["query"] for request in site.requests]
    found = [re.search(r'cursor: "([^"]*)"', text) for text in texts]
    return [match[1] if match else "" for match in found]


def test_a_whole_search(site: IndeedSite, visit: Any) -> None:
    pages = visit.pages()
    # Every page after the first repeats a posting of the one before.
    assert [len(page.postings) for page in pages] == [100, 99, 99, 32]
    assert [page.cursor is None for page in pages] == [False, False, False, True]
    assert not any(page.end_unconfirmed or page.skipped for page in pages)
    assert {page.total_hint for page in pages} == {None}
    assert sorted(ids(pages)) == sorted(site.keys)
    assert visit.events("warning") == []


def test_links_never_lead_to_the_practice_site(visit: Any) -> None:
    found = postings(visit.pages(IndeedQuery(country="IN")))
    assert {posting.url[:33] for posting in found} == {"https://in.indeed.com/viewjob?jk="}
    facts = [posting.company_facts for posting in found if posting.company_facts]
    assert facts
    links = "".join(f"{f.homepage} {f.profile_url} {f.logo_url}" for f in facts)
    assert "127.0.0.1" not in links + "".join(f"{p.url} {p.apply_url}" for p in found)


def test_every_cursor_gives_the_rest(visit_at: Any, site: IndeedSite) -> None:
    pages = visit_at(site.base_url).pages()
    everything = ids(pages)
    done = 0
    for page in pages[:-1]:
        done += len(page.postings)
        rest = visit_at(site.base_url).pages(cursor=page.cursor)
        # The repeat at the head of a page was on an earlier one, which this run has not seen.
        assert ids(rest)[1:] == everything[done:]
        assert not rest[-1].end_unconfirmed


def test_a_posting_that_moves_to_a_later_page_comes_once(site: IndeedSite, visit: Any) -> None:
    pages = visit.collector.collect(IndeedQuery(sort="date"), visit.ctx)
    first = next(pages)
    site.add(3)
    rest = list(pages)
    found = ids([first, *rest])
    assert len(found) == len(set(found)) == 330
    assert len(rest[0].postings) == 96


def test_a_small_limit_asks_for_little(site: IndeedSite, visit: Any) -> None:
    (page,) = visit.pages(IndeedQuery(limit=7), most=1)
    assert len(page.postings) == 7


def test_the_same_last_page_over_and_over_is_an_unconfirmed_end(
    site: IndeedSite, visit: Any
) -> None:
    site.fail("endless")
    pages = visit.pages()
    assert len(ids(pages)) == 330
    assert pages[-1] == Page(postings=(), end_unconfirmed=True)
    assert site.count() == 5


def test_a_cursor_that_leads_back_is_an_unconfirmed_end(site: IndeedSite, visit: Any) -> None:
    site.fail("circle")
    pages = visit.pages()
    assert [len(page.postings) for page in pages] == [100, 99, 99, 32]
    assert (pages[-1].cursor, pages[-1].end_unconfirmed) == (None, True)
    assert site.count() == 4


def test_a_last_page_of_repeats_is_asked_again_and_an_unconfirmed_end(
    site: IndeedSite, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: IndeedSite, request: Seen) -> Reply:
        following = None if "cursor:" in json.loads(request.body)["query"] else "c2"
        results = [{"job": {"key": "k1", "title": "Keeper"}}]
        search = {"pageInfo": {"nextCursor": following}, "results": results}
        return Reply.json({"data": {"jobSearch": search}})

    monkeypatch.setattr(IndeedSite, "answer", answer)
    pages = visit.pages()
    assert [len(page.postings) for page in pages] == [1, 0]
    assert pages[-1] == Page(postings=(), end_unconfirmed=True)
    assert cursors(site) == ["", "c2", "c2"]
    assert visit.clock.monotonic() >= 10


def test_one_whole_page_is_a_confirmed_end(visit_at: Any) -> None:
    with IndeedSite(postings=100) as site:
        (page,) = visit_at(site.base_url).pages()
    assert (len(page.postings), page.cursor, page.end_unconfirmed) == (100, None, False)


def test_a_search_at_the_sites_bound_says_so(visit_at: Any) -> None:
    with IndeedSite(postings=1000) as site:
        visit = visit_at(site.base_url)
        assert len(ids(visit.pages())) == 1000
        assert [event[:44] for event in visit.events("warning")] == [
            "the site shows only about this many postings"
        ]


# -- empty answers


def test_nothing_at_all_is_left_to_the_canary(visit: Any) -> None:
    assert visit.pages(IndeedQuery(text="alchemist")) == [Page(postings=(), total_hint=None)]


def test_an_empty_first_page_that_announces_a_next_one_is_an_error(
    site: IndeedSite, visit: Any
) -> None:
    site.fail("empty_page")
    with pytest.raises(LayoutChanged, match="a next page is announced") as raised:
        visit.pages()
    assert raised.value.path == "$.data.jobSearch.results"


def test_an_empty_first_page_beside_errors_is_an_error(site: IndeedSite, visit: Any) -> None:
    site.fail("empty_last")
    site.fail("partial_errors")
    with pytest.raises(LayoutChanged, match="INTERNAL_SERVER_ERROR: one part failed"):
        visit.pages()


def test_a_later_empty_page_is_an_unconfirmed_end(site: IndeedSite, visit: Any) -> None:
    site.fail("empty_page", after=2)
    pages = visit.pages()
    assert [len(page.postings) for page in pages] == [100, 99, 0]
    assert pages[-1] == Page(postings=(), end_unconfirmed=True)


def test_an_announced_page_that_stays_empty_is_an_unconfirmed_end(
    site: IndeedSite, visit: Any
) -> None:
    site.fail("empty_last", after=2)
    pages = visit.pages()
    assert [len(page.postings) for page in pages] == [100, 99, 0]
    assert [page.end_unconfirmed for page in pages] == [False, False, True]
    asked = cursors(site)
    assert len(asked) == 4
    assert asked[2] == asked[3]
    assert visit.clock.monotonic() >= 10


def test_an_announced_page_that_is_empty_once_is_got_over(site: IndeedSite, visit: Any) -> None:
    site.fail("empty_last", after=1, times=1)
    pages = visit.pages()
    assert len(ids(pages)) == 330
    assert not any(page.end_unconfirmed for page in pages)


def test_nothing_at_a_kept_cursor_is_no_certain_end(site: IndeedSite, visit: Any) -> None:
    cursor = visit.pages(most=1)[0].cursor
    site.fail("empty_last")
    assert visit.pages(cursor=cursor) == [Page(postings=(), end_unconfirmed=True)]


# -- cursors


def test_an_expired_cursor_leads_back_to_the_front(site: IndeedSite, visit: Any) -> None:
    cursor = visit.pages(most=1)[0].cursor
    site.forget()
    site.fail("expired_cursor", times=1)
    assert len(ids(visit.pages(cursor=cursor))) == 330
    assert cursors(site)[:2] == [cursor, ""]
    assert cursor not in cursors(site)[2:]
    assert visit.events("warning") == [
        "the site no longer takes the kept cursor; reading from the front"
    ]


def test_a_cursor_of_another_search_leads_back_to_the_front(visit: Any) -> None:
    cursor = visit.pages(most=1)[0].cursor
    query = IndeedQuery(remote=("hybrid",))
    assert ids(visit.pages(query, cursor=cursor)) == ids(visit.pages(query))


def test_a_refused_query_is_not_taken_for_a_refused_cursor(site: IndeedSite, visit: Any) -> None:
    cursor = visit.pages(most=1)[0].cursor
    site.fail("bad_input")
    with pytest.raises(LayoutChanged, match="is not understood"):
        visit.pages(cursor=cursor)


def test_a_cursor_that_expires_in_the_middle_is_an_error(site: IndeedSite, visit: Any) -> None:
    site.fail("expired_cursor", after=1)
    pages = visit.collector.collect(IndeedQuery(), visit.ctx)
    assert len(next(pages).postings) == 100
    with pytest.raises(LayoutChanged, match="no longer valid"):
        next(pages)


# -- errors of the site


@pytest.mark.parametrize(
    ("fault", "error", "error_class", "said"),
    [
        ("bad_input", LayoutChanged, "parse", "BAD_USER_INPUT.*update python-jobspy"),
        ("unauthenticated", LayoutChanged, "auth", "UNAUTHENTICATED.*update python-jobspy"),
        ("forbidden", LayoutChanged, "auth", "HTTP 403.*update python-jobspy"),
        ("unauthorized", LayoutChanged, "auth", "HTTP 401.*update python-jobspy"),
        ("server_fault", Transient, "http_5xx", "INTERNAL_SERVER_ERROR"),
        ("too_fast", RateLimited, "http_429", "RATE_LIMITED"),
        ("unknown_error", LayoutChanged, "parse", "PRACTICE_ONLY"),
        ("no_data", LayoutChanged, "parse", "no errors are named"),
        ("no_cursor", LayoutChanged, "decode", "nextCursor"),
        ("drift", LayoutChanged, "parse", "title"),
        ("challenge", Blocked, "blocked", "header cf-mitigated"),
        ("challenge_200", Blocked, "blocked", "Just a moment"),
        ("rate_limit", RateLimited, "http_429", "429"),
        ("server_error", Transient, "http_5xx", "500"),
        ("reset", Transient, "network", "127.0.0.1"),
        ("broken_off", Transient, "network", "127.0.0.1"),
        ("moved", LayoutChanged, "parse", r"moved\.practice\.invalid"),
        ("truncated", LayoutChanged, "decode", "JSON|truncated|input"),
    ],
)
@pytest.mark.parametrize("after", [0, 2])
def test_faults_at_the_front_and_in_the_middle(
    site: IndeedSite,
    visit: Any,
    fault: str,
    error: type[Exception],
    error_class: str,
    said: str,
    after: int,
) -> None:
    site.fail(fault, after=after)
    pages = visit.collector.collect(IndeedQuery(), visit.ctx)
    for _ in range(after):
        assert len(next(pages).postings) >= 99
    with pytest.raises(error, match=said) as raised:
        next(pages)
    assert raised.value.error_class == error_class  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "error", "error_class"),
    [
        (200, LayoutChanged, "decode"),
        (400, LayoutChanged, "decode"),
        (401, LayoutChanged, "auth"),
        (403, Blocked, "blocked"),
        (404, LayoutChanged, "http_4xx"),
    ],
)
def test_pages_where_json_was_asked(
    site: IndeedSite,
    visit: Any,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    error: type[Exception],
    error_class: str,
) -> None:
    page = Reply.html("<html><title>Jobs</title></html>", status=status)
    monkeypatch.setattr(IndeedSite, "answer", lambda *_: page)
    with pytest.raises(error) as raised:
        visit.pages()
    assert raised.value.error_class == error_class  # type: ignore[attr-defined]


@pytest.mark.parametrize("results", [[], [{"job": {"key": "k1", "title": "Keeper"}}]])
@pytest.mark.parametrize("after", [0, 1])
def test_results_with_status_400_are_an_error(
    site: IndeedSite,
    visit: Any,
    monkeypatch: pytest.MonkeyPatch,
    results: list[Any],
    after: int,
) -> None:
    pages = visit.collector.collect(IndeedQuery(), visit.ctx)
    assert len([next(pages) for _ in range(after)]) == after
    search = {"pageInfo": {"nextCursor": None}, "results": results}
    refused = Reply.json({"data": {"jobSearch": search}}, status=400)
    monkeypatch.setattr(IndeedSite, "answer", lambda *_: refused)
    with pytest.raises(LayoutChanged, match="results with HTTP 400"):
        next(pages)


def test_a_passing_fault_inside_the_site_is_asked_again(site: IndeedSite, visit: Any) -> None:
    site.fail("server_fault", after=1, times=1)
    assert len(ids(visit.pages())) == 330
    asked = cursors(site)
    assert asked[1] == asked[2]
    assert visit.clock.monotonic() >= 10


def test_errors_beside_results_are_told_and_their_end_is_unconfirmed(
    site: IndeedSite, visit: Any
) -> None:
    site.fail("partial_errors", after=1)
    pages = visit.pages()
    assert [len(page.postings) for page in pages] == [100, 99]
    assert pages[-1].end_unconfirmed
    assert visit.events("warning") == ["the site answered with errors beside results"]


def test_some_unreadable_items_are_skipped_with_their_path(site: IndeedSite, visit: Any) -> None:
    site.fail("bad_items")
    pages = visit.pages()
    assert [skip.path for skip in pages[0].skipped] == [
        f"$.data.jobSearch.results[{number}].job.title" for number in (10, 30, 50, 70, 90)
    ]
    assert len(ids(pages)) + sum(len(page.skipped) for page in pages) == 330


def test_odd_optional_values_are_told_once(site: IndeedSite, visit: Any) -> None:
    site.fail("odd_values")
    assert len(ids(visit.pages())) == 330
    assert visit.events("warning") == ["values of an unknown form were left out"]
    (fields,) = [fields for at, _, fields in visit.host.events if at == "warning"]
    odd = ["attributes[]", "dateOnIndeed", "employer", "location.admin1Code"]
    assert fields["fields"] == str(odd)


def test_asked_fields_that_do_not_come_are_told_once(site: IndeedSite, visit: Any) -> None:
    site.fail("fewer_fields")
    found = postings(visit.pages())
    assert len(found) == 330
    assert {(p.posted_at, p.employment, p.apply_url) for p in found} == {(None, None, None)}
    (fields,) = [fields for at, _, fields in visit.host.events if at == "warning"]
    absent = [f"{name} (missing)" for name in ("attributes", "dateOnIndeed", "recruit")]
    assert fields["fields"] == str(absent)


def test_a_missing_key_is_an_error_of_the_site(
    site: IndeedSite, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobspy.indeed import constant  # noqa: PLC0415

    wrong = {**constant.headers, "indeed-api-key": " "}
    monkeypatch.setattr(constant, "headers", wrong)
    with pytest.raises(LayoutChanged, match=r"the key of python-jobspy 1\.4.* is refused"):
        visit.pages()


def test_the_probe_is_cheap(site: IndeedSite, visit_at: Callable[[str], Any]) -> None:
    visit = visit_at(site.base_url)
    probe = visit.collector.probe(visit.ctx)
    assert (probe.ok, probe.found) == (True, 10)
    assert site.count() == 1


def test_a_collector_for_another_address_asks_there() -> None:
    assert Indeed(CollectorSettings(base_url="https://mirror.example/in"))._url.endswith(
        "mirror.example/in/graphql"
    )
