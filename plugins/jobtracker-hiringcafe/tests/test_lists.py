from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from jobtracker_core import Blocked, LayoutChanged, Page, Posting, RateLimited, Transient
from jobtracker_hiringcafe import HiringCafeQuery
from jobtracker_hiringcafe.practice import HiringCafeSite

DATA = "/_next/data/*"
TODAY = date(2026, 9, 15)


def postings(pages: list[Page]) -> list[Posting]:
    return [posting for page in pages for posting in page.postings]


def ids(pages: list[Page]) -> list[str]:
    return [posting.source_id for posting in postings(pages)]


def test_a_whole_search(site: HiringCafeSite, visit: Any) -> None:
    pages = visit.pages()
    assert [len(page.postings) for page in pages] == [40] * 8 + [10]
    assert [page.cursor for page in pages] == ["1", "2", "3", "4", "5", "6", "7", "8", None]
    assert {page.total_hint for page in pages} == {330}
    assert not any(page.end_unconfirmed or page.skipped for page in pages)
    assert sorted(ids(pages)) == sorted(site.object_ids)
    assert visit.events("warning") == []


def test_what_is_sent(site: HiringCafeSite, visit: Any) -> None:
    visit.pages(most=2)
    home, first, second = site.requests
    assert (home.path, home.query) == ("/", {})
    assert first.path == f"/_next/data/{site.build_id}/index.json"
    assert json.loads(first.query["searchState"]) == {"defaultToUserLocation": False}
    assert (first.query["page"], second.query["page"]) == ("0", "1")
    assert first.headers["x-nextjs-data"] == "1"
    assert first.headers["accept"] == "*/*"
    assert first.headers["referer"] == f"{site.base_url}/"


def test_links_never_lead_to_the_practice_site(visit: Any) -> None:
    found = postings(visit.pages())
    assert {posting.url[:27] for posting in found} == {
        "https://hiringcafe.com/job/",
        "https://hiringcafe.com/view",
    }
    assert "127.0.0.1" not in "".join(f"{p.url} {p.apply_url}" for p in found)


def test_every_cursor_gives_the_rest(visit_at: Any, site: HiringCafeSite) -> None:
    pages = visit_at(site.base_url).pages()
    everything = ids(pages)
    done = 0
    for page in pages[:-1]:
        done += len(page.postings)
        rest = visit_at(site.base_url).pages(cursor=page.cursor)
        assert ids(rest) == everything[done:]
        assert not rest[-1].end_unconfirmed


def test_a_posting_that_moves_to_a_later_page_comes_once(site: HiringCafeSite, visit: Any) -> None:
    pages = visit.collector.collect(HiringCafeQuery(), visit.ctx)
    first = next(pages)
    site.add(3)
    rest = list(pages)
    assert len(rest[0].postings) == 37
    found = ids([first, *rest])
    assert len(found) == len(set(found)) == 330
    assert not any(page.skipped for page in rest)


def test_a_last_page_of_repeats_is_a_confirmed_end(site: HiringCafeSite, visit: Any) -> None:
    site.close(10)  # exactly eight pages
    pages = visit.collector.collect(HiringCafeQuery(), visit.ctx)
    read = [next(pages)]
    site.add(2)  # a ninth page, whose two postings were on the eighth before
    read += list(pages)
    assert len(ids(read)) == 320
    assert all(page.postings for page in read)
    assert not read[-1].end_unconfirmed


# -- empty answers


def test_a_total_of_zero_is_certainly_nothing(visit: Any) -> None:
    assert visit.pages(HiringCafeQuery(text="alchemist")) == [Page(postings=(), total_hint=0)]


def test_nothing_without_a_total_is_uncertain(site: HiringCafeSite, visit: Any) -> None:
    site.fail("no_total")
    assert visit.pages(HiringCafeQuery(text="alchemist")) == [Page(postings=(), total_hint=None)]


@pytest.mark.parametrize("fault", ["empty_page", "empty_last"])
def test_an_empty_first_page_that_announces_postings_is_an_error(
    site: HiringCafeSite, visit: Any, fault: str
) -> None:
    site.fail(fault)
    with pytest.raises(LayoutChanged, match="330 postings are announced") as raised:
        visit.pages()
    assert raised.value.path == "$.pageProps.ssrHits"
    assert site.count(DATA) == 1


