"""The tables of what a person owns: applications, events, contacts, tags, dismissals, views."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from jobtracker_core.storage.columns import among, metadata, row_id, time
from jobtracker_core.storage.types import BIG_ID, Json

STATUSES = ("draft", "applied", "interviewing", "offer", "accepted", "rejected", "withdrawn")
OPEN_STATUSES = ("draft", "applied", "interviewing", "offer")
EVENT_KINDS = (*("interview", "follow_up", "deadline", "note", "status", "call", "offer", "other"),)
VIEW_KINDS = ("jobs", "applications")


def _version() -> Column[int]:
    """Return the column that grows with each change of its row."""
    return Column("version", sa.Integer, nullable=False, server_default=sa.text("1"))


def _owner(name: str, table: str, ondelete: str, *, required: bool = False) -> Column[int]:
    return Column(name, BIG_ID, ForeignKey(f"{table}.id", ondelete=ondelete), nullable=not required)


applications = Table(
    "applications",
    metadata,
    row_id(),
    Column("uid", Text, nullable=False),
    _owner("job_id", "jobs", "SET NULL"),
    _owner("company_id", "companies", "SET NULL"),
    Column("title", Text, nullable=False),
    Column("company", Text),
    Column("url", Text),
    Column("status", Text, nullable=False),
    time("moved_at", required=True),
    time("applied_at"),
    Column("next_action", Text),
    Column("next_action_on", sa.Date),
    Column("found_through", Text),
    Column("pay_wish", Text),
    Column("notes", Text),
    _version(),
    time("created_at", required=True),
    time("updated_at", required=True),
    UniqueConstraint("uid"),
    CheckConstraint(among("status", STATUSES), name="status"),
    Index("ix_applications_job_id", "job_id"),
    Index("ix_applications_company_id", "company_id"),
    sqlite_autoincrement=True,
)
APPLICATION_OPEN = sa.and_(
    applications.c.job_id.is_not(None),
    applications.c.status.in_(sa.literal_column(repr(status)) for status in OPEN_STATUSES),
)
Index(
    "application_open",
    applications.c.job_id,
    unique=True,
    postgresql_where=APPLICATION_OPEN,
    sqlite_where=APPLICATION_OPEN,
)

application_snapshots = Table(
    "application_snapshots",
    metadata,
    row_id(),
    _owner("application_id", "applications", "CASCADE", required=True),
    time("taken_at", required=True),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("apply_url", Text),
    Column("title", Text, nullable=False),
    Column("company", Text),
    Column("place", Text),
    Column("remote", Text),
    time("posted_at"),
    Column("pay_text", Text),
    Column("pay_min", sa.Double),
    Column("pay_max", sa.Double),
    Column("pay_currency", Text),
    Column("pay_interval", Text),
    Column("pay_kind", Text),
    Column("description", Text),
    Index("ix_application_snapshots_application_id", "application_id", "id"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    row_id(),
    Column("uid", Text, nullable=False),
    _owner("application_id", "applications", "CASCADE"),
    _owner("job_id", "jobs", "SET NULL"),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text),
    Column("place", Text),
    time("starts_at", required=True),
    time("ends_at"),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    Column("all_day", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("reminder_min", sa.Integer),
    time("done_at"),
    Column("from_status", Text),
    Column("to_status", Text),
    _version(),
    time("created_at", required=True),
    time("updated_at", required=True),
    UniqueConstraint("uid"),
    CheckConstraint(among("kind", EVENT_KINDS), name="kind"),
    CheckConstraint(
        "(kind = 'status') = (to_status IS NOT NULL) AND (kind <> 'status' OR "
        "application_id IS NOT NULL)",
        name="move",
    ),
    CheckConstraint("ends_at >= starts_at", name="span"),
    Index("ix_events_application_id", "application_id", "starts_at"),
    Index("ix_events_job_id", "job_id", "starts_at"),
    Index("ix_events_starts_at", "starts_at", "id"),
    sqlite_autoincrement=True,
)

contacts = Table(
    "contacts",
    metadata,
    row_id(),
    _owner("company_id", "companies", "CASCADE"),
    _owner("application_id", "applications", "CASCADE"),
    Column("name", Text, nullable=False),
    Column("role", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("url", Text),
    Column("notes", Text),
    _version(),
    time("created_at", required=True),
    time("updated_at", required=True),
    CheckConstraint("(company_id IS NULL) <> (application_id IS NULL)", name="owner"),
    Index("ix_contacts_company_id", "company_id", "id"),
    Index("ix_contacts_application_id", "application_id", "id"),
    sqlite_autoincrement=True,
)

# The key is the name in one case, so that "Remote" and "remote" are one tag.
tags = Table(
    "tags",
    metadata,
    row_id(),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    time("created_at", required=True),
    UniqueConstraint("key"),
    sqlite_autoincrement=True,
)


def _tagged(name: str, column: str, table: str) -> Table:
    return Table(
        name,
        metadata,
        _owner(column, table, "CASCADE", required=True),
        _owner("tag_id", "tags", "CASCADE", required=True),
        sa.PrimaryKeyConstraint(column, "tag_id"),
        Index(f"ix_{name}_tag_id", "tag_id", column),
    )


job_tags = _tagged("job_tags", "job_id", "jobs")
application_tags = _tagged("application_tags", "application_id", "applications")

job_notes = Table(
    "job_notes",
    metadata,
    Column(
        "job_id",
        BIG_ID,
        ForeignKey("jobs.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("text", Text, nullable=False),
    _version(),
    time("created_at", required=True),
    time("updated_at", required=True),
)

# Keyed as the site keys its postings, not by the job's number: the row outlives the job, so that
# one that was deleted and is collected again stays hidden.
dismissals = Table(
    "dismissals",
    metadata,
    row_id(),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("company", Text),
    Column("reason", Text),
    time("dismissed_at", required=True),
    UniqueConstraint("source", "source_id"),
    sqlite_autoincrement=True,
)

saved_views = Table(
    "saved_views",
    metadata,
    row_id(),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("query", Json, nullable=False),
    _version(),
    time("created_at", required=True),
    time("updated_at", required=True),
    UniqueConstraint("kind", "name"),
    CheckConstraint(among("kind", VIEW_KINDS), name="kind"),
    sqlite_autoincrement=True,
)

# Only the digest of an address is kept: whoever reads the database cannot read the calendar by it.
calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    row_id(),
    Column("name", Text, nullable=False),
    Column("digest", sa.LargeBinary, nullable=False),
    time("created_at", required=True),
    time("last_used_at"),
    time("revoked_at"),
    UniqueConstraint("digest"),
    CheckConstraint("length(digest) = 32", name="digest"),
    sqlite_autoincrement=True,
)
