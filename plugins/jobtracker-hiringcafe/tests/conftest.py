"""A run of the collector against a server, on the core's own client, with time that never waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Literal

import pytest

from jobtracker_core import CollectorSettings, Page, Posting, PostingRef
from jobtracker_core.contract.errors import CancelReason
from jobtracker_core.contract.host import Ack, Batch, Grant, Progress
from jobtracker_core.http.client import Client
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.runner.context import Context, Stopwatch
from jobtracker_hiringcafe import HiringCafe, HiringCafeQuery
from jobtracker_hiringcafe.practice import HiringCafeSite

TODAY = date(2026, 9, 15)


class QuickClock:
    """A clock that waits by being set forward."""

    def __init__(self) -> None:
        self.waited = 0.0

    def now(self) -> datetime:
        return datetime(2026, 9, 15, tzinfo=UTC) + timedelta(seconds=self.waited)

    def monotonic(self) -> float:
        return self.waited

    def wait(self, seconds: float) -> None:
        self.waited += seconds


class QuietHost:
    """Grants every request and keeps the log."""

    def __init__(self) -> None:
        self.logged: list[tuple[str, str, Mapping[str, object]]] = []

    def deliver(self, batch: Batch) -> Ack:
        raise AssertionError("a collector does not deliver")

    def details_wanted(
        self, refs: Sequence[PostingRef], *, rechecks: int = 0
    ) -> Sequence[PostingRef]:
        raise AssertionError("a collector does not choose its details")

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        return Grant()

    def progress(self, progress: Progress) -> None:
        raise AssertionError("a collector does not report")

    def log(
        self,
        level: Literal["debug", "info", "warning"],
        event: str,
        fields: Mapping[str, object],
    ) -> None:
        self.logged.append((level, event, fields))

    def cancelled(self) -> CancelReason | None:
        return None


class Visit:
    """One run: a collector of its own, its clock and its log."""

    def __init__(self, base_url: str, transport: CurlTransport) -> None:
        self.clock = QuickClock()
        self.host = QuietHost()
        limits = HiringCafe.info.limits
        watch = Stopwatch(self.clock, self.host, seconds=limits.max_minutes * 60)
        client = Client(
            transport=transport,
            hosts=HiringCafe.info.hosts,
            base_url=base_url,
            limits=limits,
            per_minute=1_000_000,
            host=self.host,
            check=watch.check,
            pause=watch.pause,
            now=self.clock.now,
            random=Random(1),
            remaining=watch.remaining,
        )
        self.ctx = Context(
            http=client,
            host=self.host,
            clock=self.clock,
            watch=watch,
        )
        self.collector = HiringCafe(CollectorSettings(base_url=base_url))

    def pages(
        self,
        query: HiringCafeQuery | None = None,
        *,
        cursor: str | None = None,
        most: int | None = None,
    ) -> list[Page]:
        """Read list pages, all of them or the first few."""
        pages = self.collector.collect(query or HiringCafeQuery(), self.ctx, cursor=cursor)
        with closing(pages):  # type: ignore[type-var]
            return list(islice(pages, most))

    def details(self, posting: Posting) -> Posting:
        """Ask for a posting's details."""
        ref = PostingRef(source_id=posting.source_id, url=posting.url, title=posting.title)
        return self.collector.details(ref, self.ctx)

    def warnings(self) -> list[str]:
        """The warnings in the run's log."""
        return [event for level, event, _ in self.host.logged if level == "warning"]


@pytest.fixture
def site() -> Iterator[HiringCafeSite]:
    """A practice site with 330 postings: nine pages, the last with ten."""
    with HiringCafeSite(today=TODAY) as running:
        yield running


@pytest.fixture
def visit_at() -> Iterator[Callable[[str], Visit]]:
    """Make runs against an address."""
    with closing(CurlTransport()) as transport:
        yield lambda base_url: Visit(base_url, transport)


@pytest.fixture
def visit(site: HiringCafeSite, visit_at: Callable[[str], Visit]) -> Visit:
    """One run against `site`."""
    return visit_at(site.base_url)


@pytest.fixture
def recordings() -> Path:
    """The folder with real answers of the real site."""
    folder = os.environ.get("JOBTRACKER_RECORDINGS")
    if not folder:
        pytest.skip("JOBTRACKER_RECORDINGS names no folder")
    return Path(folder) / "hiringcafe"


@pytest.fixture
def item() -> dict[str, Any]:
    """An invented hit with everything that is read."""
    amounts = {
        f"{prefix}_{end}_compensation": round(yearly / divisor, 2)
        for prefix, divisor in (
            ("hourly", 2080),
            ("daily", 260),
            ("weekly", 52),
            ("bi-weekly", 26),
            ("monthly", 12),
            ("yearly", 1),
        )
        for end, yearly in (("min", 62_400), ("max", 83_200))
    }
    return {
        "id": "oakpost___tin-whistle___77",
        "objectID": "oakpost___tin-whistle___77",
        "board_token": "tin-whistle",
        "source": "oakpost",
        "apply_url": "https://tinwhistle.example/careers/77",
        "requisition_id": "abc123def456ghi7",
        "is_expired": False,
        "job_information": {"title": "Organ Builder", "viewedByUsers": ["visitor-1"]},
        "v5_processed_job_data": {
            "core_job_title": "Builder of Organs",
            "company_name": "tin whistle",
            "company_website": "tinwhistle.example",
            "company_tagline": "Whistles and organs.",
            "company_sector_and_industry": "Musical instruments",
            "technical_tools": ["Chisel", "AutoCAD", "Chisel"],
            "commitment": ["Full Time", "Contract"],
            "seniority_level": "Mid Level",
            "workplace_type": "Hybrid",
            "workplace_cities": ["Leeds, England, GB"],
            "workplace_states": ["England, GB"],
            "workplace_countries": ["GB"],
            "formatted_workplace_location": "Leeds, England, United Kingdom",
            "estimated_publish_date": "2026-09-01T10:30:00.000Z",
            "estimated_publish_date_millis": 1788258600000,
            "is_compensation_transparent": True,
            "listed_compensation_currency": "GBP",
            "listed_compensation_frequency": "Yearly",
            **amounts,
        },
        "_geoloc": [{"lat": 53.8, "lon": -1.55}],
        "enriched_company_data": {
            "status": "VALID_COMPANY",
            "name": "Tin Whistle Works",
            "homepage_uri": "works.tinwhistle.example",
            "hq_country": "GB",
            "industries": ["Music", "Crafts"],
            "nb_employees": 40,
            "year_founded": 1911,
            "tagline": "Organs since 1911.",
        },
    }
