"""The calendar: what was and is to be, on a page or in a calendar program."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, time, timedelta
from typing import Final

from msgspec import Struct

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage import calendar, feeds
from jobtracker_core.storage.calendar import CalendarEntry, NextAction
from jobtracker_core.storage.feeds import Feed
from jobtracker_core.storage.fields import Moment, ViewName
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.stored import Installation

MOST: Final = 5_000
"""Entries of one answer; who needs later ones asks for a later span."""

_PAST = timedelta(days=365)
_SECRET_BYTES: Final = 32


class NewFeed(Struct, frozen=True, kw_only=True):
    """An address of the calendar that was just made. Its secret is shown this once."""

    feed: Feed
    secret: str


class Calendar:
    """Events and next actions by their time, and the addresses that programs read them by."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def between(self, since: datetime, until: datetime) -> tuple[CalendarEntry, ...]:
        """Return what goes on in a span of time, moves of applications included, earliest first.

        `until` is not included. At most `MOST` entries. Raises FormError.
        """
        first: datetime = entries.check_value("from", since, Moment)
        last: datetime = entries.check_value("to", until, Moment)
        if last <= first:
            raise FormError({"to": "is not after the start"})
        return self._entries(first, last, with_moves=True)

    def ics(self, secret: str) -> str:
        """Return the calendar as text for calendar programs: the last year and all that is ahead.

        The moves of applications are left out: they are no appointments.

        Raises:
            NotFound: No address has this secret, or it was revoked.
        """
        # The library is loaded by whoever asks for a calendar, not by every command.
        from jobtracker_core.tracker.ics import encode  # noqa: PLC0415

        database = self._tracker.database
        feed = feeds.use(database, secret)
        since = database.present() - _PAST
        return encode(self._entries(since, None, with_moves=False), name=feed.name)

    def feeds(self) -> tuple[Feed, ...]:
        """List the addresses of the calendar, the latest first, revoked ones too."""
        return feeds.list_feeds(self._tracker.database)

    def create_feed(self, name: str) -> NewFeed:
        """Make an address of the calendar; whoever knows it can read it. Raises FormError."""
        checked: str = entries.check_value("name", name, ViewName)
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        with self._tracker.change("calendar_feed.create") as change:
            feed = feeds.create(change.db, checked, secret)
            change.note(name=feed.name)
            # Not kept as the answer for a repeated request: the secret is stored nowhere.
            change.about(f"calendar_feed:{feed.id}")
            return NewFeed(feed=feed, secret=secret)

    def revoke_feed(self, feed_id: int) -> Feed:
        """End an address: nobody reads the calendar by it any more. Raises NotFound."""
        with self._tracker.change("calendar_feed.revoke", f"calendar_feed:{feed_id}") as change:
            return change.made(feeds.revoke(change.db, feed_id), change.target)

    def _entries(
        self, since: datetime, until: datetime | None, *, with_moves: bool
    ) -> tuple[CalendarEntry, ...]:
        database = self._tracker.database
        events = calendar.events_between(database, since, until, limit=MOST, with_moves=with_moves)
        last_day = None if until is None else (until - timedelta(microseconds=1)).date()
        actions = calendar.next_actions(database, since.date(), last_day, limit=MOST)
        found = [*events, *map(entry_of, actions)]
        return tuple(sorted(found, key=lambda entry: (entry.starts_at, entry.uid))[:MOST])


def entry_of(action: NextAction) -> CalendarEntry:
    """Return a next action as an entry of a whole day."""
    return CalendarEntry(
        uid=action.uid,
        kind="next_action",
        event_id=None,
        application_id=action.application_id,
        job_id=action.job_id,
        title=action.title,
        text=None,
        place=None,
        starts_at=datetime.combine(action.on, time(), tzinfo=UTC),
        ends_at=None,
        timezone="UTC",
        all_day=True,
        reminder_min=None,
        done=False,
        subject=action.subject,
        company=action.company,
        url=action.url,
        version=action.version,
        updated_at=action.updated_at,
    )
