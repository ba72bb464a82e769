"""Who reads the portal: the session behind the cookie, and proof that a form is one of ours."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from litestar import Request, Response
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from jobtracker_core.security.credentials import is_csrf_token
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.sessions import LONGEST
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web.form import read_form

PUBLIC: Final = "public"
"""The name under which a handler's `opt` says that it is for everybody."""

BY_ITSELF: Final = "by_itself"
"""The same for what an open page asks for by itself: nobody is there because of it."""

LONGEST_NEXT: Final = 2_000
"""Characters of the address that a login leads to."""

FORM_FIELD: Final = "csrf"
HEADER: Final = "X-CSRF-Token"

_SECURE_NAME: Final = "__Host-jt"
_PLAIN_NAME: Final = "jt"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class LoginNeeded(Exception):  # noqa: N818  (the state)
    """Nobody is logged in; the reader is led to where that is done."""


def session_guard(tracker: JobTracker) -> Guard:
    """Make the guard that lets through who is logged in, and changes only from our own pages.

    A route that does not say it is public is closed to strangers.
    """

    async def check(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        safe = connection.scope.get("method") in _SAFE
        if not safe:
            _refuse_other_origins(connection)
        if handler.opt.get(PUBLIC) or connection.scope.get("method") == "OPTIONS":
            return
        cookie = session_cookie(connection)
        session = None
        if cookie is not None:
            in_person = not handler.opt.get(BY_ITSELF)
            session = await sync_to_thread(tracker.sessions.verify, cookie, in_person=in_person)
        if cookie is None or session is None:
            raise LoginNeeded
        if not safe:
            await _require_token(connection, cookie)
        connection.scope["auth"] = session
        connection.scope["user"] = Actor(
            kind="user",
            id=session.user_id,
            name=session.user,
            address=None if connection.client is None else connection.client.host,
        )

    return check


def session_cookie(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Return what the reader's session cookie holds."""
    return connection.cookies.get(_cookie_name(connection))


def log_in(connection: ASGIConnection[Any, Any, Any, Any], text: str) -> Cookie:
    """Return the cookie of a new session.

    Over plain HTTP, as in a home network, a browser would drop a Secure one.
    """
    return Cookie(
        _cookie_name(connection),
        value=text,
        path="/",
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_is_https(connection),
    )


def log_out(connection: ASGIConnection[Any, Any, Any, Any]) -> Cookie:
    """Return the cookie that ends a session in the browser."""
    return Cookie(
        _cookie_name(connection),
        value="",
        path="/",
        max_age=0,
        httponly=True,
        samesite="lax",
        secure=_is_https(connection),
    )


def lead_to_login(request: Request[Any, Any, Any], base: str) -> Response[None]:
    """Answer whoever is not logged in: to the login, and back to the page in sight after it.

    Of a step that was not done for that, the login tells.
    """
    step = request.method not in _SAFE
    part = "hx-request" in request.headers
    here = page_in_sight(request) if step or part else _address(request.url.path, request.url.query)
    words = {"next": here if here and len(here) <= LONGEST_NEXT else f"{base}/"}
    place = f"{base}/login?{urlencode(words | ({'lost': '1'} if step else {}))}"
    if part:
        # A part of a page cannot be replaced by the login; the whole page goes there.
        return Response(None, status_code=401, headers={"HX-Redirect": place})
    return Response(None, status_code=303, headers={"Location": place})


def page_in_sight(request: Request[Any, Any, Any]) -> str:
    """Return the address of the page on which a step, or a part of it, was asked for.

    It is the path with its query, and "" where a request does not say.
    """
    headers = request.headers
    try:
        page = urlsplit(headers.get("hx-current-url") or headers.get("referer") or "")
    except ValueError:  # nothing that a browser sends
        return ""
    inside = page.netloc.lower() == headers.get("host", "").lower()
    return _address(page.path, page.query) if inside else ""


def _address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _refuse_other_origins(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise PermissionDeniedException("This form was sent from another site.")
    origin = connection.headers.get("origin")
    if site is None and origin is not None:
        sent_to = connection.headers.get("host", "")
        if urlsplit(origin).netloc.lower() != sent_to.lower():
            raise PermissionDeniedException("This form was sent from another site.")


async def _require_token(connection: ASGIConnection[Any, Any, Any, Any], cookie: str) -> None:
    given = connection.headers.get(HEADER)
    if given is None and isinstance(connection, Request):
        given = (await read_form(connection)).get(FORM_FIELD)
    if given is None or not is_csrf_token(cookie, given):
        raise PermissionDeniedException("This page is too old. Load it again, and repeat the step.")


def is_overheard(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Say whether others on the way can read what is sent."""
    here = connection.client is not None and connection.client.host in {"127.0.0.1", "::1"}
    return not _is_https(connection) and not here


def _is_https(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    return connection.url.scheme == "https"


def _cookie_name(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    return _SECURE_NAME if _is_https(connection) else _PLAIN_NAME
