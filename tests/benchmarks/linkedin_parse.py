"""Reading LinkedIn's pages: ours against python-jobspy's own parser, on the same bytes.

Both begin with the page's text. Ours end with postings that hold their raw items, python-jobspy's
with its `JobPost`s; of details, both give the description as HTML, so that its conversion to
Markdown is not measured. The third measurement adds what makes a posting ready to be stored:
cleaning, splitting of places and pay, and the blanking of what is private in the raw item.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from jobspy.linkedin import LinkedIn as JobSpyLinkedIn
from jobspy.model import DescriptionFormat, ScraperInput, Site
from msgspec import Struct

from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.testing.practice import Seen
from jobtracker_linkedin import LinkedIn, parse
from jobtracker_linkedin.practice import DETAIL, LIST, PAGE_SIZE, LinkedInSite
from tests.benchmarks.ratio import Ratio, compare

_POSTINGS = 100
_REPORT = b'data-semaphore-content-urn="urn:li:jobPosting:'


class _Page(Struct, frozen=True):
    """What `_fetch_details` of python-jobspy looks at of a response."""

    text: str
    url: str = "https://www.linkedin.com/jobs/view/1"
    status_code: int = 200


class _Session:
    """Gives one page, whatever is asked."""

    def __init__(self, page: str) -> None:
        self._page = _Page(page)

    def get(self, url: str) -> _Page:
        return self._page


def measure(rounds: int) -> Iterator[Ratio]:
    """Compare on practice pages, and on recorded ones where `JOBTRACKER_RECORDINGS` names them."""
    yield from _compare("practice", *_practice_pages(), rounds=rounds)
    folder = os.environ.get("JOBTRACKER_RECORDINGS")
    if folder:
        yield from _compare("recorded", *_recorded_pages(Path(folder) / "linkedin"), rounds=rounds)


def _compare(
    kind: str, lists: Sequence[str], details: Sequence[tuple[str, str]], *, rounds: int
) -> Iterator[Ratio]:
    cards = sum(parse.cards(page).found for page in lists)
    refs = [(PostingRef(source_id=key, url="x", title="x"), page) for key, page in details]
    scraper = _scraper()
    private = LinkedIn.info.private
    assert sum(len(_their_cards(scraper, page)) for page in lists) == cards
    yield compare(
        f"linkedin, {kind}: cards, ours / python-jobspy",
        lambda: [parse.cards(page) for page in lists],
        lambda: [_their_cards(scraper, page) for page in lists],
        rounds=rounds,
        unit=f"{cards} cards",
    )
    yield compare(
        f"linkedin, {kind}: details, ours / python-jobspy",
        lambda: [parse.details(ref, page) for ref, page in refs],
        lambda: [_their_details(scraper, page) for _, page in refs],
        rounds=rounds,
        unit=f"{len(refs)} detail pages",
    )
    yield compare(
        f"linkedin, {kind}: cards to records / python-jobspy",
        lambda: [
            normalise(posting, private=private)
            for page in lists
            for posting in parse.cards(page).postings
        ],
        lambda: [_their_cards(scraper, page) for page in lists],
        rounds=rounds,
        unit=f"{cards} cards",
    )


def _scraper() -> JobSpyLinkedIn:
    scraper = JobSpyLinkedIn()
    scraper.scraper_input = ScraperInput.model_validate(
        {"site_name": [Site.LINKEDIN], "description_format": DescriptionFormat.HTML}
    )
    return scraper


def _their_cards(scraper: JobSpyLinkedIn, page: str) -> list[Any]:
    soup = BeautifulSoup(page, "html.parser")
    found = soup.find_all(class_="base-search-card")
    return [
        scraper._process_job(card, str(card.get("data-entity-urn", "")).split(":")[-1])
        for card in found
    ]


def _their_details(scraper: JobSpyLinkedIn, page: str) -> dict[str, object]:
    scraper.session = _Session(page)  # type: ignore[assignment]
    found = scraper._fetch_details("1")
    assert found["description"]
    return found


def _practice_pages() -> tuple[list[str], list[tuple[str, str]]]:
    site = LinkedInSite(postings=_POSTINGS, today=date(2026, 9, 15))

    def page(path: str, **query: str) -> str:
        request = Seen(method="GET", path=path, query=query, headers={})
        return site.serve(request)[0].body.decode()

    lists = [page(LIST, start=str(start)) for start in range(0, _POSTINGS, PAGE_SIZE)]
    return lists, [(key, page(DETAIL + key)) for key in site.source_ids]


def _recorded_pages(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    lists = [
        path.read_text("utf-8") for glob in ("seeMore*", "search*") for path in folder.glob(glob)
    ]
    details = []
    for path in (path for glob in ("jobPosting*", "view*") for path in folder.glob(glob)):
        body = path.read_bytes()
        start = body.index(_REPORT) + len(_REPORT)
        details.append((body[start : body.index(b'"', start)].decode(), body.decode()))
    return lists, details
