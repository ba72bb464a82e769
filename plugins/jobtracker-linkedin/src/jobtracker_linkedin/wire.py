"""LinkedIn's own words: the body without results, its labels, and the JSON-LD of a posting."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from jobtracker_core import Employment, PayInterval, Seniority

EMPTY = "<!DOCTYPE html>\n\n<!---->"
"""The whole body where a search has no (more) results, or where the site will not give them."""

_BLOCKS = ("message-the-recruiter", "hirer", "poster")
PRIVATE = (
    *(f'[class*="{word}" i]' for word in _BLOCKS),
    *(
        f'a[href*="{host}{slash}{path}{slash}" i]'
        for path in ("in", "pub")
        for host, slash in (
            ("linkedin.com", "/"),
            ("linkedin.com", "%2F"),
            ("linkedin%2Ecom", "%2F"),
        )
    ),
    *(
        f'[{name}*="urn:li:{kind}:"]'
        for name in ("href", "data-poster", "data-member-urn", "data-profile-urn")
        for kind in ("member", "fsd_profile", "fs_profile")
    ),
)
"""What shows people: blocks of recruiters, links to somebody's profile, and numbers of people."""

_PERSON = re.compile(
    r"urn(?P<colon>:|%3A|%253A|&#58;|&colon;)li(?P=colon)(?:member|fsd?_profile)(?P=colon)[\w%-]+",
    re.IGNORECASE,
)


def shows_people(classes: str) -> bool:
    """Say whether an element of these classes is a block that shows people."""
    lowered = classes.lower()
    return any(word in lowered for word in _BLOCKS)


def without_people(markup: str) -> str:
    """Blank the numbers under which the site knows people, wherever they stand."""
    lowered = markup.lower()
    # One of these is in each of them; looking for two words is ten times quicker.
    if "member" in lowered or "_prof" in lowered:
        return _PERSON.sub("", markup)
    return markup


SENIORITY = {
    "Internship": Seniority.INTERNSHIP,
    "Entry level": Seniority.ENTRY,
    "Associate": Seniority.ASSOCIATE,
    "Mid-Senior level": Seniority.MID,  # the lower end of what it spans
    "Director": Seniority.DIRECTOR,
    "Executive": Seniority.EXECUTIVE,
    "Not Applicable": None,
}
EMPLOYMENT = {
    "Full-time": Employment.FULL_TIME,
    "Part-time": Employment.PART_TIME,
    "Contract": Employment.CONTRACT,
    "Temporary": Employment.TEMPORARY,
    "Internship": Employment.INTERNSHIP,
    "Volunteer": Employment.VOLUNTEER,
    "Other": Employment.OTHER,
}
LD_EMPLOYMENT = {
    "FULL_TIME": Employment.FULL_TIME,
    "PART_TIME": Employment.PART_TIME,
    "CONTRACTOR": Employment.CONTRACT,
    "TEMPORARY": Employment.TEMPORARY,
    "INTERN": Employment.INTERNSHIP,
    "VOLUNTEER": Employment.VOLUNTEER,
    "PER_DIEM": Employment.PER_DIEM,
    "OTHER": Employment.OTHER,
}
LD_INTERVAL = {
    "HOUR": PayInterval.HOUR,
    "DAY": PayInterval.DAY,
    "WEEK": PayInterval.WEEK,
    "MONTH": PayInterval.MONTH,
    "YEAR": PayInterval.YEAR,
}
"""The words of schema.org."""

T = TypeVar("T")


class Amounts(Struct, frozen=True, rename="camel"):
    """A schema.org QuantitativeValue."""

    min_value: float | None = None
    max_value: float | None = None
    unit_text: str | None = None


class Salary(Struct, frozen=True):
    """A schema.org MonetaryAmount."""

    currency: str | None = None
    value: Any = None


class LinkedData(Struct, frozen=True, rename="camel"):
    """A schema.org JobPosting, on some /jobs/view pages (recorded in 2023).

    Its parts keep what came; `part` reads one of them, so that an odd one costs only itself.
    """

    type: str = msgspec.field(default="", name="@type")
    date_posted: Any = None
    employment_type: Any = None
    job_location_type: Any = None
    base_salary: Any = None


def part(value: Any, kind: type[T]) -> T | None:
    """Return a value as what it should be, None if it is something else."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
