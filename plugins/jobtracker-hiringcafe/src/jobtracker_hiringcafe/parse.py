"""From what the site sends to postings. Pure: no network, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from jobtracker_core import (
    CompanyFacts,
    Employment,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    PostingRef,
    Precision,
    Remote,
    Seniority,
)
from jobtracker_hiringcafe.wire import (
    DescribedJob,
    EnrichedCompany,
    GeoPoint,
    Hit,
    ProcessedJob,
    one,
    part,
)

SITE = "https://hiringcafe.com"
"""Where links for people lead, whatever address the requests go to."""

REMOTE = {
    "Remote": Remote.REMOTE,
    "Hybrid": Remote.HYBRID,
    "Onsite": Remote.ONSITE,
    "Field": Remote.ONSITE,  # on the road or at customers': not at home
}
EMPLOYMENT = {
    "Full Time": Employment.FULL_TIME,
    "Part Time": Employment.PART_TIME,
    "Contract": Employment.CONTRACT,
    "Internship": Employment.INTERNSHIP,
    "Temporary": Employment.TEMPORARY,
    "Seasonal": Employment.SEASONAL,
    "Volunteer": Employment.VOLUNTEER,
}
SENIORITY = {
    "No Prior Experience Required": Seniority.ENTRY,
    "Entry Level": Seniority.ENTRY,
    "Mid Level": Seniority.MID,
    "Senior Level": Seniority.SENIOR,
}
INTERVAL = {
    "Hourly": ("hourly", PayInterval.HOUR),
    "Daily": ("daily", PayInterval.DAY),
    "Weekly": ("weekly", PayInterval.WEEK),
    "Bi-Weekly": ("bi_weekly", PayInterval.TWO_WEEKS),
    "Monthly": ("monthly", PayInterval.MONTH),
    "Yearly": ("yearly", PayInterval.YEAR),
}
_CODE = 2
_LEVELS = 4
"""Of a place: town, county, state, country."""
"""Letters of a country's code, the last part of a place."""


def posting(hit: Hit, raw: dict[str, Any]) -> Posting:
    """Read a posting out of a list's item. Its description is not in there."""
    job = part(hit.v5_processed_job_data, ProcessedJob)
    company = part(hit.enriched_company_data, EnrichedCompany)
    if company.status != "VALID_COMPANY":
        company = EnrichedCompany()
    return Posting(
        source_id=hit.object_id,
        url=link(hit),
        title=hit.title or "",
        company=company.name or job.company_name or one(hit.board_token, str) or None,
        company_facts=_facts(hit, job, company),
        places=tuple(_places(hit, job)) or None,
        remote=REMOTE.get(job.workplace_type or ""),
        employment=_employment(job),
        seniority=SENIORITY.get(job.seniority_level or ""),
        skills=tuple(dict.fromkeys(filter(None, job.technical_tools or ()))) or None,
        pay=pay(job),
        posted_at=_published(job),
        posted_precision=Precision.ESTIMATED,
        apply_url=_web(one(hit.apply_url, str)),
        closed=one(hit.is_expired, bool),
        raw=raw,
    )


def details(ref: PostingRef, job: DescribedJob) -> Posting:
    """Read a posting's own answer: its description, and nothing else that the list has not."""
    return Posting(
        source_id=ref.source_id,
        url=ref.url,
        title=ref.title,
        description=job.job_information.description or None,
    )


def gone(ref: PostingRef) -> Posting:
    """Say of a posting that the site knows it no longer."""
    return Posting(source_id=ref.source_id, url=ref.url, title=ref.title, closed=True)


def link(hit: Hit) -> str:
    """Return the page that a person opens; old postings have no `requisition_id`."""
    if requisition := one(hit.requisition_id, str):
        return f"{SITE}/job/{quote(requisition, safe='')}"
    return f"{SITE}/viewjob/{quote(hit.object_id, safe='')}"


