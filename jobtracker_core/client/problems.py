"""From a server's problem details back to the exceptions that a database's facade raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct

from jobtracker_core.client.errors import (
    NarrowToken,
    NotJobTracker,
    OtherVersion,
    Refused,
    RemoteError,
    ServerFailed,
    TooManyRequests,
    WrongToken,
)
from jobtracker_core.client.transport import Answer
from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.run import RunState
from jobtracker_core.http.proxies import BadProxy
from jobtracker_core.plugins.discovery import Unavailable, UnknownCollector
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.search.nodes import SearchError
from jobtracker_core.storage.errors import (
    Busy,
    Duplicate,
    MissingKey,
    NotAllowed,
    NotFound,
    Stale,
)
from jobtracker_core.storage.request_keys import KeyReused
from jobtracker_core.tracker.collectors import CollectorOff
from jobtracker_core.tracker.ingest import NotYours, RunOver
from jobtracker_core.tracker.proxies import LeftAlone
from jobtracker_core.tracker.runs import NoRetry, NotSuspect

_URN: Final = "urn:jobtracker:problem:"
_LONGEST_TEXT: Final = 2_000
_NEXT: Final = "See the server's log."


class _WrongField(Struct, frozen=True):
    field: str = ""
    message: str = ""
    start: int = 0
    end: int = 0


class _Problem(Struct, frozen=True):
    type: str = ""
    detail: str | None = None
    instance: str | None = None
    next: str | None = None
    errors: tuple[_WrongField, ...] = ()

    @property
    def kind(self) -> str:
        return self.type.removeprefix(_URN)

    @property
    def text(self) -> str:
        return (self.detail or self.kind.replace("-", " "))[:_LONGEST_TEXT]

    @property
    def hint(self) -> str:
        return (self.next or _NEXT)[:_LONGEST_TEXT]


def to_exception(answer: Answer, url: str) -> Exception:
    """Return the exception that an answer stands for; it is none that was asked for."""
    problem = _read(answer)
    if problem is None:
        return _stranger(answer, url)
    make = _KNOWN.get(problem.kind)
    made = None if make is None else make(problem)
    return _of_status(answer, problem, url) if made is None else made


def retry_after(answer: Answer) -> float | None:
    """Return the seconds that the server wants to be left alone, where it says so in seconds."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None  # noqa: PLR2004


