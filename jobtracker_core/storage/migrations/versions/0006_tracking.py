"""What a person owns: applications, events, contacts, tags, dismissals, views, calendar feeds."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from jobtracker_core.storage.types import BIG_ID, Json, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and give jobs and companies what a person can do to them."""
    _stored()
    _applications()
    _snapshots()
    _timeline()
    _contacts()
    _tags()
    _job_notes()
    _dismissals()
    _saved_views()
    _calendar_feeds()


def _texts(*names: str, required: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=not required) for name in names]


def _times(*names: str, required: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, UtcDateTime, nullable=not required) for name in names]


def _checks(table: str, **checks: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(text, name=op.f(f"ck_{table}_{name}")) for name, text in checks.items()
    ]


def _row_id() -> sa.Column[int]:
    return sa.Column("id", BIG_ID, sa.Identity(always=False), nullable=False)


def _version() -> sa.Column[int]:
    return sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1"))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _owner(table: str, column: str, other: str, ondelete: str, *, required: bool = False) -> Any:
    return [
        sa.Column(column, BIG_ID, nullable=not required),
        sa.ForeignKeyConstraint(
            [column],
            [f"{other}.id"],
            name=op.f(f"fk_{table}_{column}_{other}"),
            ondelete=ondelete,
        ),
    ]


def _stored() -> None:
    op.add_column("companies", _version())
    op.add_column("jobs", _version())
    op.add_column("jobs", sa.Column("edited", Json))
    op.add_column("jobs", sa.Column("dismissed_at", UtcDateTime))
    dated = sa.text("posted_at IS NOT NULL")
    op.create_index(
        "ix_jobs_posted_at",
        "jobs",
        ["posted_at", "id"],
        sqlite_where=dated,
        postgresql_where=dated,
    )


