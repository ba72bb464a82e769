"""A practice HiringCafe: the site's protocol on loopback, with invented postings and faults.

Everything is a function of the seed and of `today`; all names and texts are inventions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from typing import Any, ClassVar

from jobtracker_core.testing.practice import PracticeSite, Reply, Seen
from jobtracker_hiringcafe.invented import (
    TRIMMED,
    Job,
    Spot,
    invent,
    raise_pay,
    relocate,
    retitle,
    suggest,
    write_description,
    write_hit,
)

PAGE_SIZE = 40
DEFAULT_DAYS = 121
_SPREAD_DAYS = 100
_MILES_PER_DEGREE = 69.0
_SHELL = '<!DOCTYPE html><html><body><div id="__next"></div></body></html>'


class HiringCafeSite(PracticeSite):
    """Speaks HiringCafe's protocol. `today` is the day it believes in; default is this one.

    A search finds words of `searchQuery` in titles and honours `workplaceTypes`,
    `commitmentTypes`, `seniorityLevel`, `locations`, `minCompensationLowEnd`,
    `dateFetchedPastNDays` and `sortBy`. Newest postings come first unless asked otherwise.
    """

    faults: ClassVar[frozenset[str]] = frozenset(
        {
            "stale_build",  # 404 for this build id; another one is published
            "ssr_error",  # 200 with an error text and no hits
            "app_shell",  # HTML where JSON was asked
            "empty_page",  # no hits, and not said to be the last page
            "empty_last",  # no hits, and said to be the last page
            "drift",  # the id of every hit has another name
            "bad_items",  # every twentieth hit has no title of any kind
            "odd_values",  # optional values of another type
            "endless",  # the last page again and again, never said to be the last
            "bottomless",  # always more pages, always of new postings
            "no_total",  # the number of postings is not said
            "overcount",  # three times as many postings are announced as there are
            "no_hits",  # an answer without the list of hits
            "wrong_job",  # the description of another posting
            "not_found_oddly",  # another 404 than the one that says that a posting is gone
        }
    )
    details_path: ClassVar[str] = "/api/job-description"

    def __init__(
        self, *, seed: int = 1, postings: int = 330, port: int = 0, today: date | None = None
    ) -> None:
        super().__init__(seed=seed, postings=postings, port=port)
        self._today = datetime.combine(today or datetime.now(UTC).date(), time(), UTC)
        self._count = postings
        self._revised: dict[int, list[Callable[[Job], Job]]] = {}
        self._closed: set[int] = set()
        self._steps = 0
        self._builds = 1
        self._found: dict[str, list[int]] = {}

    # -- what happens on the site between two runs

    def add(self, n: int) -> list[str]:
        """Publish n new postings; return their ids."""
        with self.lock:
            new = range(self._count, self._count + n)
            self._count += n
            self._altered()
            return [self._job(index).object_id for index in new]

    def close(self, n: int) -> list[str]:
        """Take n postings off the site; return their ids."""
        with self.lock:
            gone = self._pick(n)
            self._closed.update(gone)
            self._altered()
            return [self._job(index).object_id for index in gone]

    def change(self, n: int) -> list[str]:
        """Alter title, pay or place of n postings; return their ids."""
        with self.lock:
            chosen = self._pick(n)
            for position, index in enumerate(chosen):
                kinds = (retitle, raise_pay, relocate)
                # A trimmed posting shows neither its pay nor its place.
                alter = kinds[position % 3] if index % TRIMMED else retitle
                self._revised.setdefault(index, []).append(alter)
            self._altered()
            return [self._job(index).object_id for index in chosen]

    def _pick(self, n: int) -> list[int]:
        there = [index for index in range(self._count) if index not in self._closed]
        if n > len(there):
            raise ValueError(f"{n} postings are wanted and the site has {len(there)}")
        self._steps += 1
        return Random(f"{self.seed}:step:{self._steps}").sample(there, n)

    def _altered(self) -> None:
        self._found.clear()
        self.__dict__.pop("_by_id", None)

    # -- postings

    @property
    def object_ids(self) -> list[str]:
        """The ids of all postings on the site, oldest first."""
        with self.lock:
            return [
                self._job(index).object_id
                for index in range(self._count)
                if index not in self._closed
            ]

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return {self._job(index).object_id: index for index in range(self._count)}

    def _job(self, index: int) -> Job:
        age = timedelta(0)
        if index < self.postings:
            age = timedelta(days=_SPREAD_DAYS) * ((self.postings - index) / self.postings)
        random = Random(f"{self.seed}:{index}")
        job = invent(random, index, age=age, today=self._today)
        for alter in self._revised.get(index, ()):
            job = alter(job)
        return job

    # -- the protocol

    def answer(self, request: Seen) -> Reply:
        """See PracticeSite."""
        if request.path.startswith("/_next/data/"):
            return self._data(request)
        routes = {
            "/": self._page,
            "/api/searchLocation": lambda asked: Reply.json(suggest(asked.query.get("query", ""))),
            "/api/job-description": self._describe,
        }
        route = routes.get(request.path)
        return route(request) if route else Reply.html("<h1>404</h1>", status=404)

    @property
    def build_id(self) -> str:
        """The id under which the site's data is to be had at present."""
        return f"practice-{self.seed}-{self._builds}"

    def _data(self, request: Seen) -> Reply:
        with self.lock:
            if "stale_build" in request.faults:
                self._builds += 1
            if request.path != f"/_next/data/{self.build_id}/index.json":
                return Reply.html("<h1>404: This page could not be found</h1>", status=404)
        if "app_shell" in request.faults:
            return Reply.html(_SHELL)
        return Reply.json({"pageProps": self._props(request), "__N_SSP": True})

    def _page(self, request: Seen) -> Reply:
        if "app_shell" in request.faults:
            return Reply.html(_SHELL)
        props = self._props(request) if "searchState" in request.query else {}
        data = {
            "props": {"pageProps": props, "__N_SSP": True},
            "page": "/",
            "query": {},
            "buildId": self.build_id,
        }
        script = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
        return Reply.html(
            '<!DOCTYPE html><html><head><title>Practice jobs</title></head><body><div id="__next">'
            '</div><script id="__NEXT_DATA__" type="application/json">'
            f"{script}</script></body></html>"
        )

    def _props(self, request: Seen) -> dict[str, Any]:
        faults = request.faults
        number = int(request.query.get("page") or 0)
        state = json.loads(request.query["searchState"])
        if "ssr_error" in faults or not _understands(state):
            error = "Failed to load jobs. Please try again."
            return _props(number, [], total=0, last=True) | {"ssrError": error}
        with self.lock:
            found = self._search(request.query["searchState"], state)
            start = number * PAGE_SIZE
            if "endless" in faults:
                start = min(start, max(len(found) - 1, 0) // PAGE_SIZE * PAGE_SIZE)
            jobs = [self._job(index) for index in found[start : start + PAGE_SIZE]]
            if "bottomless" in faults:
                first = self._count + start
                jobs = [self._job(index) for index in range(first, first + PAGE_SIZE)]
        hits = [write_hit(job, Random(f"{self.seed}:users:{job.index}")) for job in jobs]
        last = start + PAGE_SIZE >= len(found) and not faults & {"endless", "bottomless"}
        if faults & {"empty_page", "empty_last"}:
            hits, last = [], "empty_last" in faults
        total = len(found) * 3 if "overcount" in faults else len(found)
        props = _props(number, _spoilt(hits, faults), total=total, last=last)
        for fault, key in (("no_total", "ssrTotalCount"), ("no_hits", "ssrHits")):
            if fault in faults:
                del props[key]
        return props

    def _search(self, key: str, state: dict[str, Any]) -> list[int]:
        if key in self._found:
            return self._found[key]
        there = (self._job(i) for i in range(self._count) if i not in self._closed)
        oldest = self._today - timedelta(days=state.get("dateFetchedPastNDays", DEFAULT_DAYS))
        jobs = [job for job in there if job.found >= oldest and _fits(job, state)]
        order = state.get("sortBy", "default")
        if order == "compensation_desc":
            jobs.sort(key=lambda job: (-job.yearly[1] if job.yearly else 0, -job.index))
        else:
            jobs.sort(key=lambda job: job.index, reverse=order != "date_asc")
        self._found[key] = [job.index for job in jobs]
        return self._found[key]

    def _describe(self, request: Seen) -> Reply:
        if "app_shell" in request.faults:
            return Reply.html(_SHELL)
        if "not_found_oddly" in request.faults:
            return Reply.json({"error": "No such route."}, status=404)
        with self.lock:
            index = self._by_id.get(request.query.get("id", ""))
            if index is None or index in self._closed:
                return Reply.json({"error": "Job not found."}, status=404)
            job = self._job(index + 1 if "wrong_job" in request.faults else index)
        return Reply.json(
            {
                "job": {
                    "id": job.object_id,
                    "objectID": job.object_id,
                    "job_information": {"description": write_description(job)},
                }
            }
        )


def _props(number: int, hits: list[dict[str, Any]], *, total: int, last: bool) -> dict[str, Any]:
    return {
        "ssrHits": hits,
        "ssrPage": number,
        "ssrPageSize": PAGE_SIZE,
        "ssrTotalCount": total,
        "ssrIsLastPage": last,
        "ssrError": None,
    }


def _spoilt(hits: list[dict[str, Any]], faults: frozenset[str]) -> list[dict[str, Any]]:
    for position, hit in enumerate(hits):
        if "drift" in faults:
            hit["object_id"] = hit.pop("objectID")
        if "bad_items" in faults and position % 20 == 0:
            hit["job_information"]["title"] = None
            hit["v5_processed_job_data"].pop("core_job_title")
        if "odd_values" in faults:
            hit["v5_processed_job_data"]["seniority_level"] = {"label": "Mid Level"}
            hit["enriched_company_data"] = ["?"]
            hit["is_expired"] = "no"
    return hits


def _fits(job: Job, state: dict[str, Any]) -> bool:
    words = state.get("searchQuery", "").casefold().split()
    floor = state.get("minCompensationLowEnd")
    places = state.get("locations") or []
    return (
        all(word in job.title.casefold() for word in words)
        and _among(job.workplace, state.get("workplaceTypes"))
        and _among(job.commitment, state.get("commitmentTypes"))
        and _among(job.level, state.get("seniorityLevel"))
        and (floor is None or (job.yearly is not None and job.yearly[0] >= floor))
        and (not places or any(_lies_in(spot, place) for spot in job.spots for place in places))
    )


def _among(value: str, wanted: Sequence[str] | None) -> bool:
    return not wanted or value in wanted


def _understands(state: dict[str, Any]) -> bool:
    """Say whether all places are whole: the site fails on cut ones."""
    return all(
        place.get("address_components") and place.get("geometry")
        for place in state.get("locations") or []
    )


def _lies_in(spot: Spot, place: dict[str, Any]) -> bool:
    if "country" in place["types"]:
        return bool(spot.country == place["address_components"][0]["short_name"])
    if "administrative_area_level_1" in place["types"]:
        return bool(spot.state == place["address_components"][0]["long_name"])
    centre = place["geometry"]["location"]
    north = (spot.lat - centre["lat"]) * _MILES_PER_DEGREE
    east = (spot.lon - centre["lon"]) * _MILES_PER_DEGREE * math.cos(math.radians(spot.lat))
    return math.hypot(north, east) <= float(place.get("options", {}).get("radius", 0))
