"""The postings of the scene: invented employers and their positions, on the three sites."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from msgspec import Struct, structs

from jobtracker_core.contract.posting import (
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
)

SITES = ("hiringcafe", "indeed", "linkedin")
JOBS = 240
DAYS = 30

_ADDRESSES = {
    "hiringcafe": "https://hiringcafe.com/viewjob/{}",
    "indeed": "https://www.indeed.com/viewjob?jk={}",
    "linkedin": "https://www.linkedin.com/jobs/view/{}",
}
_LEVELS = {
    "": Seniority.MID,
    "Senior": Seniority.SENIOR,
    "Staff": Seniority.LEAD,
    "Junior": Seniority.ENTRY,
}
_ROLES = {
    "Platform Engineer": ("Kubernetes", "Terraform", "Go"),
    "Backend Developer": ("Python", "PostgreSQL", "REST"),
    "Data Engineer": ("Python", "SQL", "Airflow"),
    "Site Reliability Engineer": ("Linux", "Prometheus", "Go"),
    "Python Developer": ("Python", "Django", "Docker"),
    "Machine Learning Engineer": ("Python", "PyTorch", "SQL"),
    "Infrastructure Engineer": ("AWS", "Terraform", "Linux"),
    "Developer Advocate": ("Writing", "Python", "Talks"),
}
_PLACES = (
    Place(text="Berlin, Germany", city="Berlin", country="DE"),
    Place(text="Hamburg, Germany", city="Hamburg", country="DE"),
    Place(text="Amsterdam, Netherlands", city="Amsterdam", country="NL"),
    Place(text="Kraków, Poland", city="Kraków", country="PL"),
    Place(text="Lisbon, Portugal", city="Lisbon", country="PT"),
)
_COMPANIES = {
    "Nordlicht Robotics": ("Robotics", "51 to 200", "Hamburg, Germany", "Greenhouse"),
    "Copperfield Analytics": ("Data and analytics", "201 to 500", "Berlin, Germany", "Lever"),
    "Saltmarsh Energy": ("Energy", "501 to 1,000", "Amsterdam, Netherlands", "Workday"),
    "Brightwater Health": ("Health", "201 to 500", "Berlin, Germany", "Greenhouse"),
    "Lantern & Quill": ("Publishing", "11 to 50", "Lisbon, Portugal", None),
    "Kestrel Freight": ("Logistics", "1,001 to 5,000", "Hamburg, Germany", "SmartRecruiters"),
    "Łódź Instruments": ("Instruments", "51 to 200", "Kraków, Poland", "Ashby"),
    "Marrow Cloud": ("Cloud services", "201 to 500", None, "Ashby"),
    "Fernweh Travel": ("Travel", "51 to 200", "Berlin, Germany", "Personio"),
    "Quarry Street Bank": ("Banking", "5,001 to 10,000", "Amsterdam, Netherlands", "Workday"),
    "Halfmoon Games": ("Games", "11 to 50", "Berlin, Germany", None),
    "Orchard Mutual": ("Insurance", "1,001 to 5,000", "Amsterdam, Netherlands", "Workday"),
}
_YEARLY = PayInterval.YEAR
_PAY = (
    Pay(min=72_000, max=95_000, currency="EUR", interval=_YEARLY),
    Pay(min=85_000, max=110_000, currency="EUR", interval=_YEARLY),
    Pay(min=64_000, max=78_000, currency="EUR", interval=_YEARLY, kind=PayKind.ESTIMATED),
    Pay(text="from 6,400 EUR a month", kind=PayKind.PARSED),
    Pay(min=95, max=120, currency="EUR", interval=PayInterval.HOUR),
)
_TEXT = """<p>{company} keeps {thing} running for people who never think about it. We are a team of
<strong>nine engineers</strong> who ship every day and sleep every night.</p>
<h3>What you will do</h3>
<ul><li>Own services from the first sketch to the pager, together with one other person.</li>
<li>Make what is slow fast, and what is fast boring.</li>
<li>Write down why, so that the next one does not have to ask.</li></ul>
<h3>What you bring</h3>
<ul><li>Practice with {skills}.</li><li>Patience with old code and with new colleagues.</li></ul>
<h3>What you get</h3>
<p>30 days of leave, a budget for books and travel, and one day a week without meetings. Read
<a href="https://careers.example/handbook">how we work</a>.</p>"""
_THINGS = ("the pipelines", "the platform", "the clusters", "the data", "the trains")


class Found(Struct, frozen=True, kw_only=True):
    """A posting, its site, and when a run found it first."""

    site: str
    at: datetime
    posting: Posting


def found(now: datetime) -> list[Found]:
    """Return all postings in the order of their arrival; the same every time but for the dates."""
    chance = random.Random(20)
    made = [_found(number, now, chance) for number in range(JOBS)]
    return sorted(made, key=lambda each: each.at)


def changed(posting: Posting) -> Posting:
    """Return what a site says later of a posting: more pay, and not only on site."""
    return structs.replace(
        posting,
        pay=Pay(min=82_000, max=104_000, currency="EUR", interval=_YEARLY),
        remote=Remote.HYBRID,
    )


def _found(number: int, now: datetime, chance: random.Random) -> Found:
    site = SITES[number % len(SITES)]
    role, level = chance.choice(list(_ROLES)), chance.choice(["", "", *_LEVELS])
    company = chance.choice(list(_COMPANIES))
    # Fewer the longer ago; the newest within the hour.
    age = timedelta(days=DAYS * (1 - (number / JOBS) ** 0.7), minutes=12 + number % 40)
    posted = now - age - timedelta(hours=chance.randrange(1, 60))
    remote = chance.choice([Remote.REMOTE, Remote.HYBRID, Remote.HYBRID, Remote.ONSITE, None])
    number_of = 7_400_100 + number * 37
    return Found(
        site=site,
        at=now - age,
        posting=Posting(
            source_id=str(number_of),
            url=_ADDRESSES[site].format(number_of),
            title=f"{level} {role}".strip(),
            company=company,
            company_facts=_facts(company),
            places=(chance.choice(_PLACES),),
            remote=remote,
            employment=chance.choice(
                [(Employment.FULL_TIME,)] * 4 + [(Employment.CONTRACT,), (Employment.PART_TIME,)]
            ),
            seniority=_LEVELS[level],
            skills=_ROLES[role],
            language="en",
            pay=chance.choice([*_PAY, None, None]),
            posted_at=posted,
            posted_precision=chance.choice([Precision.EXACT, Precision.DAY]),
            apply_url=chance.choice([f"https://careers.example/apply/{number_of}", None]),
            closed=age > timedelta(days=20) and number % 3 == 0,
            description=_TEXT.format(
                company=company.replace("&", "&amp;"),
                thing=chance.choice(_THINGS),
                skills=", ".join(_ROLES[role]),
            ),
            raw={"id": number_of, "title": f"{level} {role}".strip(), "employer": company},
        ),
    )


def _facts(company: str) -> CompanyFacts:
    industry, size, headquarters, ats = _COMPANIES[company]
    word = (
        company.split(maxsplit=1)[0].lower().replace("ł", "l").replace("ó", "o").replace("ź", "z")
    )
    return CompanyFacts(
        homepage=f"https://{word}.example/",
        industry=industry,
        size=size,
        founded=1987 + len(company),
        headquarters=headquarters,
        ats=ats,
        description=f"{company} is an invented company.",
    )
