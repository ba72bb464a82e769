"""Coming in and leaving: the first account, logging in, logging out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.users import AlreadySetUp
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.accounts import TooManyLogins, WrongCode, WrongLogin
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.session import LONGEST_NEXT, PUBLIC, log_in, log_out, session_cookie

_NOWHERE = "unknown"
_BIGGEST = 16 * 1024
"""Bytes of a form that strangers send."""


Next = Annotated[str, QueryParameter(name="next", max_length=LONGEST_NEXT)]
Code = Annotated[str, QueryParameter(name="code", max_length=100)]


@get("/login", sync_to_thread=True, opt={PUBLIC: True})
def show_login(
    request: Request[Any, Any, Any],
    installation: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    following: Next = "",
) -> Response[str]:
    """Show the login, or what to do where there is no account yet."""
    return _login_page(request, installation, pages, following=following)


@post(
    "/login",
    sync_to_thread=True,
    opt={PUBLIC: True},
    status_code=HTTPStatus.SEE_OTHER,
    request_max_body_size=_BIGGEST,
)
def enter(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    installation: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Begin a session, always a new one."""
    address = _address(request)
    visitor = installation.acting(Actor(kind="anonymous", name="", address=address))
    try:
        begun = visitor.accounts.login(
            form.text("name"),
            form.exact("password"),
            address=address,
            agent=request.headers.get("user-agent", ""),
            replacing=session_cookie(request) or "",
        )
    except (WrongLogin, TooManyLogins) as error:
        said = f"{str(error).capitalize()}. {error.hint}"
        status, headers = HTTPStatus.UNAUTHORIZED, {}
        if isinstance(error, TooManyLogins):
            status, headers = HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(error.wait_s)}
        return _login_page(
            request,
            installation,
            pages,
            following=form.text("next"),
            name=form.text("name"),
            problem=said,
            status=status,
            headers=headers,
        )
    base = pages.base(request)
    place = form.text("next") if is_ours(form.text("next"), base) else f"{base}/"
    return Response(
        None,
        status_code=HTTPStatus.SEE_OTHER,
        headers={"Location": place},
        cookies=[log_in(request, begun.text)],
    )


@post("/logout", sync_to_thread=True, status_code=HTTPStatus.SEE_OTHER)
def leave(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """End the session, here and in the database."""
    tracker.sessions.end(session_cookie(request) or "")
    return Response(
        None,
        status_code=HTTPStatus.SEE_OTHER,
        headers={"Location": f"{pages.base(request)}/login"},
        cookies=[log_out(request)],
    )


@get("/setup", sync_to_thread=True, opt={PUBLIC: True})
def show_setup(
    request: Request[Any, Any, Any],
    installation: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
    code: Code = "",
) -> Response[str]:
    """Show the form of the first account to whoever has the link."""
    if installation.accounts.any():
        return _login_page(request, installation, pages)
    if not installation.accounts.is_setup_code(code):
        return _setup_page(
            request, pages, HTTPStatus.FORBIDDEN, problem=_sentence(WrongCode()), code=None
        )
    return _setup_page(request, pages, HTTPStatus.OK, code=code)


@post(
    "/setup",
    sync_to_thread=True,
    opt={PUBLIC: True},
    status_code=HTTPStatus.SEE_OTHER,
    request_max_body_size=_BIGGEST,
)
def set_up(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    installation: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Make the first account, begin its session, and lead to the first steps."""
    visitor = installation.acting(Actor(kind="anonymous", name="set-up", address=_address(request)))
    try:
        visitor.accounts.set_up(form.text("code"), form.text("name"), form.exact("password"))
    except FormError as error:
        return _setup_page(
            request,
            pages,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            code=form.text("code"),
            name=form.text("name"),
            problems=error.problems,
        )
    except WrongCode as error:
        return _setup_page(
            request, pages, HTTPStatus.FORBIDDEN, problem=_sentence(error), code=None
        )
    except AlreadySetUp as error:
        return _login_page(
            request, installation, pages, problem=f"{error}.", status=HTTPStatus.CONFLICT
        )
    base = pages.base(request)
    try:
        begun = visitor.accounts.login(
            form.text("name"),
            form.exact("password"),
            address=_address(request),
            agent=request.headers.get("user-agent", ""),
            replacing=session_cookie(request) or "",
        )
    except TooManyLogins:
        # Somebody guesses passwords from this network; the account is there all the same.
        return Response(
            None,
            status_code=HTTPStatus.SEE_OTHER,
            headers={"Location": f"{base}/login?made=1&next={base}/welcome"},
        )
    return Response(
        None,
        status_code=HTTPStatus.SEE_OTHER,
        headers={"Location": f"{base}/welcome"},
        cookies=[log_in(request, begun.text)],
    )


def is_ours(path: str, base: str) -> bool:
    """Say whether a text is an address within the portal, however a browser may read it."""
    # Browsers read "//host" and a backslash there as another server.
    inside = path.startswith(f"{base}/") and not path.startswith("//")
    return inside and path.isascii() and path.isprintable() and "\\" not in path


def _login_page(
    request: Request[Any, Any, Any],
    installation: JobTracker,
    pages: Pages,
    *,
    following: str = "",
    name: str = "",
    problem: str = "",
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> Response[str]:
    template = "login.html" if installation.accounts.any() else "no_account.html"
    return pages.render(
        request,
        template,
        status=status,
        headers=headers,
        following=following if is_ours(following, pages.base(request)) else "",
        name=name,
        problem=problem,
        made=request.query_params.get("made") == "1",
        lost=request.query_params.get("lost") == "1",
    )


def _setup_page(
    request: Request[Any, Any, Any],
    pages: Pages,
    status: HTTPStatus,
    *,
    code: str | None,
    name: str = "",
    problem: str = "",
    problems: dict[str, str] | None = None,
) -> Response[str]:
    return pages.render(
        request,
        "setup.html",
        status=status,
        code=code,
        name=name,
        problem=problem,
        problems=problems or {},
    )


def _sentence(error: WrongCode) -> str:
    return f"{str(error).capitalize()}. {error.hint}."


def _address(request: Request[Any, Any, Any]) -> str:
    return _NOWHERE if request.client is None else request.client.host
