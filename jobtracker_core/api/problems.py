"""Errors as problem details (RFC 9457). What is ours to know stays in the log."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from msgspec import Struct

from jobtracker_core.storage.errors import Busy, NotFound, StorageError

MEDIA_TYPE = "application/problem+json"

_LOG = logging.getLogger("jobtracker.server")
_RETRY_AFTER_S = 5
_URN = "urn:jobtracker:problem:"


class WrongField(Struct, frozen=True, kw_only=True):
    """One part of a request that is wrong; `field` is its name, or its path in a body."""

    field: str
    message: str


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


async def refuse_unknown_parameters(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Guard: a query parameter that nobody reads, or that comes twice, is a mistake.

    Raises:
        ValidationException: It names each of them, and those that there are.
    """
    known = sorted(
        parameter.kwarg_definition.name or name
        for name, parameter in handler.parsed_fn_signature.parameters.items()
        if isinstance(parameter.kwarg_definition, QueryParameter)
    )
    allowed = f"there are only: {', '.join(known)}" if known else "there are no parameters here"
    errors = []
    for name in dict.fromkeys(connection.query_params):
        if name not in known:
            errors.append({"key": name[:40], "message": f"unknown parameter; {allowed}"})
        elif len(connection.query_params.getall(name)) > 1:
            errors.append({"key": name, "message": "given more than once"})
    if errors:
        raise ValidationException(extra=errors)


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
    if isinstance(error, NotFound):
        return _plain("not-found", HTTPStatus.NOT_FOUND, str(error), next=error.hint)
    if isinstance(error, StorageError | Unavailable):
        return _unavailable(error)
    if isinstance(error, ValidationException):
        return _invalid(error)
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _refused(error)
    return _crash(error)


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
    _LOG.warning("%s: database: %s", incident, error)
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
    errors = tuple(
        WrongField(field=str(item.get("key", "")), message=str(item.get("message", "")))
        for item in (error.extra if isinstance(error.extra, list) else [])
    )
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors) or error.detail
    return _plain(
        "invalid-request",
        HTTPStatus.BAD_REQUEST,
        detail,
        title="The request is not valid",
        errors=errors,
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
