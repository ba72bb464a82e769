"""The API's routes, and the document that describes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from litestar import Litestar, Router, get
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Server

from jobtracker_core.api.access import token_guard
from jobtracker_core.api.health import health_router
from jobtracker_core.api.jobs import jobs_router
from jobtracker_core.api.operations import SCHEME, SCOPE, answer_again
from jobtracker_core.api.searches import searches_router
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.request_keys import Answered
from jobtracker_core.tracker import JobTracker

API_VERSION = "1"
OPENAPI_PATH = "/api/v1/openapi.json"


def api_router(tracker: JobTracker, *, stopping: Callable[[], bool] = lambda: False) -> Router:
    """Make the routes under `/api/v1`, and `/healthz` and `/readyz`.

    They need a dependency `installation`, the JobTracker, and errors answered by
    `problems.explain`, around them.
    """

    @cache  # lives as long as the routes do
    def document() -> dict[str, Any]:
        return _describe(tracker)

    @get(
        "/openapi.json",
        media_type="application/vnd.oai.openapi+json",
        include_in_schema=False,
        sync_to_thread=True,
        opt={SCOPE: Scope.JOBS_READ},
    )
    def openapi() -> dict[str, Any]:
        """Give the document that describes the API."""
        return document()

    return Router(
        "/",
        route_handlers=[
            Router(
                "/api/v1",
                route_handlers=[jobs_router(), searches_router(), openapi],
                guards=[token_guard(tracker)],
                exception_handlers={Answered: answer_again},
            ),
            health_router(tracker, stopping),
        ],
    )


def _describe(tracker: JobTracker) -> dict[str, Any]:
    # From an app of its own: Litestar's routes for the document bring viewers and an HTML page.
    described = Litestar(
        [api_router(tracker)],
        dependencies={"installation": Provide(lambda: tracker, sync_to_thread=False)},
        openapi_config=OpenAPIConfig(
            title="JobTracker",
            version=API_VERSION,
            description="Job postings from many sites as one history. Errors are problem details "
            "(RFC 9457). Times are UTC.",
            # Seen from the document's own address, so that it holds under every prefix.
            servers=[Server(url="../..")],
            components=Components(
                security_schemes={
                    SCHEME: SecurityScheme(
                        type="http",
                        scheme="bearer",
                        bearer_format="jt_…",
                        description="A token, as `jobtracker tokens create` makes it. "
                        + " ".join(f"`{scope}` allows to {scope.meaning}." for scope in Scope),
                    )
                }
            ),
            path="/unused",
        ),
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    return described.openapi_schema.to_schema()