def pay(job: ProcessedJob) -> Pay | None:
    """Take the amounts of the interval that stood in the posting, else the yearly ones.

    All amounts may be missing although an interval is named. Without `is_compensation_transparent`
    they are the site's own estimate.
    """
    for listed in (job.listed_compensation_frequency or "", "Yearly"):
        if listed not in INTERVAL:
            continue
        prefix, interval = INTERVAL[listed]
        low: float | None = getattr(job, f"{prefix}_min_compensation")
        high: float | None = getattr(job, f"{prefix}_max_compensation")
        if low is None and high is None:
            continue
        return Pay(
            min=low,
            max=high,
            currency=job.listed_compensation_currency or None,
            interval=interval,
            kind=PayKind.STATED if job.is_compensation_transparent else PayKind.ESTIMATED,
        )
    return None


def _employment(job: ProcessedJob) -> tuple[Employment, ...] | None:
    kinds = (EMPLOYMENT.get(each, Employment.OTHER) for each in job.commitment or ())
    return tuple(dict.fromkeys(kinds)) or None


def _published(job: ProcessedJob) -> datetime | None:
    try:
        if job.estimated_publish_date:
            moment = datetime.fromisoformat(job.estimated_publish_date)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if job.estimated_publish_date_millis is not None:
            return datetime.fromtimestamp(job.estimated_publish_date_millis / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None  # an estimate that is no date is worth no more than a missing one
    return None


def _places(hit: Hit, job: ProcessedJob) -> Iterator[Place]:
    """Yield the cities, then the states and countries that no city lies in.

    `_geoloc` says nothing of which point is whose. So points are used only where there are as many
    of them as there are of the narrowest kind of place.
    """
    named = job.workplace_cities or job.workplace_states or job.workplace_countries or []
    points: list[GeoPoint] = one(hit.geoloc, list[GeoPoint]) or []
    if len(points) != len(named):
        points = []
    text = job.formatted_workplace_location or None
    covered: set[str] = set()
    wider = [*(job.workplace_states or ()), *(job.workplace_countries or ())]
    for index, name in enumerate([*named, *wider]):
        if name in covered or not name.strip():
            continue
        parts = [each.strip() for each in name.split(",")]
        # The widest of a name's own parts; all of them would be too many of a name of commas.
        covered |= {", ".join(parts[-count:]) for count in range(1, _LEVELS + 1)}
        covered.add(", ".join(parts))
        point = points[index] if index < len(points) else None
        country = parts.pop() if _is_country(parts[-1]) else None
        is_city = index < len(job.workplace_cities or ())
        city = parts.pop(0) if is_city and parts else None
        yield Place(
            text=text or name,
            city=city,
            region=", ".join(parts) or None,
            country=country,
            latitude=point.lat if point else None,
            longitude=point.lon if point else None,
        )
        text = None
    if text:
        yield Place(text=text)


def _is_country(code: str) -> bool:
    return len(code) == _CODE and code.isalpha() and code.isupper()


def _facts(hit: Hit, job: ProcessedJob, company: EnrichedCompany) -> CompanyFacts | None:
    facts = CompanyFacts(
        homepage=_homepage(company.homepage_uri or job.company_website),
        industry=", ".join(company.industries or ()) or job.company_sector_and_industry or None,
        size=None if company.nb_employees is None else str(company.nb_employees),
        founded=company.year_founded,
        headquarters=company.hq_country or None,
        description=company.tagline or job.company_tagline or None,
        ats=one(hit.source, str) or None,
    )
    return None if facts == CompanyFacts() else facts


def _web(address: str | None) -> str | None:
    return address if address and address.startswith(("https://", "http://")) else None


def _homepage(address: str | None) -> str | None:
    """Return a homepage with its scheme, which the site leaves out."""
    if not address or "." not in address or " " in address:
        return None
    return address if "://" in address else f"https://{address}"
