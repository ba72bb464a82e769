"""`/api/v1/collect/ingest`: pages that somebody else has read."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.tokens import Token
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.ingest import MOST_POSTINGS, IngestBatch, Ingested

BIGGEST = 10 * 1024 * 1024


@post(
    "/ingest",
    status_code=HTTPStatus.OK,
    request_max_body_size=BIGGEST,
    **operation(
        "ingest",
        "Store a page that was read elsewhere",
        description=f"Up to {MOST_POSTINGS} postings and {BIGGEST >> 20} MB. The same key and "
        "number sent again, as when the answer got lost, changes nothing and is answered as the "
        "first time. A posting that cannot be read is named in `rejected` and costs no other. A "
        "run of which nothing comes for 15 minutes is ended as failed.",
        scope=Scope.INGEST,
        foreign="postings",
        errors=(
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
    ),
)
def ingest(
    request: Request[Actor, Token, Any],
    tracker: NamedDependency[JobTracker],
    data: JSONBody[IngestBatch],
) -> Ingested:
    """Store a page that was read elsewhere."""
    return tracker.ingest.put(data, bound_to=request.auth.collector)


def collect_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/collect",
        route_handlers=[ingest],
        guards=[refuse_unknown_parameters],
        tags=["ingest"],
    )
