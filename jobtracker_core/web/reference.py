"""`/docs`: the reference of the API, for readers who are logged in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from jobtracker_core.web import manual
from jobtracker_core.web.pages import Pages

Describe = Callable[[], Mapping[str, Any]]

SCHEMAS = "schemas"
"""The page that has them all; no tag has this name."""


class Reference:
    """The pages of one document, read once for each address that the server is reached at."""

    def __init__(self, describe: Describe) -> None:
        self.manual = lru_cache(maxsize=8)(lambda server: manual.read(describe(), server))


@get("/docs", sync_to_thread=True, include_in_schema=False)
def show_reference(
    request: Request[Any, Any, Any],
    pages: NamedDependency[Pages],
    reference: NamedDependency[Reference],
) -> Response[str]:
    """List all operations of the API."""
    return _page(request, pages, reference, None)


@get("/docs/{part:str}", sync_to_thread=True, include_in_schema=False)
def show_part(
    request: Request[Any, Any, Any],
    part: FromPath[str],
    pages: NamedDependency[Pages],
    reference: NamedDependency[Reference],
) -> Response[str]:
    """Show the operations of one tag, or what all bodies and answers are made of."""
    return _page(request, pages, reference, part)


def _page(
    request: Request[Any, Any, Any], pages: Pages, reference: Reference, part: str | None
) -> Response[str]:
    base = pages.base(request)
    found = reference.manual(f"{request.url.scheme}://{request.url.netloc}{base}")
    chapter = None if part is None else found.chapter(part)
    if part is not None and chapter is None and part != SCHEMAS:
        raise NotFoundException
    return pages.render(
        request,
        "manual.html",
        section="docs",
        manual=found,
        chapter=chapter,
        schemas=part == SCHEMAS,
    )
