"""A practice LinkedIn: the guest pages on loopback, with invented postings and faults.

Everything is a function of the seed and of `today`; all names and texts are inventions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import ClassVar

from msgspec import structs

from jobtracker_core.testing.practice import PracticeSite, Reply, Seen
from jobtracker_linkedin.invented import LEVELS, Job, invent, posted_on, relocate, retitle
from jobtracker_linkedin.markup import (
    EMPTY,
    NO_CARDS,
    WALL_PAGE,
    WALL_SCRIPT,
    write_card,
    write_detail,
    write_list,
    write_view,
)

LIST = "/jobs-guest/jobs/api/seeMoreJobPostings/search"
DETAIL = "/jobs-guest/jobs/api/jobPosting/"
VIEW = "/jobs/view/"
PAGE_SIZE = 10
START_CAP = 1000

_BAD = 20
_EMPLOYMENT = {
    "F": "Full-time",
    "P": "Part-time",
    "C": "Contract",
    "T": "Temporary",
    "I": "Internship",
    "V": "Volunteer",
    "O": "Other",
}
_LEVELS = {str(number): level for number, level in enumerate(LEVELS[:6], 1)}
_FLOORS = {str(step): 20_000 + 20_000 * step for step in range(1, 8)}


class LinkedInSite(PracticeSite):
    """Speaks LinkedIn's guest protocol. `today` is the day it believes in; default is this one.

    A search finds words of `keywords` in titles and honours `location` (a part of the place's
    name; "Worldwide" is everywhere), `f_TPR`, `f_WT`, `f_JT`, `f_E`, `f_C`, `f_AL` and `f_SB2`;
    `geoId` and `distance` are taken and change nothing. Newest postings come first. `f_C` numbers
    the employers from 1.
    """

    faults: ClassVar[frozenset[str]] = frozenset(
        {
            "drift",  # the title of every card has another class
            "no_company",  # the employer of every card has another class
            "bad_items",  # every twentieth card has no title
            "many_bad_items",  # two of three cards have no id
            "empty",  # the body without results
            "no_cards",  # some other page
            "endless",  # beyond the end comes the last page again
            "overlap",  # every page begins with the last three cards of the one before
            "auth_wall",  # a redirect to the login wall
            "auth_wall_page",  # the login wall's page, as if it were an answer
            "status_999",  # the bot check
            "gone",  # 404 for a detail page that is there
            "wrong_job",  # the page of another posting
            "no_description",  # a detail page without its description
            "odd_words",  # criteria in another language
        }
    )
    details_path: ClassVar[str] = f"{DETAIL}*"

    def __init__(
        self, *, seed: int = 1, postings: int = 330, port: int = 0, today: date | None = None
    ) -> None:
        super().__init__(seed=seed, postings=postings, port=port)
        self._today = today or datetime.now(UTC).date()
        self._count = postings
        self._revised: dict[int, list[Callable[[Job], Job]]] = {}
        self._closed: set[int] = set()
        self._removed: set[int] = set()
        self._steps = 0
        self._jobs: dict[int, Job] = {}

    # -- what happens on the site between two runs

    def add(self, n: int) -> list[str]:
        """Publish n new postings, today; return their ids."""
        with self.lock:
            new = range(self._count, self._count + n)
            self._count += n
            self._altered()
            return [self._job(index).source_id for index in new]

    def close(self, n: int) -> list[str]:
        """Take n postings off the lists; their pages say so. Return their ids."""
        with self.lock:
            chosen = self._pick(n)
            self._closed.update(chosen)
            self._altered()
            return [self._job(index).source_id for index in chosen]

    def remove(self, n: int) -> list[str]:
        """Take n postings off the lists together with their pages; return their ids."""
        with self.lock:
            chosen = self._pick(n)
            self._removed.update(chosen)
            self._altered()
            return [self._job(index).source_id for index in chosen]

    def change(self, n: int) -> list[str]:
        """Alter title or place of n postings; return their ids."""
        with self.lock:
            chosen = self._pick(n)
            for position, index in enumerate(chosen):
                self._revised.setdefault(index, []).append((retitle, relocate)[position % 2])
            self._altered()
            return [self._job(index).source_id for index in chosen]

    def _pick(self, n: int) -> list[int]:
        there = self._listed()
        if n > len(there):
            raise ValueError(f"{n} postings are wanted and the site has {len(there)}")
        self._steps += 1
        return Random(f"{self.seed}:step:{self._steps}").sample(there, n)

    def _altered(self) -> None:
        self._jobs.clear()
        self.__dict__.pop("_by_id", None)

    # -- postings

    @property
    def source_ids(self) -> list[str]:
        """The ids of all postings on its lists, oldest first."""
        with self.lock:
            return [self._job(index).source_id for index in self._listed()]

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return {self._job(index).source_id: index for index in range(self._count)}

    def _listed(self) -> list[int]:
        off = self._closed | self._removed
        return [index for index in range(self._count) if index not in off]

    def _job(self, index: int) -> Job:
        if index not in self._jobs:
            posted = posted_on(self._today, index, self.postings)
            job = invent(Random(f"{self.seed}:{index}"), index, posted=posted)
            job = structs.replace(job, closed=index in self._closed)
            for alter in self._revised.get(index, ()):
                job = alter(job)
            self._jobs[index] = job
        return self._jobs[index]

    # -- the protocol

    def answer(self, request: Seen) -> Reply:
        """See PracticeSite."""
        if "auth_wall" in request.faults:
            return Reply(status=302, headers={"Location": "/authwall?trk=qf"})
        if "auth_wall_page" in request.faults:
            return Reply.html(WALL_PAGE)
        if "status_999" in request.faults:
            return Reply.html(WALL_SCRIPT, status=999)
        if request.path == LIST:
            return self._list(request)
        for path in (DETAIL, VIEW):
            if request.path.startswith(path):
                return self._detail(request, request.path.removeprefix(path), whole=path == VIEW)
        return Reply.html("<h1>404</h1>", status=404)

    def _list(self, request: Seen) -> Reply:
        faults = request.faults
        start = int(request.query.get("start") or 0)
        if start >= START_CAP:
            return Reply.html("", status=400)
        if "no_cards" in faults:
            return Reply.html(NO_CARDS)
        with self.lock:
            found = self._search(request.query)
            if "endless" in faults:
                start = min(start, max(0, (len(found) - 1) // PAGE_SIZE * PAGE_SIZE))
            if "overlap" in faults and start:
                start -= 3
            jobs = found[start : start + PAGE_SIZE]
        if not jobs or "empty" in faults:
            return Reply.html(EMPTY)
        cards = [_spoilt(write_card(job, self._today), job, faults) for job in jobs]
        return Reply.html(write_list(cards))

    def _search(self, query: Mapping[str, str]) -> list[Job]:
        jobs = (self._job(index) for index in reversed(self._listed()))
        return [job for job in jobs if _fits(job, query, self._today)]

    def _detail(self, request: Seen, source_id: str, *, whole: bool) -> Reply:
        faults = request.faults
        with self.lock:
            index = self._by_id.get(source_id)
            if index is None or index in self._removed or "gone" in faults:
                return Reply.html("<h1>404</h1>", status=404)
            if "wrong_job" in faults:
                index = (index + 1) % self._count
            job = self._job(index)
        page = write_view(job) if whole else write_detail(job)
        if "no_description" in faults:
            page = page.replace("show-more-less-html__markup", "about-the-job")
        if "odd_words" in faults:
            page = page.replace("Employment type", "Anställningsform").replace(
                f"\n  {job.level}\n", "\n  Seasoned\n"
            )
        return Reply.html(page)


def _spoilt(card: str, job: Job, faults: frozenset[str]) -> str:
    if "drift" in faults:
        card = card.replace("base-search-card__title", "base-search-card__heading")
    if "no_company" in faults:
        card = card.replace("base-search-card__subtitle", "base-search-card__employer")
    if "bad_items" in faults and job.index % _BAD == 0:
        card = card.replace("base-search-card__title", "base-search-card__banner")
    if "many_bad_items" in faults and job.index % 3:
        card = card.replace(f"urn:li:jobPosting:{job.source_id}", "urn:li:jobPosting:(promoted)")
    return card


def _fits(job: Job, query: Mapping[str, str], today: date) -> bool:
    words = query.get("keywords", "").casefold().split()
    place = query.get("location", "Worldwide").casefold()
    window = query.get("f_TPR", "").removeprefix("r")
    floor = _FLOORS.get(query.get("f_SB2", ""), 0)
    return (
        all(word in job.title.casefold() for word in words)
        and (place == "worldwide" or place in job.place.casefold())
        and (not window or today - job.posted <= timedelta(seconds=int(window)))
        and _among(job.workplace, query.get("f_WT"))
        and _among(job.employment, query.get("f_JT"), _EMPLOYMENT)
        and _among(job.level, query.get("f_E"), _LEVELS)
        and _among(str(job.employer + 1), query.get("f_C"))
        and (query.get("f_AL") != "true" or job.easy_apply)
        and (not floor or (job.yearly is not None and job.yearly[1] >= floor))
    )


def _among(value: str, codes: str | None, meaning: Mapping[str, str] | None = None) -> bool:
    wanted = codes.split(",") if codes else []
    return not wanted or value in [meaning[code] if meaning else code for code in wanted]
