"""`/api/v1/audit`: who changed what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from jobtracker_core.api.links import NEXT, leading_on
from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.audit_list import AuditList
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.tracker import JobTracker

MOST_ROWS = 200

OfActor = Annotated[
    str | None,
    QueryParameter(
        description="Only of this one, such as `token:3`, or of a kind, such as `user`",
        max_length=200,
    ),
]
OfAction = Annotated[
    str | None,
    QueryParameter(
        description="Only actions that begin so, such as `job` or `job.update`", max_length=100
    ),
]
OfTarget = Annotated[
    str | None, QueryParameter(description="Only of this, such as `search:5`", max_length=300)
]
SinceWhen = Annotated[datetime | None, QueryParameter(description="Only from this instant on")]
UntilWhen = Annotated[datetime | None, QueryParameter(description="Only before this instant")]


@get(
    "/",
    **operation(
        "listAudit",
        "List who changed what, the latest first",
        description="Go on with `after`, or follow the Link header.",
        scope=Scope.ADMIN,
        headers=[NEXT],
    ),
)
def list_audit(
    tracker: NamedDependency[JobTracker],
    actor: OfActor = None,
    action: OfAction = None,
    target: OfTarget = None,
    since: SinceWhen = None,
    until: UntilWhen = None,
    limit: Annotated[int, QueryParameter(description="Rows at most", ge=1, le=MOST_ROWS)] = 50,
    after: Annotated[
        str | None,
        QueryParameter(description="Go on after the mark that a list gave", max_length=40),
    ] = None,
) -> Response[AuditList]:
    """List the audit log."""
    try:
        found = tracker.audit.list(
            actor=actor,
            action=action,
            target=target,
            since=since,
            until=until,
            limit=limit,
            after=after,
        )
    except NotFound as error:
        raise wrong("after", str(error)) from error
    words = {"actor": actor, "action": action, "target": target, "limit": limit}
    times = {"since": since, "until": until}
    words |= {name: None if at is None else at.isoformat() for name, at in times.items()}
    words["after"] = found.after
    return leading_on(found, None if found.after is None else words)


def audit_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/audit", route_handlers=[list_audit], guards=[refuse_unknown_parameters], tags=["audit"]
    )