def is_json(answer: Answer) -> bool:
    """Say whether an answer says that it is JSON."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _read(answer: Answer) -> _Problem | None:
    if not is_json(answer):
        return None
    try:
        problem = msgspec.json.decode(answer.body, type=_Problem)
    except msgspec.MsgspecError:
        return None
    return problem if problem.type.startswith(_URN) else None


def _stranger(answer: Answer, url: str) -> RemoteError:
    """Explain an answer that no JobTracker gives: something else stands there, or before it."""
    status = answer.status
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return NotJobTracker(
            f"{url} sends elsewhere{_target(answer)}, and no token is sent after it",
            "If that is your server, give its address in place of this one.",
        )
    wait = retry_after(answer)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _too_many(url, wait)
    if status in {
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }:
        return ServerFailed(
            f"what stands before {url} has no server behind it now ({status})",
            "See whether the server runs, and try again in a minute.",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerFailed(f"{url} failed ({status})", _NEXT)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return NotJobTracker(
            f"something before {url} lets nobody in ({status}), and it is no JobTracker",
            "Have the proxy or the login in front of it let /api/v1 through.",
        )
    return NotJobTracker(
        f"there is no JobTracker at {url} ({status})",
        "Give the address that the portal has in a browser, with its prefix if it has one.",
    )


def _target(answer: Answer) -> str:
    location = answer.headers.get("location", "")[:_LONGEST_TEXT]
    found = re.match(r"(https?://)(?:[^/?#@]*@)?([^/?#@\s]+)([^?#\s]*)", location)
    return "" if found is None else f", to {found[1]}{found[2]}{found[3]}"


def _too_many(url: str, wait: float | None) -> TooManyRequests:
    when = "in a minute" if wait is None else f"in {wait:,.0f} s"
    return TooManyRequests(
        f"{url} takes no more requests of this token for now",
        f"Try again {when}; the setting api_requests_per_minute of the server says how many.",
        retry_after=wait,
    )


def _of_status(answer: Answer, problem: _Problem, url: str) -> Exception:
    """Explain a problem that has no exception of the facade."""
    status, text = answer.status, problem.text
    error: Exception
    if status == HTTPStatus.UNAUTHORIZED:
        error = WrongToken(
            f"{url}: the token is unknown, has expired or was revoked",
            f"Have one made there (`jobtracker tokens create`), then: jobtracker login {url}",
        )
    elif status == HTTPStatus.FORBIDDEN:
        error = NarrowToken(
            f"{url}: {text}", "Have a token made there that does: `jobtracker tokens create`."
        )
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        error = _too_many(url, retry_after(answer))
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        error = Busy(f"{url}: {text}", "Try again in some seconds; the server's log has the cause.")
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        named = "" if problem.instance is None else f" ({problem.instance[:100]})"
        error = ServerFailed(f"{url} failed{named}", problem.hint)
    elif status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        error = OtherVersion(
            f"the server at {url} does not know what was asked",
            "Give the server's own address, not that of one of its pages; if it is that, the "
            "server is of another version: bring the older one of the two up to date.",
        )
    else:
        error = Refused(f"{url}: {text}", problem.hint)
    return error


def _stale(problem: _Problem) -> Stale:
    found = re.fullmatch(
        r"(.*) was changed meanwhile: it is at version (\d+), not (\d+)", problem.text
    )
    if found is None:
        stale = Stale("it", expected=0, current=0)
        stale.message = problem.text
        return stale
    return Stale(found[1], expected=int(found[3]), current=int(found[2]))


def _cannot_run(problem: _Problem) -> Unavailable:
    found = re.fullmatch(r"collector '(.*?)' cannot be used here: (.*)", problem.text, re.DOTALL)
    return Unavailable(found[1], found[2]) if found else Unavailable("?", problem.text)


def _collector_off(problem: _Problem) -> CollectorOff | None:
    found = re.fullmatch(r"collector '(.*)' is off", problem.text)
    return None if found is None else CollectorOff(found[1])


def _run_over(problem: _Problem) -> RunOver | None:
    found = re.fullmatch(r"run (\d+) takes no more batches: it is (\w+)", problem.text)
    return (
        RunOver(int(found[1]), RunState(found[2])) if found and found[2] in list(RunState) else None
    )


def _not_yours(problem: _Problem) -> NotYours | None:
    found = re.fullmatch(r"this token sends pages of (.*) alone", problem.text)
    return None if found is None else NotYours(found[1])


def _invalid(problem: _Problem) -> Exception | None:
    wrong = {error.field: error.message for error in problem.errors}
    return FormError(wrong) if wrong else None


def _first(problem: _Problem) -> _WrongField:
    return problem.errors[0] if problem.errors else _WrongField(message=problem.text)


def _bad_search(problem: _Problem) -> SearchError:
    wrong = _first(problem)
    return SearchError(wrong.message, problem.hint, wrong.start, wrong.end)


_KNOWN: Final[dict[str, Callable[[_Problem], Exception | None]]] = {
    "not-found": lambda p: None if p.next is None else NotFound(p.text, p.hint),
    "unknown-collector": lambda p: UnknownCollector(p.text),
    "changed": _stale,
    "key-reused": lambda p: KeyReused(p.text, p.hint),
    "not-allowed": lambda p: NotAllowed(p.text, p.hint),
    "duplicate": lambda p: Duplicate(p.text, p.hint),
    "left-alone": lambda p: LeftAlone(p.text, p.hint),
    "collector-off": _collector_off,
    "cannot-run": _cannot_run,
    "no-key": lambda p: MissingKey(p.text, p.hint),
    "no-retry": lambda p: NoRetry(p.text, p.hint),
    "not-suspect": lambda p: NotSuspect(p.text),
    "run-over": _run_over,
    "forbidden": _not_yours,
    "invalid-request": _invalid,
    "invalid-search": _bad_search,
    "invalid-setting": lambda p: ConfigError(
        _first(p).field, _first(p).message.removeprefix(f"{_first(p).field}: ")
    ),
    "invalid-schedule": lambda p: ScheduleError(_first(p).field, _first(p).message, p.hint),
    "invalid-proxy": lambda p: BadProxy(p.text, p.hint),
}
