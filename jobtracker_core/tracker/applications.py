"""Applications as their user sees them: a pipeline from draft to an end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Unpack

from msgspec import UNSET, structs

from jobtracker_core.storage import application_list, applications
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
from jobtracker_core.tracker import bulk, entries
from jobtracker_core.tracker.bulk import BulkResult
from jobtracker_core.tracker.exporting import AT_ONCE, exported, walk
from jobtracker_core.tracker.stored import Installation


class Applications:
    """What the person applies to, the latest first. All raise NotFound for one that is not there.

    A job has at most one application that has not ended; a second one raises Duplicate.
    """

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

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
        return application_list.list_applications(
            self._tracker.database,
            limit=limit,
            after=after,
            before=before,
            offset=offset,
            sort=sort,
            **filters,
        )

    def export(self, **filters: Unpack[ApplicationFilters]) -> Iterator[Application]:
        """Give all applications of a list, however many; it stands in the audit log."""
        rows = walk(lambda after: self.list(limit=AT_ONCE, after=after, **filters))
        return exported(self._tracker, "application", rows)

    def pipeline(self, **filters: Unpack[ApplicationFilters]) -> Pipeline:
        """Count the applications of a list by their status."""
        return application_list.pipeline(self._tracker.database, **filters)

    def of_jobs(self, job_ids: Sequence[int]) -> tuple[Application, ...]:
        """Return of each of at most 500 jobs the application that was made last, by the job.

        Jobs without one are not missed. Raises FormError for too many.
        """
        bulk.check_number("job_ids", job_ids)
        return application_list.of_jobs(self._tracker.database, job_ids)

    def get(self, application_id: int) -> ApplicationDetail:
        """Return one application with its tags and what its posting said."""
        return applications.get(self._tracker.database, application_id)

    def create(self, draft: ApplicationDraft) -> Application:
        """Store an application, for a stored job or with a title by hand.

        Raises FormError naming each wrong field, NotFound for its job or company, and Duplicate.
        """
        also = {}
        if draft.title is None and draft.job_id is None:
            also["title"] = "must be given, unless the application is for a stored job"
        if draft.job_id is not None and draft.company_id is not None:
            also["company_id"] = "is the job's; leave it out"
        checked = entries.check(draft, also=also)
        with self._tracker.change("application.create") as change:
            made = applications.create(change.db, checked)
            change.note(title=made.title, status=made.status)
            return change.made(made, f"application:{made.id}")

    def update(
        self,
        application_id: int,
        changes: ApplicationChanges,
        *,
        expected_version: int | None = None,
    ) -> Application:
        """Change what is given of an application, and nothing else.

        Another status is a move: it leaves an event, and a snapshot of the posting where draft is
        left. Raises FormError, NotFound, Stale and Duplicate.
        """
        checked = entries.check(changes)
        with self._tracker.change("application.update", f"application:{application_id}") as change:
            made = applications.update(
                change.db, application_id, checked, expected_version=expected_version
            )
            change.note(fields=sorted(entries.given(checked)), status=made.status)
            return change.made(made, change.target)

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
        checked = entries.check(ApplicationChanges(status=status, applied_at=sent))
        with self._tracker.change("application.move", f"application:{application_id}") as change:
            made = applications.update(
                change.db, application_id, checked, expected_version=expected_version
            )
            change.note(status=made.status)
            return change.made(made, change.target)

    def delete(self, application_id: int, *, expected_version: int | None = None) -> None:
        """Delete an application with its events, contacts and snapshots; raises Stale."""
        with self._tracker.change("application.delete", f"application:{application_id}") as change:
            applications.delete(change.db, application_id, expected_version=expected_version)

    def create_all(self, job_ids: Sequence[int], status: Status = "draft") -> BulkResult:
        """Make an application for each of several stored jobs; `id` of the result is the job's.

        Raises FormError for a wrong status.
        """
        checked = entries.check(ApplicationDraft(status=status))
        return bulk.each(
            self._tracker,
            "application.create",
            job_ids,
            lambda change, number: applications.create(
                change.db, structs.replace(checked, job_id=number)
            ),
            status=status,
        )

    def move_all(self, ids: Sequence[int], status: Status) -> BulkResult:
        """Move several applications, each for itself; raises FormError for a wrong status."""
        checked = entries.check(ApplicationChanges(status=status))
        return bulk.each(
            self._tracker,
            "application.move",
            ids,
            lambda change, number: applications.update(change.db, number, checked),
            status=status,
        )

    def delete_all(self, ids: Sequence[int]) -> BulkResult:
        """Delete several applications, each for itself."""
        return bulk.each(
            self._tracker,
            "application.delete",
            ids,
            lambda change, number: applications.delete(change.db, number),
        )
