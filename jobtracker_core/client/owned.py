"""What else a person keeps on a server: contacts, tags, saved views, hidden jobs, the calendar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from jobtracker_core.client.errors import OtherVersion
from jobtracker_core.client.paging import PAGE, joined
from jobtracker_core.client.session import Session, segment
from jobtracker_core.storage.calendar import CalendarEntry
from jobtracker_core.storage.contacts import Contact, ContactChanges, ContactDraft, ContactList
from jobtracker_core.storage.dismissals import Dismissal, DismissalList, Hidden
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.feeds import Feed
from jobtracker_core.storage.fields import Line, Moment, SourceName, ViewName, Zone
from jobtracker_core.storage.performance import Performance
from jobtracker_core.storage.stats import Stats as FrontStats
from jobtracker_core.storage.tags import Tag, Tagged
from jobtracker_core.storage.views import View, ViewChanges, ViewDraft, ViewKind
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.calendar import NewFeed
from jobtracker_core.tracker.stats import Days
from jobtracker_core.tracker.tags import check_names


class Contacts:
    """People of companies and of applications; see `tracker.contacts`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self,
        *,
        company_id: int | None = None,
        application_id: int | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> ContactList:
        """List contacts, the latest first; `after` is the mark of the page before."""

        def read(most: int, mark: str | None) -> ContactList:
            return self._session.get(
                "/contacts",
                ContactList,
                company_id=company_id,
                application_id=application_id,
                limit=most,
                after=mark,
            )

        return joined(read, limit, after)

    def export(
        self, *, company_id: int | None = None, application_id: int | None = None
    ) -> Iterator[Contact]:
        """Yield all contacts of a list, however many; it stands in the audit log."""
        return self._session.lines(
            "/contacts/export",
            Contact,
            format="jsonl",
            company_id=company_id,
            application_id=application_id,
        )

    def get(self, contact_id: int) -> Contact:
        """Return one contact."""
        return self._session.get(f"/contacts/{contact_id}", Contact)

    def create(self, draft: ContactDraft) -> Contact:
        """Enter a contact; raises FormError naming each wrong field, and NotFound."""
        return self._session.post("/contacts", Contact, entries.check(draft))

    def update(
        self, contact_id: int, changes: ContactChanges, *, expected_version: int | None = None
    ) -> Contact:
        """Change what is given of a contact; raises FormError and Stale."""
        path = f"/contacts/{contact_id}"
        return self._session.put(path, Contact, entries.check(changes), version=expected_version)

    def delete(self, contact_id: int, *, expected_version: int | None = None) -> None:
        """Delete a contact; raises Stale."""
        self._session.delete(f"/contacts/{contact_id}", version=expected_version)


class Tags:
    """Words on jobs and on applications; see `tracker.tags`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> tuple[Tag, ...]:
        """List all tags by name, with how many jobs and applications carry them."""
        return self._session.get("/tags", tuple[Tag, ...])

    def of(self, kind: Tagged, number: int) -> tuple[str, ...]:
        """Return the tags of a job or of an application."""
        return self._session.get(_tagged(kind, number), tuple[str, ...])

    def add(self, kind: Tagged, number: int, names: Sequence[str]) -> tuple[str, ...]:
        """Put tags on a job or an application; return all that it has then."""
        wanted = check_names(names)
        if not all(map(_fits_a_path, wanted)):
            return self.put(kind, number, [*self.of(kind, number), *wanted])
        found: tuple[str, ...] = ()
        for name in wanted:
            path = f"{_tagged(kind, number)}/{segment(name)}"
            found = self._session.put(path, tuple[str, ...], None)
        return found

    def remove(self, kind: Tagged, number: int, names: Sequence[str]) -> tuple[str, ...]:
        """Take tags off a job or an application; return what it has then."""
        wanted = check_names(names)
        if not all(map(_fits_a_path, wanted)):
            gone = {name.casefold() for name in wanted}
            left = [name for name in self.of(kind, number) if name.casefold() not in gone]
            return self.put(kind, number, left)
        for name in wanted:
            self._session.delete(f"{_tagged(kind, number)}/{segment(name)}")
        return self.of(kind, number)

    def put(self, kind: Tagged, number: int, names: Sequence[str]) -> tuple[str, ...]:
        """Make these the tags of a job or an application, and no others."""
        body = {"tags": check_names(names) if names else ()}
        return self._session.put(_tagged(kind, number), tuple[str, ...], body)

    def rename(self, tag_id: int, name: str) -> Tag:
        """Give a tag another name wherever it is; raises Duplicate."""
        [wanted] = check_names([name])
        return self._session.put(f"/tags/{tag_id}", Tag, {"name": wanted})

    def delete(self, tag_id: int) -> None:
        """Take a tag off everything and forget it."""
        self._session.delete(f"/tags/{tag_id}")


def _tagged(kind: Tagged, number: int) -> str:
    return f"/{kind}s/{number}/tags"


def _fits_a_path(name: str) -> bool:
    """Say whether a name is one part of a path to everybody on the way."""
    return "/" not in name and name not in {".", ".."}


class Views:
    """Lists with their filters, under a name; see `tracker.views`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self, *, kind: ViewKind | None = None) -> tuple[View, ...]:
        """List views by name, of one kind or of both."""
        return self._session.get("/views", tuple[View, ...], kind=kind)

    def get(self, view_id: int) -> View:
        """Return one view."""
        return self._session.get(f"/views/{view_id}", View)

    def create(self, draft: ViewDraft) -> View:
        """Save a view; raises FormError (a word of the query as `query.WORD`) and Duplicate."""
        return self._session.post("/views", View, entries.check(draft))

    def update(
        self, view_id: int, changes: ViewChanges, *, expected_version: int | None = None
    ) -> View:
        """Change a view, its query as a whole; raises FormError, Stale and Duplicate."""
        checked = entries.check(changes)
        return self._session.put(f"/views/{view_id}", View, checked, version=expected_version)

    def delete(self, view_id: int, *, expected_version: int | None = None) -> None:
        """Forget a view; raises Stale."""
        self._session.delete(f"/views/{view_id}", version=expected_version)


