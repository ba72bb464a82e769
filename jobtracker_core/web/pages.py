"""Templates, rendered for one request."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from markupsafe import Markup

from jobtracker_core.security.credentials import csrf_token
from jobtracker_core.storage.audit import Actor
from jobtracker_core.web import assets, navigation, preferences, present, said
from jobtracker_core.web.rows import JobRow
from jobtracker_core.web.said import Said
from jobtracker_core.web.session import (
    FORM_FIELD,
    is_overheard,
    page_in_sight,
    session_cookie,
)

_TEMPLATES: Final = Path(__file__).with_name("templates")
_ROWS_KEPT: Final = 2_000
"""Rows of the list of jobs, of some 2 kB, that are kept as they were rendered."""

_PARTS_KEPT: Final = 128
"""The same of parts of pages, of some 10 kB."""

_PLACES: Final = frozenset(place.path for place in navigation.PLACES)
_ICON: Final = Markup('<svg class="icon {2}" aria-hidden="true"><use href="{0}#{1}"></use></svg>')
_KEY: Final = Markup('<kbd class="kbd">{}</kbd>')
_HEADERS: Final = {
    "Cache-Control": "private, no-cache",
    "Vary": "HX-Request-Type, X-Typing, Cookie",
}


class Pages:
    """The templates, for a portal that is mounted at `prefix` ("" or "/somewhere")."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def base(self, request: Request[Any, Any, Any]) -> str:
        """Return what stands before every path of ours in addresses."""
        return f"{request.scope.get('root_path', '').rstrip('/')}{self._prefix}"

    def root(self, request: Request[Any, Any, Any]) -> str:
        """Return the whole address of the portal, for commands that are copied."""
        return f"{request.url.scheme}://{request.url.netloc}{self.base(request)}"

    def render(
        self,
        request: Request[Any, Any, Any],
        template: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        section: str = "",
        message: Said | None = None,
        **values: Any,
    ) -> Response[str]:
        """Answer with a template.

        Args:
            request: Whose reader, device and address the page is for.
            template: A whole page, or a part of one whose name begins with an underscore.
            status: HTTP's.
            headers: Beside those of every page.
            section: Which of `navigation.PLACES` a page belongs to.
            message: Told at once; without one a page tells what the last answer left for it.
            values: What the template names beside what all have.
        """
        base = self.base(request)
        cookies: list[Cookie] = []
        if message is None and not is_fragment(request):
            message = said.kept(request)
            if said.SAID_COOKIE in request.cookies:
                cookies.append(said.forget(request, base))
        text = self.text(request, template, section=section, message=message, **values)
        return Response(
            text,
            status_code=status,
            media_type=MediaType.HTML,
            headers={**_HEADERS, **(headers or {})},
            cookies=cookies,
        )

    def text(self, request: Request[Any, Any, Any], template: str, **values: Any) -> str:
        """Return what a template gives, for answers that are made of many."""
        given = {"section": "", "message": None, **self._common(request), **values}
        return _environment(self.base(request)).get_template(template).render(given)

    def go(
        self,
        request: Request[Any, Any, Any],
        path: str,
        message: Said | None = None,
        cookies: Sequence[Cookie] = (),
    ) -> Response[None]:
        """Lead to another page, which tells `message`; `path` is below the prefix."""
        base = self.base(request)
        kept = () if message is None else (said.keep(request, base, message),)
        place = f"{base}{path}"
        if "hx-request" in request.headers:
            # A browser follows a redirect unseen, and the other page would be put into this one.
            return Response(
                None, status_code=200, headers={"HX-Redirect": place}, cookies=[*cookies, *kept]
            )
        return Response(
            None,
            status_code=HTTPStatus.SEE_OTHER,
            headers={"Location": place},
            cookies=[*cookies, *kept],
        )

    def _common(self, request: Request[Any, Any, Any]) -> dict[str, Any]:
        path = request.url.path
        here = f"{path}?{request.url.query}" if request.url.query else path
        return {
            "prefs": preferences.read(request.cookies),
            "now": datetime.now(UTC),
            "back": (page_in_sight(request) if is_fragment(request) else "") or here,
            "user": _user(request),
            "form_token": _form_token(request),
            "csrf": _csrf(request),
            "at_place": path.removeprefix(self.base(request)) in _PLACES,
            "plain": is_overheard(request),
        }


def _user(request: Request[Any, Any, Any]) -> str | None:
    # On error pages nobody may have looked who it is.
    user = request.scope.get("user")
    return user.name if isinstance(user, Actor) else None


def _csrf(request: Request[Any, Any, Any]) -> str:
    """Return what proves that a change comes from one of our pages; "" for strangers."""
    cookie = session_cookie(request)
    return "" if cookie is None else csrf_token(cookie)


def _form_token(request: Request[Any, Any, Any]) -> Markup:
    """Return the hidden field that every form of a reader needs."""
    token = _csrf(request)
    if not token:
        return Markup()
    return Markup('<input type="hidden" name="{}" value="{}">').format(FORM_FIELD, token)


def is_fragment(request: Request[Any, Any, Any]) -> bool:
    """Say whether a page asks for a part of itself."""
    return request.headers.get("HX-Request-Type") == "partial"


@pass_context
def _ago(context: Context, at: datetime | None, *, long: bool = False) -> Markup:
    """Write a time as how far from now it is, with the exact one under the pointer."""
    shown = present.moment(at, context["now"], zone=context["prefs"].zone)
    if shown is None:
        return Markup("")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        shown.machine, shown.exact, shown.long if long else shown.short
    )


# As many as there are addresses of one server: more than one only behind several proxies.
@lru_cache(maxsize=8)
def _environment(base: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    url: Callable[[str], str] = partial("{}{}".format, base)
    environment.globals["url"] = url
    environment.globals["asset"] = lambda name: url(assets.address(name))
    environment.globals["navigation"] = navigation
    environment.globals["show"] = present
    environment.globals["ago"] = _ago
    icons = url(assets.address("icons.svg"))

    @lru_cache(maxsize=256)
    def draw(name: str, classes: str = "") -> Markup:
        return _ICON.format(icons, name, classes)

    environment.globals["drawn_icon"] = draw
    environment.globals["drawn_key"] = lru_cache(maxsize=128)(_KEY.format)

    # What is the same for all who look at the same thing.
    @lru_cache(maxsize=_PARTS_KEPT)
    def fixed(template: str, **values: Hashable) -> Markup:
        return Markup(environment.get_template(template).render(values))  # noqa: S704  (ours)

    # Pages show the same rows again and again: at every step of a triage, all but one.
    @lru_cache(maxsize=_ROWS_KEPT)
    def job_row(row: JobRow) -> Markup:
        macro: Callable[[JobRow], Markup] = environment.get_template("_job_row.html").module.job_row  # type: ignore[attr-defined]
        return macro(row)

    def job_rows(rows: Iterable[JobRow]) -> Markup:
        return Markup("\n".join(map(job_row, rows)))  # noqa: S704  (ours)

    environment.globals["fixed"] = fixed
    environment.globals["job_row"] = job_row
    environment.globals["job_rows"] = job_rows
    environment.filters["words"] = present.words
    environment.filters["many"] = present.many
    return environment
