"""The portal's addresses, put together; what every page needs beside its own."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from jobtracker_core.api.in_turn import Turns, in_turn
from jobtracker_core.api.live import LiveRuns
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import (
    application_moves,
    applications,
    assets,
    board,
    bulk,
    calendar,
    companies,
    contacts,
    due,
    events,
    exports,
    job_entry,
    job_page,
    jobs,
    palette,
    preferences,
    saved_views,
    settings,
    today,
    triage,
    welcome,
)
from jobtracker_core.web.admin import (
    audit,
    collector_page,
    collectors,
    config,
    overview,
    performance,
    plugins,
    run_list,
    run_live,
    run_page,
    search_form,
    search_page,
    searches,
    tokens,
    workers,
)
from jobtracker_core.web.form import Form, read_form
from jobtracker_core.web.login import enter, is_ours, leave, set_up, show_login, show_setup
from jobtracker_core.web.offered import Offers
from jobtracker_core.web.pages import Pages, is_fragment
from jobtracker_core.web.preferences import Preferences
from jobtracker_core.web.reference import Describe, Reference, show_part, show_reference
from jobtracker_core.web.session import PUBLIC, session_guard

_SAFE: Final = frozenset({"GET", "HEAD"})

_PARTS: Final = (
    palette,
    today,
    due,
    settings,
    tokens,
    plugins,
    config,
    audit,
    jobs,
    job_page,
    job_entry,
    triage,
    bulk,
    saved_views,
    overview,
    run_list,
    run_page,
    run_live,
    workers,
    performance,
    exports,
    board,
    application_moves,
    applications,
    contacts,
    companies,
    calendar,
    events,
    collectors,
    collector_page,
    searches,
    search_page,
    search_form,
    welcome,
)
"""The modules that have pages."""


def routes(
    tracker: JobTracker, prefix: str, describe: Describe, live: LiveRuns, turns: Turns
) -> list[ControllerRouterHandler]:
    """Return the handlers, their paths without the prefix that they are mounted at.

    They ask for a dependency `installation`, the JobTracker. Storage errors and LoginNeeded leave
    as they are; `error_page` and `lead_to_login` answer them.

    Args:
        tracker: Whose sessions let readers in.
        prefix: "" or "/somewhere", without a slash at its end.
        describe: Gives the document of the API.
        live: Looks at the runs that somebody watches.
        turns: Of searches, with those of the API.
    """
    reference, offers = Reference(describe), Offers(tracker)
    return [
        Router(
            "/",
            route_handlers=[
                *(choose_theme, static),
                *(handler for part in _PARTS for handler in part.HANDLERS),
                *(show_reference, show_part),
                *(show_login, enter, leave, show_setup, set_up),
            ],
            dependencies={
                "form": Provide(read_form),
                "prefs": Provide(_prefs, sync_to_thread=False),
                "pages": Provide(lambda: Pages(prefix), sync_to_thread=False),
                "offers": Provide(lambda: offers, sync_to_thread=False),
                "live": Provide(lambda: live, sync_to_thread=False),
                "reference": Provide(lambda: reference, sync_to_thread=False),
                "step": Provide(triage.read_step, sync_to_thread=False),
                "tracker": Provide(_of_reader, sync_to_thread=False),
            },
            guards=[session_guard(tracker)],
            middleware=[in_turn(turns, "q")],
        )
    ]


def _prefs(request: Request[Any, Any, Any]) -> Preferences:
    return preferences.read(request.cookies)


def _of_reader(
    request: Request[Any, Any, Any], installation: NamedDependency[JobTracker]
) -> JobTracker:
    return installation.acting(request.user)


def error_page(
    request: Request[Any, Any, Any],
    *,
    prefix: str,
    status: int,
    title: str,
    detail: str,
    incident: str | None = None,
) -> Response[str]:
    """Answer with an error, without a database: a page, a part of one, or a toast for an action.

    `detail` says what to do next; `incident` is what the log knows the error by.
    """
    values: dict[str, Any] = {"title": title, "detail": detail, "incident": incident}
    if "hx-request" in request.headers and request.method not in _SAFE:
        # What was to be changed is as it was, and stays on the page: the error is told beside it.
        return Pages(prefix).render(
            request,
            "_problem_toast.html",
            status=status,
            headers={"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"},
            **values,
        )
    template = "_problem.html" if is_fragment(request) else "error.html"
    return Pages(prefix).render(request, template, status=status, code=status, **values)


def base_of(request: Request[Any, Any, Any], prefix: str) -> str:
    """Return what stands before every path of the portal in addresses."""
    return Pages(prefix).base(request)


@post("/theme", sync_to_thread=False, status_code=303, include_in_schema=False)
def choose_theme(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Keep the reader's theme in a cookie, and go back."""
    base = pages.base(request)
    chosen = form.text("theme")
    if chosen not in {"dark", "light"}:
        raise ClientException("theme is dark or light.")
    back = form.text("back")
    return Response(
        None,
        status_code=303,
        headers={"Location": back if is_ours(back, base) else f"{base}/jobs"},
        cookies=[preferences.cookie(request, base, preferences.THEME_COOKIE, chosen)],
    )


@get("/static/{path:path}", sync_to_thread=False, include_in_schema=False, opt={PUBLIC: True})
def static(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[bytes]:
    """Give a built file; for ever, if its address says which content is meant."""
    name = path.lstrip("/")
    version = assets.versions().get(name)
    if version is None:
        raise NotFoundException(f"There is no file {name[:100]}.")
    fixed = request.query_params.get("v") == version
    return Response(
        assets.content(name),
        media_type=assets.media_type(name),
        headers={"Cache-Control": "public, max-age=31536000, immutable" if fixed else "no-cache"},
    )
