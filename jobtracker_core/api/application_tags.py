"""`/api/v1/applications/{id}/tags`: words on an application."""

from __future__ import annotations

from http import HTTPStatus

from litestar import Router, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from jobtracker_core.api.applications import ApplicationId
from jobtracker_core.api.job_marks import TagNames, TagWord
from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.tracker import JobTracker

_MISSING = (HTTPStatus.NOT_FOUND,)


@get(
    "/{application_id:int}/tags",
    **operation(
        "listApplicationTags",
        "List an application's tags",
        description="By name.",
        scope=Scope.JOBS_READ,
        errors=_MISSING,
    ),
)
def list_tags(
    tracker: NamedDependency[JobTracker], application_id: ApplicationId
) -> tuple[str, ...]:
    """List an application's tags."""
    return tracker.tags.of("application", application_id)


@put(
    "/{application_id:int}/tags",
    **operation(
        "setApplicationTags",
        "Give an application these tags and no others",
        description="The answer is all of its tags. A tag is made when it is first put on "
        "something.",
        scope=Scope.JOBS_WRITE,
        errors=_MISSING,
    ),
)
def set_tags(
    tracker: NamedDependency[JobTracker], application_id: ApplicationId, data: JSONBody[TagNames]
) -> tuple[str, ...]:
    """Give an application these tags and no others."""
    return tracker.tags.put("application", application_id, data.tags)


@put(
    "/{application_id:int}/tags/{tag:str}",
    **operation(
        "tagApplication",
        "Put a tag on an application",
        description="The answer is all of its tags. A tag is made when it is first put on "
        "something.",
        scope=Scope.JOBS_WRITE,
        errors=_MISSING,
    ),
)
def put_tag(
    tracker: NamedDependency[JobTracker], application_id: ApplicationId, tag: TagWord
) -> tuple[str, ...]:
    """Put a tag on an application."""
    return tracker.tags.add("application", application_id, [tag])


@delete(
    "/{application_id:int}/tags/{tag:str}",
    **operation(
        "untagApplication",
        "Take a tag off an application",
        description="One that it does not have is not missed. A tag stays when nothing has it any "
        "more.",
        scope=Scope.JOBS_WRITE,
        errors=_MISSING,
    ),
)
def take_tag(
    tracker: NamedDependency[JobTracker], application_id: ApplicationId, tag: TagWord
) -> None:
    """Take a tag off an application."""
    tracker.tags.remove("application", application_id, [tag])


def application_tags_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/applications",
        route_handlers=[list_tags, set_tags, put_tag, take_tag],
        guards=[refuse_unknown_parameters],
        tags=["applications"],
    )
