from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from jobtracker_core import Blocked, LayoutChanged, Page, RateLimited, RunState, Transient
from jobtracker_core.runner.dry import DryHost
from jobtracker_linkedin import LinkedInQuery
from jobtracker_linkedin.markup import write_card, write_list
from jobtracker_linkedin.practice import LinkedInSite

LIST = "/jobs-guest/jobs/api/seeMoreJobPostings/search"
TODAY = date(2026, 9, 15)


def ids(pages: list[Page]) -> list[str]:
    return [posting.source_id for page in pages for posting in page.postings]


def starts(site: LinkedInSite) -> list[int]:
    return [int(r.query["start"]) for r in site.requests if r.path == LIST]


@pytest.fixture
def nine_pages() -> Any:
    """A site whose last page is full."""
    with LinkedInSite(postings=90) as site:
        yield site


# -- whole searches


def test_a_whole_search(site: LinkedInSite, visit: Any) -> None:
    pages = visit.pages()
    assert [len(page.postings) for page in pages] == [10] * 9 + [5, 0]
    assert [page.cursor for page in pages] == [*map(str, range(10, 101, 10)), None]
    assert {page.total_hint for page in pages} == {None}
    assert not any(page.skipped for page in pages)
    assert ids(pages) == list(reversed(site.source_ids))
    assert visit.events("warning") == []


@pytest.mark.parametrize("postings", [90, 95])
def test_nothing_after_a_page_is_asked_again_and_unconfirmed(visit_at: Any, postings: int) -> None:
    with LinkedInSite(postings=postings) as site:
        visit = visit_at(site.base_url)
        pages = visit.pages()
        asked = starts(site)
    assert pages[-1] == Page(postings=(), end_unconfirmed=True)
    assert not any(page.end_unconfirmed for page in pages[:-1])
    end = postings + -postings % 10
    assert asked == [*range(0, end + 1, 10), end]
    assert visit.clock.monotonic() >= 30


def test_a_throttle_after_four_cards_is_no_certain_end(
    served: Any, site: LinkedInSite, run_at: Any
) -> None:
    served.lists[0] = write_list(write_card(site._job(index), TODAY) for index in range(4)).encode()
    host = DryHost()
    host.details_wanted = lambda refs, *, rechecks=0: []  # type: ignore[method-assign]
    result, host = run_at(served.base_url, host=host)
    assert (len(host.listed), result.outcome.end_confirmed) == (4, False)


@pytest.mark.parametrize(
    "title",
    ["Sign Up | LinkedIn", "LinkedIn Login, Sign in | LinkedIn", "Sign up", "Join LinkedIn"],
)
def test_a_wall_with_a_card_is_a_wall(
    served: Any, site: LinkedInSite, visit_at: Any, title: str
) -> None:
    card = write_card(site._job(50), TODAY)
    page = f"<html><head><title>\n{title} </title></head><body>{card}</body></html>"
    served.lists[0] = write_list(write_card(site._job(n), TODAY) for n in range(10)).encode()
    served.lists[10] = page.encode()
    visit = visit_at(served.base_url)
    pages = visit.collector.collect(LinkedInQuery(), visit.ctx)
    assert len(next(pages).postings) == 10
    with pytest.raises(Blocked, match="page titled"):
        next(pages)


def test_an_empty_page_in_between_is_got_over(site: LinkedInSite, visit: Any) -> None:
    site.fail("empty", query={"start": "40"}, times=1)
    pages = visit.pages()
    assert len(ids(pages)) == 95
    assert starts(site).count(40) == 2


def test_a_short_page_in_between_is_not_the_end(
    served: Any, site: LinkedInSite, visit_at: Any
) -> None:
    cards = [write_card(site._job(index), TODAY) for index in range(27)]
    for start, page in ((0, cards[:7]), (10, cards[7:17]), (20, cards[17:])):
        served.lists[start] = write_list(page).encode()
    pages = visit_at(served.base_url).pages()
    assert [len(page.postings) for page in pages] == [7, 10, 10, 0]


def test_every_cursor_gives_the_rest(visit_at: Any, site: LinkedInSite) -> None:
    pages = visit_at(site.base_url).pages()
    everything = ids(pages)
    done = 0
    for page in pages[:-2]:
        done += len(page.postings)
        rest = visit_at(site.base_url).pages(cursor=page.cursor)
        assert ids(rest) == everything[done:]
    beyond = visit_at(site.base_url).pages(cursor=pages[-2].cursor)
    assert beyond == [Page(postings=(), end_unconfirmed=True)]


def test_overlapping_pages_give_each_posting_once(site: LinkedInSite, visit: Any) -> None:
    site.fail("overlap")
    pages = visit.pages()
    assert len(ids(pages)) == len(set(ids(pages))) == 95
    assert [len(page.postings) for page in pages[:3]] == [10, 7, 10]


def test_a_page_of_nothing_but_repeats_is_an_unconfirmed_end(
    nine_pages: LinkedInSite, visit_at: Any
) -> None:
    nine_pages.fail("endless")
    pages = visit_at(nine_pages.base_url).pages()
    assert len(ids(pages)) == 90
    assert pages[-1] == Page(postings=(), end_unconfirmed=True)
    assert starts(nine_pages) == list(range(0, 91, 10))


def test_postings_that_come_during_a_run_cost_none(site: LinkedInSite, visit: Any) -> None:
    pages = visit.collector.collect(LinkedInQuery(), visit.ctx)
    read = [next(pages)]
    site.add(4)
    read += list(pages)
    assert len(ids(read)) == len(set(ids(read))) == 95


