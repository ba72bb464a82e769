"""Invented postings, employers, people and places of the practice site. All texts are our own."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from msgspec import Struct, structs

_FIRST_ID = 4_100_000_000
_ID_STEP = 131
_WITH_PAY = 0.5
_WITH_RECRUITER = 0.27
_WITH_BADGE = 0.7
BARE = 17
"""One posting in so many says of its criteria no more than the employment."""

ROLES = (
    ("Bridge Engineer", 82_000, "Engineering", "Civil Engineering"),
    ("Backend Engineer", 104_000, "Engineering and Information Technology", "Software Development"),
    ("Data Engineer", 99_000, "Information Technology", "Data Infrastructure and Analytics"),
    ("Test Engineer", 76_000, "Quality Assurance", "Appliances Manufacturing"),
    ("Payroll Specialist", 51_000, "Accounting/Auditing", "Accounting"),
    ("Ward Nurse", 64_000, "Health Care Provider", "Hospitals and Health Care"),
    ("Shift Supervisor", 45_000, "Management", "Food and Beverage Services"),
    ("Map Illustrator", 48_000, "Art/Creative and Design", "Book and Periodical Publishing"),
    ("Remote Sensing Analyst", 71_000, "Research", "Environmental Services"),
)
EMPLOYERS = (
    ("Amberfold Bridges", "amberfold-bridges"),
    ("Kestrel & Moor", "kestrel-&-moor"),
    ("Lindqvist Mätteknik", "lindqvist-m%C3%A4tteknik"),
    ("Ninefold Analytics", "ninefold-analytics"),
    ("Oxbow Clinics", "oxbow-clinics"),
    ("Petrel Publishing House", "petrel-publishing-house"),
    ("Saltmarsh Foods", "saltmarsh-foods"),
    ("Thimble Software", "thimble-software"),
)
PLACES = (
    "Duluth, MN",
    "Savannah, GA",
    "Greater Tacoma Area",
    "United States",
    "Halifax, Nova Scotia, Canada",
    "Norwich, England, United Kingdom",
    "Malmö, Skåne County, Sweden",
    "Uppsala",
    "Coimbatore, Tamil Nadu, India",
)
LEVELS = (
    "Internship",
    "Entry level",
    "Associate",
    "Mid-Senior level",
    "Director",
    "Executive",
    "Not Applicable",
)
EMPLOYMENT = (
    *("Full-time", "Full-time", "Full-time", "Part-time", "Contract", "Temporary"),
    *("Internship", "Volunteer", "Other"),
)
WORKPLACES = ("1", "1", "2", "3")
"""The site's numbers for on site, remote and hybrid. No page shows them."""

BADGES = ("Actively Hiring", "Be an early applicant")
RECRUITERS = (
    ("Odalys Wrenfield", "odalys-wrenfield"),
    ("Tobin Marchetti-Vale", "tobin-marchetti-vale"),
    ("Ingrid Solvaag", "ingrid-solvaag"),
)
_DUTIES = (
    "You keep the drawings, the figures and the people who need them together.",
    "You look after a small part of the work from the first sketch to the day it is used.",
    "You find out why something does not work, and you write down what you found.",
    "You show newcomers how things are done here, and listen when they ask why.",
)
_OFFERS = (
    "We offer thirty days off, a quiet room and a budget for books.",
    "We pay overtime, and there is little of it.",
    "The canteen is good and the view is better.",
)


class Job(Struct, frozen=True, kw_only=True):
    """A posting of the practice site, before it is written as the site writes it."""

    index: int
    source_id: str
    title: str
    role: int
    employer: int
    place: str
    posted: date
    workplace: str
    employment: str
    level: str
    yearly: tuple[int, int] | None
    easy_apply: bool
    badge: str | None
    recruiter: int | None
    closed: bool = False

    @property
    def company(self) -> str:
        """The employer's name."""
        return EMPLOYERS[self.employer][0]

    @property
    def slug(self) -> str:
        """The employer's part of an address."""
        return EMPLOYERS[self.employer][1]

    @property
    def pay(self) -> str | None:
        """The pay as the site writes it: per year, or per hour for every fourth posting."""
        if self.yearly is None:
            return None
        hourly = self.index % 4 == 0
        unit, divisor = ("hr", 2080) if hourly else ("yr", 1)
        low, high = (f"${amount / divisor:,.2f}/{unit}" for amount in self.yearly)
        return f"{low} - {high}"


def invent(random: Random, index: int, *, posted: date) -> Job:
    """Make a posting up; its id is its own among all of its site."""
    role = random.randrange(len(ROLES))
    base = ROLES[role][1]
    low = int(base * random.uniform(0.8, 1.3)) // 1000 * 1000
    level = random.choice(LEVELS)
    return Job(
        index=index,
        source_id=str(_FIRST_ID + index * _ID_STEP + random.randrange(_ID_STEP)),
        title=f"{'Senior ' if level == LEVELS[3] else ''}{ROLES[role][0]}",
        role=role,
        employer=random.randrange(len(EMPLOYERS)),
        place=random.choice(PLACES),
        posted=posted,
        workplace=random.choice(WORKPLACES),
        employment=random.choice(EMPLOYMENT),
        level=level,
        yearly=(low, low + random.randrange(5_000, 30_000, 1000))
        if random.random() < _WITH_PAY
        else None,
        easy_apply=random.random() < _WITH_PAY,
        badge=random.choice(BADGES) if random.random() < _WITH_BADGE else None,
        recruiter=random.randrange(len(RECRUITERS)) if random.random() < _WITH_RECRUITER else None,
    )


def posted_on(today: date, index: int, count: int) -> date:
    """Spread the first `count` postings over the three months before today, the oldest first."""
    return today - timedelta(days=90 * max(0, count - 1 - index) // max(1, count))


def retitle(job: Job) -> Job:
    """Give a posting another title."""
    return structs.replace(job, title=f"{job.title}, {job.place.split(',')[0]}")


def relocate(job: Job) -> Job:
    """Move a posting to the next place."""
    place = PLACES[(PLACES.index(job.place) + 1) % len(PLACES)]
    return structs.replace(job, place=place)


def describe(job: Job) -> str:
    """Write what the employer says: HTML, in one of three with an e-mail address to be removed."""
    first = job.index % len(_DUTIES)
    duties = (*_DUTIES[first:], *_DUTIES[:first])[:3]
    lines = "".join(f"<li>{duty}</li>" for duty in duties)
    contact = "<br>Questions? Write to people@practice.example." if job.index % 3 == 0 else ""
    return (
        f"<strong>{job.title}</strong><br><br>"
        f"We are looking for somebody who wants to do this work well.<br><br><ul>{lines}</ul>"
        f"{_OFFERS[job.employer % len(_OFFERS)]}{contact}<br><br>"
        "No longer accepting applications by post."
    )
