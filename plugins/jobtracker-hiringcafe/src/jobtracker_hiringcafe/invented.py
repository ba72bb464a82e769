"""Invented postings, employers and places of the practice site. All texts are our own."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from msgspec import Struct, structs

_TWO_PLACES = 0.1
_WITH_PAY = 0.7
_PAY_STATED = 0.6
TRIMMED = 13
"""One posting in so many lacks most of what the site usually tells."""

LEVELS = ("No Prior Experience Required", "Entry Level", "Mid Level", "Senior Level")
COMMITMENTS = ("Full Time", "Full Time", "Full Time", "Part Time", "Contract", "Internship")
WORKPLACES = ("Onsite", "Onsite", "Hybrid", "Remote", "Remote", "Field")
BOARDS = ("oakpost", "hirewell", "talentmill", "plainboard")
ROLES = (
    ("Software Engineer", ("Python", "PostgreSQL", "Docker"), 62_000),
    ("Data Engineer", ("Airflow", "SQL", "Spark"), 66_000),
    ("Platform Engineer", ("Kubernetes", "Terraform", "Go"), 70_000),
    ("Data Analyst", ("SQL", "Excel", "Tableau"), 48_000),
    ("Product Designer", ("Figma", "Sketch"), 55_000),
    ("Registered Nurse", ("Epic",), 58_000),
    ("Warehouse Associate", (), 31_000),
    ("Account Manager", ("Salesforce",), 45_000),
    ("Mechanical Engineer", ("SolidWorks", "MATLAB"), 57_000),
    ("Technical Writer", ("Markdown", "Git"), 46_000),
)
EMPLOYERS = (
    ("Larkspur Instruments", "larkspur-instruments.example", "Measuring devices", 420, 1987),
    ("Northquay Logistics", "northquay.example", "Freight and storage", 5_300, 1954),
    ("Tallow & Pine", "tallowandpine.example", "Furniture", 85, 2012),
    ("Brightmere Health", "brightmere.example", "Hospitals", 2_150, 1971),
    ("Copperline Software", "copperline.example", "Software", 260, 2009),
    ("Fennimore Foods", "fennimore.example", "Food production", 1_400, 1933),
    ("Sable Ridge Energy", "sableridge.example", "Wind power", 640, 2003),
    ("Quillwork Press", "quillwork.example", "Publishing", 48, 1999),
)


class Spot(Struct, frozen=True):
    """A city the practice site knows."""

    city: str
    state: str
    country: str
    country_name: str
    currency: str
    lat: float
    lon: float

    @property
    def text(self) -> str:
        """The place as the site shows it."""
        return f"{self.city}, {self.state}, {self.country_name}"


SPOTS = (
    Spot("Berlin", "Berlin", "DE", "Germany", "EUR", 52.52, 13.405),
    Spot("Potsdam", "Brandenburg", "DE", "Germany", "EUR", 52.3906, 13.0645),
    Spot("Hamburg", "Hamburg", "DE", "Germany", "EUR", 53.5511, 9.9937),
    Spot("Leeds", "England", "GB", "United Kingdom", "GBP", 53.8008, -1.5491),
    Spot("Porto", "Porto District", "PT", "Portugal", "EUR", 41.1579, -8.6291),
    Spot("Toronto", "Ontario", "CA", "Canada", "CAD", 43.6532, -79.3832),
    Spot("Austin", "Texas", "US", "United States", "USD", 30.2672, -97.7431),
    Spot("Denver", "Colorado", "US", "United States", "USD", 39.7392, -104.9903),
)
FREQUENCIES = {
    "Hourly": ("hourly", 2080),
    "Daily": ("daily", 260),
    "Weekly": ("weekly", 52),
    "Bi-Weekly": ("bi-weekly", 26),
    "Monthly": ("monthly", 12),
    "Yearly": ("yearly", 1),
}


class Job(Struct, frozen=True, kw_only=True):
    """A posting of the practice site, before it is written as the site writes it."""

    index: int
    title: str
    tools: tuple[str, ...]
    employer: int
    spots: tuple[Spot, ...]
    workplace: str
    commitment: str
    level: str
    yearly: tuple[int, int] | None
    frequency: str
    transparent: bool
    published: datetime
    found: datetime

    @property
    def board(self) -> str:
        """The system it was found in."""
        return BOARDS[self.index % len(BOARDS)]

    @property
    def object_id(self) -> str:
        """Its id; some hold what must be escaped in an address."""
        token = "-".join(EMPLOYERS[self.employer][0].lower().replace("&", "and").split())
        number = f"R&D/{self.index} b" if self.index % 9 == 0 else f"{100_000 + self.index}"
        return f"{self.board}___{token}___{number}"


def invent(random: Random, index: int, *, age: timedelta, today: datetime) -> Job:
    """Make a posting up that was published `age` before yesterday began."""
    role, tools, base = random.choice(ROLES)
    level = random.randrange(len(LEVELS))
    low = int(base * (0.8 + 0.25 * level)) // 100 * 100 + random.randrange(0, 4000, 100)
    published = today - timedelta(days=1) - age + timedelta(seconds=index)
    return Job(
        index=index,
        title=f"Senior {role}" if level == len(LEVELS) - 1 else role,
        tools=tools,
        employer=random.randrange(len(EMPLOYERS)),
        spots=tuple(random.sample(SPOTS, 2 if random.random() < _TWO_PLACES else 1)),
        workplace=random.choice(WORKPLACES),
        commitment=random.choice(COMMITMENTS),
        level=LEVELS[level],
        yearly=(low, int(low * 1.3)) if random.random() < _WITH_PAY else None,
        frequency=random.choice(tuple(FREQUENCIES)),
        transparent=random.random() < _PAY_STATED,
        published=published,
        found=min(published + timedelta(hours=random.randrange(72)), today),
    )


def retitle(job: Job) -> Job:
    """Give it another title."""
    return structs.replace(job, title=f"{job.title} II")


def raise_pay(job: Job) -> Job:
    """Give it more pay, or some."""
    low, high = job.yearly or (40_000, 52_000)
    return structs.replace(job, yearly=(low + 1300, high + 1300))


def relocate(job: Job) -> Job:
    """Move it to the next city."""
    here = SPOTS.index(job.spots[0])
    return structs.replace(job, spots=(SPOTS[(here + 1) % len(SPOTS)],))


def write_hit(job: Job, random: Random) -> dict[str, Any]:
    """Write a posting as a list shows it; `random` makes the visitors who saw it."""
    name, homepage, industry, size, founded = EMPLOYERS[job.employer]
    users = [f"visitor-{random.randrange(16**8):08x}" for _ in range(random.randrange(6))]
    hit: dict[str, Any] = {
        "id": job.object_id,
        "objectID": job.object_id,
        "board_token": homepage.partition(".")[0],
        "source": job.board,
        "apply_url": f"https://{homepage}/careers/{job.index}",
        "requisition_id": f"practice{job.index:07d}",
        "collapse_key": f"{job.employer}:{job.level}",
        "is_expired": False,
        "job_information": {
            "title": job.title,
            "viewedByUsers": users,
            "appliedFromUsers": users[:1],
            "savedFromUsers": users[1:2],
            "hiddenFromUsers": users[2:3],
            "num_views": len(users),
        },
        "v5_processed_job_data": _processed(job),
        "_geoloc": [{"lat": spot.lat, "lon": spot.lon} for spot in job.spots],
        "enriched_company_data": {
            "status": "VALID_COMPANY" if job.index % 7 else "UNKNOWN",
            "name": name,
            "homepage_uri": homepage,
            "hq_country": "US",
            "industries": [industry],
            "nb_employees": size,
            "year_founded": founded,
            "tagline": f"{industry} since {founded}.",
        },
    }
    if job.index % 11 == 0:
        del hit["requisition_id"]
    return hit


def _processed(job: Job) -> dict[str, Any]:
    """Write what the site makes of a posting."""
    if job.index % TRIMMED == 0:
        return {"core_job_title": job.title, "company_name": EMPLOYERS[job.employer][0].lower()}
    processed: dict[str, Any] = {
        "core_job_title": job.title,
        "company_name": EMPLOYERS[job.employer][0].lower(),
        "technical_tools": list(job.tools),
        "commitment": [job.commitment],
        "seniority_level": job.level,
        "workplace_type": job.workplace,
        "workplace_cities": [f"{s.city}, {s.state}, {s.country}" for s in job.spots],
        "workplace_states": list(dict.fromkeys(f"{s.state}, {s.country}" for s in job.spots)),
        "workplace_countries": list(dict.fromkeys(s.country for s in job.spots)),
        "formatted_workplace_location": job.spots[0].text,
        "estimated_publish_date": f"{job.published:%Y-%m-%dT%H:%M:%S}.000Z",
        "estimated_publish_date_millis": int(job.published.timestamp() * 1000),
        "is_compensation_transparent": job.transparent and job.yearly is not None,
        "listed_compensation_frequency": job.frequency,
        "listed_compensation_currency": "" if job.index % 17 == 0 else job.spots[0].currency,
    }
    for prefix, divisor in FREQUENCIES.values():
        low, high = job.yearly or (None, None)
        processed[f"{prefix}_min_compensation"] = low and low / divisor
        processed[f"{prefix}_max_compensation"] = high and high / divisor
    return processed


def write_description(job: Job) -> str:
    """Write a posting's HTML; every fifth names an address to write to."""
    name, homepage, industry, _, _ = EMPLOYERS[job.employer]
    tools = "".join(f"<li>{tool}</li>" for tool in job.tools) or "<li>a steady hand</li>"
    contact = f"<p>Questions? Write to jobs@{homepage}.</p>" if job.index % 5 == 0 else ""
    return (
        f"<h2>About the work</h2><p>{name} ({industry.lower()}) looks for a "
        f"<strong>{job.title}</strong> in {job.spots[0].city}.</p>"
        f'<p style="font-size: 11px">You work {job.workplace.lower()}, {job.commitment.lower()}, '
        f"with people who finish what they begin &amp; like to explain it.</p>"
        f"<h3>You bring</h3><ul>{tools}</ul>{contact}"
        f'<script>track("{job.index}")</script>'
    )


def suggest(wanted: str) -> list[dict[str, Any]]:
    """Return the places whose name contains a text, cities first, as the site describes them."""
    places = [_place("locality", spot.city, spot.city, spot) for spot in SPOTS]
    places += [_place("administrative_area_level_1", s.state, s.state, s) for s in SPOTS]
    places += [_place("country", spot.country_name, spot.country, spot) for spot in SPOTS]
    labelled = {place["formatted_address"]: place for place in reversed(places)}
    return [
        {"label": label, "placeDetail": place}
        for label, place in reversed(labelled.items())
        if wanted.strip() and wanted.strip().casefold() in label.casefold()
    ]


def _place(kind: str, long_name: str, short_name: str, spot: Spot) -> dict[str, Any]:
    address = {
        "country": spot.country_name,
        "administrative_area_level_1": f"{spot.state}, {spot.country_name}",
        "locality": spot.text,
    }[kind]
    return {
        "id": f"practice-{kind}-{long_name.lower()}",
        "formatted_address": address,
        "types": [kind],
        "geometry": {"location": {"lat": spot.lat, "lon": spot.lon}},
        "address_components": [{"long_name": long_name, "short_name": short_name, "types": [kind]}],
    }
