"""python-jobspy's `JobPost` -> Posting. Nothing of python-jobspy is imported for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from typing import Any

from msgspec import Struct

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
from jobtracker_jobspy.query import JOB_TYPES

Public = Callable[[str | None], str | None]
"""Gives an address as a person opens it."""

_EMPLOYMENT = {name: kind for kind, name in JOB_TYPES.items()}
_INTERVALS = {
    "hourly": PayInterval.HOUR,
    "daily": PayInterval.DAY,
    "weekly": PayInterval.WEEK,
    "monthly": PayInterval.MONTH,
    "yearly": PayInterval.YEAR,
}
_LEVELS = {
    "student/internship": Seniority.INTERNSHIP,
    "fresh graduate": Seniority.ENTRY,
    "entry level": Seniority.ENTRY,
    "mid career": Seniority.MID,
    "director/head": Seniority.DIRECTOR,
    "senior executive": Seniority.EXECUTIVE,
}
"""Bayt's levels. Its "management" is none of ours."""

_WORK_MODES = {"hybrid": Remote.HYBRID, "remote": Remote.REMOTE}
"""Naukri's labels. "Work from office" is what python-jobspy writes where there is no label."""

_BETWEEN_CITIES = re.compile(r"\s*,\s*(?![^()]*\))")


class Reading(Struct, frozen=True, kw_only=True):
    """How a site's rows are to be understood.

    Attributes:
        prefix: What stands before the site's own id.
        remote_stated: A row's `is_remote` is what the site says, not a guess from words.
        dated: How exactly the site tells when a posting was published.
        pay: Whose figure the pay is, where python-jobspy does not say that it read a text.
    """

    prefix: str
    remote_stated: bool = True
    dated: Precision = Precision.DAY
    pay: PayKind = PayKind.STATED


def posting(row: Any, reading: Reading, public: Public) -> Posting | Skip:
    """Read a row; one without an id or an address becomes a Skip. Its `emails` are left behind."""
    given = row.id or ""
    source_id = given.removeprefix(reading.prefix)
    if source_id in ("", "None"):
        return Skip(path="id", reason=f"no id in {given!r}")
    url = public(row.job_url)
    if not url:
        return Skip(path="job_url", reason=f"no address of {given}")
    direct = public(row.job_url_direct)
    posted = row.date_posted
    return Posting(
        source_id=source_id,
        url=url,
        title=row.title,
        company=row.company,
        company_facts=_facts(row, public),
        places=tuple(_places(row.location)) or None,
        remote=_remote(row, reading),
        employment=_employment(row.job_type),
        seniority=_LEVELS.get(row.job_level or ""),
        skills=tuple(s for skill in row.skills if (s := skill.strip())) if row.skills else None,
        pay=_pay(row, reading),
        posted_at=None if posted is None else datetime.combine(posted, time(), UTC),
        posted_precision=reading.dated,
        apply_url=direct if direct != url else None,
        description=row.description,
    )


def _remote(row: Any, reading: Reading) -> Remote | None:
    """Return what the site says: python-jobspy's False also stands for "does not say"."""
    labelled = _WORK_MODES.get((row.work_from_home_type or "").lower())
    if labelled is not None:
        return labelled
    return Remote.REMOTE if row.is_remote and reading.remote_stated else None


def _employment(types: list[Any] | None) -> tuple[Employment, ...] | None:
    return tuple(dict.fromkeys(_EMPLOYMENT[each.value] for each in types)) if types else None


def _pay(row: Any, reading: Reading) -> Pay | None:
    if not (row.min_amount or row.max_amount):
        return None
    parsed = row.salary_source == "description"
    return Pay(
        min=row.min_amount or None,
        max=row.max_amount or None,
        currency=row.currency or None,
        interval=_INTERVALS[row.interval.value] if row.interval else None,
        kind=PayKind.PARSED if parsed else reading.pay,
    )


def _places(location: Any) -> Iterator[Place]:
    """Yield a row's places: Naukri and BDJobs write several cities in one text."""
    if location is None or not (text := location.display_location()):
        return
    country = _country(location.country)
    cities = _BETWEEN_CITIES.split(location.city) if location.city else []
    if location.state or not country or len(cities) < 2:  # noqa: PLR2004
        # A city alone may be anything that the site writes: the core looks into the text.
        alone = not (location.state or country)
        city = None if alone else location.city
        yield Place(text=text, city=city, region=location.state, country=country)
        return
    for city in filter(None, cities):
        yield Place(text=f"{city}, {country}", city=city, country=country)


def _country(country: Any) -> str | None:
    name = getattr(country, "value", country)
    if name in ("usa", "uk"):
        return str(name.upper())
    return str(name).title() if name != country else country


def _facts(row: Any, public: Public) -> CompanyFacts | None:
    facts = CompanyFacts(
        homepage=row.company_url_direct,
        profile_url=public(row.company_url),
        logo_url=public(row.company_logo),
        industry=row.company_industry,
        size=row.company_num_employees,
        headquarters=row.company_addresses,
        description=row.company_description,
    )
    return None if facts == CompanyFacts() else facts
