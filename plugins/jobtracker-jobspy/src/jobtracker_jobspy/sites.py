"""The sites, one collector each. Facts of python-jobspy 1.4.1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from jobtracker_core import (
    BadQuery,
    CollectorInfo,
    Employment,
    FilterSupport,
    Limits,
    Page,
    PayKind,
    Policy,
    Precision,
    RunContext,
)
from jobtracker_jobspy import library
from jobtracker_jobspy.board import Board
from jobtracker_jobspy.call import Answer
from jobtracker_jobspy.collector import JobspyCollector
from jobtracker_jobspy.query import EasyApplyQuery, GlassdoorQuery, JobspyQuery, JobspySettings
from jobtracker_jobspy.rows import Reading

_UNREAD = (
    "Nobody has read this site's robots file and terms for this plugin: read them yourself before "
    "you turn it on. "
)


def _native(*words: str) -> Mapping[str, FilterSupport]:
    always = ("text", "location", "remote", "posted_within_days")
    return dict.fromkeys((*always, *words), FilterSupport.NATIVE)


class Glassdoor(JobspyCollector[GlassdoorQuery]):
    """The Glassdoor sites of 22 countries. Paging is by cursors, so a run is one call.

    python-jobspy does not wait between its pages: the five seconds are our own.
    """

    board = Board(
        scraper="Glassdoor", prefix="gd-", start="front", page_size=100, portion=500, delay=5.0
    )
    # The pay is the 10th and 90th percentile; whether the employer stated it is not asked for.
    # The date is the present one less an age in days.
    reading = Reading(prefix="gd-", dated=Precision.ESTIMATED, pay=PayKind.ESTIMATED)
    kinds = (
        Employment.FULL_TIME,
        Employment.PART_TIME,
        Employment.CONTRACT,
        Employment.INTERNSHIP,
        Employment.TEMPORARY,
    )
    distance = True
    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="glassdoor",
        title="Glassdoor",
        homepage="https://www.glassdoor.com",
        contract=1,
        query=GlassdoorQuery,
        settings=JobspySettings,
        hosts=(
            *("www.glassdoor.com", "www.glassdoor.com.ar", "www.glassdoor.com.au"),
            *("www.glassdoor.at", "fr.glassdoor.be", "www.glassdoor.com.br", "www.glassdoor.ca"),
            *("www.glassdoor.fr", "www.glassdoor.de", "www.glassdoor.com.hk"),
            *("www.glassdoor.co.in", "www.glassdoor.ie", "www.glassdoor.it"),
            *("www.glassdoor.com.mx", "www.glassdoor.nl", "www.glassdoor.co.nz"),
            *("www.glassdoor.sg", "www.glassdoor.es", "de.glassdoor.ch", "www.glassdoor.co.uk"),
        ),
        policy=Policy(
            summary=_UNREAD + "It is asked through the interface of its own pages, with a token "
            "that python-jobspy publishes; it puts many programs before a page for humans only.",
            robots_url="https://www.glassdoor.com/robots.txt",
        ),
        canary=GlassdoorQuery(text="engineer", limit=10, descriptions=False),
        limits=Limits(per_minute=6, max_running=1, max_minutes=15),
        features=frozenset({"own_http"}),
        filters=_native("employment", "distance_km"),
    )


class ZipRecruiter(JobspyCollector[EasyApplyQuery]):
    """ZipRecruiter, for the United States and Canada."""

    board = Board(
        scraper="ZipRecruiter",
        prefix="zr-",
        start="page",
        page_size=20,
        portion=20,
        delay=7.0,
        addresses=("base_url",),
    )
    reading = Reading(prefix="zr-")
    kinds = (
        Employment.FULL_TIME,
        Employment.PART_TIME,
        Employment.CONTRACT,
        Employment.TEMPORARY,
        Employment.INTERNSHIP,
        Employment.PER_DIEM,
        Employment.OTHER,
    )
    distance = True
    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="ziprecruiter",
        title="ZipRecruiter",
        homepage="https://www.ziprecruiter.com",
        contract=1,
        query=EasyApplyQuery,
        settings=JobspySettings,
        hosts=("www.ziprecruiter.com",),
        policy=Policy(
            summary=_UNREAD + "Its firewall refuses many programs, and it serves the United "
            "States and Canada only.",
            robots_url="https://www.ziprecruiter.com/robots.txt",
        ),
        canary=EasyApplyQuery(text="engineer", limit=10),
        limits=Limits(per_minute=8, max_running=1, max_minutes=30),
        features=frozenset({"resume", "own_http"}),
        filters=_native("employment", "distance_km"),
    )


class Naukri(JobspyCollector[EasyApplyQuery]):
    """Naukri, for India."""

    board = Board(
        scraper="Naukri",
        prefix="nk-",
        start="page",
        page_size=20,
        portion=20,
        delay=7.0,
        addresses=("base_url", "search_url", "job_page_url"),
    )
    reading = Reading(prefix="nk-")
    kinds = (Employment.INTERNSHIP,)
    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="naukri",
        title="Naukri",
        homepage="https://www.naukri.com",
        contract=1,
        query=EasyApplyQuery,
        settings=JobspySettings,
        hosts=("www.naukri.com",),
        policy=Policy(
            summary=_UNREAD + "It is asked through the interface of its own pages, which answers "
            "fast readers with a demand for a captcha (HTTP 406).",
            robots_url="https://www.naukri.com/robots.txt",
        ),
        canary=EasyApplyQuery(text="engineer", limit=10),
        limits=Limits(per_minute=8, max_running=1, max_minutes=30),
        features=frozenset({"resume", "own_http"}),
        filters=_native("employment"),
    )


class Bayt(JobspyCollector[EasyApplyQuery]):
    """Bayt, for the Middle East and North Africa."""

    board = Board(
        scraper="Bayt",
        prefix="bayt-",
        start="page",
        page_size=30,
        portion=30,
        delay=5.0,
        unannounced="filters%5Bremote_working_type%5D%5B%5D=2&",
        addresses=("base_url",),
    )
    reading = Reading(prefix="bayt-")
    kinds = (
        Employment.FULL_TIME,
        Employment.PART_TIME,
        Employment.CONTRACT,
        Employment.TEMPORARY,
        Employment.INTERNSHIP,
    )
    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="bayt",
        title="Bayt",
        homepage="https://www.bayt.com",
        contract=1,
        query=EasyApplyQuery,
        settings=JobspySettings,
        hosts=("www.bayt.com",),
        policy=Policy(
            summary=_UNREAD + "Its public search pages are read.",
            robots_url="https://www.bayt.com/robots.txt",
        ),
        canary=EasyApplyQuery(text="engineer", limit=10),
        limits=Limits(per_minute=10, max_running=1, max_minutes=30),
        features=frozenset({"resume", "own_http"}),
        filters=_native("employment"),
    )

    def widened(self, asked: Mapping[str, Any], answer: Answer) -> Mapping[str, Any]:
        """Leave out the place that the site does not have, so that no later call asks for it."""
        for text in answer.warnings:
            if text.endswith("searching the country"):
                asked = {**asked, "location": asked["location"].rpartition(",")[2].strip()}
            elif text.endswith("searching all countries"):
                asked = {**asked, "location": None}
        return asked

    def portion(self, query: EasyApplyQuery) -> int:
        """Ask for more at once where each call first reads the whole list of hybrid postings."""
        if not query.remote:
            return super().portion(query)
        return super().portion(query) * (3 if query.descriptions else 10)


class BDJobs(JobspyCollector[JobspyQuery]):
    """BDJobs, for Bangladesh. Each call reads page 1 before the page of its offset."""

    board = Board(
        scraper="BDJobs",
        prefix="bd-",
        start="first_and_page",
        page_size=50,
        portion=200,
        delay=5.0,
        addresses=("base_url", "search_url", "details_url"),
    )
    reading = Reading(prefix="bd-")
    kinds = (
        Employment.FULL_TIME,
        Employment.PART_TIME,
        Employment.CONTRACT,
        Employment.INTERNSHIP,
    )
    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="bdjobs",
        title="BDJobs",
        homepage="https://bdjobs.com",
        contract=1,
        query=JobspyQuery,
        settings=JobspySettings,
        hosts=("api.bdjobs.com", "gateway.bdjobs.com"),
        policy=Policy(
            summary=_UNREAD + "It is asked through the interface of its own pages.",
            robots_url="https://bdjobs.com/robots.txt",
        ),
        canary=JobspyQuery(text="manager", limit=10),
        limits=Limits(per_minute=10, max_running=1, max_minutes=30),
        features=frozenset({"resume", "own_http"}),
        filters=_native("employment"),
    )


class HelloWork(JobspyCollector[JobspyQuery]):
    """HelloWork, for France."""

    board = Board(
        scraper="HelloWork",
        prefix="hw-",
        start="page",
        page_size=30,
        portion=30,
        delay=5.0,
        addresses=("base_url", "search_url"),
    )
    # The list says "2 days ago".
    reading = Reading(prefix="hw-", dated=Precision.ESTIMATED)
    kinds = (
        Employment.FULL_TIME,
        Employment.PART_TIME,
        Employment.INTERNSHIP,
        Employment.TEMPORARY,
        Employment.CONTRACT,
    )
    distance = True
    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="hellowork",
        title="HelloWork",
        homepage="https://www.hellowork.com",
        contract=1,
        query=JobspyQuery,
        settings=JobspySettings,
        hosts=("www.hellowork.com",),
        policy=Policy(
            summary=_UNREAD + "Its public search pages are read.",
            robots_url="https://www.hellowork.com/robots.txt",
        ),
        canary=JobspyQuery(text="commercial", limit=10),
        limits=Limits(per_minute=10, max_running=1, max_minutes=30),
        features=frozenset({"resume", "own_http"}),
        filters=_native("employment", "distance_km"),
    )


class Google(JobspyCollector[JobspyQuery]):
    """Google's job search. All words are written into the text of the search."""

    board = Board(
        scraper="Google",
        prefix="go-",
        start="front",
        page_size=10,
        portion=100,
        delay=5.0,
    )
    # "remote" is looked for in the description; the date is the present one less an age in days.
    reading = Reading(prefix="go-", remote_stated=False, dated=Precision.ESTIMATED)
    kinds = (
        Employment.FULL_TIME,
        Employment.PART_TIME,
        Employment.CONTRACT,
        Employment.INTERNSHIP,
    )
    info: ClassVar[CollectorInfo] = CollectorInfo(
        name="google",
        title="Google Jobs",
        homepage="https://www.google.com",
        contract=1,
        query=JobspyQuery,
        settings=JobspySettings,
        hosts=("www.google.com",),
        policy=Policy(
            summary=_UNREAD + "It puts programs before a captcha within a few requests.",
            robots_url="https://www.google.com/robots.txt",
        ),
        canary=JobspyQuery(text="engineer", limit=10),
        limits=Limits(per_minute=6, max_running=1, max_minutes=15),
        features=frozenset({"own_http"}),
        filters=_native("employment"),
    )

    @classmethod
    def unavailable(cls) -> str | None:
        """Say so as long as python-jobspy leaves Google out."""
        return super().unavailable() or library.google_left_out()

    def collect(
        self, query: JobspyQuery, ctx: RunContext, *, cursor: str | None = None
    ) -> Iterator[Page]:
        """See JobspyCollector. Raises BadQuery without a text: all else is added to it."""
        if not query.text:
            raise BadQuery("text", "Google is asked in words; give some")
        yield from super().collect(query, ctx, cursor=cursor)


COLLECTORS: tuple[type[JobspyCollector[Any]], ...] = (
    Glassdoor,
    ZipRecruiter,
    Naukri,
    Bayt,
    BDJobs,
    HelloWork,
    Google,
)
