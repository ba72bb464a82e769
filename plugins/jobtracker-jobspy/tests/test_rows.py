"""python-jobspy's rows as postings, for each site."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from jobspy.glassdoor.constant import domains
from jobspy.model import CompensationInterval, Country, JobPost, JobType, Location

from jobtracker_core import (
    CompanyFacts,
    Employment,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    Precision,
    Remote,
    Seniority,
    Skip,
)
from jobtracker_core.ingest.normalise import normalise
from jobtracker_jobspy import rows
from jobtracker_jobspy.query import COUNTRIES, JOB_TYPES
from jobtracker_jobspy.sites import (
    COLLECTORS,
    Bayt,
    BDJobs,
    Glassdoor,
    Google,
    HelloWork,
    Naukri,
    ZipRecruiter,
)


def read(collector: Any, **fields: Any) -> Posting:
    job = {
        "id": f"{collector.board.prefix}77",
        "job_url": "https://site.example/77",
        "title": "Organ Builder",
        **fields,
    }
    found = rows.posting(JobPost(**job), collector.reading, lambda url: url)
    assert isinstance(found, Posting)
    return found


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda c: c.info.name)
def test_a_bare_row(collector: Any) -> None:
    assert read(collector) == Posting(
        source_id="77",
        url="https://site.example/77",
        title="Organ Builder",
        posted_precision=collector.reading.dated,
    )


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda c: c.info.name)
def test_a_full_row(collector: Any) -> None:
    found = read(
        collector,
        job_url_direct="https://tinwhistle.example/77",
        company="Tin Whistle Works",
        location=Location(city="Leeds", state="ENG", country=Country.UK),
        date_posted=date(2026, 9, 1),
        job_type=[JobType.FULL_TIME, JobType.CONTRACT, JobType.FULL_TIME],
        interval=CompensationInterval.HOURLY,
        min_amount=18.5,
        max_amount=24,
        currency="GBP",
        emails=["jobs@tinwhistle.example"],
        description="<p>Build.</p>",
        company_industry="Music",
        company_url="https://site.example/company/1",
        company_logo="https://site.example/logo.png",
        company_url_direct="https://tinwhistle.example",
        company_addresses="1 Organ Lane",
        company_num_employees="11 to 50",
        company_description="Organs.",
        skills=[" Chisel", "", "Glue"],
    )
    assert found == Posting(
        source_id="77",
        url="https://site.example/77",
        title="Organ Builder",
        company="Tin Whistle Works",
        company_facts=CompanyFacts(
            homepage="https://tinwhistle.example",
            profile_url="https://site.example/company/1",
            logo_url="https://site.example/logo.png",
            industry="Music",
            size="11 to 50",
            headquarters="1 Organ Lane",
            description="Organs.",
        ),
        places=(Place(text="Leeds, ENG, UK", city="Leeds", region="ENG", country="UK"),),
        employment=(Employment.FULL_TIME, Employment.CONTRACT),
        skills=("Chisel", "Glue"),
        pay=Pay(
            min=18.5,
            max=24,
            currency="GBP",
            interval=PayInterval.HOUR,
            kind=PayKind.ESTIMATED if collector is Glassdoor else PayKind.STATED,
        ),
        posted_at=datetime(2026, 9, 1, tzinfo=UTC),
        posted_precision=(
            Precision.ESTIMATED if collector in (Glassdoor, HelloWork, Google) else Precision.DAY
        ),
        apply_url="https://tinwhistle.example/77",
        description="<p>Build.</p>",
    )
    assert "jobs@" not in repr(found)


@pytest.mark.parametrize("given", [None, "", "zr-None", "zr-"])
def test_a_row_without_an_id_is_skipped(given: str | None) -> None:
    row = JobPost(id=given, job_url="https://site.example/77", title="x")
    found = rows.posting(row, ZipRecruiter.reading, lambda url: url)
    assert isinstance(found, Skip)
    assert found.path == "id"


def test_a_row_without_an_address_is_skipped() -> None:
    row = JobPost(id="go-7", job_url="", title="x")
    assert rows.posting(row, Google.reading, lambda url: url) == Skip(
        path="job_url", reason="no address of go-7"
    )


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda c: c.info.name)
def test_remote_is_what_the_site_says(collector: Any) -> None:
    assert read(collector, is_remote=False).remote is None
    expected = None if collector is Google else Remote.REMOTE
    assert read(collector, is_remote=True).remote == expected


@pytest.mark.parametrize(
    ("mode", "remote"),
    [("Hybrid", Remote.HYBRID), ("Remote", Remote.REMOTE), ("Work from office", None)],
)
def test_naukri_s_labels(mode: str, remote: Remote | None) -> None:
    assert read(Naukri, work_from_home_type=mode, is_remote=mode == "Remote").remote is remote


@pytest.mark.parametrize(
    ("level", "seniority"),
    [("entry level", Seniority.ENTRY), ("mid career", Seniority.MID), ("management", None)],
)
def test_bayt_s_levels(level: str, seniority: Seniority | None) -> None:
    assert read(Bayt, job_level=level).seniority is seniority


@pytest.mark.parametrize(
    ("city", "cities"),
    [
        ("Pune, Bengaluru", ["Pune", "Bengaluru"]),
        (
            "Bengaluru(Whitefield, Koramangala), Pune",
            ["Bengaluru(Whitefield, Koramangala)", "Pune"],
        ),
        ("Pune", ["Pune"]),
    ],
)
def test_several_cities_in_one_text(city: str, cities: list[str]) -> None:
    found = read(Naukri, location=Location(city=city, country=Country.INDIA)).places or ()
    assert [place.city for place in found] == cities
    assert {place.country for place in found} == {"India"}


def test_a_place_as_the_site_writes_it_is_the_core_s_to_read() -> None:
    found = read(HelloWork, location=Location(city="Île-de-France")).places
    assert found == (Place(text="Île-de-France"),)


def test_no_place_is_none() -> None:
    assert read(BDJobs, location=Location()).places is None


@pytest.mark.parametrize("country", list(Country), ids=lambda c: c.value)
def test_the_core_knows_every_country(country: Country) -> None:
    found = read(Bayt, location=Location(city="Oz", country=country))
    (place,) = normalise(found).places or ()
    assert place.country is not None
    assert len(place.country) == 2


@pytest.mark.parametrize("interval", list(CompensationInterval), ids=lambda i: i.value)
def test_every_interval_is_known(interval: CompensationInterval) -> None:
    pay = read(BDJobs, min_amount=9, interval=interval, currency="BDT").pay
    assert pay is not None
    assert pay.interval is not None
    assert interval.value.startswith(pay.interval.value[:2])


@pytest.mark.parametrize("kind", list(JobType), ids=lambda k: k.value)
def test_every_kind_of_engagement_is_known(kind: JobType) -> None:
    (found,) = read(BDJobs, job_type=[kind]).employment or ()
    assert JOB_TYPES[found] == kind.value


def test_pay_read_out_of_a_description_is_parsed() -> None:
    pay = read(Glassdoor, min_amount=9, salary_source="description").pay
    assert pay == Pay(min=9, kind=PayKind.PARSED)


@pytest.mark.parametrize("amounts", [{}, {"min_amount": 0, "max_amount": 0}, {"currency": "EUR"}])
def test_no_amount_is_no_pay(amounts: dict[str, Any]) -> None:
    assert read(ZipRecruiter, **amounts).pay is None


def test_glassdoor_s_countries_are_python_jobspy_s() -> None:
    assert {Country(name) for name in COUNTRIES.values()} == set(domains)
    assert set(Glassdoor.info.hosts) == set(domains.values())