def test_a_later_empty_page_is_asked_again(site: HiringCafeSite, visit: Any) -> None:
    site.fail("empty_page", query={"page": "3"}, times=1)
    pages = visit.pages()
    assert len(ids(pages)) == 330
    assert [r.query["page"] for r in site.requests if "page" in r.query].count("3") == 2
    assert visit.clock.monotonic() >= 10


def test_a_page_that_stays_empty_is_an_unconfirmed_end(site: HiringCafeSite, visit: Any) -> None:
    site.fail("empty_page", query={"page": "6"})
    pages = visit.pages()
    assert pages[-1] == Page(postings=(), total_hint=330, end_unconfirmed=True)
    assert len(ids(pages)) == 240
    assert not any(page.end_unconfirmed for page in pages[:-1])


def test_an_empty_last_page_ends_the_results(site: HiringCafeSite, visit: Any) -> None:
    site.fail("empty_last", query={"page": "6"})
    pages = visit.pages()
    assert len(pages) == 6
    assert not pages[-1].end_unconfirmed
    assert [r.query["page"] for r in site.requests if "page" in r.query].count("6") == 1


def test_an_end_far_before_the_announced_total_is_unconfirmed(
    site: HiringCafeSite, visit: Any
) -> None:
    site.fail("overcount")
    pages = visit.pages()
    assert len(ids(pages)) == 330
    assert pages[-1].end_unconfirmed
    assert not any(page.end_unconfirmed for page in pages[:-1])


def test_an_early_empty_last_page_is_unconfirmed(site: HiringCafeSite, visit: Any) -> None:
    site.fail("empty_last", query={"page": "2"})
    assert visit.pages()[-1] == Page(postings=(), total_hint=330, end_unconfirmed=True)


def test_a_resumed_run_does_not_judge_the_total(site: HiringCafeSite, visit: Any) -> None:
    pages = visit.pages(cursor="7")
    assert len(ids(pages)) == 50
    assert not pages[-1].end_unconfirmed


def test_the_same_page_over_and_over_is_an_unconfirmed_end(
    site: HiringCafeSite, visit: Any
) -> None:
    site.fail("endless")
    pages = visit.pages()
    assert [len(page.postings) for page in pages] == [40] * 8 + [10, 0]
    assert pages[-1].end_unconfirmed
    assert site.count(DATA) == 11


def test_endless_results_are_read_as_far_as_anybody_asks(site: HiringCafeSite, visit: Any) -> None:
    site.fail("bottomless")
    pages = visit.pages(most=14)
    assert len(set(ids(pages))) == 14 * 40


# -- build ids and the rendered page


def test_a_stale_build_id_is_read_again(site: HiringCafeSite, visit: Any) -> None:
    site.fail("stale_build", path=DATA, after=2, times=1)
    assert len(ids(visit.pages())) == 330
    assert sum(r.path == "/" for r in site.requests) == 2


def test_a_build_id_that_is_stale_again_is_an_error(site: HiringCafeSite, visit: Any) -> None:
    site.fail("stale_build", path=DATA, after=2)
    with pytest.raises(LayoutChanged, match=r"/index\.json.*just read"):
        visit.pages()
    assert sum(r.path == "/" for r in site.requests) == 2
    assert site.count(DATA) == 4


def test_the_build_id_is_read_once_for_two_searches_of_a_run(
    site: HiringCafeSite, visit: Any
) -> None:
    visit.pages(most=1)
    visit.pages(most=1, cursor="4")
    assert site.count("/") == 1


def test_an_app_shell_turns_to_the_rendered_pages(
    site: HiringCafeSite, visit_at: Callable[[str], Any]
) -> None:
    by_data = postings(visit_at(site.base_url).pages())
    site.forget()
    site.fail("app_shell", path=DATA)
    visit = visit_at(site.base_url)
    assert postings(visit.pages()) == by_data
    assert site.count(DATA) == 1
    assert visit.events("warning") == [
        "HTML came where JSON was asked; reading the rendered pages from now"
    ]


def test_a_shell_everywhere_is_an_error(site: HiringCafeSite, visit: Any) -> None:
    site.fail("app_shell", path=DATA)
    site.fail("app_shell", path="/", query={"page": "0"})
    with pytest.raises(LayoutChanged, match="__NEXT_DATA__"):
        visit.pages()


