"""All tables, declared once. `migrations/` must lead to exactly these."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from jobtracker_core.storage.types import BIG_ID, Json, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

FINAL_STATES = ("succeeded", "partial", "suspect", "failed", "cancelled", "missed")
ACTIVE_STATES = ("pending", "running")
HASH_BYTES = 16


def _in(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _row_id() -> Column[int]:
    # BY DEFAULT, so that a page can reserve its numbers first and insert in another order.
    return Column("id", BIG_ID, Identity(always=False), primary_key=True)


def _time(name: str, *, required: bool = False) -> Column[Any]:
    return Column(name, UtcDateTime(), nullable=not required)


def _count(name: str, kind: Any = sa.Integer) -> Column[int]:
    return Column(name, kind, nullable=False, server_default=sa.text("0"))


companies = Table(
    "companies",
    metadata,
    _row_id(),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("homepage", Text),
    Column("profile_url", Text),
    Column("logo_url", Text),
    Column("industry", Text),
    Column("size", Text),
    Column("founded", sa.Integer),
    Column("headquarters", Text),
    Column("description", Text),
    Column("ats", Text),
    _time("created_at", required=True),
    _time("updated_at", required=True),
    UniqueConstraint("key"),
    sqlite_autoincrement=True,
)

# Numbers of runs stand here without a foreign key: runs are pruned, and the number of a run that
# is gone still tells which jobs came together.
jobs = Table(
    "jobs",
    metadata,
    _row_id(),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("company", Text),
    Column("company_id", BIG_ID, ForeignKey("companies.id")),
    Column("place", Text),
    Column("city", Text),
    Column("region", Text),
    Column("country", Text),
    Column("latitude", sa.Double),
    Column("longitude", sa.Double),
    Column("places", Json),
    Column("remote", Text),
    Column("employment", Json),
    Column("seniority", Text),
    Column("skills", Json),
    Column("language", Text),
    Column("pay_text", Text),
    Column("pay_min", sa.Double),
    Column("pay_max", sa.Double),
    Column("pay_currency", Text),
    Column("pay_interval", Text),
    Column("pay_kind", Text),
    Column("pay_year_min", sa.Double),
    Column("pay_year_max", sa.Double),
    Column("pay_year_factor", sa.Double),
    _time("posted_at"),
    Column("posted_precision", Text),
    Column("apply_url", Text),
    _time("closed_at"),
    Column("list_hash", sa.LargeBinary),
    Column("detail_hash", sa.LargeBinary),
    Column("detail_fields", Json),
    _time("details_at"),
    _time("details_tried_at"),
    Column("details_due", sa.Boolean, nullable=False, server_default=sa.false()),
    _time("first_seen_at", required=True),
    Column("first_run_id", BIG_ID),
    _time("changed_at", required=True),
    UniqueConstraint("source", "source_id"),
    CheckConstraint(
        f"length(list_hash) = {HASH_BYTES} AND length(detail_hash) = {HASH_BYTES}", name="hashes"
    ),
    Index("ix_jobs_source_id_walk", "source", "id"),
    Index("ix_jobs_company_id", "company_id"),
    sqlite_autoincrement=True,
)
Index(
    "ix_jobs_details_due",
    jobs.c.source,
    jobs.c.details_at,
    postgresql_where=jobs.c.details_due,
    sqlite_where=jobs.c.details_due,
)
_recheckable = sa.and_(jobs.c.closed_at.is_(None), jobs.c.details_at.is_not(None))
Index(
    "ix_jobs_recheck",
    jobs.c.source,
    jobs.c.details_at,
    postgresql_where=_recheckable,
    sqlite_where=_recheckable,
)

job_texts = Table(
    "job_texts",
    metadata,
    Column(
        "job_id",
        BIG_ID,
        ForeignKey("jobs.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("description", Text),
    Column("raw", Text),
)

job_sightings = Table(
    "job_sightings",
    metadata,
    Column(
        "job_id",
        BIG_ID,
        ForeignKey("jobs.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    _time("last_seen_at", required=True),
    Column("last_run_id", BIG_ID),
    Column("times_seen", sa.Integer, nullable=False, server_default=sa.text("1")),
    postgresql_with={"fillfactor": 70},
)

job_changes = Table(
    "job_changes",
    metadata,
    _row_id(),
    Column("job_id", BIG_ID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("run_id", BIG_ID),
    _time("at", required=True),
    Column("kind", Text, nullable=False),
    Column("changes", Json, nullable=False),
    CheckConstraint(_in("kind", ("list", "detail")), name="kind"),
    Index("ix_job_changes_job_id", "job_id", "id"),
    Index("ix_job_changes_run_id", "run_id", "job_id"),
    sqlite_autoincrement=True,
)

collectors = Table(
    "collectors",
    metadata,
    _row_id(),
    Column("name", Text, nullable=False),
    Column("enabled", sa.Boolean, nullable=False, server_default=sa.false()),
    _time("paused_until"),
    Column("pause_reason", Text),
    _count("consecutive_failures"),
    Column("max_parallel", sa.SmallInteger, nullable=False, server_default=sa.text("1")),
    _time("last_run_at"),
    _time("created_at", required=True),
    _time("updated_at", required=True),
    UniqueConstraint("name"),
    CheckConstraint("max_parallel BETWEEN 1 AND 64", name="max_parallel"),
    sqlite_autoincrement=True,
)

collector_runs = Table(
    "collector_runs",
    metadata,
    _row_id(),
    Column("collector_id", BIG_ID, ForeignKey("collectors.id"), nullable=False),
    Column("parent_run_id", BIG_ID, ForeignKey("collector_runs.id", ondelete="SET NULL")),
    Column("search_id", BIG_ID),
    Column("queue", Text, nullable=False, server_default="default"),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("priority", sa.SmallInteger, nullable=False, server_default=sa.text("5")),
    Column("trigger", Text, nullable=False),
    Column("requested_by", Text),
    _time("scheduled_for", required=True),
    _time("tick_at"),
    _time("expires_at"),
    Column("dedup_key", Text),
    Column("singleton_key", Text),
    Column("concurrency_key", Text, nullable=False),
    Column("slot", sa.SmallInteger),
    _count("attempt", sa.SmallInteger),
    Column("max_attempts", sa.SmallInteger, nullable=False, server_default=sa.text("3")),
    _count("fence", sa.BigInteger),
    Column("worker_id", Text),
    _time("started_at"),
    _time("claimed_at"),
    _time("heartbeat_at"),
    _time("lease_expires_at"),
    _time("finished_at"),
    _time("cancel_requested_at"),
    Column("cancel_requested_by", Text),
    Column("params", Json, nullable=False, server_default="{}"),
    Column("query", Json, nullable=False, server_default="{}"),
    Column("query_hash", Text),
    Column("cursor", Text),
    _time("cursor_at"),
    Column("end_confirmed", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("plugin_name", Text),
    Column("plugin_version", Text),
    Column("limit_runtime_s", sa.Integer),
    Column("limit_memory_mb", sa.Integer),
    Column("limit_cpu_s", sa.Integer),
    Column("limit_requests", sa.Integer),
    _count("pages"),
    _count("jobs_seen"),
    _count("jobs_new"),
    _count("jobs_changed"),
    _count("jobs_unchanged"),
    _count("jobs_rejected"),
    _count("jobs_filtered"),
    _count("details"),
    _count("details_failed"),
    _count("http_requests"),
    _count("bytes_in", sa.BigInteger),
    Column("error_class", Text),
    Column("error_message", Text),
    Column("error_detail", Text),
    _count("rescue_count", sa.SmallInteger),
    _time("created_at", required=True),
    Column("filters", Json, nullable=False, server_default="[]"),
    CheckConstraint(_in("state", ACTIVE_STATES + FINAL_STATES), name="state"),
    CheckConstraint("(state = 'running') = (lease_expires_at IS NOT NULL)", name="lease"),
    CheckConstraint("(state = 'running') = (slot IS NOT NULL)", name="slot"),
    CheckConstraint("state <> 'running' OR worker_id IS NOT NULL", name="owner"),
    CheckConstraint(f"({_in('state', FINAL_STATES)}) = (finished_at IS NOT NULL)", name="done"),
    sqlite_autoincrement=True,
    # Room on each page, so that heartbeats rewrite a row in place. For the same reason there is
    # no index on lease_expires_at: `run_slot_uq` holds exactly the running rows.
    postgresql_with={"fillfactor": 70},
)
Index("run_dedup", collector_runs.c.dedup_key, unique=True)
_active = collector_runs.c.state.in_(sa.literal_column(repr(state)) for state in ACTIVE_STATES)
_running = collector_runs.c.state == sa.literal_column("'running'")
_pending = collector_runs.c.state == sa.literal_column("'pending'")
Index(
    "run_singleton",
    collector_runs.c.singleton_key,
    unique=True,
    postgresql_where=_active,
    sqlite_where=_active,
)
Index(
    "run_slot_uq",
    collector_runs.c.concurrency_key,
    collector_runs.c.slot,
    unique=True,
    postgresql_where=_running,
    sqlite_where=_running,
)
Index(
    "run_ready",
    collector_runs.c.priority,
    collector_runs.c.scheduled_for,
    collector_runs.c.id,
    postgresql_where=_pending,
    sqlite_where=_pending,
)
Index("run_history", collector_runs.c.collector_id, collector_runs.c.id)
Index("run_query", collector_runs.c.collector_id, collector_runs.c.query_hash, collector_runs.c.id)

rate_limits = Table(
    "rate_limits",
    metadata,
    Column("key", Text, primary_key=True),
    _time("tat", required=True),
    _time("blocked_until"),
    _count("strikes", sa.SmallInteger),
    Column("pace", sa.Double, nullable=False, server_default=sa.text("1")),
    _time("pace_at", required=True),
    CheckConstraint("pace > 0 AND pace <= 1", name="pace"),
    # Every request to a site rewrites its row in place.
    postgresql_with={"fillfactor": 50},
)

proxy_pools = Table(
    "proxy_pools",
    metadata,
    _row_id(),
    Column("name", Text, nullable=False),
    _time("created_at", required=True),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

proxies = Table(
    "proxies",
    metadata,
    _row_id(),
    Column("pool_id", BIG_ID, ForeignKey("proxy_pools.id", ondelete="CASCADE"), nullable=False),
    Column("label", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    _count("failures"),
    _time("quarantined_until"),
    _time("last_used_at"),
    _time("last_ok_at"),
    Column("last_error", Text),
    _time("created_at", required=True),
    UniqueConstraint("pool_id", "label"),
    sqlite_autoincrement=True,
)
