"""Hidden jobs as their user sees them."""

from __future__ import annotations

from collections.abc import Iterator

from jobtracker_core.storage import dismissals
from jobtracker_core.storage.dismissals import Dismissal, DismissalList
from jobtracker_core.storage.fields import Line
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.exporting import AT_ONCE, exported, walk
from jobtracker_core.tracker.stored import Installation


class Dismissals:
    """Jobs hidden for good, until that is taken back; deleted ones among them."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(self, *, limit: int = 50, after: str | None = None) -> DismissalList:
        """List what is hidden, the latest first; `after` is the mark of the page before."""
        return dismissals.list_dismissals(self._tracker.database, limit=limit, after=after)

    def export(self) -> Iterator[Dismissal]:
        """Give all that is hidden; it stands in the audit log."""
        rows = walk(lambda after: self.list(limit=AT_ONCE, after=after))
        return exported(self._tracker, "dismissal", rows)

    def of_job(self, job_id: int) -> Dismissal | None:
        """Return by what a job is hidden, None if it is not; raises NotFound for the job."""
        return dismissals.of_job(self._tracker.database, job_id)

    def dismiss(self, job_id: int, *, reason: str | None = None) -> Dismissal:
        """Hide a job; one that is hidden already stays as it is.

        Raises NotFound, and FormError for a reason that is too long.
        """
        checked = entries.check_value("reason", reason, Line | None)
        with self._tracker.change("job.dismiss", f"job:{job_id}") as change:
            made = dismissals.dismiss(change.db, job_id, reason=checked)
            return change.made(made, change.target)

    def restore(self, dismissal_id: int) -> Dismissal:
        """Take a dismissal back and return what it was; raises NotFound."""
        with self._tracker.change("dismissal.delete", f"dismissal:{dismissal_id}") as change:
            return change.made(dismissals.restore(change.db, dismissal_id), change.target)

    def restore_job(self, job_id: int) -> None:
        """Show a job again; raises NotFound if it is not there, or not hidden."""
        with self._tracker.change("job.restore", f"job:{job_id}") as change:
            dismissals.restore_job(change.db, job_id)
