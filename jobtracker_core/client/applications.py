"""Applications on a server; see `tracker.applications`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

from msgspec import UNSET, structs

from jobtracker_core.client.paging import joined, joined_back, skipped
from jobtracker_core.client.session import Session
from jobtracker_core.storage.application_list import (
    ApplicationFilters,
    ApplicationList,
    ApplicationSort,
    Pipeline,
)
from jobtracker_core.storage.applications import (
    Application,
    ApplicationChanges,
    ApplicationDetail,
    ApplicationDraft,
    Status,
)
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.bulk import BulkResult


class Applications:
    """What the person applies to, the latest first. All raise NotFound for one that is not there.

    A job has at most one application that has not ended; a second one raises Duplicate.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self,
        *,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
        offset: int = 0,
        sort: ApplicationSort = "latest",
        **filters: Unpack[ApplicationFilters],
    ) -> ApplicationList:
        """List applications; `after` or `before` is the mark that another page gave.

        Those without a next action stand last where they are ordered by it.
        """
        words = {"sort": sort, **_words(filters)}

        def read(most: int, mark: str | None, back: str | None = None) -> ApplicationList:
            return self._session.get(
                "/applications", ApplicationList, limit=most, after=mark, before=back, **words
            )

        if before is not None:
            return joined_back(lambda most, mark: read(most, None, mark), limit, before)
        past = skipped(read, offset, after)
        if past is not None and past.after is None:
            return structs.replace(past, items=())
        return joined(read, limit, after if past is None else past.after)

    def export(self, **filters: Unpack[ApplicationFilters]) -> Iterator[Application]:
        """Yield all applications of a list, however many; it stands in the audit log."""
        words = _words(filters)
        return self._session.lines("/applications/export", Application, format="jsonl", **words)

    def pipeline(self, **filters: Unpack[ApplicationFilters]) -> Pipeline:
        """Count the applications of a list by their status."""
        return self._session.get("/applications/pipeline", Pipeline, **_words(filters))

    def of_jobs(self, job_ids: Sequence[int]) -> tuple[Application, ...]:
        """Return of each of at most 500 jobs the application that was made last, by the job.

        Jobs without one are not missed. Raises FormError for too many.
        """
        ids = ",".join(map(str, job_ids))
        return self._session.get("/applications/of-jobs", tuple[Application, ...], job_ids=ids)

    def get(self, application_id: int) -> ApplicationDetail:
        """Return one application with its tags and what its posting said."""
        return self._session.get(f"/applications/{application_id}", ApplicationDetail)

    def create(self, draft: ApplicationDraft) -> Application:
        """Store an application, for a stored job or with a title by hand.

        Raises FormError naming each wrong field, NotFound for its job or company, and Duplicate.
        """
        return self._session.post("/applications", Application, entries.check(draft))

    def update(
        self,
        application_id: int,
        changes: ApplicationChanges,
        *,
        expected_version: int | None = None,
    ) -> Application:
        """Change what is given of an application, and nothing else.

        Another status is a move. Raises FormError, NotFound, Stale and Duplicate.
        """
        path = f"/applications/{application_id}"
        checked = entries.check(changes)
        return self._session.put(path, Application, checked, version=expected_version)

    def move(
        self,
        application_id: int,
        status: Status,
        *,
        applied_at: datetime | None = None,
        expected_version: int | None = None,
    ) -> Application:
        """Move an application to a status, forward, or back to correct a mistake.

        `applied_at` is when it was sent, if that was not now. Raises as `update()` does.
        """
        sent = UNSET if applied_at is None else applied_at
        changes = ApplicationChanges(status=status, applied_at=sent)
        return self.update(application_id, changes, expected_version=expected_version)

    def delete(self, application_id: int, *, expected_version: int | None = None) -> None:
        """Delete an application with its events, contacts and snapshots; raises Stale."""
        self._session.delete(f"/applications/{application_id}", version=expected_version)

    def create_all(self, job_ids: Sequence[int], status: Status = "draft") -> BulkResult:
        """Make an application for each of several stored jobs; `id` of the result is the job's.

        Raises FormError for a wrong status.
        """
        entries.check(ApplicationDraft(status=status))
        return self._all("create", job_ids, {"status": status})

    def move_all(self, ids: Sequence[int], status: Status) -> BulkResult:
        """Move several applications, each for itself; raises FormError for a wrong status."""
        entries.check(ApplicationChanges(status=status))
        return self._all("move", ids, {"status": status})

    def delete_all(self, ids: Sequence[int]) -> BulkResult:
        """Delete several applications, each for itself."""
        return self._all("delete", ids, {})

    def _all(self, action: str, ids: Sequence[int], more: Mapping[str, object]) -> BulkResult:
        body = {"action": action, "ids": [*ids], **more}
        return self._session.post("/applications/bulk", BulkResult, body)


def _words(filters: ApplicationFilters) -> dict[str, Any]:
    """Return the parameters of a list's filters; one of them has another name there."""
    words: dict[str, Any] = {**filters}
    words["search"] = words.pop("text", None)
    return words
