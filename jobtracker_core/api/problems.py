"""Errors as problem details (RFC 9457). What is ours to know stays in the log."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    InternalServerException,
    SerializationException,
    ValidationException,
)
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from jobtracker_core.contract.errors import BadQuery, ConfigError
from jobtracker_core.plugins.discovery import Unavailable as CannotRun
from jobtracker_core.plugins.discovery import UnknownCollector
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
    StorageError,
    WrongKey,
)
from jobtracker_core.storage.request_keys import Answered, KeyReused
from jobtracker_core.tracker import CollectorOff
from jobtracker_core.tracker.ingest import NotYours, RunOver
from jobtracker_core.tracker.proxies import BadAddress, BadProxy, LeftAlone
from jobtracker_core.tracker.runs import NoRetry, NotSuspect

MEDIA_TYPE = "application/problem+json"

_LOG = logging.getLogger("jobtracker.server")
_RETRY_AFTER_S = 5
_URN = "urn:jobtracker:problem:"
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
BODY = "body"
"""What the body as a whole is called where it is wrong."""
_BODY = "data"
"""What Litestar calls it."""
_GONE = "client disconnected prematurely"
"""What Litestar says where a sender goes away before the end of a body."""


# The narrower ones come first.
_SENDERS: tuple[tuple[type[Exception], str, HTTPStatus], ...] = (
    (NotFound, "not-found", HTTPStatus.NOT_FOUND),
    (UnknownCollector, "unknown-collector", HTTPStatus.NOT_FOUND),
    (Stale, "changed", HTTPStatus.PRECONDITION_FAILED),
    (KeyReused, "key-reused", HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotAllowed, "not-allowed", HTTPStatus.CONFLICT),
    (Duplicate, "duplicate", HTTPStatus.CONFLICT),
    (LeftAlone, "left-alone", HTTPStatus.CONFLICT),
    (CollectorOff, "collector-off", HTTPStatus.CONFLICT),
    (CannotRun, "cannot-run", HTTPStatus.CONFLICT),
    (NoRetry, "no-retry", HTTPStatus.CONFLICT),
    (NotSuspect, "not-suspect", HTTPStatus.CONFLICT),
    (RunOver, "run-over", HTTPStatus.CONFLICT),
    (NotYours, "forbidden", HTTPStatus.FORBIDDEN),
    (Answered, "answered", HTTPStatus.CONFLICT),
)


class WrongField(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of a request that is wrong; `field` is its name, or its path in a body.

    Attributes:
        start: Of a search that cannot be read, where the mistake begins, in characters.
        end: Where it ends there.
    """

    field: str
    message: str
    start: int | None = None
    end: int | None = None


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request was not answered.

    Attributes:
        type: What kind of problem, the same for all of its kind.
        instance: Names this one occurrence; the log has more under it.
        next: What can be done about it.
        errors: The parts of the request that are wrong.
    """

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    next: str | None = None
    errors: tuple[WrongField, ...] = ()


class Explained(Struct, frozen=True, kw_only=True):
    """A problem and the headers that go with it."""

    problem: Problem
    headers: Mapping[str, str] = {}


class Unavailable(Exception):  # noqa: N818  (the state, as in storage.errors)
    """The server cannot work now, for a reason that anybody may hear."""


def wrong(field: str, message: str) -> ValidationException:
    """Make the error for one wrong part of a request."""
    return ValidationException(extra=[{"key": field, "message": message}])


async def refuse_broken_text(request: Request[Any, Any, Any]) -> None:
    """Before a request is read: JSON is UTF-8 (RFC 8259), and the decoder takes that for granted.

    Raises:
        ValidationException: The body is none.
    """
    if request.scope["method"] in _WITHOUT_BODY:
        return
    try:
        (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise wrong(BODY, f"is not UTF-8 (byte {error.start})") from error


def respond(explained: Explained) -> Response[Problem]:
    """Answer with a problem."""
    return Response(
        explained.problem,
        status_code=explained.problem.status,
        headers=dict(explained.headers),
        media_type=MEDIA_TYPE,
    )


def explain(error: Exception) -> Explained:
    """Tell what an exception means to whoever sent the request, and log what is our own fault."""
    known = _known(error)
    if known is not None:
        return known
    if isinstance(error, MissingKey | WrongKey):
        return _without_key(error)
    if isinstance(error, StorageError | Unavailable):
        return _unavailable(error)
    if isinstance(error.__cause__, SerializationException) and isinstance(error, ClientException):
        return invalid({BODY: error.detail})
    if isinstance(error, InternalServerException) and error.detail == _GONE:
        # Nobody hears it, and it is no fault of ours.
        error = ClientException("The request broke off.")
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _refused(error)
    return _crash(error)


def _known(error: Exception) -> Explained | None:
    """Explain what the sender can do something about."""
    for kind_of, kind, status in _SENDERS:
        if isinstance(error, kind_of):
            hint = getattr(error, "hint", None)
            return _plain(kind, status, str(error), next=_next(error) or hint)
    if isinstance(error, FormError):
        return invalid(error.problems)
    if isinstance(error, SearchError):
        return _bad_search(error)
    if isinstance(error, BadAddress):
        return invalid({"url": str(error)}, next=getattr(error, "hint", None))
    if isinstance(error, BadProxy | ScheduleError | ConfigError | BadQuery):
        return _with_hint(error)
    return _invalid(error) if isinstance(error, ValidationException) else None


def _with_hint(error: BadProxy | ScheduleError | ConfigError | BadQuery) -> Explained:
    """Explain what is wrong with one field and comes with a next step."""
    if isinstance(error, BadProxy):
        field, _, text = str(error).partition(": ")
        return invalid({field: text}, str(error), kind="invalid-proxy", next=error.hint)
    if isinstance(error, ScheduleError):
        wrong_part = {error.field: error.message}
        return invalid(wrong_part, kind="invalid-schedule", next=error.hint)
    return invalid({error.field: str(error)}, kind="invalid-setting", next=error.hint)


def _bad_search(error: SearchError) -> Explained:
    wrong_part = WrongField(
        field="search",
        message=error.message,
        start=error.start,
        end=error.end,
    )
    return _plain(
        "invalid-search",
        HTTPStatus.BAD_REQUEST,
        f"search: {error.message}",
        title="The search cannot be read",
        errors=(wrong_part,),
        next=error.hint,
    )


def _without_key(error: StorageError) -> Explained:
    # The message names a file of ours.
    _LOG.warning("secrets: %s", error)
    return _plain(
        "no-key",
        HTTPStatus.CONFLICT,
        "This installation does not have the key that its secrets need.",
        next="Set JOBTRACKER_SECRET_KEY to it; the server's log says where it was looked for.",
    )


def _next(error: Exception) -> str | None:
    if isinstance(error, CollectorOff):
        return f"PUT /api/v1/collectors/{error.name} with enabled: true turns it on."
    if isinstance(error, Answered):
        return "Its answer was for one pair of eyes: revoke what was made, and make another."
    return None


def _plain(
    kind: str,
    status: int,
    detail: str | None,
    *,
    title: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Explained:
    title = title or _phrase(status)
    problem = Problem(type=_URN + kind, title=title, status=int(status), detail=detail, **more)
    return Explained(problem=problem, headers=headers or {})


def _phrase(status: int) -> str:
    known = {int(each): each.phrase for each in HTTPStatus}
    return known.get(int(status), "Refused")


def _unavailable(error: StorageError | Unavailable) -> Explained:
    # The message of a StorageError names host, user and file: it is for the operator.
    incident = _incident()
    what = "server" if isinstance(error, Unavailable) else "database"
    _LOG.warning("%s: %s: %s", incident, what, error)
    if isinstance(error, Unavailable):
        detail = str(error)
    elif isinstance(error, Busy):
        detail = "The database is busy."
    else:
        detail = "The database cannot be used now."
    return _plain(
        "unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        instance=incident,
        next="Try again in some seconds; the server's log has the cause under this instance.",
        headers={"Retry-After": str(_RETRY_AFTER_S)},
    )


def _invalid(error: ValidationException) -> Explained:
    given = error.extra if isinstance(error.extra, list) else []
    return invalid(dict(_part(item) for item in given), error.detail)


def _part(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name of a part, and what is wrong with it, of what Litestar says."""
    name, message = str(item.get("key", "")), str(item.get("message", ""))
    if item.get("source") == "header":
        return name.replace("_", "-").title(), message
    if item.get("source") == "body" and name == _BODY:
        return BODY, "a JSON object is needed" if message == f"'{_BODY}'" else message
    return name, message


