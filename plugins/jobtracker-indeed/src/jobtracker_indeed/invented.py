"""Invented postings, employers and places of the practice site. All texts are our own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import Any

from msgspec import Struct, structs

FULL_TIME, PART_TIME, CONTRACT, TEMPORARY = "CF3CP", "75GKK", "NJXCK", "4HKF7"
INTERNSHIP, PERMANENT = "VDTG7", "5QWDV"
REMOTE, HYBRID = "DSQF7", "PAXZC"
LABELS = {
    FULL_TIME: "Full-time",
    PART_TIME: "Part-time",
    CONTRACT: "Contract",
    TEMPORARY: "Temporary",
    INTERNSHIP: "Internship",
    PERMANENT: "Permanent",
    REMOTE: "Remote",
    HYBRID: "Hybrid work",
    "PRAC1": "Free fruit",
    "PRAC2": "Day shift",
}
"""Attribute keys as Indeed has them, and two of our own."""

UNITS = {"HOUR": 2080, "DAY": 260, "WEEK": 52, "MONTH": 12, "YEAR": 1}
RANGES = ("Range", "AtLeast", "AtMost", "Exactly")
ROLES = (
    ("Backend Engineer", 64_000),
    ("Data Engineer", 66_000),
    ("Site Reliability Engineer", 71_000),
    ("Business Analyst", 47_000),
    ("Illustrator", 41_000),
    ("Physiotherapist", 52_000),
    ("Forklift Driver", 30_000),
    ("Sales Manager", 49_000),
    ("Structural Engineer", 58_000),
    ("Proofreader", 39_000),
)
EMPLOYERS = (
    ("Ashdown Metering", "ashdownmetering.example", "Electronics_ManufacturingIv1", "51 to 200"),
    ("Pebble & Rope", "pebbleandrope.example", "Sports_GoodsIv1", "11 to 50"),
    ("Wrenfield Clinics", "wrenfield.example", "Health_CareIv1", "1,001 to 5,000"),
    ("Halloway Freight", "halloway.example", "Transport_and_StorageIv1", "5,001 to 10,000"),
    ("Moss Lane Software", "mosslane.example", "Software_DevelopmentIv1", "201 to 500"),
    ("Tern Island Energy", "ternisland.example", "Energy_and_UtilitiesIv1", "501 to 1,000"),
    ("Candlewick Books", "candlewick.example", "Media_and_PublishingIv1", "2 to 10"),
)
_WITH_PAY, _STATED = 0.75, 0.7
_YEARS_BEFORE = timedelta(days=900)


class Spot(Struct, frozen=True):
    """A city that the practice site knows."""

    city: str
    state: str
    state_name: str
    country: str
    country_name: str
    currency: str
    lat: float
    lon: float


SPOTS = (
    Spot("Berlin", "BE", "Berlin", "DE", "Germany", "EUR", 52.52, 13.405),
    Spot("Potsdam", "BB", "Brandenburg", "DE", "Germany", "EUR", 52.3906, 13.0645),
    Spot("Leeds", "ENG", "England", "GB", "United Kingdom", "GBP", 53.8008, -1.5491),
    Spot("York", "ENG", "England", "GB", "United Kingdom", "GBP", 53.9614, -1.0739),
    Spot("Pune", "MH", "Maharashtra", "IN", "India", "INR", 18.5204, 73.8567),
    Spot("Austin", "TX", "Texas", "US", "United States", "USD", 30.2672, -97.7431),
    Spot("Denver", "CO", "Colorado", "US", "United States", "USD", 39.7392, -104.9903),
    Spot("Egypt", "AR", "Arkansas", "US", "United States", "USD", 35.8487, -90.9462),
)


class Job(Struct, frozen=True, kw_only=True):
    """A posting of the practice site, before it is written as the site writes it."""

    index: int
    key: str
    title: str
    employer: int
    spot: Spot
    tags: tuple[str, ...]
    yearly: tuple[int, int] | None
    stated: bool
    unit: str
    appeared: datetime

    @property
    def city_is_remote(self) -> bool:
        """Whether "Remote" stands where the city would."""
        return self.index % 10 == 4  # noqa: PLR2004

    @property
    def sponsored(self) -> bool:
        """Whether it stands before others when sorted by relevance."""
        return self.index % 7 == 0

    @property
    def easy_apply(self) -> bool:
        """Whether one applies for it on the site itself."""
        return self.index % 6 == 5  # noqa: PLR2004


def invent(seed: int, index: int, *, age: timedelta, today: datetime) -> Job:
    """Make a posting up that appeared `age` before yesterday began."""
    random = Random(f"{seed}:job:{index}")  # noqa: S311  (makes practice data, not secrets)
    role, base = random.choice(ROLES)
    low = int(base * random.uniform(0.8, 1.4)) // 100 * 100
    job = Job(
        index=index,
        key=blake2b(f"{seed}:{index}".encode(), digest_size=8).hexdigest(),
        title=role,
        employer=random.randrange(len(EMPLOYERS)),
        spot=random.choice(SPOTS),
        tags=(),
        yearly=(low, int(low * 1.3)) if random.random() < _WITH_PAY else None,
        stated=random.random() < _STATED,
        unit=random.choice(tuple(UNITS)),
        appeared=today - timedelta(days=1) - age + timedelta(seconds=index),
    )
    return structs.replace(job, tags=tuple(_tags(job, random)))


def _tags(job: Job, random: Random) -> Iterator[str]:
    kinds = (FULL_TIME, FULL_TIME, FULL_TIME, PART_TIME, CONTRACT, TEMPORARY, INTERNSHIP)
    yield random.choice(kinds)
    if job.index % 9 == 0:
        yield random.choice((CONTRACT, PERMANENT))
    if job.city_is_remote:
        # Half of those whose city is "Remote" lack the tag.
        if job.index % 20 == 4:  # noqa: PLR2004
            yield REMOTE
    else:
        yield from random.choice(((), (), (), (REMOTE,), (HYBRID,), (HYBRID, REMOTE)))
    yield random.choice(("PRAC1", "PRAC2"))


def retitle(job: Job) -> Job:
    """Give it another title."""
    return structs.replace(job, title=f"{job.title} II")


def raise_pay(job: Job) -> Job:
    """Give it more pay, or some."""
    low, high = job.yearly or (40_000, 52_000)
    return structs.replace(job, yearly=(low + 2600, high + 2600))


def relocate(job: Job) -> Job:
    """Move it to the next city."""
    following = (SPOTS.index(job.spot) + 1) % len(SPOTS)
    return structs.replace(job, spot=SPOTS[following])


def write(job: Job) -> dict[str, Any]:
    """Write everything that can be asked of a posting."""
    published = job.appeared - (_YEARS_BEFORE if job.index % 8 == 0 else timedelta(hours=3))
    nameless = job.index % 29 == 0
    return {
        "key": job.key,
        "title": job.title,
        "sourceEmployerName": None if nameless else EMPLOYERS[job.employer][0],
        "datePublished": int(published.timestamp() * 1000),
        "dateOnIndeed": int(job.appeared.timestamp() * 1000),
        "expired": job.index % 41 == 0,
        "language": "en",
        "description": {"html": _description(job)},
        "location": _location(job),
        "compensation": _compensation(job),
        "attributes": [
            # The first one comes twice, as it does on the site.
            {"key": tag, "label": LABELS[tag]}
            for tag in (*job.tags, job.tags[0])
        ],
        "employer": None if nameless or job.index % 3 == 0 else _employer(job),
        "recruit": None if job.index % 31 == 0 else {"viewJobUrl": _address(job)},
    }


def _location(job: Job) -> dict[str, Any]:
    if job.city_is_remote:
        city, state, state_name, lat, lon = "Remote", None, None, 25.0, -40.0
    else:
        spot = job.spot
        city, state, state_name = spot.city, spot.state, spot.state_name
        lat, lon = spot.lat, spot.lon
    text = ", ".join(filter(None, (city, state)))
    return {
        "countryCode": job.spot.country,
        "admin1Code": state,
        "admin1Name": state_name,
        "city": city,
        "latitude": lat,
        "longitude": lon,
        "formatted": {"long": text, "short": text},
    }


def _compensation(job: Job) -> dict[str, Any]:
    nothing = {"estimated": None, "baseSalary": None, "currencyCode": None}
    if job.yearly is None:
        return nothing
    low, high = (round(amount / UNITS[job.unit], 2) for amount in job.yearly)
    kind = RANGES[job.index % len(RANGES)]
    salary = {
        "unitOfWork": job.unit,
        "range": {"__typename": kind, "min": low, "max": high, "value": low},
    }
    figures = {"baseSalary": salary, "currencyCode": job.spot.currency}
    return {**nothing, **figures} if job.stated else {**nothing, "estimated": figures}


def _employer(job: Job) -> dict[str, Any]:
    name, homepage, industry, size = EMPLOYERS[job.employer]
    page = "-".join(name.replace("&", "and").split())
    dossier = {
        "employerDetails": {
            "addresses": [f"1 {name.split()[0]} Street"] if job.employer % 2 else [],
            "industry": industry,
            "employeesLocalizedLabel": size,
            "revenueLocalizedLabel": None,
            "briefDescription": f"{name} since {1950 + 7 * job.employer}.",
        },
        "images": {"squareLogoUrl": f"https://{homepage}/logo.png"},
        "links": {"corporateWebsite": f"https://{homepage}"},
    }
    return {
        "name": name,
        "relativeCompanyPageUrl": f"/cmp/{page}",
        "ugcStats": {"ratings": {"overallRating": {"value": 3.9, "count": job.employer}}},
        "dossier": dossier if job.index % 4 else None,
    }


def _address(job: Job) -> str | None:
    if job.easy_apply:
        return f"https://apply.indeed.com/practice/{job.key}"
    return f"https://{EMPLOYERS[job.employer][1]}/careers/{job.index}" if job.index % 13 else None


def _description(job: Job) -> str:
    """Write a posting's HTML; every fifth names an address to write to."""
    name, homepage, _, _ = EMPLOYERS[job.employer]
    contact = f"<p>Questions? Write to jobs@{homepage}.</p>" if job.index % 5 == 0 else ""
    return (
        f"<div><h2>The work</h2><p>{name} looks for a <b>{job.title}</b> "
        f"({LABELS[job.tags[0]].lower()}).</p><p style='margin: 0'>You keep what runs running "
        f"&amp; say so when it does not.</p><ul><li>patience</li><li>a plain style</li></ul>"
        f"{contact}<script>track('{job.key}')</script></div>"
    )
