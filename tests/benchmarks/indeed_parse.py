"""Indeed: from the bytes of an answer to postings, against python-jobspy's own parser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from jobspy.indeed import Indeed as TheirIndeed
from jobspy.indeed.model import JobSearch as TheirJobSearch
from jobspy.model import Country, DescriptionFormat, JobPost, ScraperInput

from jobtracker_core import Posting
from jobtracker_core.testing.practice import Seen
from jobtracker_indeed import IndeedQuery, facts, parse, wire
from jobtracker_indeed.parse import Edition
from jobtracker_indeed.practice import PATH, IndeedSite
from jobtracker_indeed.query import prepare
from tests.benchmarks.ratio import Ratio, compare

JOBS = 100


def measure(rounds: int) -> Iterator[Ratio]:
    """Return how long ours takes for the same answer: theirs with HTML kept, and as it comes."""
    known = facts.load()
    answer = _answer(prepare(IndeedQuery(), known))
    edition = Edition.of(known, "US")
    expected = {posting.source_id for posting in _ours(answer, edition)}
    for form in (DescriptionFormat.HTML, DescriptionFormat.MARKDOWN):
        scraper = _their_scraper(form)
        found = {(post.id or "").removeprefix("in-") for post in _theirs(answer, scraper)}
        # It drops the few postings without an address elsewhere.
        if not found <= expected or len(found) < JOBS * 0.9:
            raise RuntimeError(f"not the same postings: {len(found)} of {len(expected)}")
        yield compare(
            f"indeed parse / python-jobspy ({form.value})",
            lambda: _ours(answer, edition),
            lambda scraper=scraper: _theirs(answer, scraper),  # type: ignore[misc]
            rounds=rounds * 3,
            unit=f"{JOBS} jobs",
            times=3,
        )


def _answer(search: Any) -> bytes:
    """Return a page of the practice site, as python-jobspy's query asks for it."""
    body = json.dumps({"query": search.at(None)}).encode()
    request = Seen(method="POST", path=PATH, query={}, headers=search.headers, body=body)
    return IndeedSite(postings=JOBS).answer(request).body


def _ours(answer: bytes, edition: Edition) -> list[Posting]:
    search = msgspec.json.decode(answer, type=wire.Answer).data.job_search  # type: ignore[union-attr]
    postings = []
    for result in search.results:  # type: ignore[union-attr]
        item = msgspec.convert(result, wire.Result).job
        job, _ = wire.lenient(result["job"], wire.Job)
        postings.append(parse.posting(item, job, result["job"], edition))
    return postings


def _their_scraper(form: DescriptionFormat) -> TheirIndeed:
    scraper = TheirIndeed()
    scraper.scraper_input = ScraperInput.model_validate(
        {"country_indeed": Country.USA, "description_format": form}
    )
    scraper.base_url = "https://www.indeed.com"
    return scraper


def _theirs(answer: bytes, scraper: TheirIndeed) -> list[JobPost]:
    search = TheirJobSearch.model_validate(json.loads(answer)["data"]["jobSearch"])
    # The practice site has postings that theirs refuses; it logs them and goes on.
    jobs = (result.job for result in search.results if result.job)
    return [scraper._process_job(job) for job in jobs if job["recruit"]]
