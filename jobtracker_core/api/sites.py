"""`/api/v1/sites`: how many runs a site bears at once."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Router, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.sites import MOST, SiteStatus


class SiteChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed of a site."""

    limit: Annotated[
        Annotated[int, Meta(ge=1, le=MOST)] | None,
        Meta(description="Its runs at once, over all machines; null is what the plugins say"),
    ]


@get(
    "/",
    **operation(
        "listSites",
        "List sites and their limits",
        description="Those of all collectors that are installed.",
        scope=Scope.JOBS_READ,
    ),
)
def list_sites(tracker: NamedDependency[JobTracker]) -> tuple[SiteStatus, ...]:
    """List sites."""
    return tracker.sites.list()


@put(
    "/{site:str}",
    **operation(
        "updateSite",
        "Set how many runs a site bears at once",
        description="Runs that go on already are not stopped.",
        scope=Scope.ADMIN,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def update_site(
    tracker: NamedDependency[JobTracker],
    site: Annotated[str, PathParameter(description="The site's name", max_length=300)],
    data: JSONBody[SiteChange],
) -> SiteStatus:
    """Change a site."""
    if data.limit is None:
        return tracker.sites.follow_plugins(site)
    return tracker.sites.set_limit(site, data.limit)


def sites_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/sites",
        route_handlers=[list_sites, update_site],
        guards=[refuse_unknown_parameters],
        tags=["sites"],
    )
