"""People at companies, as the user entered them for himself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, Struct, UnsetType, structs

from jobtracker_core.storage import versions
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.fields import Email, Line, Link, Name, Prose
from jobtracker_core.storage.keyset import Order
from jobtracker_core.storage.rows import Reader, to_struct
from jobtracker_core.storage.tables import companies
from jobtracker_core.storage.tracking_tables import applications, contacts
from jobtracker_core.storage.types import LARGEST_ID


class ContactDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact to be entered, of either a company or an application.

    Attributes:
        company_id: The stored company that the person is at.
        application_id: The application that the person is a contact for.
        name: Of the person.
        role: What the person does there.
        email: The person's address.
        phone: The person's number, in whatever form.
        url: The person's own page or profile.
        notes: What is good to know of the person.
    """

    company_id: int | None = None
    application_id: int | None = None
    name: Name
    role: Line | None = None
    email: Email | None = None
    phone: Line | None = None
    url: Link | None = None
    notes: Prose | None = None


class ContactChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to become different; what is not given stays, null empties."""

    name: Name | UnsetType = UNSET
    role: Line | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    phone: Line | UnsetType | None = UNSET
    url: Link | UnsetType | None = UNSET
    notes: Prose | UnsetType | None = UNSET


class Contact(Struct, frozen=True, kw_only=True):
    """A stored contact; `version` grows with each change."""

    id: int
    company_id: int | None
    application_id: int | None
    name: str
    role: str | None
    email: str | None
    phone: str | None
    url: str | None
    notes: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class ContactList(Struct, frozen=True, kw_only=True):
    """A page of contacts. `after` leads to the next one; None where there is none."""

    items: tuple[Contact, ...]
    after: str | None


_CONTACTS = Reader(Contact, tuple(contacts.columns))
_LATEST: Order[Contact] = Order(contacts.c.id, None, lambda row: (row.id, None))


def create(db: Database, draft: ContactDraft) -> Contact:
    """Store a contact; raises NotFound for its company or application."""
    with db.write() as conn:
        moment = now(conn)
        if draft.company_id is not None:
            versions.find(conn, companies, "company", draft.company_id)
        if draft.application_id is not None:
            versions.find(conn, applications, "application", draft.application_id)
        row: dict[str, Any] = structs.asdict(draft)
        row |= {"version": 1, "created_at": moment, "updated_at": moment}
        number = conn.execute(sa.insert(contacts).values(row).returning(contacts.c.id)).scalar_one()
        return to_struct({**row, "id": number}, Contact)


def update(
    db: Database,
    contact_id: int,
    changes: ContactChanges,
    *,
    expected_version: int | None = None,
) -> Contact:
    """Change a contact; raises NotFound and Stale."""
    given = {n: value for n, value in structs.asdict(changes).items() if value is not UNSET}
    with db.write() as conn:
        before = versions.hold(conn, contacts, "contact", contact_id, expected_version)
        return to_struct(versions.save(conn, contacts, before, given, now(conn)), Contact)


def delete(db: Database, contact_id: int, *, expected_version: int | None = None) -> None:
    """Delete a contact; raises NotFound and Stale."""
    with db.write() as conn:
        versions.remove(conn, contacts, "contact", contact_id, expected_version)


def get(db: Database, contact_id: int) -> Contact:
    """Return a contact; raises NotFound."""
    with db.read() as conn:
        return to_struct(versions.find(conn, contacts, "contact", contact_id), Contact)


def list_contacts(
    db: Database,
    *,
    company_id: int | None = None,
    application_id: int | None = None,
    limit: int = 50,
    after: str | None = None,
) -> ContactList:
    """Return contacts, the latest first, of a company, of an application, or all.

    Raises:
        NotFound: `after` is nothing that a page gave.
    """
    statement = sa.select(contacts)
    if company_id is not None:
        statement = statement.where(contacts.c.company_id == min(company_id, LARGEST_ID))
    if application_id is not None:
        statement = statement.where(contacts.c.application_id == min(application_id, LARGEST_ID))
    with db.read() as conn:
        page = _LATEST.read(conn, _CONTACTS, statement, limit=limit, after=after)
    return ContactList(items=page.items, after=page.after)
