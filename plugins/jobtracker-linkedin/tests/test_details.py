from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import pytest
from msgspec import structs

from jobtracker_core import (
    Blocked,
    LayoutChanged,
    Posting,
    PostingRef,
    RateLimited,
    RunState,
)
from jobtracker_core.ingest.private import redact
from jobtracker_linkedin import LinkedIn
from jobtracker_linkedin.collector import LIST
from jobtracker_linkedin.invented import RECRUITERS, invent
from jobtracker_linkedin.markup import write_view
from jobtracker_linkedin.practice import LinkedInSite

DETAIL = "/jobs-guest/jobs/api/jobPosting/*"


def listed(visit: Any) -> list[Posting]:
    return [posting for page in visit.pages() for posting in page.postings]


def test_every_posting_has_details(site: LinkedInSite, visit: Any) -> None:
    found = [(posting, visit.details(posting)) for posting in listed(visit)]
    assert len(found) == 95
    for posting, detailed in found:
        assert (detailed.source_id, detailed.url, detailed.title) == (
            posting.source_id,
            posting.url,
            posting.title,
        )
        assert detailed.closed is False
        assert detailed.employment is not None
        assert posting.title in (detailed.description or "")
        # The list's business.
        assert (detailed.company, detailed.places, detailed.raw) == (None, None, None)
    assert any(detailed.seniority for _, detailed in found)
    assert any(detailed.seniority is None for _, detailed in found)
    assert any(detailed.pay for _, detailed in found)
    assert all(
        detailed.pay == posting.pay for posting, detailed in found if posting.pay is not None
    )
    assert visit.events("warning") == []


def test_applicants_and_recruiters_are_in_no_field(site: LinkedInSite, visit: Any) -> None:
    texts = "".join(repr(visit.details(posting)) for posting in listed(visit))
    assert "applicants</" not in texts
    assert not any(part in texts for person in RECRUITERS for part in person)


def test_a_captured_page_shows_no_recruiter() -> None:
    job = structs.replace(invent(Random(4), 4, posted=date(2026, 9, 1)), recruiter=1)
    page = write_view(job)
    assert all(part in page for part in RECRUITERS[1])
    kept = redact(page.encode(), "text/html", LinkedIn.info.private).decode()
    assert not any(part in kept for part in RECRUITERS[1])
    assert "show-more-less-html__markup" in kept


def test_a_closed_posting_says_so(site: LinkedInSite, visit: Any) -> None:
    before = {posting.source_id: posting for posting in listed(visit)}
    (gone,) = site.close(1)
    assert gone not in {posting.source_id for posting in listed(visit)}
    detailed = visit.details(before[gone])
    assert detailed.closed is True
    assert detailed.description


def test_words_of_a_description_close_nothing(site: LinkedInSite, visit: Any) -> None:
    detailed = visit.details(visit.pages(most=1)[0].postings[0])
    assert "No longer accepting applications" in detailed.description
    assert detailed.closed is False


def test_a_posting_that_is_gone_is_closed(site: LinkedInSite, visit: Any) -> None:
    before = {posting.source_id: posting for posting in listed(visit)}
    (gone,) = site.remove(1)
    posting = before[gone]
    assert visit.details(posting) == Posting(
        source_id=gone, url=posting.url, title=posting.title, closed=True
    )


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("wrong_job", LayoutChanged),
        ("no_description", LayoutChanged),
        ("auth_wall", Blocked),
        ("auth_wall_page", Blocked),
        ("status_999", Blocked),
        ("challenge_200", Blocked),
        ("rate_limit", RateLimited),
        ("unauthorized", LayoutChanged),
    ],
)
def test_faults_are_never_a_closed_posting(
    site: LinkedInSite, visit: Any, fault: str, error: type[Exception]
) -> None:
    posting = visit.pages(most=1)[0].postings[0]
    site.fail(fault, path=DETAIL)
    with pytest.raises(error):
        visit.details(posting)


def test_an_empty_body_is_no_description(served: Any, visit_at: Any) -> None:
    served.pages["/jobs-guest/jobs/api/jobPosting/7"] = b"<!DOCTYPE html>\n\n<!---->"
    ref = PostingRef(source_id="7", url="https://www.linkedin.com/jobs/view/7", title="Keeper")
    with pytest.raises(LayoutChanged, match="not closed"):
        visit_at(served.base_url).details(ref)


@pytest.mark.parametrize("after", [0, 7])
def test_a_404_for_everything_closes_nothing(site: LinkedInSite, run_at: Any, after: int) -> None:
    site.fail("gone", path=DETAIL, after=after)
    result, host = run_at(site.base_url)
    assert (result.outcome.state, result.outcome.error_class) == (RunState.PARTIAL, "blocked")
    assert len(host.listed) == 95
    assert len(host.detailed) == after
    assert not any(record.closed for record in host.detailed.values())
    # One that is there was asked for, and where that was gone too, a second one.
    assert site.count(DETAIL) == after + 3


def test_who_shows_no_list_closes_nothing_either(served: Any, visit_at: Any) -> None:
    ref = PostingRef(source_id="7", url="https://www.linkedin.com/jobs/view/7", title="Keeper")
    with pytest.raises(Blocked, match="posting 7"):
        visit_at(served.base_url).details(ref)
    paths = [request.path for request in served.requests]
    assert paths == ["/jobs-guest/jobs/api/jobPosting/7", LIST]


def test_a_wall_before_the_other_posting_closes_nothing(site: LinkedInSite, visit: Any) -> None:
    posting, other = listed(visit)[:2]
    visit.details(other)
    site.fail("gone", path=DETAIL, times=1)
    site.fail("auth_wall", path=DETAIL, after=1)
    with pytest.raises(Blocked):
        visit.details(posting)


def test_unknown_words_are_told_once(site: LinkedInSite, visit: Any) -> None:
    site.fail("odd_words")
    for posting in visit.pages(most=1)[0].postings:
        detailed = visit.details(posting)
        assert (detailed.employment, detailed.seniority) == (None, None)
    told = [fields["words"] for level, _, fields in visit.host.events if level == "warning"]
    assert sorted(told) in (
        ["['Anställningsform', 'Seasoned']"],
        ["['Anställningsform']", "['Seasoned']"],
    )


def test_a_wall_among_the_details_keeps_the_list(site: LinkedInSite, run_at: Any) -> None:
    site.fail("auth_wall", path=DETAIL, after=7)
    result, host = run_at(site.base_url)
    assert (result.outcome.state, result.outcome.error_class) == (RunState.PARTIAL, "blocked")
    assert (len(host.listed), len(host.detailed)) == (95, 7)


def test_a_gone_detail_closes_and_the_run_succeeds(site: LinkedInSite, run_at: Any) -> None:
    site.fail("gone", path=DETAIL, after=3, times=1)
    result, host = run_at(site.base_url)
    assert result.outcome.state is RunState.SUCCEEDED
    assert [record.closed for record in host.detailed.values()].count(True) == 1
