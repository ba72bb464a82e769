"""`/api/v1/tags`: words on jobs and on applications."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Router, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.fields import TagName
from jobtracker_core.storage.tags import Tag
from jobtracker_core.tracker import JobTracker

TagId = Annotated[int, PathParameter(description="The tag's number")]


class NewTagName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a tag is to be called."""

    name: Annotated[TagName, Meta(description="Its new name")]


@get(
    "/",
    **operation(
        "listTags",
        "List tags by name",
        description="With how many jobs and applications carry them.",
        scope=Scope.JOBS_READ,
    ),
)
def list_tags(tracker: NamedDependency[JobTracker]) -> tuple[Tag, ...]:
    """List tags by name."""
    return tracker.tags.list()


@put(
    "/{tag_id:int}",
    **operation(
        "renameTag",
        "Give a tag another name wherever it is",
        description="409 where another tag has that name.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
def rename_tag(
    tracker: NamedDependency[JobTracker], tag_id: TagId, data: JSONBody[NewTagName]
) -> Tag:
    """Give a tag another name."""
    return tracker.tags.rename(tag_id, data.name)


@delete(
    "/{tag_id:int}",
    **operation(
        "deleteTag",
        "Take a tag off everything and forget it",
        description="What it was on stays.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def delete_tag(tracker: NamedDependency[JobTracker], tag_id: TagId) -> None:
    """Forget a tag."""
    tracker.tags.delete(tag_id)


def tags_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/tags",
        route_handlers=[list_tags, rename_tag, delete_tag],
        guards=[refuse_unknown_parameters],
        tags=["tags"],
    )
