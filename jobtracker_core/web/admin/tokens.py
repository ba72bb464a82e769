"""`/admin/tokens`: what programs come in with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from jobtracker_core.contract.access import Scope
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.tokens import Token
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.tokens import NewToken
from jobtracker_core.web import present, query
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said

_LIVES: Final = (
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "1 year"),
    ("never", "Never: until it is revoked"),
)
_SOON: Final = timedelta(days=14)


@get("/admin/tokens", sync_to_thread=True, include_in_schema=False)
def list_tokens(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """List tokens; with `revoked=true` those too that open nothing any more."""
    given = query.read(request.query_params, {"revoked": ("with_revoked", bool)})
    return _list_page(request, tracker, pages, with_revoked=given.get("with_revoked", False))


@get("/admin/tokens/new", sync_to_thread=True, include_in_schema=False)
def ask_for_token(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show the form of a new token."""
    query.read(request.query_params, {})
    return _form_page(request, tracker, pages, chosen=(Scope.JOBS_READ,))


@post("/admin/tokens", sync_to_thread=True, status_code=HTTPStatus.CREATED)
def make_token(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Make a token, and show its text this once."""
    try:
        made = tracker.tokens.create(
            form.text("name"),
            form.all("scopes"),
            expires_in=_life(form),
            collector=form.text("collector") or None,
        )
    except FormError as error:
        return _form_page(
            request,
            tracker,
            pages,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            problems=error.problems,
            chosen=form.all("scopes"),
            values=form,
        )
    return pages.render(
        request,
        "admin/token_made.html",
        status=HTTPStatus.CREATED,
        # The text is a secret: nothing between here and the reader keeps it.
        headers={"Cache-Control": "no-store"},
        section="tokens",
        made=made,
        snippets=_snippets(made, pages.root(request)),
    )


@post("/admin/tokens/{token_id:int}/revoke", sync_to_thread=True, status_code=HTTPStatus.SEE_OTHER)
def revoke_token(
    request: Request[Any, Any, Any],
    token_id: FromPath[int],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Have a token open nothing any more, once its name was typed."""
    meant = [token for token in tracker.tokens.list() if token.id == token_id]
    if meant and form.text("confirmed") != meant[0].name:
        problem = f"Nothing was revoked: type {meant[0].name} to revoke that token."
        return _list_page(
            request, tracker, pages, status=HTTPStatus.UNPROCESSABLE_ENTITY, problem=problem
        )
    token = tracker.tokens.revoke(token_id)
    return pages.go(request, "/admin/tokens", Said(text=f"Revoked: {token.name}"))


def _list_page(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    *,
    with_revoked: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
    problem: str = "",
) -> Response[str]:
    return pages.render(
        request,
        "admin/tokens.html",
        status=status,
        section="tokens",
        tokens=tracker.tokens.list(with_revoked=with_revoked),
        with_revoked=with_revoked,
        problem=problem,
        state=_state,
    )


def _form_page(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    *,
    chosen: tuple[str, ...],
    status: HTTPStatus = HTTPStatus.OK,
    problems: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
) -> Response[str]:
    return pages.render(
        request,
        "admin/token_new.html",
        status=status,
        section="tokens",
        scopes=tuple(Scope),
        chosen=chosen,
        lives=_LIVES,
        collectors=[("", "Any collector"), *((n, n) for n in sorted(tracker.registry.sources))],
        problems=problems or {},
        values={"name": "", "expires": "90", "collector": "", **(values or {})},
    )


def _life(form: Form) -> timedelta | None:
    chosen = form.text("expires")
    if chosen not in dict(_LIVES):
        raise FormError({"expires": f"is one of {', '.join(value for value, _ in _LIVES)}"})
    return None if chosen == "never" else timedelta(days=int(chosen))


def _state(token: Token, now: datetime) -> tuple[str, str]:
    """Return a token's state as `status` shows it: its look, and its word."""
    if token.revoked_at is not None:
        return "off", "Revoked"
    if not token.is_valid(now):
        return "failed", "Expired"
    if token.expires_at is not None and token.expires_at < now + _SOON:
        left = present.moment(token.expires_at, now)
        return "missed", f"Ends {left.short if left else 'soon'}"
    return "on", "Valid"


def _snippets(made: NewToken, root: str) -> tuple[tuple[str, str], ...]:
    path = "jobs?limit=5" if made.token.allows(Scope.JOBS_READ) else "tokens/current"
    asked = f'curl -H "Authorization: Bearer $JOBTRACKER_TOKEN" "{root}/api/v1/{path}"'
    return (
        ("Put it where programs find it", f"export JOBTRACKER_TOKEN={made.text}"),
        ("Ask the API", asked),
        ("Use the command line from elsewhere", f"JOBTRACKER_SERVER={root} jobtracker jobs list"),
    )


HANDLERS = (list_tokens, ask_for_token, make_token, revoke_token)
