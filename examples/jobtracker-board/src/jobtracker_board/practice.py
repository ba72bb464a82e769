"""A board on this machine that speaks the site's protocol, for tests and the demo."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from jobtracker_core.testing.practice import PracticeSite, Reply, Seen

PAGE_SIZE = 20
WORDS = ("Careful", "Cheerful", "Curious", "Early", "Patient", "Quick")
TRADES = ("Baker", "Bridge Engineer", "Gardener", "Nurse", "Software Engineer", "Tailor")
CITIES = (("Aarhus", "DK"), ("Leipzig", "DE"), ("Porto", "PT"), ("Tartu", "EE"))


class BoardSite(PracticeSite):
    """The list at `/api/jobs?q=&page=`, a posting at `/api/jobs/{id}`."""

    faults = frozenset({"drift", "endless", "bad_items"})
    details_path = "/api/jobs/*"

    def __init__(self, *, seed: int = 1, postings: int = 90, port: int = 0) -> None:
        super().__init__(seed=seed, postings=postings, port=port)
        self._random = Random(seed)
        self._jobs = [self._invent(number) for number in range(1, postings + 1)]

    def _invent(self, number: int) -> dict[str, Any]:
        city, country = self._random.choice(CITIES)
        day = date(2026, 1, 1) + timedelta(days=self._random.randrange(300))
        return {
            "id": f"b{number}",
            "title": f"{self._random.choice(WORDS)} {self._random.choice(TRADES)}",
            "employer": f"{self._random.choice(WORDS)} Works",
            "city": city,
            "country": country,
            "from_home": self._random.choice((True, False, None)),
            "posted": day.isoformat(),
            "contact": {"name": "Somebody", "mail": f"somebody{number}@mail.example"},
        }

    def answer(self, request: Seen) -> Reply:
        """Answer as the site does."""
        path = request.path.removeprefix("/api/jobs")
        if path == "":
            return Reply.json(self._list(request))
        with self.lock:
            job = next((job for job in self._jobs if f"/{job['id']}" == path), None)
        if job is None:
            return Reply.json({"error": "no such posting"}, status=404)
        text = f"<p>{job['employer']} looks for a {job['title']} in {job['city']}.</p>"
        return Reply.json({"id": job["id"], "text": text, "open": True})

    def _list(self, request: Seen) -> dict[str, Any]:
        words = request.query.get("q", "").casefold().split()
        with self.lock:
            found = [j for j in self._jobs if all(w in j["title"].casefold() for w in words)]
        pages = max(1, -(-len(found) // PAGE_SIZE))
        page = int(request.query.get("page", "1"))
        if "endless" in request.faults:
            page = min(page, pages)
        jobs = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        if "drift" in request.faults:
            jobs = [{("headline" if k == "title" else k): v for k, v in j.items()} for j in jobs]
        if "bad_items" in request.faults:
            jobs = [{**job, "id": None} if job is jobs[0] else job for job in jobs]
        more = page < pages or "endless" in request.faults
        return {"jobs": jobs, "total": len(found), "more": more}

    def change(self, n: int) -> list[str]:
        """Give the first N postings another title."""
        with self.lock:
            for number, job in enumerate(self._jobs[:n]):
                self._jobs[number] = {**job, "title": f"{job['title']} (again)"}
            return [job["id"] for job in self._jobs[:n]]
