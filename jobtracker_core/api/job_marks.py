"""What a person puts on a job: tags, a note, and that it is hidden for good."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from jobtracker_core.api.jobs import JobId
from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.preconditions import ETAG, IfMatch, IfNoneMatch, expected_version, tagged
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.dismissals import Dismissal, Hidden
from jobtracker_core.storage.fields import Line, Prose, TagName
from jobtracker_core.storage.tags import Note
from jobtracker_core.tracker import JobTracker

_MISSING = (HTTPStatus.NOT_FOUND,)

TagWord = Annotated[
    str, PathParameter(description="The tag; case does not count", min_length=1, max_length=50)
]


class Why(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a job is hidden."""

    reason: Annotated[Line, Meta(description="In some words")] | None = None


class TagNames(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All the tags that a job is to have."""

    tags: Annotated[tuple[TagName, ...], Meta(description="Their names", max_length=50)]


class NoteText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to stand on a job."""

    text: Annotated[Prose, Meta(description="The text; empty or null takes the note away")] | None


class JobNote(Struct, frozen=True, kw_only=True):
    """What a person wrote on a job; `text` is null and `version` 0 where nothing is written."""

    job_id: int
    text: str | None
    version: int
    created_at: datetime | None
    updated_at: datetime | None


@post(
    "/{job_id:int}/dismiss",
    status_code=HTTPStatus.OK,
    **operation(
        "dismissJob",
        "Hide a job for good",
        description="It stays hidden when it is collected again. One that is hidden already stays "
        "as it is.",
        scope=Scope.JOBS_WRITE,
        errors=_MISSING,
    ),
)
def dismiss_job(
    tracker: NamedDependency[JobTracker], job_id: JobId, data: JSONBody[Why | None] = None
) -> Dismissal:
    """Hide a job for good."""
    return tracker.dismissals.dismiss(job_id, reason=None if data is None else data.reason)


@post(
    "/{job_id:int}/restore",
    status_code=HTTPStatus.NO_CONTENT,
    **operation(
        "restoreJob",
        "Show a job again",
        description="404 too if it is not hidden.",
        scope=Scope.JOBS_WRITE,
        errors=_MISSING,
    ),
)
def restore_job(tracker: NamedDependency[JobTracker], job_id: JobId) -> None:
    """Show a job again."""
    tracker.dismissals.restore_job(job_id)


@get(
    "/{job_id:int}/dismissal",
    **operation(
        "getJobDismissal",
        "Show by what a job is hidden",
        description="`dismissal` is null where it is shown.",
        scope=Scope.JOBS_READ,
        errors=_MISSING,
    ),
)
def get_job_dismissal(tracker: NamedDependency[JobTracker], job_id: JobId) -> Hidden:
    """Show by what a job is hidden."""
    return Hidden(dismissal=tracker.dismissals.of_job(job_id))


@get(
    "/{job_id:int}/tags",
    **operation(
        "listJobTags",
        "List a job's tags",
        description="By name.",
        scope=Scope.JOBS_READ,
        errors=_MISSING,
    ),
)
def list_job_tags(tracker: NamedDependency[JobTracker], job_id: JobId) -> tuple[str, ...]:
    """List a job's tags."""
    return tracker.tags.of("job", job_id)


@put(
    "/{job_id:int}/tags",
    **operation(
        "setJobTags",
        "Give a job these tags and no others",
        description="The answer is all of its tags. A tag is made when it is first put on "
        "something.",
        scope=Scope.JOBS_WRITE,
        errors=_MISSING,
    ),
)
def set_job_tags(
    tracker: NamedDependency[JobTracker], job_id: JobId, data: JSONBody[TagNames]
) -> tuple[str, ...]:
    """Give a job these tags and no others."""
    return tracker.tags.put("job", job_id, data.tags)


@put(
    "/{job_id:int}/tags/{tag:str}",
    **operation(
        "tagJob",
        "Put a tag on a job",
        description="The answer is all of its tags. A tag is made when it is first put on "
        "something.",
        scope=Scope.JOBS_WRITE,
        errors=_MISSING,
    ),
)
def tag_job(tracker: NamedDependency[JobTracker], job_id: JobId, tag: TagWord) -> tuple[str, ...]:
    """Put a tag on a job."""
    return tracker.tags.add("job", job_id, [tag])


@delete(
    "/{job_id:int}/tags/{tag:str}",
    **operation(
        "untagJob",
        "Take a tag off a job",
        description="One that it does not have is not missed. A tag stays when nothing has it any "
        "more.",
        scope=Scope.JOBS_WRITE,
        errors=_MISSING,
    ),
)
def untag_job(tracker: NamedDependency[JobTracker], job_id: JobId, tag: TagWord) -> None:
    """Take a tag off a job."""
    tracker.tags.remove("job", job_id, [tag])


@get(
    "/{job_id:int}/note",
    **operation(
        "getJobNote",
        "Show what is written on a job",
        description="`text` is null where nothing is written.",
        scope=Scope.JOBS_READ,
        errors=_MISSING,
        headers=[ETAG],
    ),
)
def get_job_note(
    tracker: NamedDependency[JobTracker], job_id: JobId, if_none_match: IfNoneMatch = None
) -> Response[JobNote]:
    """Show what is written on a job."""
    return _tagged(job_id, tracker.jobs.note(job_id), if_none_match)


@put(
    "/{job_id:int}/note",
    **operation(
        "writeJobNote",
        "Write on a job",
        description="In place of what stood there.",
        scope=Scope.JOBS_WRITE,
        errors=(*_MISSING, HTTPStatus.PRECONDITION_FAILED),
        headers=[ETAG],
    ),
)
def write_job_note(
    tracker: NamedDependency[JobTracker],
    job_id: JobId,
    data: JSONBody[NoteText],
    if_match: IfMatch = None,
) -> Response[JobNote]:
    """Write on a job."""
    expected = expected_version(if_match)
    return _tagged(job_id, tracker.jobs.write_note(job_id, data.text, expected_version=expected))


def _tagged(job_id: int, note: Note | None, known: str | None = None) -> Response[JobNote]:
    shown = JobNote(
        job_id=job_id,
        text=None if note is None else note.text,
        version=0 if note is None else note.version,
        created_at=None if note is None else note.created_at,
        updated_at=None if note is None else note.updated_at,
    )
    return tagged(shown, shown.version, known)


def job_marks_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/jobs",
        route_handlers=[
            *(dismiss_job, restore_job, get_job_dismissal),
            *(list_job_tags, set_job_tags, tag_job, untag_job),
            *(get_job_note, write_job_note),
        ],
        guards=[refuse_unknown_parameters],
        tags=["jobs"],
    )
