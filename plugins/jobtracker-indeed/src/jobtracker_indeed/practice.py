"""A practice Indeed: the site's GraphQL on loopback, with invented postings and faults.

Everything is a function of the seed and of `today`; all names and texts are inventions.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from typing import Any, ClassVar

from jobtracker_core.testing.practice import PracticeSite, Reply, Seen
from jobtracker_indeed import graphql
from jobtracker_indeed.graphql import NotGraphQL
from jobtracker_indeed.invented import Job, invent, raise_pay, relocate, retitle, write
from jobtracker_indeed.practice_search import NotUnderstood, understand

PATH = "/graphql"
_SPREAD_DAYS = 100
_ONE_IN = 20
_CODES = {
    "bad_input": "BAD_USER_INPUT",
    "unauthenticated": "UNAUTHENTICATED",
    "server_fault": "INTERNAL_SERVER_ERROR",
    "too_fast": "RATE_LIMITED",
    "unknown_error": "PRACTICE_ONLY",
}


class IndeedSite(PracticeSite):
    """Speaks Indeed's protocol. `today` is the day it believes in; default is this one.

    It reads the query's text strictly and answers exactly the fields that are selected. A search
    finds words of `what` in titles and honours `location`, `filters`, `sort`, `limit` and `cursor`.
    A page after the first begins with the last posting of the one before. All countries' editions
    (`indeed-co`) show the same postings.
    """

    faults: ClassVar[frozenset[str]] = frozenset(
        {
            *_CODES,  # 200 with errors of that code, data null
            "forbidden",  # 403 with JSON that is no challenge
            "partial_errors",  # errors beside the results, and no next cursor
            "expired_cursor",  # the cursors given so far are valid no longer
            "empty_page",  # no results, and yet a next cursor
            "empty_last",  # no results, and no next cursor
            "endless",  # always another cursor; at the end the last page again
            "circle",  # always a next cursor; at the end the one that was asked for
            "drift",  # the title of every posting has another name
            "bad_items",  # every twentieth posting has no title
            "odd_values",  # optional values of another type
            "fewer_fields",  # some of what was selected does not come
            "no_cursor",  # the answer does not say where it goes on
            "no_data",  # data null, and no errors
        }
    )

    def __init__(
        self, *, seed: int = 1, postings: int = 330, port: int = 0, today: date | None = None
    ) -> None:
        super().__init__(seed=seed, postings=postings, port=port)
        self._today = datetime.combine(today or datetime.now(UTC).date(), time(), UTC)
        self._count = postings
        self._revised: dict[int, list[Callable[[Job], Job]]] = {}
        self._steps = 0
        self._expiries = 0

    # -- what happens on the site between two runs

    def add(self, n: int) -> list[str]:
        """Publish n new postings; return their keys."""
        with self.lock:
            new = range(self._count, self._count + n)
            self._count += n
            self.__dict__.pop("_jobs", None)
            return [self._job(index).key for index in new]

    def change(self, n: int) -> list[str]:
        """Alter title, pay or place of n postings; return their keys."""
        with self.lock:
            if n > self._count:
                raise ValueError(f"{n} postings are wanted and the site has {self._count}")
            self._steps += 1
            random = Random(f"{self.seed}:step:{self._steps}")
            chosen = random.sample(range(self._count), n)
            for position, index in enumerate(chosen):
                kinds = (retitle, raise_pay, relocate)
                # A posting whose city is "Remote" does not show its place.
                remote = self._job(index).city_is_remote
                alter = retitle if remote else kinds[position % len(kinds)]
                self._revised.setdefault(index, []).append(alter)
            self.__dict__.pop("_jobs", None)
            return [self._job(index).key for index in chosen]

    @property
    def keys(self) -> list[str]:
        """Keys of all postings on the site."""
        with self.lock:
            return [job.key for job in self._jobs]

    @cached_property
    def _jobs(self) -> list[Job]:
        return [self._job(index) for index in range(self._count)]

    @cached_property
    def _ages(self) -> list[timedelta]:
        """How old the postings of the first day are, the oldest first; later ones have none."""
        random = Random(f"{self.seed}:ages")
        days = sorted((random.randrange(_SPREAD_DAYS) for _ in range(self.postings)), reverse=True)
        return [timedelta(days=each) for each in days]

    def _job(self, index: int) -> Job:
        age = self._ages[index] if index < len(self._ages) else timedelta()
        job = invent(self.seed, index, age=age, today=self._today)
        for alter in self._revised.get(index, ()):
            job = alter(job)
        return job

    # -- answering

    def answer(self, request: Seen) -> Reply:
        """See PracticeSite."""
        if (request.method, request.path) != ("POST", PATH):
            return Reply.html("<h1>404</h1>", status=404)
        if refusal := self._refusal(request):
            return refusal
        try:
            return Reply.json(self._search(request))
        except NotGraphQL as error:
            return _errors(str(error), "GRAPHQL_VALIDATION_FAILED", status=400)
        except NotUnderstood as error:
            return _errors(str(error), "BAD_USER_INPUT")

    def _refusal(self, request: Seen) -> Reply | None:
        faults = request.faults
        if "forbidden" in faults:
            return Reply.json({"message": "Forbidden"}, status=403)
        if "no_data" in faults:
            return Reply.json({"data": None})
        code = next((code for fault, code in _CODES.items() if fault in faults), None)
        if code is None and not request.headers.get("indeed-api-key"):
            code = "UNAUTHENTICATED"
        return _errors("refused for practice", code) if code else None

    def _search(self, request: Seen) -> dict[str, Any]:
        country, locale = (request.headers.get(f"indeed-{each}", "") for each in ("co", "locale"))
        if not (country.isupper() and locale.endswith(f"-{country}")):
            raise NotUnderstood(f"no country and locale fit to each other: {country}, {locale}")
        field, asked = understand(json.loads(request.body)["query"])
        faults = request.faults
        with self.lock:
            self._expiries += "expired_cursor" in faults
            mark = f"{asked.mark}-{self._expiries}"
            start = self._start(asked.cursor, mark)
            jobs = [job for job in self._jobs if asked.finds(job, self._today)]
        found = sorted(jobs, key=asked.order)
        repeated = start > 0 and asked.limit > 1
        page = found[start - repeated : start - repeated + asked.limit]
        end = start - repeated + len(page)
        following = _write_cursor(mark, end) if end < len(found) else None
        if faults & {"empty_page", "empty_last"}:
            page, following = [], _write_cursor(mark, end) if "empty_page" in faults else None
        if faults & {"endless", "circle"} and following is None:
            # Zeros before a number change the cursor and not the page.
            zeros = len(self.requests) if "endless" in faults else 0
            following = _write_cursor(mark, start, zeros=zeros)
        whole = {
            "pageInfo": {"nextCursor": None if "partial_errors" in faults else following},
            "results": [{"trackingKey": f"visit-{job.key}", "job": write(job)} for job in page],
        }
        picked = graphql.pick(whole, field.selected, where="JobSearchPayload")
        _spoil(picked, faults)
        answer: dict[str, Any] = {"data": {"jobSearch": picked}}
        if "partial_errors" in faults:
            answer["errors"] = [_error("one part failed", "INTERNAL_SERVER_ERROR")]
        return answer

    def _start(self, cursor: str | None, mark: str) -> int:
        if cursor is None:
            return 0
        try:
            written, _, number = urlsafe_b64decode(cursor).decode().rpartition(":")
            start = int(number)
        except ValueError as error:
            raise NotUnderstood("the cursor is none of this site's") from error
        if written != mark or not 0 <= start <= self._count:
            raise NotUnderstood("the cursor is no longer valid, or belongs to another search")
        return start


def _write_cursor(mark: str, start: int, *, zeros: int = 0) -> str:
    return urlsafe_b64encode(f"{mark}:{'0' * zeros}{start}".encode()).decode()


def _error(message: str, code: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code}}


def _errors(message: str, code: str, *, status: int = 200) -> Reply:
    return Reply.json({"errors": [_error(message, code)], "data": None}, status=status)


def _spoil(search: dict[str, Any], faults: frozenset[str]) -> None:
    for position, result in enumerate(search["results"]):
        job = result["job"]
        if "drift" in faults:
            job["jobTitle"] = job.pop("title")
        if "bad_items" in faults and position % _ONE_IN == _ONE_IN // 2:
            job["title"] = None
        if "odd_values" in faults:
            job["dateOnIndeed"] = "yesterday"
            job["employer"] = ["?"]
            job["location"]["admin1Code"] = 5
            job["attributes"].append({"key": None})
        if "fewer_fields" in faults:
            for name in ("dateOnIndeed", "attributes", "recruit"):
                del job[name]
    if "no_cursor" in faults:
        search["pageInfo"] = {}
