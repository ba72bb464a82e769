"""`/api/v1/config`: how this installation is set up, to keep and to carry to another one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.configuration import Document, ImportReport


@get(
    "/",
    **operation(
        "exportConfig",
        "Export searches, collectors, proxies and saved views",
        description="As far as they are set here, and not in a file or the environment. Secrets, "
        "users and passwords are left out.",
        scope=Scope.ADMIN,
    ),
)
def export_config(tracker: NamedDependency[JobTracker]) -> Document:
    """Export the configuration."""
    return tracker.configuration.export()


@post(
    "/",
    status_code=HTTPStatus.OK,
    **operation(
        "importConfig",
        "Import searches, collectors, proxies and saved views",
        description="What `GET /config` gave, here or elsewhere. What is possible is done, and the "
        "rest is named with its reason; what is not named stays. Sent again it changes nothing.",
        scope=Scope.ADMIN,
        once=True,
    ),
)
def import_config(
    tracker: NamedDependency[JobTracker],
    data: JSONBody[Document],
    dry_run: Annotated[  # noqa: FBT002
        bool, QueryParameter(description="Only tell what would be done")
    ] = False,
) -> ImportReport:
    """Import a configuration."""
    return tracker.configuration.load(data, dry_run=dry_run)


def config_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/config",
        route_handlers=[export_config, import_config],
        guards=[refuse_unknown_parameters],
        tags=["config"],
    )
