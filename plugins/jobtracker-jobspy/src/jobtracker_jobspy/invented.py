"""Invented postings and employers of the practice sites. All texts are our own."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Literal

from msgspec import Struct, structs

Kind = Literal["full", "part", "contract", "internship"]

KINDS: tuple[Kind, ...] = ("full", "full", "full", "part", "contract", "internship")
ROLES = (
    ("Cable Joiner", 31_000),
    ("Payroll Clerk", 28_000),
    ("Data Engineer", 52_000),
    ("Garden Manager", 36_000),
    ("Commercial Manager", 41_000),
    ("Deputy Commercial Manager", 33_000),
    ("Kiln Operator", 27_000),
    ("Sales Manager", 44_000),
    ("Ferry Pilot", 47_000),
    ("Night Baker", 25_000),
)
EMPLOYERS = (
    "Tamarind Looms",
    "Bluff & Daughters",
    "Harbour Lantern",
    "Sundial Freight",
    "Quillwork Studio",
    "Mossy Ridge Farms",
)
_OLDEST = 24
"""Days; all postings are younger than that, so that no site's windows hide them by themselves."""


class Job(Struct, frozen=True, kw_only=True):
    """A posting of a practice site, before it is written as the site writes it.

    `place` is an index into the site's own places; `pay` is a yearly range.
    """

    id: int
    title: str
    employer: str
    place: int
    kind: Kind
    remote: bool
    pay: tuple[int, int] | None
    posted: date

    @property
    def spoilt(self) -> bool:
        """Whether the fault `bad_items` strikes it: one in twenty."""
        return self.id % 20 == 3  # noqa: PLR2004

    @property
    def description(self) -> str:
        """HTML with what a core must take out."""
        return (
            f"<p>We look for a {self.title}.</p><script>spy()</script>"
            f"<p>Write to jobs@{self.employer.split()[0].lower()}.example.</p>"
        )


def invent(seed: int, index: int, *, places: int, age: int, today: date) -> Job:
    """Make a posting up that was published `age` days ago."""
    random = Random(f"{seed}:{index}")  # noqa: S311  (makes practice data, not secrets)
    title, base = random.choice(ROLES)
    low = int(base * random.uniform(0.8, 1.3)) // 1000 * 1000
    return Job(
        id=1_000_000 + seed * 100_000 + index,
        title=title,
        employer=random.choice(EMPLOYERS),
        place=random.randrange(places),
        kind=random.choice(KINDS),
        remote=random.random() < 0.2,  # noqa: PLR2004
        pay=(low, low + 6000) if random.random() < 0.6 else None,  # noqa: PLR2004
        posted=today - timedelta(days=age % _OLDEST),
    )


def alter(job: Job, kind: int, *, places: int) -> Job:
    """Change a posting's title, pay or place, by turns."""
    if kind % 3 == 0:
        return structs.replace(job, title=f"{job.title} II")
    if kind % 3 == 1:
        low, high = job.pay or (24_000, 30_000)
        return structs.replace(job, pay=(low + 1000, high + 1000))
    return structs.replace(job, place=(job.place + 1) % places)