def _applications() -> None:
    table = "applications"
    op.create_table(
        table,
        _row_id(),
        *_texts("uid", required=True),
        *_owner(table, "job_id", "jobs", "SET NULL"),
        *_owner(table, "company_id", "companies", "SET NULL"),
        *_texts("title", required=True),
        *_texts("company", "url"),
        *_texts("status", required=True),
        *_times("moved_at", required=True),
        *_times("applied_at"),
        *_texts("next_action"),
        sa.Column("next_action_on", sa.Date),
        *_texts("found_through", "pay_wish", "notes"),
        _version(),
        *_times("created_at", "updated_at", required=True),
        _key(table, "id"),
        _unique(table, "uid"),
        *_checks(
            table,
            status="status IN ('draft', 'applied', 'interviewing', 'offer', 'accepted', "
            "'rejected', 'withdrawn')",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_applications_job_id", table, ["job_id"])
    op.create_index("ix_applications_company_id", table, ["company_id"])
    still_open = sa.text(
        "job_id IS NOT NULL AND status IN ('draft', 'applied', 'interviewing', 'offer')"
    )
    op.create_index(
        "application_open",
        table,
        ["job_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _snapshots() -> None:
    table = "application_snapshots"
    op.create_table(
        table,
        _row_id(),
        *_owner(table, "application_id", "applications", "CASCADE", required=True),
        *_times("taken_at", required=True),
        *_texts("source", "source_id", "url", required=True),
        *_texts("apply_url"),
        *_texts("title", required=True),
        *_texts("company", "place", "remote"),
        *_times("posted_at"),
        *_texts("pay_text"),
        sa.Column("pay_min", sa.Double),
        sa.Column("pay_max", sa.Double),
        *_texts("pay_currency", "pay_interval", "pay_kind", "description"),
        _key(table, "id"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{table}_application_id", table, ["application_id", "id"])


def _timeline() -> None:
    table = "events"
    op.create_table(
        table,
        _row_id(),
        *_texts("uid", required=True),
        *_owner(table, "application_id", "applications", "CASCADE"),
        *_owner(table, "job_id", "jobs", "SET NULL"),
        *_texts("kind", "title", required=True),
        *_texts("text", "place"),
        *_times("starts_at", required=True),
        *_times("ends_at"),
        sa.Column("timezone", sa.Text, nullable=False, server_default="UTC"),
        sa.Column("all_day", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("reminder_min", sa.Integer),
        *_times("done_at"),
        *_texts("from_status", "to_status"),
        _version(),
        *_times("created_at", "updated_at", required=True),
        _key(table, "id"),
        _unique(table, "uid"),
        *_checks(
            table,
            kind="kind IN ('interview', 'follow_up', 'deadline', 'note', 'status', 'call', "
            "'offer', 'other')",
            move="(kind = 'status') = (to_status IS NOT NULL) AND (kind <> 'status' OR "
            "application_id IS NOT NULL)",
            span="ends_at >= starts_at",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_application_id", table, ["application_id", "starts_at"])
    op.create_index("ix_events_job_id", table, ["job_id", "starts_at"])
    op.create_index("ix_events_starts_at", table, ["starts_at", "id"])


def _contacts() -> None:
    table = "contacts"
    op.create_table(
        table,
        _row_id(),
        *_owner(table, "company_id", "companies", "CASCADE"),
        *_owner(table, "application_id", "applications", "CASCADE"),
        *_texts("name", required=True),
        *_texts("role", "email", "phone", "url", "notes"),
        _version(),
        *_times("created_at", "updated_at", required=True),
        _key(table, "id"),
        *_checks(table, owner="(company_id IS NULL) <> (application_id IS NULL)"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contacts_company_id", table, ["company_id", "id"])
    op.create_index("ix_contacts_application_id", table, ["application_id", "id"])


def _tags() -> None:
    op.create_table(
        "tags",
        _row_id(),
        *_texts("key", "name", required=True),
        *_times("created_at", required=True),
        _key("tags", "id"),
        _unique("tags", "key"),
        sqlite_autoincrement=True,
    )
    for table, column, other in (
        ("job_tags", "job_id", "jobs"),
        ("application_tags", "application_id", "applications"),
    ):
        op.create_table(
            table,
            *_owner(table, column, other, "CASCADE", required=True),
            *_owner(table, "tag_id", "tags", "CASCADE", required=True),
            _key(table, column, "tag_id"),
        )
        op.create_index(f"ix_{table}_tag_id", table, ["tag_id", column])


def _job_notes() -> None:
    table = "job_notes"
    op.create_table(
        table,
        *_owner(table, "job_id", "jobs", "CASCADE", required=True),
        *_texts("text", required=True),
        _version(),
        *_times("created_at", "updated_at", required=True),
        _key(table, "job_id"),
    )


def _dismissals() -> None:
    table = "dismissals"
    op.create_table(
        table,
        _row_id(),
        *_texts("source", "source_id", "title", required=True),
        *_texts("company", "reason"),
        *_times("dismissed_at", required=True),
        _key(table, "id"),
        _unique(table, "source", "source_id"),
        sqlite_autoincrement=True,
    )


def _saved_views() -> None:
    table = "saved_views"
    op.create_table(
        table,
        _row_id(),
        *_texts("name", "kind", required=True),
        sa.Column("query", Json, nullable=False),
        _version(),
        *_times("created_at", "updated_at", required=True),
        _key(table, "id"),
        _unique(table, "kind", "name"),
        *_checks(table, kind="kind IN ('jobs', 'applications')"),
        sqlite_autoincrement=True,
    )


def _calendar_feeds() -> None:
    table = "calendar_feeds"
    op.create_table(
        table,
        _row_id(),
        *_texts("name", required=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        *_times("created_at", required=True),
        *_times("last_used_at", "revoked_at"),
        _key(table, "id"),
        _unique(table, "digest"),
        *_checks(table, digest="length(digest) = 32"),
        sqlite_autoincrement=True,
    )
