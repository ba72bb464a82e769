from __future__ import annotations

from typing import Any

import pytest

from jobtracker_core import Blocked, LayoutChanged, Posting, RateLimited
from jobtracker_hiringcafe.practice import HiringCafeSite

PATH = "/api/job-description"


def test_every_description_can_be_had(site: HiringCafeSite, visit: Any) -> None:
    listed = visit.pages(most=1)[0].postings
    for posting in listed:
        detailed = visit.details(posting)
        assert posting.title in (detailed.description or "")
        assert detailed == Posting(
            source_id=posting.source_id,
            url=posting.url,
            title=posting.title,
            description=detailed.description,
        )
    asked = [r.query["id"] for r in site.requests if r.path == PATH]
    assert asked == [posting.source_id for posting in listed]
    assert any("/" in each and "&" in each and " " in each for each in asked)


def test_a_posting_that_is_gone_is_closed(site: HiringCafeSite, visit: Any) -> None:
    listed = {posting.source_id: posting for page in visit.pages() for posting in page.postings}
    (gone,) = site.close(1)
    posting = listed[gone]
    assert visit.details(posting) == Posting(
        source_id=gone, url=posting.url, title=posting.title, closed=True
    )


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("not_found_oddly", LayoutChanged),
        ("app_shell", LayoutChanged),
        ("wrong_job", LayoutChanged),
        ("truncated", LayoutChanged),
        ("unauthorized", LayoutChanged),
        ("challenge", Blocked),
        ("challenge_200", Blocked),
        ("rate_limit", RateLimited),
    ],
)
def test_faults_are_never_a_closed_posting(
    site: HiringCafeSite, visit: Any, fault: str, error: type[Exception]
) -> None:
    posting = visit.pages(most=1)[0].postings[0]
    site.fail(fault, path=PATH)
    with pytest.raises(error):
        visit.details(posting)


def test_retry_after_is_kept(site: HiringCafeSite, visit: Any) -> None:
    posting = visit.pages(most=1)[0].postings[0]
    site.fail("rate_limit", path=PATH)
    with pytest.raises(RateLimited) as raised:
        visit.details(posting)
    assert raised.value.retry_after == 120