def test_a_home_page_without_build_id_is_an_error(site: HiringCafeSite, visit: Any) -> None:
    site.fail("app_shell", path="/")
    with pytest.raises(LayoutChanged, match="buildId") as raised:
        visit.pages()
    assert "__next" in raised.value.sample


def test_a_rendered_page_without_hits_is_an_error(site: HiringCafeSite, visit: Any) -> None:
    site.fail("app_shell", path=DATA)
    site.fail("no_hits", path="/", query={"page": "0"})
    with pytest.raises(LayoutChanged, match=r"ssrHits: missing"):
        visit.pages()


# -- errors of the site


def test_one_error_of_the_backend_is_asked_again(site: HiringCafeSite, visit: Any) -> None:
    site.fail("ssr_error", query={"page": "1"}, times=1)
    assert len(ids(visit.pages())) == 330


@pytest.mark.parametrize("page", ["0", "3"])
def test_a_lasting_error_of_the_backend_is_never_an_end(
    site: HiringCafeSite, visit: Any, page: str
) -> None:
    site.fail("ssr_error", query={"page": page})
    with pytest.raises(Transient, match="Failed to load jobs") as raised:
        visit.pages()
    assert str(raised.value.error_class) == "http_5xx"
    assert [r.query["page"] for r in site.requests if "page" in r.query].count(page) == 2


def test_an_error_on_the_first_page_of_a_place_may_be_our_place(
    site: HiringCafeSite, visit: Any
) -> None:
    site.fail("ssr_error")
    with pytest.raises(LayoutChanged, match="the place may not be understood"):
        visit.pages(HiringCafeQuery(location="Leeds"))


def test_an_error_on_a_later_page_of_a_place_is_the_sites_own(
    site: HiringCafeSite, visit: Any
) -> None:
    site.fail("ssr_error", query={"page": "1"})
    with pytest.raises(Transient):
        visit.pages(HiringCafeQuery(location="Germany"))


@pytest.mark.parametrize(
    ("fault", "error", "error_class"),
    [
        ("challenge", Blocked, "blocked"),
        ("challenge_200", Blocked, "blocked"),
        ("unauthorized", LayoutChanged, "auth"),
        ("rate_limit", RateLimited, "http_429"),
        ("server_error", Transient, "http_5xx"),
        ("reset", Transient, "network"),
        ("moved", LayoutChanged, "parse"),
        ("truncated", LayoutChanged, "decode"),
        ("drift", LayoutChanged, "parse"),
    ],
)
def test_faults_in_the_middle(
    site: HiringCafeSite, visit: Any, fault: str, error: type[Exception], error_class: str
) -> None:
    site.fail(fault, path=DATA, after=2)
    pages = visit.collector.collect(HiringCafeQuery(), visit.ctx)
    assert len(next(pages).postings) == len(next(pages).postings) == 40
    with pytest.raises(error) as raised:
        next(pages)
    assert raised.value.error_class == error_class  # type: ignore[attr-defined]


def test_a_move_names_the_host(site: HiringCafeSite, visit: Any) -> None:
    site.fail("moved")
    with pytest.raises(LayoutChanged, match=r"moved\.practice\.invalid"):
        visit.pages()


def test_a_passing_server_error_is_not_seen(site: HiringCafeSite, visit: Any) -> None:
    site.fail("server_error", path=DATA, after=1, times=1)
    assert len(ids(visit.pages())) == 330


def test_some_unreadable_items_are_skipped_with_their_path(
    site: HiringCafeSite, visit: Any
) -> None:
    site.fail("bad_items", query={"page": "1"})
    pages = visit.pages()
    assert len(ids(pages)) == 328
    assert [skip.path for skip in pages[1].skipped] == [
        "$.pageProps.ssrHits[0]",
        "$.pageProps.ssrHits[20]",
    ]
    assert "core_job_title" in pages[1].skipped[0].reason


def test_unreadable_items_count_as_given(visit_at: Any) -> None:
    with HiringCafeSite(postings=390, today=TODAY) as site:
        site.fail("bad_items")
        site.fail("empty_last", query={"page": "5"})
        pages = visit_at(site.base_url).pages()
    assert len(ids(pages)) == 190  # less than half of 390, but 200 items came
    assert not pages[-1].end_unconfirmed


def test_odd_optional_values_are_told_once(site: HiringCafeSite, visit: Any) -> None:
    site.fail("odd_values")
    assert len(ids(visit.pages())) == 330
    assert visit.events("warning") == ["values of an unknown form were left out"]
