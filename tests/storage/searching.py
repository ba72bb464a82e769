"""Some jobs to search among, and a search that looks at each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from jobtracker_core.contract.host import PayRecord, Record
from jobtracker_core.contract.posting import Employment, Place, Remote, Seniority
from jobtracker_core.search.analyzer import alternatives, analyse, places
from jobtracker_core.search.language import All, AnyOf, Fact, Node, Not, Term
from jobtracker_core.search.plain import plain
from jobtracker_core.storage import applications, dismissals, indexing, tags
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.jobs import Job, JobDetail, get

NOW = datetime.now(UTC)
_BODY = "<p>We look for {}.</p><ul><li>{}</li></ul>"
_ROWS: tuple[dict[str, Any], ...] = (
    {
        "title": "Senior Python Engineer",
        "company": "Acme GmbH",
        "places": (Place(text="Berlin, Germany", city="Berlin", country="DE"),),
        "remote": Remote.HYBRID,
        "employment": (Employment.FULL_TIME,),
        "seniority": Seniority.SENIOR,
        "skills": ("Python", "Node.js"),
        "language": "en",
        "pay": PayRecord(year_min=80_000, year_max=95_000, currency="EUR"),
        "posted_at": NOW - timedelta(days=2),
        "description": _BODY.format("a developer of node.js services", "C++ and C# are a plus"),
    },
    {
        "title": "Ingenieur für Straßenbau (m/w/d)",
        "company": "Müller & Söhne",
        "places": (Place(text="München", city="München", region="Bayern", country="DE"),),
        "remote": Remote.ONSITE,
        "employment": (Employment.FULL_TIME, Employment.INTERNSHIP),
        "language": "de",
        "posted_at": NOW - timedelta(days=40),
        "description": _BODY.format("Entwicklungen mit Erfahrung", "Der Python ist eine Schlange"),
    },
    {
        "title": "Nurse",
        "company": "Acme Health",
        "places": (Place(text="Oslo", city="Oslo", country="NO"),),
        "employment": (Employment.PART_TIME,),
        "pay": PayRecord(year_min=500_000, currency="NOK"),
        "description": _BODY.format("engineers of care", "senior nurses, python no"),
    },
    {
        "title": "Python Developer, Senior",
        "company": "Senior Python",
        "remote": Remote.REMOTE,
        "seniority": Seniority.LEAD,
        "skills": ("SQL",),
        "pay": PayRecord(year_min=60_000, year_max=80_000, currency="EUR"),
        "posted_at": NOW - timedelta(hours=5),
        "closed": True,
    },
    {
        "title": "東京のエンジニア",
        "language": "ja",
        "places": (Place(text="東京", country="JP"),),
        "description": _BODY.format("東京で働く", "Python"),
    },
    {"title": "Engineering manager", "company": "Café O'Brien", "skills": ("Management",)},
    {
        "title": "Engineer",
        "company": "Acme GmbH",
        "places": (Place(text="Berlin"),),
        "language": "de-AT",
        "remote": Remote.REMOTE,
        "description": "<p>senior</p><p>python</p> engineer <b>N</b>ode",
    },
    {"title": "dismissed python engineer", "seniority": Seniority.SENIOR},
)


def store(
    db: Database, write: Callable[..., Any], make_record: Callable[..., Record]
) -> list[JobDetail]:
    """Store eight jobs, with applications, tags and a dismissal, and index them."""
    for number, fields in enumerate(_ROWS, 1):
        source = "site" if number % 2 else "other_site"
        write(make_record(str(number), **fields), kind="detail", source=source)
    applications.create(db, ApplicationDraft(job_id=1, status="applied"))
    applications.create(db, ApplicationDraft(job_id=3, status="draft"))
    tags.add(db, "job", 4, ["Dream job"])
    dismissals.dismiss(db, 8)
    indexing.work_off(db)
    return [get(db, number) for number in range(len(_ROWS), 0, -1)]


_STATUS = {1: "applied", 3: "draft"}


def fits(node: Node, detail: JobDetail) -> bool:
    """Hold one job to a query by looking at all of it."""
    match node:
        case All():
            return all(fits(part, detail) for part in node.nodes)
        case AnyOf():
            return any(fits(part, detail) for part in node.nodes)
        case Not():
            return not fits(node.node, detail)
        case Term():
            return _holds(node, detail)
        case Fact():
            return _is(node, detail)


def _holds(term: Term, detail: JobDetail) -> bool:
    job = detail.job
    where = [*(place.text for place in job.places or ()), job.city, job.region]
    where += [place.city for place in job.places or ()]
    texts: dict[str, Sequence[str | None]] = {
        "title": [job.title],
        "company": [job.company],
        "place": where,
        "skill": job.skills or (),
    }
    wanted = [one for some in texts.values() for one in some]
    wanted = (
        [*wanted, plain(detail.description or "")] if term.field is None else [*texts[term.field]]
    )
    return any(
        next(iter(places(list(analyse(text, job.language)), sequence)), None) is not None
        for text in wanted
        if text
        for sequence in alternatives(term.text, prefix=term.is_prefix)
    )


def _is(fact: Fact, detail: JobDetail) -> bool:
    job, value = detail.job, fact.value
    status = _STATUS.get(job.id)
    states = {
        "new": status is None and job.dismissed_at is None,
        "open": job.closed_at is None,
        "closed": job.closed_at is not None,
        "applied": status is not None,
        "dismissed": job.dismissed_at is not None,
    }
    facts: dict[str, Callable[[], bool]] = {
        "pay": lambda: _pays(job, fact),
        "posted": lambda: _timely(job.posted_at, fact),
        "seen": lambda: _timely(detail.last_seen_at, fact),
        "status": lambda: status == value,
        "tag": lambda: job.id == 4 and str(value).casefold() == "dream job",
        "employment": lambda: value in (job.employment or ()),
        "language": lambda: (job.language or "")[:2] == value,
        "is": lambda: states[str(value)],
    }
    return facts.get(fact.name, lambda: bool(getattr(job, fact.name) == value))()


def _pays(job: Job, fact: Fact) -> bool:
    pay = job.pay_year_max or job.pay_year_min
    fits = fact.currency in {None, job.pay_currency}
    return pay is not None and fits and _compare(pay, fact.operator, fact.value)


def _timely(moment: datetime | None, fact: Fact) -> bool:
    if moment is None:
        return False
    if isinstance(fact.value, timedelta):
        return _compare(datetime.now(UTC) - moment, fact.operator, fact.value)
    day: Any = fact.value
    if fact.operator in {"=", "<=", ">"}:
        return _compare(moment.date(), fact.operator, day)
    return _compare(moment, fact.operator, datetime.combine(day, time(), UTC))


def _compare(one: Any, operator: str, other: Any) -> bool:
    found: bool = {
        "=": lambda: one == other,
        "<": lambda: one < other,
        "<=": lambda: one <= other,
        ">": lambda: one > other,
        ">=": lambda: one >= other,
    }[operator]()
    return found
