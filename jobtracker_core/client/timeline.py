"""Events on a server; see `tracker.timeline`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

from jobtracker_core.client.paging import joined
from jobtracker_core.client.session import Session
from jobtracker_core.storage.timeline import (
    Event,
    EventChanges,
    EventDraft,
    EventFilters,
    EventList,
)
from jobtracker_core.tracker import entries

_TIMES = ("starts_at", "ends_at")


class Timeline:
    """Events of applications, of jobs, or of neither.

    A time without an offset is what the clock of the event's time zone shows. The moves of an
    application (kind `status`) are written by the moves alone: changing one raises NotAllowed. All
    raise NotFound for an event that is not there.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self, *, limit: int = 50, after: str | None = None, **filters: Unpack[EventFilters]
    ) -> EventList:
        """List events, the latest start first; `after` is the mark of the page before."""
        words = _words(filters)

        def read(most: int, mark: str | None) -> EventList:
            return self._session.get("/events", EventList, limit=most, after=mark, **words)

        return joined(read, limit, after)

    def export(self, **filters: Unpack[EventFilters]) -> Iterator[Event]:
        """Yield all events of a list, however many; it stands in the audit log."""
        return self._session.lines("/events/export", Event, format="jsonl", **_words(filters))

    def get(self, event_id: int) -> Event:
        """Return one event."""
        return self._session.get(f"/events/{event_id}", Event)

    def create(self, draft: EventDraft) -> Event:
        """Enter an event; raises FormError naming each wrong field, and NotFound."""
        return self._session.post("/events", Event, entries.check(draft, local=_TIMES))

    def update(
        self, event_id: int, changes: EventChanges, *, expected_version: int | None = None
    ) -> Event:
        """Change what is given of an event; raises FormError, Stale and NotAllowed."""
        checked = entries.check(changes, local=_TIMES)
        return self._session.put(f"/events/{event_id}", Event, checked, version=expected_version)

    def delete(self, event_id: int, *, expected_version: int | None = None) -> None:
        """Delete an event; raises Stale and NotAllowed."""
        self._session.delete(f"/events/{event_id}", version=expected_version)


def _words(filters: EventFilters) -> dict[str, Any]:
    words: dict[str, Any] = {**filters}
    return words | {"from": words.pop("since", None), "to": words.pop("until", None)}
