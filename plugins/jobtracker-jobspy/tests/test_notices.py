"""The table of warnings: each row, from the texts that python-jobspy 1.4.1 really gives."""

from __future__ import annotations

from typing import Any

import pytest
from jobspy.bayt import Bayt as TheirBayt
from jobspy.bdjobs import BDJobs as TheirBDJobs
from jobspy.glassdoor import Glassdoor as TheirGlassdoor
from jobspy.hellowork import HelloWork as TheirHelloWork
from jobspy.model import Scraper, ScraperInput
from jobspy.naukri import Naukri as TheirNaukri
from jobspy.ziprecruiter import ZipRecruiter as TheirZipRecruiter

from jobtracker_core import BadQuery
from jobtracker_core.testing.practice import Reply
from jobtracker_jobspy import notices
from jobtracker_jobspy.query import EasyApplyQuery, GlassdoorQuery, JobspyQuery


class Told:
    """Keeps what a context is told."""

    def __init__(self) -> None:
        self.ignored: list[tuple[str, str]] = []
        self.warned: list[str] = []
        self.log = self

    def filter_ignored(self, word: str, why: str) -> None:
        self.ignored.append((word, why))

    def warning(self, event: str, **fields: object) -> None:
        self.warned.append(str(fields["said"]))


def warnings_of(scraper: Scraper, serve: Any, status: int = 500, **words: Any) -> list[str]:
    url = serve(lambda _: Reply(status=status)).base_url
    for name in ("base_url", "search_url"):
        if hasattr(scraper, name):
            setattr(scraper, name, url)
    scraper.scrape(ScraperInput.model_validate(words))
    return scraper.warnings


@pytest.mark.parametrize(
    "theirs", [TheirBDJobs, TheirHelloWork, TheirNaukri, TheirZipRecruiter, TheirBayt]
)
def test_a_kind_of_engagement_that_a_site_lacks(theirs: Any, serve: Any) -> None:
    (text,) = warnings_of(theirs(), serve, job_type="volunteer")
    assert notices.find(text) is notices.NOTICES[0]


@pytest.mark.parametrize("theirs", [TheirBDJobs, TheirHelloWork])
def test_easy_apply_where_a_site_lacks_it(theirs: Any, serve: Any) -> None:
    (text,) = warnings_of(theirs(), serve, easy_apply=True)
    notice = notices.find(text)
    assert notice is notices.NOTICES[1]
    assert notice.word in EasyApplyQuery.__struct_fields__


def test_a_place_that_bdjobs_lacks(serve: Any) -> None:
    (text,) = warnings_of(TheirBDJobs(), serve, location="Oz, 'far'")
    assert notices.find(text) is notices.NOTICES[2]


def test_a_place_that_bayt_lacks(serve: Any) -> None:
    texts = warnings_of(TheirBayt(), serve, status=404, location="Oz, Nowhere")
    assert [notices.find(text) for text in texts] == [notices.NOTICES[2]] * 2


def test_a_country_that_glassdoor_lacks(serve: Any) -> None:
    (text,) = warnings_of(TheirGlassdoor(), serve, country_indeed="japan")
    assert notices.find(text) is notices.NOTICES[3]
    told: Any = Told()
    with pytest.raises(BadQuery, match="country: country_indeed japan isn't supported"):
        notices.tell(text, GlassdoorQuery(), told)


def test_warnings_about_words_go_to_the_account_and_others_to_the_log() -> None:
    told: Any = Told()
    place = "location 'Oz' not found, searching the country"
    notices.tell(place, JobspyQuery(), told)
    notices.tell("easy_apply isn't supported, ignoring it", JobspyQuery(), told)
    notices.tell("the moon is full", JobspyQuery(), told)
    assert told.ignored == [("location", place)]
    assert told.warned == ["easy_apply isn't supported, ignoring it", "the moon is full"]
