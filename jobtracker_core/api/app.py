"""The API's routes, and the document that describes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from litestar import Litestar, Router, get
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Server

from jobtracker_core.api.health import health_router
from jobtracker_core.api.jobs import jobs_router
from jobtracker_core.tracker import JobTracker

API_VERSION = "1"
OPENAPI_PATH = "/api/v1/openapi.json"


def api_router(tracker: JobTracker, *, stopping: Callable[[], bool] = lambda: False) -> Router:
    """Make the routes under `/api/v1`, and `/healthz` and `/readyz`.

    They need a dependency `tracker`, and errors answered by `problems.explain`, around them.
    """

    @cache  # lives as long as the routes do
    def document() -> dict[str, Any]:
        return _describe(tracker)

    @get(
        "/openapi.json",
        media_type="application/vnd.oai.openapi+json",
        include_in_schema=False,
        sync_to_thread=True,
    )
    def openapi() -> dict[str, Any]:
        """Give the document that describes the API."""
        return document()

    return Router(
        "/",
        route_handlers=[
            Router("/api/v1", route_handlers=[jobs_router(), openapi]),
            health_router(tracker, stopping),
        ],
    )


def _describe(tracker: JobTracker) -> dict[str, Any]:
    # From an app of its own: Litestar's routes for the document bring viewers and an HTML page.
    described = Litestar(
        [api_router(tracker)],
        dependencies={"tracker": Provide(lambda: tracker, sync_to_thread=False)},
        openapi_config=OpenAPIConfig(
            title="JobTracker",
            version=API_VERSION,
            description="Job postings from many sites as one history. Errors are problem details "
            "(RFC 9457). Times are UTC.",
            # Seen from the document's own address, so that it holds under every prefix.
            servers=[Server(url="../..")],
            path="/unused",
        ),
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    return described.openapi_schema.to_schema()
