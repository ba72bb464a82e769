"""The portal's addresses. Everything here is read-only but the choice of the theme."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from markupsafe import Markup
from msgspec import Struct

from jobtracker_core.storage.search import JobList, Tally
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import assets, present
from jobtracker_core.web.login import enter, is_ours, leave, set_up, show_login, show_setup
from jobtracker_core.web.pages import THEME_COOKIE, Pages, Theme, is_fragment
from jobtracker_core.web.reference import Describe, Reference, show_part, show_reference
from jobtracker_core.web.session import PUBLIC, session_guard
from jobtracker_core.web.view import PAGE, BadView, View, curl

_A_YEAR: Final = 365 * 24 * 3600


class ThemeChoice(Struct, frozen=True, kw_only=True):
    """The form behind the theme button; `back` is where the reader was."""

    theme: Theme
    back: str = ""


def routes(tracker: JobTracker, prefix: str, describe: Describe) -> list[ControllerRouterHandler]:
    """Return the handlers, their paths without the prefix that they are mounted at.

    They ask for a dependency `installation`, the JobTracker. Storage errors and LoginNeeded leave
    as they are; `error_page` and `lead_to_login` answer them.

    Args:
        tracker: Whose sessions let readers in.
        prefix: "" or "/somewhere", without a slash at its end.
        describe: Gives the document of the API.
    """
    reference = Reference(describe)
    return [
        Router(
            "/",
            route_handlers=[
                *(home, list_jobs, show_job, choose_theme, static),
                *(show_reference, show_part),
                *(show_login, enter, leave, show_setup, set_up),
            ],
            dependencies={
                "pages": Provide(lambda: Pages(prefix), sync_to_thread=False),
                "reference": Provide(lambda: reference, sync_to_thread=False),
                "tracker": Provide(_of_reader, sync_to_thread=False),
            },
            guards=[session_guard(tracker)],
        )
    ]


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
    """Answer with an error: a page that needs no database, or a part of one if that was asked for.

    `detail` says what to do next; `incident` is what the log knows the error by.
    """
    template = "_problem.html" if is_fragment(request) else "error.html"
    return Pages(prefix).render(
        request, template, status=status, code=status, title=title, detail=detail, incident=incident
    )


def base_of(request: Request[Any, Any, Any], prefix: str) -> str:
    """Return what stands before every path of the portal in addresses."""
    return Pages(prefix).base(request)


@get("/", sync_to_thread=False, include_in_schema=False)
def home(request: Request[Any, Any, Any], pages: NamedDependency[Pages]) -> Redirect:
    """Lead to the jobs."""
    return Redirect(f"{pages.base(request)}/jobs")


@get("/jobs", sync_to_thread=True, include_in_schema=False)
def list_jobs(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """List jobs; a filter that was changed asks for the list alone."""
    try:
        view = View.of(request.query_params)
    except BadView as error:
        raise ClientException(str(error)) from error
    filters = view.filters
    found = tracker.jobs.search(limit=PAGE, after=view.after, before=view.before, **filters)
    if view.before and found.before is None:
        # Back at the top, where newer jobs may have come since: show that page whole.
        view = view.at()
        found = tracker.jobs.search(limit=PAGE, **filters)
    tally = _tally(tracker, view, found)
    base = pages.base(request)
    empty = not found.items and not view.filtered and view.after is None
    return pages.render(
        request,
        "_jobs.html" if is_fragment(request) else "jobs.html",
        headers={"HX-Push-Url": f"{base}{view.path()}"} if is_fragment(request) else None,
        view=view,
        found=found,
        tally=tally,
        curl=view.curl(f"{_origin(request)}{base}"),
        command=view.command(),
        choices=() if is_fragment(request) else view.choices(tracker.jobs.sources()),
        collectors=tracker.collectors.list() if empty else (),
        now=datetime.now(UTC),
        show=present,
    )


@get("/jobs/{job_id:int}", sync_to_thread=True, include_in_schema=False)
def show_job(
    request: Request[Any, Any, Any],
    job_id: FromPath[int],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show one job."""
    detail = tracker.jobs.get(job_id)
    now = datetime.now(UTC)
    root = f"{_origin(request)}{pages.base(request)}"
    return pages.render(
        request,
        "job.html",
        job=detail.job,
        detail=detail,
        # Sanitised before it was stored.
        description=Markup(detail.description) if detail.description else None,  # noqa: S704
        raw=None if detail.raw is None else present.raw(detail.raw),
        changes=present.changes(detail.changes, now),
        curl=curl(f"{root}/api/v1/jobs/{detail.job.id}"),
        command=f"jobtracker jobs show {detail.job.id}",
        now=now,
        show=present,
    )


@post("/theme", sync_to_thread=False, status_code=303, include_in_schema=False)
def choose_theme(
    request: Request[Any, Any, Any],
    data: URLEncodedBody[ThemeChoice],
    pages: NamedDependency[Pages],
) -> Response[None]:
    """Keep the reader's theme in a cookie, and go back."""
    base = pages.base(request)
    cookie = Cookie(
        THEME_COOKIE,
        value=data.theme,
        path=base or "/",
        max_age=_A_YEAR,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    back = data.back if is_ours(data.back, base) else f"{base}/jobs"
    return Response(None, status_code=303, headers={"Location": back}, cookies=[cookie])


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


def _tally(tracker: JobTracker, view: View, found: JobList) -> Tally:
    if found.before is None and found.after is None and view.after is None:
        # All of them are here; counting again would search through everything once more.
        return Tally(total=len(found.items), more=False, newer=0)
    first = found.items[0].id if found.items else None
    return tracker.jobs.tally(first=first, **view.filters)


def _origin(request: Request[Any, Any, Any]) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
