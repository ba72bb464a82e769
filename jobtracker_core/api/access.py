"""Who may use which route: a token in the `Authorization` header, and what it allows."""

from __future__ import annotations

from typing import Any, Literal

from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from jobtracker_core.api.operations import ANY, SCOPE
from jobtracker_core.api.pace import Pace
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.tokens import Token
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.accounts import network_of

_SCHEME = "bearer "
_HOW = (
    "Send the header `Authorization: Bearer jt_…`; `jobtracker tokens create` makes a token, and "
    "so does the portal."
)


def token_guard(gate: Gate) -> Guard:
    """Return a gate as a guard of Litestar's, which copies what is not a plain function."""

    async def check(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        await gate.admit(connection, handler)

    return check


class Gate:
    """Lets requests through whose token allows what their route needs, at an allowed pace.

    Cookies are never looked at, so that no page of another site can send a request in a reader's
    name. A route that names no scope is closed to everybody.
    """

    def __init__(self, tracker: JobTracker) -> None:
        self._tracker = tracker
        self._pace = Pace(tracker)

    async def admit(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Let a request through, or raise what is wrong with it."""
        if connection.scope.get("method") == "OPTIONS":
            return  # says which methods there are, as the document does
        text = _text_of(connection.headers.get("authorization", ""))
        token = None if text is None else self._remembered(text)
        if token is None:
            token = await sync_to_thread(_admitted, self._tracker, self._pace, connection)
        needed: Scope | Literal["any"] | None = handler.opt.get(SCOPE)
        if needed is None:
            raise PermissionDeniedException("No token allows this.")
        if needed != ANY and not token.allows(needed):
            raise PermissionDeniedException(
                f"This token does not allow {needed}; it allows {', '.join(token.scopes)}."
            )
        connection.scope["auth"] = token
        connection.scope["user"] = Actor(
            kind="token", id=token.id, name=token.name, address=address_of(connection)
        )

    def is_open(self, authorization: str, needed: Scope) -> bool:
        """Say whether a request may be answered without another look at its token, and count it.

        False says nothing: `admit` decides.
        """
        text = _text_of(authorization)
        token = None if text is None else self._tracker.tokens.recall(text)
        return token is not None and token.allows(needed) and self._is_paid(token)

    def _remembered(self, text: str) -> Token | None:
        """Return the token of a request that needs no look at the database, and so no thread."""
        token = self._tracker.tokens.recall(text)
        return token if token is not None and self._is_paid(token) else None

    def _is_paid(self, token: Token) -> bool:
        return self._pace.spend(f"token:{token.id}")


def _admitted(
    tracker: JobTracker, pace: Pace, connection: ASGIConnection[Any, Any, Any, Any]
) -> Token:
    """Return the token of a request that comes at an allowed pace."""
    try:
        token = _token(tracker, connection)
    except NotAuthorizedException:
        # Whoever tries tokens is slowed down by where they sit.
        _keep_pace(pace, f"address:{network_of(address_of(connection) or '')}")
        raise
    _keep_pace(pace, f"token:{token.id}")
    return token


def _keep_pace(pace: Pace, key: str) -> None:
    wait = pace.take(key)
    if wait is not None:
        seconds = max(1, round(wait + 0.5))
        raise TooManyRequestsException(
            f"Too many requests; try again in {seconds} s.", headers={"Retry-After": str(seconds)}
        )


def _token(tracker: JobTracker, connection: ASGIConnection[Any, Any, Any, Any]) -> Token:
    text = _text_of(connection.headers.get("authorization", ""))
    if text is None:
        raise _unauthorized(f"A token is needed. {_HOW}")
    token = tracker.tokens.verify(text)
    if token is None:
        raise _unauthorized(f"The token is unknown, has expired or was revoked. {_HOW}")
    return token


def _text_of(given: str) -> str | None:
    return given[len(_SCHEME) :].strip() if given[: len(_SCHEME)].lower() == _SCHEME else None


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Return where a request came from, as the server saw it."""
    return None if connection.client is None else connection.client.host


def _unauthorized(detail: str) -> NotAuthorizedException:
    return NotAuthorizedException(detail, headers={"WWW-Authenticate": "Bearer"})