def test_the_sites_cap_is_respected_and_told(visit_at: Any) -> None:
    with LinkedInSite(postings=1_234) as site:
        visit = visit_at(site.base_url)
        pages = visit.pages()
        assert len(ids(pages)) == 1_000
        assert starts(site) == list(range(0, 1_000, 10))
        assert (pages[-1].cursor, pages[-1].end_unconfirmed) == (None, True)
        assert not any(page.end_unconfirmed for page in pages[:-1])
        assert visit.events("warning") == [
            "the site shows 1,000 postings of a search; split it to see more"
        ]


def test_a_run_up_to_the_cap_succeeds_unconfirmed(run_at: Any) -> None:
    with LinkedInSite(postings=1_100) as site:
        # Details of a thousand postings are another matter.
        host = DryHost()
        host.details_wanted = lambda refs, *, rechecks=0: []  # type: ignore[method-assign]
        result, host = run_at(site.base_url, host=host)
    assert result.outcome.state is RunState.SUCCEEDED
    assert not result.outcome.end_confirmed
    assert len(host.listed) == result.counts.seen == 1_000


# -- empty answers


def test_an_empty_first_page_is_left_to_the_core(site: LinkedInSite, visit: Any) -> None:
    assert visit.pages(LinkedInQuery(text="alchemist")) == [Page(postings=(), total_hint=None)]
    assert starts(site) == [0]


def test_a_search_without_results_is_confirmed_by_the_canary(
    site: LinkedInSite, run_at: Any
) -> None:
    result, _ = run_at(site.base_url, LinkedInQuery(text="alchemist"))
    assert result.outcome.state is RunState.SUCCEEDED
    assert result.outcome.end_confirmed
    assert [r.query.get("keywords") for r in site.requests] == ["alchemist", "engineer"]


def test_an_empty_answer_to_everything_is_blocked(site: LinkedInSite, run_at: Any) -> None:
    site.fail("empty")
    result, _ = run_at(site.base_url, LinkedInQuery(text="engineer"))
    assert (result.outcome.state, result.outcome.error_class) == (RunState.PARTIAL, "blocked")
    assert result.counts.seen == 0


def test_results_that_stop_early_are_never_taken_for_the_end(
    site: LinkedInSite, run_at: Any
) -> None:
    site.fail("empty", path=LIST, after=4)
    result, host = run_at(site.base_url)
    assert result.outcome.state is RunState.SUCCEEDED
    assert not result.outcome.end_confirmed
    assert len(host.listed) == 40


# -- trouble


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("drift", LayoutChanged),
        ("no_company", LayoutChanged),
        ("many_bad_items", LayoutChanged),
        ("no_cards", LayoutChanged),
        ("auth_wall", Blocked),
        ("auth_wall_page", Blocked),
        ("status_999", Blocked),
        ("challenge", Blocked),
        ("challenge_200", Blocked),
        ("rate_limit", RateLimited),
        ("unauthorized", LayoutChanged),
        ("server_error", Transient),
        ("reset", Transient),
        ("moved", LayoutChanged),
    ],
)
@pytest.mark.parametrize("after", [0, 2])
def test_faults_are_errors_and_never_an_empty_page(
    site: LinkedInSite, visit: Any, fault: str, error: type[Exception], after: int
) -> None:
    site.fail(fault, path=LIST, after=after)
    pages = visit.collector.collect(LinkedInQuery(), visit.ctx)
    read = [next(pages) for _ in range(after)]
    with pytest.raises(error):
        next(pages)
    assert len(ids(read)) == after * 10


def test_drift_names_what_is_missing_and_shows_it(site: LinkedInSite, visit: Any) -> None:
    site.fail("drift")
    with pytest.raises(LayoutChanged, match=r"10 of 10 cards are unreadable") as raised:
        visit.pages()
    assert raised.value.path == "card[0] .base-search-card__title"
    assert "base-search-card__heading" in raised.value.sample


def test_a_field_that_every_card_has_lost_is_told(site: LinkedInSite, visit: Any) -> None:
    site.fail("no_company")
    with pytest.raises(LayoutChanged, match="in none of 10 cards") as raised:
        visit.pages()
    assert raised.value.path == ".base-search-card__subtitle"


def test_a_few_bad_items_cost_only_themselves(site: LinkedInSite, visit: Any) -> None:
    site.fail("bad_items")
    pages = visit.pages()
    skipped = [skip for page in pages for skip in page.skipped]
    assert len(skipped) == 5
    assert {skip.reason for skip in skipped} == {"missing or empty"}
    assert len(ids(pages)) == 90


def test_the_next_run_goes_on_where_a_blocked_one_stopped(
    site: LinkedInSite, run_at: Callable[..., Any]
) -> None:
    site.fail("auth_wall", path=LIST, after=3)
    result, host = run_at(site.base_url)
    assert (result.outcome.state, result.outcome.keep_cursor) == (RunState.PARTIAL, True)
    cursor = [batch.cursor for batch in host.batches][-1]
    assert cursor == "30"
    site.heal()
    site.forget()
    result, host = run_at(site.base_url, host=host, cursor=cursor)
    assert result.outcome.state is RunState.SUCCEEDED
    assert len(host.listed) == 95
    assert starts(site) == [0, *range(30, 101, 10), 100]
