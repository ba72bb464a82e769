"""People at companies, as their user sees them."""

from __future__ import annotations

from collections.abc import Iterator

from jobtracker_core.storage import contacts
from jobtracker_core.storage.contacts import Contact, ContactChanges, ContactDraft, ContactList
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.exporting import AT_ONCE, exported, walk
from jobtracker_core.tracker.stored import Installation


class Contacts:
    """People of companies and of applications. All raise NotFound for one that is not there."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    def list(
        self,
        *,
        company_id: int | None = None,
        application_id: int | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> ContactList:
        """List contacts, the latest first; `after` is the mark of the page before."""
        return contacts.list_contacts(
            self._tracker.database,
            company_id=company_id,
            application_id=application_id,
            limit=limit,
            after=after,
        )

    def export(
        self, *, company_id: int | None = None, application_id: int | None = None
    ) -> Iterator[Contact]:
        """Give all contacts of a list, however many; it stands in the audit log."""
        of = {"company_id": company_id, "application_id": application_id}
        rows = walk(lambda after: self.list(limit=AT_ONCE, after=after, **of))
        return exported(self._tracker, "contact", rows)

    def get(self, contact_id: int) -> Contact:
        """Return one contact."""
        return contacts.get(self._tracker.database, contact_id)

    def create(self, draft: ContactDraft) -> Contact:
        """Enter a contact; raises FormError naming each wrong field, and NotFound."""
        also = {}
        if (draft.company_id is None) == (draft.application_id is None):
            also["company_id"] = "give either a company or an application"
        checked = entries.check(draft, also=also)
        with self._tracker.change("contact.create") as change:
            made = contacts.create(change.db, checked)
            return change.made(made, f"contact:{made.id}")

    def update(
        self, contact_id: int, changes: ContactChanges, *, expected_version: int | None = None
    ) -> Contact:
        """Change what is given of a contact; raises FormError and Stale."""
        checked = entries.check(changes)
        with self._tracker.change("contact.update", f"contact:{contact_id}") as change:
            made = contacts.update(
                change.db, contact_id, checked, expected_version=expected_version
            )
            change.note(fields=sorted(entries.given(checked)))
            return change.made(made, change.target)

    def delete(self, contact_id: int, *, expected_version: int | None = None) -> None:
        """Delete a contact; raises Stale."""
        with self._tracker.change("contact.delete", f"contact:{contact_id}") as change:
            contacts.delete(change.db, contact_id, expected_version=expected_version)
