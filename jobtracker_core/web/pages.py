"""Templates, rendered for one request."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.enums import MediaType
from markupsafe import Markup

from jobtracker_core.security.credentials import csrf_token
from jobtracker_core.storage.audit import Actor
from jobtracker_core.web import assets, present
from jobtracker_core.web.session import FORM_FIELD, session_cookie

THEME_COOKIE: Final = "jt-theme"
Theme = Literal["dark", "light"]

_TEMPLATES: Final = Path(__file__).with_name("templates")
_HEADERS: Final = {
    "Cache-Control": "private, no-cache",
    "Vary": "HX-Request-Type, Cookie",
}


class Pages:
    """The templates, for a portal that is mounted at `prefix` ("" or "/somewhere")."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def base(self, request: Request[Any, Any, Any]) -> str:
        """Return what stands before every path of ours in addresses."""
        return f"{request.scope.get('root_path', '').rstrip('/')}{self._prefix}"

    def render(
        self,
        request: Request[Any, Any, Any],
        template: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> Response[str]:
        """Answer with a template."""
        path = request.url.path
        back = f"{path}?{request.url.query}" if request.url.query else path
        text = (
            _environment(self.base(request))
            .get_template(template)
            .render(
                theme=theme(request),
                back=back,
                user=_user(request),
                form_token=_form_token(request),
                **values,
            )
        )
        return Response(
            text,
            status_code=status,
            media_type=MediaType.HTML,
            headers={**_HEADERS, **(headers or {})},
        )


def theme(request: Request[Any, Any, Any]) -> Theme:
    """Return what the reader chose; dark if nothing."""
    return "light" if request.cookies.get(THEME_COOKIE) == "light" else "dark"


def _user(request: Request[Any, Any, Any]) -> str | None:
    # On error pages nobody may have looked who it is.
    user = request.scope.get("user")
    return user.name if isinstance(user, Actor) else None


def _form_token(request: Request[Any, Any, Any]) -> Markup:
    """Return the hidden field that every form of a reader needs."""
    cookie = session_cookie(request)
    if cookie is None:
        return Markup()
    return Markup('<input type="hidden" name="{}" value="{}">').format(
        FORM_FIELD, csrf_token(cookie)
    )


def is_fragment(request: Request[Any, Any, Any]) -> bool:
    """Say whether a page asks for a part of itself."""
    return request.headers.get("HX-Request-Type") == "partial"


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
    url: Callable[[str], str] = lambda path: f"{base}{path}"  # noqa: E731
    environment.globals["url"] = url
    environment.globals["asset"] = lambda name: url(assets.address(name))
    environment.filters["words"] = present.words
    return environment
