"""From what the site sends to postings. Pure: no network, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

from jobtracker_core import (
    CompanyFacts,
    Employment,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    Remote,
)
from jobtracker_indeed.facts import Facts
from jobtracker_indeed.wire import (
    Dossier,
    Employer,
    EmployerDetails,
    Images,
    Item,
    Job,
    Links,
    Location,
    Salary,
)

INTERVALS = {
    "HOUR": PayInterval.HOUR,
    "DAY": PayInterval.DAY,
    "WEEK": PayInterval.WEEK,
    "MONTH": PayInterval.MONTH,
    "YEAR": PayInterval.YEAR,
}
REMOTE_CITY = "remote"
"""Stands where a city would; coordinates beside it are made up."""

_HOST = "indeed.com"
_INDUSTRY_MARK = "Iv1"
"""Ends the keys of industries in some answers ("Software_DevelopmentIv1")."""


class Edition(Struct, frozen=True, kw_only=True):
    """One country's Indeed.

    Attributes:
        site: Where links for people lead, whatever address the requests go to.
        kinds: Kind of employment that an attribute key stands for.
        remote: Attribute key of remote work; hybrid work may carry it too.
        hybrid: Attribute key of hybrid work.
    """

    site: str
    kinds: Mapping[str, Employment]
    remote: str
    hybrid: str

    @classmethod
    def of(cls, facts: Facts, country: str) -> Edition:
        """Return the edition of a country that `facts` knows."""
        return cls(
            site=f"https://{facts.domains[country]}.{_HOST}",
            kinds=facts.kinds(country),
            remote=facts.remote,
            hybrid=facts.hybrid,
        )


def posting(item: Item, job: Job, raw: dict[str, Any], edition: Edition) -> Posting:
    """Read a posting out of a list's item; its description is in there."""
    employer = job.employer or Employer()
    keys = None if job.attributes is None else {each.key for each in job.attributes}
    return Posting(
        source_id=item.key,
        url=f"{edition.site}/viewjob?jk={quote(item.key, safe='')}",
        title=item.title,
        company=employer.name or job.source_employer_name or None,
        company_facts=_company(employer, edition.site),
        places=_places(job.location),
        remote=_remote(keys, job.location, edition),
        employment=_employment(job, edition),
        language=job.language or None,
        pay=pay(job),
        posted_at=_appeared(job.date_on_indeed),
        apply_url=_elsewhere(job.recruit.view_job_url if job.recruit else None),
        closed=job.expired,
        description=(job.description.html if job.description else None) or None,
        raw=raw,
    )


def pay(job: Job) -> Pay | None:
    """Take the employer's figure, else Indeed's estimate."""
    figures = job.compensation
    if figures is None:
        return None
    stated = _amounts(figures.base_salary, figures.currency_code, PayKind.STATED)
    if stated or figures.estimated is None:
        return stated
    guess = figures.estimated
    return _amounts(guess.base_salary, guess.currency_code, PayKind.ESTIMATED)


def _amounts(salary: Salary | None, currency: str | None, kind: PayKind) -> Pay | None:
    """Return pay if there is an amount, and a unit of work that is known."""
    if salary is None or salary.range is None:
        return None
    interval = INTERVALS.get(salary.unit_of_work or "")
    low, high, exact = salary.range.min, salary.range.max, salary.range.value
    low, high = exact if low is None else low, exact if high is None else high
    if interval is None or (low is None and high is None):
        return None
    return Pay(min=low, max=high, currency=currency or None, interval=interval, kind=kind)


def _places(location: Location | None) -> tuple[Place, ...] | None:
    if location is None:
        return None
    shown = location.formatted
    parts = (location.city, location.admin1_code, location.country_code)
    is_remote = _is_remote_city(location)
    place = Place(
        text=(shown and (shown.long or shown.short)) or ", ".join(filter(None, parts)) or None,
        city=None if is_remote else location.city or None,
        region=location.admin1_code or None,
        country=location.country_code or None,
        latitude=None if is_remote else location.latitude,
        longitude=None if is_remote else location.longitude,
    )
    return None if place == Place() else (place,)


def _is_remote_city(location: Location) -> bool:
    return (location.city or "").strip().casefold() == REMOTE_CITY


def _remote(keys: set[str] | None, location: Location | None, edition: Edition) -> Remote | None:
    """Read the tags, then the city. No tag means nothing: the site has none for work on site."""
    if keys and edition.hybrid in keys:
        return Remote.HYBRID
    if (keys and edition.remote in keys) or (location and _is_remote_city(location)):
        return Remote.REMOTE
    return None


def _employment(job: Job, edition: Edition) -> tuple[Employment, ...] | None:
    kinds = (edition.kinds.get(each.key) for each in job.attributes or ())
    return tuple(dict.fromkeys(kind for kind in kinds if kind)) or None


def _appeared(milliseconds: float | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
    except (ValueError, OverflowError, OSError):
        return None  # a number that is no date is worth no more than a missing one


def _company(employer: Employer, site: str) -> CompanyFacts | None:
    dossier = employer.dossier or Dossier()
    details = dossier.employer_details or EmployerDetails()
    images, links = dossier.images or Images(), dossier.links or Links()
    page = employer.relative_company_page_url or ""
    industry = (details.industry or "").replace(_INDUSTRY_MARK, "").replace("_", " ").strip()
    facts = CompanyFacts(
        homepage=links.corporate_website or None,
        profile_url=f"{site}{page}" if page.startswith("/") else None,
        logo_url=images.square_logo_url or None,
        industry=industry or None,
        size=details.employees_localized_label or None,
        headquarters=next(_filled(details.addresses), None),
        description=details.brief_description or None,
    )
    return None if facts == CompanyFacts() else facts


def _filled(texts: list[str | None] | None) -> Iterator[str]:
    return (text for text in texts or () if text)


def _elsewhere(address: str | None) -> str | None:
    """Return a web address outside Indeed."""
    try:
        parts = urlsplit(address or "")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    outside = host and not f".{host}".endswith(f".{_HOST}")
    return address if outside and parts.scheme in {"http", "https"} else None
