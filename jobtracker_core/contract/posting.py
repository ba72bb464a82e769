"""What a collector yields. `None` always means "not observed", never "empty"."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct


class Remote(StrEnum):
    """Where the work is done. `UNKNOWN` is for a site that says it does not know."""

    ONSITE = "onsite"
    HYBRID = "hybrid"
    REMOTE = "remote"
    UNKNOWN = "unknown"


class Employment(StrEnum):
    """Kind of engagement."""

    FULL_TIME = "full_time"
    PART_TIME = "part_time"
    CONTRACT = "contract"
    TEMPORARY = "temporary"
    SEASONAL = "seasonal"
    INTERNSHIP = "internship"
    VOLUNTEER = "volunteer"
    PER_DIEM = "per_diem"
    OTHER = "other"


class Seniority(StrEnum):
    """Level of experience that is asked for."""

    INTERNSHIP = "internship"
    ENTRY = "entry"
    ASSOCIATE = "associate"
    MID = "mid"
    SENIOR = "senior"
    LEAD = "lead"
    DIRECTOR = "director"
    EXECUTIVE = "executive"


class PayInterval(StrEnum):
    """What an amount of pay is paid for."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    TWO_WEEKS = "two_weeks"
    MONTH = "month"
    YEAR = "year"


class PayKind(StrEnum):
    """Whose figure it is: the employer's, the site's own guess, or ours read out of a text."""

    STATED = "stated"
    ESTIMATED = "estimated"
    PARSED = "parsed"


class Precision(StrEnum):
    """How exactly a date is known."""

    EXACT = "exact"
    DAY = "day"
    ESTIMATED = "estimated"


class Pay(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Pay as evidence: what the site wrote, and the amounts where the site gives them as fields.

    Amounts are in whole units of `currency` (ISO 4217) for one `interval`. A collector that has
    only a text gives `text` alone with `kind=PARSED`; the core reads the amounts out of it.
    """

    text: str | None = None
    min: float | None = None
    max: float | None = None
    currency: str | None = None
    interval: PayInterval | None = None
    kind: PayKind = PayKind.STATED


class Place(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place of work. `text` is what the site shows; `country` is ISO 3166-1 alpha-2."""

    text: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class CompanyFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the site tells of the employer itself. `ats` names its applicant tracking system."""

    homepage: str | None = None
    profile_url: str | None = None
    logo_url: str | None = None
    industry: str | None = None
    size: str | None = None
    founded: int | None = None
    headquarters: str | None = None
    description: str | None = None
    ats: str | None = None


class Posting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One job posting as a site shows it, on a list or on its own page.

    Only `source_id`, `url` and `title` are mandatory. Everything else stays `None` where the site
    does not say it: `None` never erases what an earlier page said. An empty tuple does.

    Attributes:
        source_id: The site's own id, opaque, stable over time.
        url: The page that a person opens. Never a practice or proxy address.
        title: As the employer wrote it.
        posted_at: Aware time of publication, with `posted_precision` saying how well it is known.
        apply_url: Where one applies, if that is not `url`.
        closed: True where the site says that the posting has ended, False where it says it is open.
        description: HTML or plain text; the core sanitises it and cuts it at 64 kB.
        raw: The site's own item (JSON object or HTML); the core blanks what is private and cuts it.
    """

    source_id: str
    url: str
    title: str
    company: str | None = None
    company_facts: CompanyFacts | None = None
    places: tuple[Place, ...] | None = None
    remote: Remote | None = None
    employment: tuple[Employment, ...] | None = None
    seniority: Seniority | None = None
    skills: tuple[str, ...] | None = None
    language: str | None = None
    pay: Pay | None = None
    posted_at: datetime | None = None
    posted_precision: Precision = Precision.EXACT
    apply_url: str | None = None
    closed: bool | None = None
    description: str | None = None
    raw: dict[str, Any] | str | None = None


class PostingRef(Struct, frozen=True, kw_only=True):
    """A posting that the core wants details of: what the list page said of it."""

    source_id: str
    url: str
    title: str
