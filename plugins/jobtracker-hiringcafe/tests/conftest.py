"""A run of the collector against a server, on the core's own client, with time that never waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from jobtracker_core import CollectorSettings
from jobtracker_core.http.transport import CurlTransport
from jobtracker_core.testing.visit import Visit
from jobtracker_hiringcafe import HiringCafe
from jobtracker_hiringcafe.practice import HiringCafeSite

TODAY = date(2026, 9, 15)
NOW = datetime(2026, 9, 15, tzinfo=UTC)


@pytest.fixture
def site() -> Iterator[HiringCafeSite]:
    """A practice site with 330 postings: nine pages, the last with ten."""
    with HiringCafeSite(today=TODAY) as running:
        yield running


@pytest.fixture
def visit_at() -> Iterator[Callable[[str], Visit]]:
    """Make runs against an address."""
    with closing(CurlTransport()) as transport:
        yield lambda base_url: Visit(
            HiringCafe, CollectorSettings(base_url=base_url), transport, NOW
        )


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
