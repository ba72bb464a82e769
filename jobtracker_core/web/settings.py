"""`/settings`: how this device shows pages, saved views, the account and its sessions."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.errors import Duplicate
from jobtracker_core.storage.views import View, ViewChanges, ViewDraft
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.accounts import TooManyLogins, WrongLogin
from jobtracker_core.web import devices, preferences, query
from jobtracker_core.web.bookmarklet import bookmarklet
from jobtracker_core.web.form import Form
from jobtracker_core.web.login import is_ours
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said, Undo


@get("/settings", sync_to_thread=True, include_in_schema=False)
def show_settings(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show all of it."""
    query.read(request.query_params, {})
    return _page(request, tracker, pages)


@post("/settings/display", sync_to_thread=False, status_code=HTTPStatus.SEE_OTHER)
def choose_display(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Keep how this device shows pages, in its cookies."""
    zone = form.text("zone")
    if zone and preferences.find_zone(zone) is None:
        raise ClientException(f"{zone[:60]} is no time zone.")
    chosen = {
        preferences.THEME_COOKIE: _one_of(form, "theme", ("dark", "light")),
        preferences.DENSITY_COOKIE: _one_of(form, "density", ("comfortable", "compact")),
        preferences.KEYS_COOKIE: "on" if form.flag("keys") else "off",
        # Without one of its own choice the device says where it is with its next page.
        preferences.ZONE_COOKIE: zone,
    }
    base = pages.base(request)
    cookies = [preferences.cookie(request, base, name, value) for name, value in chosen.items()]
    return pages.go(request, "/settings", Said(text="Saved for this device"), cookies)


@post("/settings/plain", sync_to_thread=False, status_code=HTTPStatus.SEE_OTHER)
def hide_plain_warning(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Tell this device no more that its pages come over plain HTTP."""
    base, back = pages.base(request), form.text("back")
    seen = preferences.cookie(request, base, preferences.PLAIN_COOKIE, "seen")
    place = back.removeprefix(base) if is_ours(back, base) else "/"
    return pages.go(request, place, cookies=[seen])


@post("/settings/views/{view_id:int}", sync_to_thread=True, status_code=HTTPStatus.SEE_OTHER)
def rename_view(
    request: Request[Any, Any, Any],
    view_id: FromPath[int],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Give a saved view another name."""
    before = tracker.views.get(view_id)
    changes = ViewChanges(name=form.text("name"))
    try:
        made = tracker.views.update(view_id, changes, expected_version=form.version())
    except (FormError, Duplicate) as error:
        said = " ".join(error.problems.values()) if isinstance(error, FormError) else str(error)
        return _page(
            request,
            tracker,
            pages,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            view_problems={view_id: said},
            view_names={view_id: form.text("name")},
        )
    undo = Undo(
        path=f"/settings/views/{view_id}", fields={"version": made.version, "name": before.name}
    )
    return pages.go(request, "/settings#views", Said(text=f"Renamed to {made.name}", undo=undo))


@post("/settings/views/{view_id:int}/delete", sync_to_thread=True, status_code=HTTPStatus.SEE_OTHER)
def delete_view(
    request: Request[Any, Any, Any],
    view_id: FromPath[int],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Forget a saved view."""
    view = tracker.views.get(view_id)
    tracker.views.delete(view_id, expected_version=form.version())
    fields = {
        "name": view.name,
        "kind": view.kind,
        "query": msgspec.json.encode(view.query).decode(),
    }
    undo = Undo(path="/settings/views", fields=fields)
    return pages.go(request, "/settings#views", Said(text=f"Deleted: {view.name}", undo=undo))


@post("/settings/views", sync_to_thread=True, status_code=HTTPStatus.SEE_OTHER)
def restore_view(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Save a view again that was deleted."""
    kind = _one_of(form, "kind", ("jobs", "applications"))
    words = form.packed("query", dict[str, Any])
    draft = ViewDraft(
        name=form.text("name"), kind="jobs" if kind == "jobs" else "applications", query=words
    )
    made = tracker.views.create(draft)
    return pages.go(request, "/settings#views", Said(text=f"Back: {made.name}"))


@post("/settings/password", sync_to_thread=True, status_code=HTTPStatus.SEE_OTHER)
def change_password(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Replace the reader's password."""
    headers = {}
    try:
        _check_again(form)
        tracker.accounts.change_password(
            request.auth,
            form.exact("current"),
            form.exact("password"),
            address="unknown" if request.client is None else request.client.host,
            end_others=form.flag("end_others"),
        )
    except FormError as error:
        problems: Mapping[str, str] = error.problems
    except WrongLogin:
        problems = {"current": "is not your password"}
    except TooManyLogins as error:
        problems = {"current": f"{error}. {error.hint}"}
        headers = {"Retry-After": str(error.wait_s)}
    else:
        others = "All your other sessions were ended." if form.flag("end_others") else ""
        said = Said(text=f"The password is changed. {others}".strip())
        return pages.go(request, "/settings#password", said)
    return _page(
        request,
        tracker,
        pages,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        headers=headers,
        problems=problems,
        end_others=form.flag("end_others"),
    )


@post(
    "/settings/sessions/{session_id:int}/end", sync_to_thread=True, status_code=HTTPStatus.SEE_OTHER
)
def end_session(
    request: Request[Any, Any, Any],
    session_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """End one session of the household's."""
    ended = tracker.sessions.revoke(session_id)
    said = Said(text=f"Ended: {devices.describe(ended.agent)} of {ended.user}")
    return pages.go(request, "/settings#sessions", said)


@post("/settings/sessions/end-others", sync_to_thread=True, status_code=HTTPStatus.SEE_OTHER)
def end_other_sessions(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """End all sessions of the reader but this one."""
    ended = tracker.sessions.revoke_others(request.auth)
    text = "There was no other session" if not ended else f"Ended: {ended} of your other sessions"
    return pages.go(request, "/settings#sessions", Said(text=text))


def _page(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    end_others: bool = True,
    view_problems: Mapping[int, str] | None = None,
    view_names: Mapping[int, str] | None = None,
) -> Response[str]:
    return pages.render(
        request,
        "settings.html",
        status=status,
        headers=headers,
        section="settings",
        zones=preferences.ZONES,
        views=tracker.views.list(),
        place=_place,
        view_problems=view_problems or {},
        view_names=view_names or {},
        problems=problems or {},
        end_others=end_others,
        sessions=tracker.sessions.list(),
        mine=request.auth,
        device=devices.describe,
        users=tracker.accounts.list(),
        bookmarklet=bookmarklet(pages.root(request)),
    )


def _place(view: View) -> str:
    """Return the page that shows a saved view, below the prefix."""
    if view.kind == "jobs":
        return f"/jobs?view={view.id}"
    words = {"q" if name == "text" else name: value for name, value in view.query.items()}
    told = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in words.items()
        if value is not None
    }
    return f"/applications?{urlencode({'view': 'list', **told})}"


def _check_again(form: Form) -> None:
    if form.exact("password") != form.exact("again"):
        raise FormError({"again": "is not the same as the new password"})


def _one_of(form: Form, name: str, allowed: tuple[str, ...]) -> str:
    value = form.text(name)
    if value not in allowed:
        raise ClientException(f"{name} is {' or '.join(allowed)}.")
    return value


HANDLERS = (
    *(show_settings, choose_display, hide_plain_warning),
    *(rename_view, delete_view, restore_view),
    *(change_password, end_session, end_other_sessions),
)
