"""Requests that a run sends to a practice site: ours against python-jobspy's, details included.

python-jobspy keeps nothing, so it asks for every description each time. The second run comes after
the site has published ten more postings. Nothing here is timed, and the counts are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from jobspy.linkedin import LinkedIn as JobSpyLinkedIn
from jobspy.model import ScraperInput, Site
from msgspec import Struct

from jobtracker_core import JobTracker, RunState, Settings
from jobtracker_linkedin.practice import LinkedInSite
from tests.benchmarks.ratio import Ratio

POSTINGS, NEW = 200, 10
_FAST = 1_000_000


class Contest(Struct, frozen=True):
    """A site that both sides read.

    Attributes:
        collector: Our collector's name.
        site: Makes its practice site, which has a method `add`.
        theirs: Reads everything at an address with python-jobspy; returns how many postings.
    """

    collector: str
    site: Callable[..., LinkedInSite]
    theirs: Callable[[str], int]


def measure() -> Iterator[Ratio]:
    """Count the requests of a first run, and of a second one with ten new postings."""
    for contest in CONTESTS:
        with TemporaryDirectory() as folder, contest.site(postings=POSTINGS) as site:
            settings = Settings(
                data_dir=Path(folder),
                plugins=(contest.collector,),
                collectors={contest.collector: {"base_url": site.base_url, "per_minute": _FAST}},
            )
            with JobTracker(settings) as tracker:
                tracker.collectors.set_enabled(contest.collector, True)
                yield _run(contest, site, tracker, "first run", new=POSTINGS)
                site.add(NEW)
                yield _run(contest, site, tracker, f"a run with {NEW} new", new=NEW)


def _run(contest: Contest, site: LinkedInSite, tracker: JobTracker, name: str, new: int) -> Ratio:
    site.forget()
    run = tracker.collect(contest.collector, {}).run
    assert (run.state, run.counts.new, run.counts.details) == (RunState.SUCCEEDED, new, new)
    ours = site.count()
    site.forget()
    assert contest.theirs(site.base_url) == tracker.jobs.count()
    theirs = site.count()
    return Ratio(
        name=f"{contest.collector}: requests, {name}, ours / python-jobspy",
        value=ours / theirs,
        detail=f"{ours} against {theirs} requests, {tracker.jobs.count()} postings on the site",
    )


def _linkedin(base_url: str) -> int:
    wanted = ScraperInput.model_validate(
        {"site_name": [Site.LINKEDIN], "results_wanted": 1_000, "fetch_description": True}
    )
    with (
        patch.object(JobSpyLinkedIn, "base_url", base_url),
        patch.object(JobSpyLinkedIn, "delay", (0, 0)),
    ):
        scraper = JobSpyLinkedIn()
        posts = scraper.scrape(wanted)
    assert scraper.error is None
    return len(posts)


CONTESTS = (Contest("linkedin", LinkedInSite, _linkedin),)
