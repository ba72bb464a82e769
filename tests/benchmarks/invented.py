"""Invented jobs of all shapes, many of them: `python -m tests.benchmarks.invented URL ROWS`."""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta

from jobtracker_core.contract.host import Record
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
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.storage import schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.upsert import write_page

SOURCES = ("harbour", "lantern", "northboard", "quarry")
PAGE = 1000

_LEVELS = {"Junior": "entry", "Senior": "senior", "Lead": "lead", "Principal": "lead", "": "mid"}
_ROLES = [
    *("Data Engineer", "Backend Developer", "Platform Engineer", "Product Designer", "Nurse"),
    *("Site Reliability Engineer", "Technical Writer", "Accountant", "Ingénieure logiciel"),
    "Specialist for the Coordination of International Freight Forwarding and Customs Clearance",
]
_COMPANIES = ["Nordlicht", "Copperfield & Sons", "Saltmarsh Energy", "Łódź Robotics", "Brightwater"]
_PLACES = [
    ("Berlin, Germany", "Berlin", "DE"),
    ("Kraków, Poland", "Kraków", "PL"),
    ("New York, NY", "New York", "US"),
    ("Llanfairpwllgwyngyll, Isle of Anglesey, Wales", "Llanfairpwllgwyngyll", "GB"),
]
_PAY = [
    Pay(min=60_000, max=85_000, currency="EUR", interval=PayInterval.YEAR),
    Pay(min=42.5, max=60, currency="USD", interval=PayInterval.HOUR, kind=PayKind.ESTIMATED),
    Pay(text="from 4,200 PLN a month", kind=PayKind.PARSED),
    Pay(text="competitive"),
]
_TEXT = """<p>We look after <strong>the systems</strong> that others take for granted. Read
<a href="https://example.org/about">who we are</a>.</p><h3>What you will do</h3><ul><li>Keep a
service of ours healthy, and say so when it is not.</li><li>Write things down.</li></ul>
<h3>What you bring</h3><p>Curiosity, patience and some years of practice in what you do.</p>"""


def posting(number: int, now: datetime) -> Posting:
    """Return the job of that number; the same every time."""
    chance = random.Random(number)
    level = chance.choice(list(_LEVELS))
    text, city, country = chance.choice(_PLACES)
    name = f"{chance.choice(_COMPANIES)} {number % 400}"
    return Posting(
        source_id=f"p{number}",
        url=f"https://board.example/jobs/{number}",
        title=f"{level} {chance.choice(_ROLES)}".strip(),
        company=None if chance.random() < 0.05 else name,
        company_facts=CompanyFacts(homepage="https://company.example/", industry="Energy"),
        places=(Place(text=text, city=city, country=country),),
        remote=chance.choice([*Remote, None]),
        employment=chance.choice([(Employment.FULL_TIME,), tuple(Employment)[1:3], None]),
        seniority=Seniority(_LEVELS[level]),
        skills=("SQL", "Python", "patience"),
        pay=chance.choice([*_PAY, None, None]),
        posted_at=chance.choice([now - timedelta(hours=number % 2000), None]),
        posted_precision=chance.choice([Precision.EXACT, Precision.DAY]),
        apply_url=chance.choice([f"https://apply.example/{number}", None]),
        closed=chance.random() < 0.08,
        description=_TEXT,
        raw={"id": number, "title": "as the site spells it", "tags": ["a", "<b>"]},
    )


def fill(db: Database, rows: int, *, now: datetime) -> None:
    """Store as many jobs, the lowest number last, and see a few of them change."""
    for start in range(rows, 0, -PAGE):
        by_source: dict[str, list[Record]] = {}
        for number in range(start, max(start - PAGE, 0), -1):
            source = SOURCES[number % len(SOURCES)]
            by_source.setdefault(source, []).append(normalise(posting(number, now)))
        with db.write() as conn:
            for source, records in by_source.items():
                write_page(conn, source=source, kind="list", records=records, run_id=1, now=now)
    changed = [normalise(_changed(number, now)) for number in range(1, 9)]
    for number, record in enumerate(changed, start=1):
        with db.write() as conn:
            write_page(
                conn,
                source=SOURCES[number % len(SOURCES)],
                kind="detail",
                records=[record],
                run_id=2,
                now=now,
            )


def _changed(number: int, now: datetime) -> Posting:
    from msgspec.structs import replace

    return replace(
        posting(number, now),
        remote=Remote.HYBRID,
        pay=Pay(min=70_000, max=90_000, currency="EUR", interval=PayInterval.YEAR),
        employment=(Employment.CONTRACT,),
        closed=False,
        description=f"{_TEXT}<p>New: a canteen.</p>",
    )


if __name__ == "__main__":
    database = open_database(sys.argv[1])
    schema.upgrade(database)
    fill(database, int(sys.argv[2]), now=datetime.now(UTC))
    database.close()
