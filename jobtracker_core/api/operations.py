"""What every operation of the API says of itself: who may use it, and how it can fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict, cast

from litestar import MediaType, Request, Response
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from jobtracker_core.api.problems import documented, explain, respond
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.request_keys import Answered, RequestKey
from jobtracker_core.tracker import JobTracker

SCHEME = "token"
SCOPE = "scope"
"""The name under which a handler's `opt` holds the scope that it needs; None is for everybody."""

FROM_ZERO: Final = {"minimum": 0}
"""For a parameter's `schema_extra`: Litestar leaves a bound of 0 out of the document."""

FOREIGN: Final = "foreign"
"""The name under which a handler's `opt` holds the field of its body that others wrote: what is odd
in there is cleaned, and not refused."""

KEPT: Final = "kept"
"""The name under which a handler's `opt` holds that its answers are kept until something is
written; BRIEFLY if they change with the time of day too, whatever is asked."""

BRIEFLY: Final = "briefly"

ANY: Final = "any"
"""In place of a scope: every token will do, whatever it allows."""

_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)

RepeatKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="Any text of your own, new for each request. If the answer got lost, send the "
        "same request with the same key: nothing is done twice, and the first answer is given "
        "again. Kept for two days.",
        min_length=1,
        max_length=200,
    ),
]


_TAG = ResponseHeader(
    name="ETag",
    description="Changes with the answer; sent as `If-None-Match`, the answer is 304 until then.",
    documentation_only=True,
)


class Operation(TypedDict):
    """Arguments of Litestar's decorators."""

    operation_id: str
    summary: str
    description: str | None
    responses: dict[int, ResponseSpec]
    response_headers: Sequence[ResponseHeader]
    dependencies: Mapping[str, Provide]
    security: Sequence[dict[str, list[str]]]
    opt: dict[str, Any]
    sync_to_thread: NotRequired[bool]


def operation(
    operation_id: str,
    summary: str,
    *,
    scope: Scope | Literal["any"],
    description: str | None = None,
    errors: Sequence[HTTPStatus] = (),
    headers: Sequence[ResponseHeader] = (),
    once: bool = False,
    streams: bool = False,
    foreign: str | None = None,
    kept: bool | Literal["briefly"] = False,
) -> Operation:
    """Describe an operation that needs a token with a scope.

    `errors` are how it can fail beside what holds for all, `headers` are of its answer. With `once`
    it makes something, and an `Idempotency-Key` makes that happen only once. With `streams` its
    handler is a coroutine. `foreign` is a field of its body whose texts others wrote.
    With `kept` its answer follows from the address and what is stored alone; see `api.kept`. It is
    "briefly" if it follows from the time of day too.
    """
    repeated = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY) if once else ()
    described = Operation(
        operation_id=operation_id,
        summary=summary,
        description=description,
        responses=documented(*sorted({*_ALWAYS, *errors, *repeated})),
        response_headers=[*headers, _TAG] if kept else headers,
        dependencies={"tracker": Provide(_tracker_once if once else tracker_of)},
        security=[{SCHEME: [] if scope == ANY else [scope]}],
        opt={SCOPE: scope, FOREIGN: foreign, KEPT: kept},
    )
    if not streams:
        described["sync_to_thread"] = True
    return described


async def tracker_of(
    request: Request[Actor, Any, Any], installation: NamedDependency[JobTracker]
) -> JobTracker:
    """Provide the tracker in which all that is changed is of whoever sent the request."""
    return installation.acting(request.user)


async def _tracker_once(
    request: Request[Actor, Any, Any],
    installation: NamedDependency[JobTracker],
    idempotency_key: RepeatKey = None,
) -> JobTracker:
    if idempotency_key is None:
        return installation.acting(request.user)
    digest = sha256(f"{request.method} {request.url.path}?{request.url.query}\0".encode())
    digest.update(await request.body())
    key = RequestKey(actor=request.user.label, key=idempotency_key, digest=digest.digest())
    return installation.acting(request.user, key)


def answer_again(request: Request[Any, Any, Any], told: Answered) -> Response[Any]:
    """Answer a repeated request as it was answered first."""
    if told.answer is None:
        return respond(explain(told))
    return Response(
        told.answer.encode(),
        media_type=MediaType.JSON,
        status_code=cast("HTTPRouteHandler", request.scope["route_handler"]).status_code,
        headers={"Idempotency-Replayed": "true"},
    )
