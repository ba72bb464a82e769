"""Events as their user sees them: what was, and what is to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Unpack
from zoneinfo import ZoneInfo

from msgspec import structs

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage import timeline
from jobtracker_core.storage.timeline import (
    Event,
    EventChanges,
    EventDraft,
    EventFilters,
    EventList,
)
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.exporting import AT_ONCE, exported, walk
from jobtracker_core.tracker.stored import Installation

_TIMES = ("starts_at", "ends_at")


class Timeline:
    """Events of applications, of jobs, or of neither.

    A time without an offset is what the clock of the event's time zone shows. The moves of an
    application (kind `status`) are written by the moves alone: changing one raises NotAllowed. All
    raise NotFound for an event that is not there.
    """

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(
        self, *, limit: int = 50, after: str | None = None, **filters: Unpack[EventFilters]
    ) -> EventList:
        """List events, the latest start first; `after` is the mark of the page before."""
        return timeline.list_events(self._tracker.database, limit=limit, after=after, **filters)

    def export(self, **filters: Unpack[EventFilters]) -> Iterator[Event]:
        """Give all events of a list, however many; it stands in the audit log."""
        rows = walk(lambda after: self.list(limit=AT_ONCE, after=after, **filters))
        return exported(self._tracker, "event", rows)

    def get(self, event_id: int) -> Event:
        """Return one event."""
        return timeline.get(self._tracker.database, event_id)

    def create(self, draft: EventDraft) -> Event:
        """Enter an event; raises FormError naming each wrong field, and NotFound."""
        checked = entries.check(draft, local=_TIMES)
        starts_at = checked.starts_at or self._tracker.database.present()
        first, last = _span(starts_at, checked.ends_at, checked.timezone, all_day=checked.all_day)
        with self._tracker.change("event.create") as change:
            whole = structs.replace(checked, ends_at=last)
            made = timeline.create(change.db, whole, starts_at=first)
            change.note(kind=made.kind)
            return change.made(made, f"event:{made.id}")

    def update(
        self, event_id: int, changes: EventChanges, *, expected_version: int | None = None
    ) -> Event:
        """Change what is given of an event; raises FormError, Stale and NotAllowed."""
        checked = entries.check(changes, local=_TIMES)
        with self._tracker.change("event.update", f"event:{event_id}") as change:
            before = timeline.hold(change.db, event_id, expected_version=expected_version)
            given = entries.given(checked)
            if given.keys() & {*_TIMES, "timezone", "all_day"}:
                first, last = _span(
                    given.get("starts_at", before.starts_at),
                    given.get("ends_at", before.ends_at),
                    given.get("timezone", before.timezone),
                    all_day=given.get("all_day", before.all_day),
                )
                checked = structs.replace(checked, starts_at=first, ends_at=last)
            made = timeline.update(change.db, event_id, checked)
            change.note(fields=sorted(given))
            return change.made(made, change.target)

    def delete(self, event_id: int, *, expected_version: int | None = None) -> None:
        """Delete an event; raises Stale and NotAllowed."""
        with self._tracker.change("event.delete", f"event:{event_id}") as change:
            timeline.delete(change.db, event_id, expected_version=expected_version)


def _span(
    starts_at: datetime, ends_at: datetime | None, timezone: str, *, all_day: bool
) -> tuple[datetime, datetime | None]:
    """Return both ends as instants, those of whole days at the days' beginnings."""
    zone = ZoneInfo(timezone)
    first = _instant(starts_at, zone, all_day=all_day)
    last = None if ends_at is None else _instant(ends_at, zone, all_day=all_day)
    if last is not None and last < first:
        raise FormError({"ends_at": "is before the start"})
    return first, last


def _instant(moment: datetime, zone: ZoneInfo, *, all_day: bool) -> datetime:
    local = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    if all_day:
        local = datetime.combine(local.date(), time(), tzinfo=zone)
    return local.astimezone(UTC)