def invalid(
    problems: Mapping[str, str],
    detail: str = "",
    *,
    kind: str = "invalid-request",
    next: str | None = None,  # noqa: A002  (the problem's own word)
) -> Explained:
    """Explain that parts of a request are wrong: each one's name, and what is wrong with it."""
    errors = tuple(WrongField(field=name, message=text) for name, text in problems.items())
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors) or detail
    return _plain(
        kind,
        HTTPStatus.BAD_REQUEST,
        detail,
        title="The request is not valid",
        errors=errors,
        next=next,
    )


def _refused(error: HTTPException) -> Explained:
    status = error.status_code
    headers = {name.title(): value for name, value in (error.headers or {}).items()}
    detail: str | None = error.detail
    if status == HTTPStatus.NOT_FOUND:
        detail = "There is nothing at this address."
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = set(headers.get("Allow", "").split(", "))
        headers["Allow"] = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
        detail = f"Allowed here: {headers['Allow']}."
    kind = _phrase(status).lower().replace(" ", "-")
    return _plain(kind, status, None if detail == _phrase(status) else detail, headers=headers)


def _crash(error: Exception) -> Explained:
    incident = _incident()
    _LOG.error("%s: a request failed", incident, exc_info=error)
    return _plain(
        "internal",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        None,
        instance=incident,
        next="This is a fault of the program; report it with what the log has under this instance.",
    )


def _incident() -> str:
    return uuid.uuid4().urn


def documented(*statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    """Describe, for OpenAPI, with which statuses an operation answers a problem."""
    return {
        int(status): ResponseSpec(
            data_container=Problem,
            description=status.phrase,
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in statuses
    }