class Dismissals:
    """Jobs hidden for good, until that is taken back; see `tracker.dismissals`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self, *, limit: int = 50, after: str | None = None) -> DismissalList:
        """List what is hidden, the latest first; `after` is the mark of the page before."""

        def read(most: int, mark: str | None) -> DismissalList:
            return self._session.get("/dismissals", DismissalList, limit=most, after=mark)

        return joined(read, limit, after)

    def export(self) -> Iterator[Dismissal]:
        """Yield all that is hidden; it stands in the audit log."""
        return self._session.lines("/dismissals/export", Dismissal, format="jsonl")

    def of_job(self, job_id: int) -> Dismissal | None:
        """Return by what a job is hidden, None if it is not; raises NotFound for the job."""
        return self._session.get(f"/jobs/{job_id}/dismissal", Hidden).dismissal

    def dismiss(self, job_id: int, *, reason: str | None = None) -> Dismissal:
        """Hide a job; one that is hidden already stays as it is.

        Raises NotFound, and FormError for a reason that is too long.
        """
        body = {"reason": entries.check_value("reason", reason, Line | None)}
        return self._session.post(f"/jobs/{job_id}/dismiss", Dismissal, body)

    def restore(self, dismissal_id: int) -> Dismissal:
        """Take a dismissal back and return what it was; raises NotFound."""
        found = self._find(dismissal_id)
        self._session.delete(f"/dismissals/{dismissal_id}")
        if found is None:
            raise NotFound(f"there is no dismissal {dismissal_id}", "List them to see.")
        return found

    def restore_job(self, job_id: int) -> None:
        """Show a job again; raises NotFound if it is not there, or not hidden."""
        self._session.do(f"/jobs/{job_id}/restore")

    def _find(self, dismissal_id: int) -> Dismissal | None:
        page = self.list(limit=PAGE)
        while True:
            for found in page.items:
                if found.id == dismissal_id:
                    return found
            if page.after is None or not page.items:
                return None
            page = self.list(limit=PAGE, after=page.after)


class Calendar:
    """Events and next actions by their time; see `tracker.calendar`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def between(self, since: datetime, until: datetime) -> tuple[CalendarEntry, ...]:
        """Return what goes on in a span of time, moves of applications included, earliest first.

        `until` is not included. Raises FormError.
        """
        words = {
            "from": entries.check_value("from", since, Moment),
            "to": entries.check_value("to", until, Moment),
        }
        return self._session.get("/calendar", tuple[CalendarEntry, ...], **words)

    def ics(self, secret: str) -> str:
        """Return the calendar as text for calendar programs; raises NotFound."""
        try:
            return self._session.text(f"/feeds/{segment(secret)}.ics")
        except OtherVersion:  # a page that is not there, and nobody says why
            raise NotFound(
                "no address of the calendar has this secret, or it was revoked",
                "List the addresses, and make another one.",
            ) from None

    def feeds(self) -> tuple[Feed, ...]:
        """List the addresses of the calendar, the latest first, revoked ones too."""
        return self._session.get("/calendar/feeds", tuple[Feed, ...])

    def create_feed(self, name: str) -> NewFeed:
        """Make an address of the calendar; whoever knows it can read it. Raises FormError."""
        body = {"name": entries.check_value("name", name, ViewName)}
        return self._session.post("/calendar/feeds", NewFeed, body)

    def revoke_feed(self, feed_id: int) -> Feed:
        """End an address: nobody reads the calendar by it any more. Raises NotFound."""
        self._session.delete(f"/calendar/feeds/{feed_id}")
        [revoked] = [feed for feed in self.feeds() if feed.id == feed_id]
        return revoked


class Stats:
    """What there is, what is new, and what is to be done; see `tracker.stats`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def front(self, *, since: datetime | None = None) -> FrontStats:
        """Count everything; what is new came since then, or in the last 24 hours."""
        moment = entries.check_value("since", since, Moment | None)
        return self._session.get("/stats", FrontStats, since=moment)

    def performance(
        self, *, days: int = 30, source: str | None = None, timezone: str = "UTC"
    ) -> Performance:
        """Say how collecting did in the last days, today included, by the clock of a place.

        At most 90 days and the newest 50,000 runs. Raises FormError naming what is wrong.
        """
        return self._session.get(
            "/stats/performance",
            Performance,
            days=entries.check_value("days", days, Days),
            source=entries.check_value("source", source, SourceName | None),
            timezone=entries.check_value("timezone", timezone, Zone),
        )
