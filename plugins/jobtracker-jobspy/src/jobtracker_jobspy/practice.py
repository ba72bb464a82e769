"""Practice sites of BDJobs (JSON) and HelloWork (HTML), as python-jobspy 1.4.1 reads them."""

from __future__ import annotations

import html
import json
import math
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from jobtracker_core.testing.practice import PracticeSite, Reply, Seen
from jobtracker_jobspy.invented import Job, alter, invent

FAULTS = frozenset({"drift", "endless", "bad_items"})
_MANY = 999
"""The number of pages that the fault `endless` announces."""


class _InventedSite(PracticeSite):
    """Postings from a seed, the newest first."""

    faults: ClassVar[frozenset[str]] = FAULTS
    places: ClassVar[tuple[str, ...]]
    page_size: ClassVar[int]

    def __init__(
        self, *, seed: int = 1, postings: int = 330, port: int = 0, today: date | None = None
    ) -> None:
        super().__init__(seed=seed, postings=postings, port=port)
        self._today = today or datetime.now(UTC).date()
        self._jobs = [
            self._invent(index, age=1 + index * 24 // max(postings, 1)) for index in range(postings)
        ]
        self._changes = 0

    def _invent(self, index: int, *, age: int) -> Job:
        return invent(self.seed, index, places=len(self.places), age=age, today=self._today)

    @property
    def ids(self) -> list[str]:
        """The ids of all postings, in the site's order."""
        with self.lock:
            return [str(job.id) for job in self._jobs]

    def change(self, n: int) -> list[str]:
        """Alter N postings' titles, pay and places by turns; return their ids."""
        with self.lock:
            if n > len(self._jobs):
                raise ValueError(f"{n} postings are wanted and the site has {len(self._jobs)}")
            step = len(self._jobs) // n if n else 1
            changed = []
            for turn in range(n):
                at = turn * step
                self._jobs[at] = alter(
                    self._jobs[at], turn + self._changes, places=len(self.places)
                )
                changed.append(str(self._jobs[at].id))
            self._changes += 1
            return changed

    def add(self, n: int) -> list[str]:
        """Publish N postings today, before all others; return their ids."""
        with self.lock:
            start = self.postings
            self.postings += n
            new = [self._invent(index, age=0) for index in range(start, start + n)]
            self._jobs[:0] = reversed(new)
            return [str(job.id) for job in new]

    def _found(self, words: str) -> list[Job]:
        wanted = words.casefold().split()
        with self.lock:
            return [job for job in self._jobs if all(w in job.title.casefold() for w in wanted)]

    def _job(self, job_id: str) -> Job | None:
        with self.lock:
            return next((job for job in self._jobs if str(job.id) == job_id), None)


class BDJobsSite(_InventedSite):
    """Speaks BDJobs' interface: 50 on a page, and up to five paid ones more on page 1."""

    details_path: ClassVar[str | None] = "/jobapply/api/JobSubsystem/Job-Details"
    places = (
        "Dhaka",
        "Sylhet",
        "Khulna",
        "Dhaka (Banani, Uttara), Gazipur",
        "Anywhere in Bangladesh",
    )
    page_size = 50
    premium = 5

    def answer(self, request: Seen) -> Reply:
        """See PracticeSite."""
        if request.path == "/Jobs/api/JobSearch/GetJobSearch":
            return self._search(request)
        if request.path == self.details_path:
            return self._details(request)
        return Reply.json({"message": "No such route."}, status=404)

    def _search(self, request: Seen) -> Reply:
        query = request.query
        found = [job for job in self._found(query.get("keyword", "")) if self._fits(job, query)]
        number = int(query.get("pg", "1"))
        paid, rest = found[: self.premium], found[self.premium :]
        pages = max(math.ceil(len(rest) / self.page_size), 1)
        if "endless" in request.faults:
            number = min(number, pages)
        start = (number - 1) * self.page_size
        shown = rest[start : start + self.page_size]
        return Reply.json(
            {
                "data": [_bdjobs_item(job, self.places, request.faults) for job in shown],
                "premiumData": [_bdjobs_item(job, self.places, request.faults) for job in paid]
                if number == 1
                else None,
                "common": {"totalpages": _MANY if "endless" in request.faults else pages},
            }
        )

    def _fits(self, job: Job, query: dict[str, str]) -> bool:
        days = (self._today - job.posted).days
        return (
            query.get("jobNature") in (None, _BDJOBS_KINDS[job.kind])
            and (query.get("workplace") != "1" or job.remote)
            and ("postedWithin" not in query or days <= int(query["postedWithin"]))
            and ("location" not in query or self.places[job.place].startswith("Dhaka"))
        )

    def _details(self, request: Seen) -> Reply:
        job = self._job(request.query.get("jobId", ""))
        if job is None:
            return Reply.json({"data": None, "message": "Job not found"})
        texts = dict.fromkeys(
            (
                *("JobKeyPoints", "EducationRequirements", "experience"),
                *("AdditionJobRequirements", "JobOtherBenifits", "ApplyInstruction"),
                *("ApplyEmail", "HardCopy", "WalkInInterview"),
            )
        )
        details = {
            **texts,
            "JobDescription": job.description,
            "SkillsRequired": "Patience, Rope work",
            "CompanyID": "77",
            "HaveAliasName": False,
            "CompanyWeb": "employer.example",
            "ApplyURL": "",
            "CompanyAddress": "1 Practice Road, Dhaka",
            "CompanyBusiness": "Practice.",
        }
        return Reply.json({"data": [details], "message": None})


_BDJOBS_KINDS = {
    "full": "FullTime",
    "part": "PartTime",
    "contract": "Contract",
    "internship": "Intern",
}


def _bdjobs_item(job: Job, places: tuple[str, ...], faults: frozenset[str]) -> dict[str, Any]:
    monthly = job.pay and tuple(amount // 12 for amount in job.pay)
    item: dict[str, Any] = {
        "Jobid": str(job.id),
        "publishDate": f"{job.posted}T09:00:00Z",
        "WorkPlace": "Home" if job.remote else "Office",
        "location": places[job.place],
        "jobTitle": job.title,
        "companyName": job.employer,
        "JobType": _BDJOBS_KINDS[job.kind],
        "Salary": f"Tk. {monthly[0]} - {monthly[1]} (Monthly)" if monthly else "Negotiable",
        "logoUrl": None,
        "Vacancies": 1 + job.id % 4,
        "experience": "2 to 4 years" if job.id % 2 else "NA",
    }
    if "drift" in faults:
        item["publishedOn"] = item.pop("publishDate")
    if "bad_items" in faults and job.spoilt:
        item["JobType"] = None
    return item


class HelloWorkSite(_InventedSite):
    """Speaks HelloWork's pages: 30 cards on each, and a pager that knows the last one."""

    details_path: ClassVar[str | None] = "/fr-fr/emplois/*"
    places = ("Lyon 3e - 69", "Paris - 75", "Ajaccio - 2A", "Île-de-France")
    page_size = 30

    def answer(self, request: Seen) -> Reply:
        """See PracticeSite."""
        if request.path == "/fr-fr/emploi/recherche.html":
            return Reply.html(self._search(request))
        job_id = request.path.removeprefix("/fr-fr/emplois/").removesuffix(".html")
        job = self._job(job_id)
        if job is None:
            return Reply.html("<h1>Page introuvable</h1>", status=404)
        posting = {
            "@type": "JobPosting",
            "description": job.description,
            "datePosted": f"{job.posted}T09:00:00Z",
            "hiringOrganization": {"sameAs": "https://employer.example"},
            "industry": ["Entraînement"],
            "skills": ["Patience"],
        }
        return Reply.html(
            '<html><head><script type="application/ld+json">'
            + json.dumps(posting).replace("</", "<\\/")
            + "</script></head><body><h2>Les missions du poste</h2></body></html>"
        )

    def _search(self, request: Seen) -> str:
        query = request.query
        found = [job for job in self._found(query.get("k", "")) if self._fits(job, query)]
        number = int(query.get("p", "1"))
        pages = max(math.ceil(len(found) / self.page_size), 1)
        if "endless" in request.faults:
            number = min(number, pages)
        start = (number - 1) * self.page_size
        cards = "".join(
            _card(job, self.places, (self._today - job.posted).days, request.faults)
            for job in found[start : start + self.page_size]
        )
        last = _MANY if "endless" in request.faults else pages
        pager = f'<input type="number" min="1" max="{last}" value="{number}">' if last > 1 else ""
        if not found:
            cards = _RELATED
        return f"<!DOCTYPE html><html><body><ul>{cards}</ul>{pager}</body></html>"

    def _fits(self, job: Job, query: dict[str, str]) -> bool:
        days = (self._today - job.posted).days
        return (
            ("t" not in query or job.remote)
            and ("ctt" not in query or query["ctt"] == _HELLOWORK_TIMES[job.kind])
            and ("d" not in query or days <= _HELLOWORK_DAYS[query["d"]])
            and query.get("l", "").casefold() in self.places[job.place].casefold()
        )


_HELLOWORK_TIMES = {"full": "ft", "part": "pt", "contract": "ft", "internship": "ft"}
_HELLOWORK_DAYS = {"h": 1, "d": 3, "w": 7, "m": 30}
_HELLOWORK_CONTRACTS = {
    "full": "CDI",
    "part": "CDD",
    "contract": "Freelance",
    "internship": "Stage",
}


_RELATED = """<li data-id-storage-target="item" data-id-storage-item-id="0">
<div data-cy="serpCard" data-analytics-values-param='["LO-Moteur-Approchant"]'></div></li>"""
"""What is shown where nothing fits: a related search's posting, which python-jobspy leaves out."""


def _card(job: Job, places: tuple[str, ...], days: int, faults: frozenset[str]) -> str:
    time = "temps partiel" if job.kind == "part" else "temps plein"
    contract = _HELLOWORK_CONTRACTS[job.kind]
    home = ", Télétravail complet" if job.remote else ""
    title, employer = html.escape(job.title), html.escape(job.employer)
    pay = f"<div>{job.pay[0]:,} - {job.pay[1]:,} € / an</div>".replace(",", " ") if job.pay else ""
    mark = "serpOffer" if "drift" in faults else "serpCard"
    terms = f'<div data-cy="contractCard">{contract}</div>'
    if "bad_items" in faults and job.spoilt:
        terms = ""
    age = f"il y a {days} jour{'s' if days > 1 else ''}" if days else "il y a 3 heures"
    return f"""<li data-id-storage-target="item" data-id-storage-item-id="{job.id}">
<div data-cy="{mark}" data-analytics-values-param='["LO-Moteur"]'>
<a data-cy="offerTitle" href="/fr-fr/emplois/{job.id}.html"
 aria-label="{title}, {contract}, {time}{home}"><h3><p>{title}</p><p>{employer}</p></h3></a>
<div><div data-cy="localisationCard">{html.escape(places[job.place])}</div>{terms}{pay}</div>
<div>{age}</div></div></li>"""
