"""A run of the collector against a server, on the core's own client, with time that never waits."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from jobtracker_core import CollectorSettings, JobTracker, Settings
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.testing.practice import PracticeSite, Reply, Seen
from jobtracker_core.testing.visit import Visit
from jobtracker_indeed import Indeed, facts
from jobtracker_indeed.facts import Facts
from jobtracker_indeed.practice import IndeedSite

TODAY = date(2026, 9, 15)
NOW = datetime(2026, 9, 15, tzinfo=UTC)


class RecordedSite(PracticeSite):
    """Answers with recorded bodies: `answers` by cursor, or `body` whatever is asked."""

    faults: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        pages = [f"ASSEMBLED_jobSearch_p{number}_of_3.json" for number in (1, 2, 3)]
        cursors = ["", "ASSEMBLED-CURSOR-2", "ASSEMBLED-CURSOR-3"]
        self.answers = dict(zip(cursors, pages, strict=True))
        self.body: Reply | None = None

    def answer(self, request: Seen) -> Reply:
        if self.body is not None:
            return self.body
        query = json.loads(request.body)["query"]
        cursor = re.search(r'cursor: "([^"]*)"', query)
        return Reply(body=self.read(self.answers[cursor[1] if cursor else ""]))

    def always(self, name: str) -> None:
        """Answer every request with one recorded body."""
        self.body = Reply(body=self.read(name))

    def jobs(self) -> list[dict[str, Any]]:
        """The recorded postings of the three pages, in their order."""
        pages = (json.loads(self.read(name)) for name in self.answers.values())
        return [r["job"] for page in pages for r in page["data"]["jobSearch"]["results"]]

    def read(self, name: str) -> bytes:
        """Return a recorded file."""
        return (self.folder / name).read_bytes()


@pytest.fixture(scope="session")
def known() -> Facts:
    """What python-jobspy knows of Indeed."""
    return facts.load()


@pytest.fixture
def site() -> Iterator[IndeedSite]:
    """A practice site with 330 postings on four pages."""
    with IndeedSite(today=TODAY) as running:
        yield running


@pytest.fixture
def visit_at() -> Iterator[Callable[[str], Visit]]:
    """Make runs against an address."""
    with closing(CurlTransport()) as transport:
        yield lambda base_url: Visit(Indeed, CollectorSettings(base_url=base_url), transport, NOW)


@pytest.fixture
def visit(site: IndeedSite, visit_at: Callable[[str], Visit]) -> Visit:
    """One run against `site`."""
    return visit_at(site.base_url)


@pytest.fixture
def open_tracker(tmp_path: Path) -> Iterator[Callable[[str], JobTracker]]:
    """Open an installation whose Indeed is at an address; waits take no time."""
    opened: list[JobTracker] = []

    def open_(base_url: str) -> JobTracker:
        settings = Settings(
            data_dir=tmp_path,
            plugins=("indeed",),
            collectors={"indeed": {"base_url": base_url, "per_minute": 60_000}},
        )
        tracker = JobTracker(settings, clock=JumpClock(NOW))
        opened.append(tracker)
        tracker.collectors.set_enabled("indeed", True)
        return tracker

    yield open_
    for tracker in opened:
        tracker.close()


@pytest.fixture
def recordings() -> Path:
    """The folder with real answers of the real site."""
    folder = os.environ.get("JOBTRACKER_RECORDINGS")
    if not folder:
        pytest.skip("JOBTRACKER_RECORDINGS names no folder")
    return Path(folder) / "indeed"


@pytest.fixture
def recorded(recordings: Path) -> Iterator[RecordedSite]:
    """The recordings, served."""
    with RecordedSite(recordings) as running:
        yield running


@pytest.fixture
def item() -> dict[str, Any]:
    """An invented posting with everything that is read."""
    salary = {"unitOfWork": "YEAR", "range": {"min": 41_000, "max": 52_500.5}}
    guess = {"unitOfWork": "HOUR", "range": {"min": 18, "max": 24}}
    return {
        "key": "0123456789abcdef",
        "title": "Organ Builder",
        "sourceEmployerName": "tin whistle ltd",
        "datePublished": 1_700_000_000_000,
        "dateOnIndeed": 1_788_258_600_000,
        "expired": False,
        "language": "en",
        "description": {"html": "<p>Build organs.</p>"},
        "location": {
            "countryCode": "GB",
            "admin1Code": "ENG",
            "city": "Leeds",
            "latitude": 53.8,
            "longitude": -1.55,
            "formatted": {"long": "Leeds LS1", "short": "Leeds"},
        },
        "compensation": {
            "baseSalary": salary,
            "currencyCode": "GBP",
            "estimated": {"baseSalary": guess, "currencyCode": "EUR"},
        },
        "attributes": [{"key": "CF3CP"}, {"key": "PAXZC"}, {"key": "OTHER"}, {"key": "CF3CP"}],
        "employer": {
            "name": "Tin Whistle Works",
            "relativeCompanyPageUrl": "/cmp/Tin-Whistle-Works",
            "dossier": {
                "employerDetails": {
                    "addresses": [None, "1 Organ Lane, Leeds", "2 Pipe Row"],
                    "industry": "Musical_InstrumentsIv1",
                    "employeesLocalizedLabel": "11 to 50",
                    "briefDescription": "Organs since 1911.",
                },
                "images": {"squareLogoUrl": "https://logo.example/organ.png"},
                "links": {"corporateWebsite": "https://tinwhistle.example"},
            },
        },
        "recruit": {"viewJobUrl": "https://tinwhistle.example/careers/77"},
    }
