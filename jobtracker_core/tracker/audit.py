"""Who did what, to be read. Writing it is part of every change: `JobTracker.change()`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from jobtracker_core.storage import audit_list
from jobtracker_core.storage.audit_list import AuditEntry, AuditList
from jobtracker_core.tracker.exporting import AT_ONCE, exported, walk
from jobtracker_core.tracker.stored import Installation


class Audit:
    """The audit log. The database itself refuses to change or delete what stands in it."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def export(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditEntry]:
        """Give all changes of a list, however many; it stands in the audit log itself."""
        rows = walk(
            lambda after: self.list(
                actor=actor,
                action=action,
                target=target,
                since=since,
                until=until,
                limit=AT_ONCE,
                after=after,
            )
        )
        return exported(self._tracker, "audit", rows)

    def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> AuditList:
        """List changes, the newest first; `after` is the mark that the page before gave.

        `actor` is a label such as `user:5`, `token:3` or `local:ann`, or a kind alone; `action` is
        how the action begins, `target` all of the target. Raises NotFound for a mark that no page
        gave.
        """
        return audit_list.list_entries(
            self._tracker.database,
            actor=actor,
            action=action,
            target=target,
            since=since,
            until=until,
            limit=limit,
            after=after,
        )
