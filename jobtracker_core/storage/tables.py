"""All tables, declared once. `migrations/` must lead to exactly these, and to `index_tables`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint

import jobtracker_core.storage.account_tables
import jobtracker_core.storage.audit_tables
import jobtracker_core.storage.queue_tables
import jobtracker_core.storage.tracking_tables  # noqa: F401  (all belong to the same metadata)
from jobtracker_core.storage import columns
from jobtracker_core.storage.columns import among, count, row_id, time
from jobtracker_core.storage.types import BIG_ID, Json

metadata = columns.metadata

FINAL_STATES = ("succeeded", "partial", "suspect", "failed", "cancelled", "missed")
ACTIVE_STATES = ("pending", "running")
HASH_BYTES = 16

companies = Table(
    "companies",
    metadata,
    row_id(),
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
    time("created_at", required=True),
    time("updated_at", required=True),
    Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
    UniqueConstraint("key"),
    sqlite_autoincrement=True,
)

# Numbers of runs stand here without a foreign key: runs are pruned, and the number of a run that
# is gone still tells which jobs came together.
jobs = Table(
    "jobs",
    metadata,
    row_id(),
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
    time("posted_at"),
    Column("posted_precision", Text),
    Column("apply_url", Text),
    time("closed_at"),
    Column("list_hash", sa.LargeBinary),
    Column("detail_hash", sa.LargeBinary),
    Column("detail_fields", Json),
    time("details_at"),
    time("details_tried_at"),
    Column("details_due", sa.Boolean, nullable=False, server_default=sa.false()),
    time("first_seen_at", required=True),
    Column("first_run_id", BIG_ID),
    time("changed_at", required=True),
    Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
    Column("edited", Json),
    time("dismissed_at"),
    UniqueConstraint("source", "source_id"),
    CheckConstraint(
        f"length(list_hash) = {HASH_BYTES} AND length(detail_hash) = {HASH_BYTES}", name="hashes"
    ),
    Index("ix_jobs_source_id_walk", "source", "id"),
    Index("ix_jobs_company_id", "company_id"),
    sqlite_autoincrement=True,
    # Room for one more row on each page: one that changes stays there, and its indexes as they are.
    postgresql_with={"fillfactor": 90},
)
Index(
    "ix_jobs_details_due",
    jobs.c.source,
    jobs.c.details_at,
    postgresql_where=jobs.c.details_due,
    sqlite_where=jobs.c.details_due,
)
_shown = jobs.c.dismissed_at.is_(None)
Index("ix_jobs_shown", jobs.c.id, postgresql_where=_shown, sqlite_where=_shown)
# What few jobs are: beside a word that many have, a search begins with these.
_closed, _dismissed = (c.is_not(None) for c in (jobs.c.closed_at, jobs.c.dismissed_at))
Index("ix_jobs_closed", jobs.c.id, postgresql_where=_closed, sqlite_where=_closed)
Index("ix_jobs_dismissed", jobs.c.id, postgresql_where=_dismissed, sqlite_where=_dismissed)
# By its hash, as addresses are long and only ever compared as a whole.
Index("ix_jobs_url", jobs.c.url, postgresql_using="hash")
Index("ix_jobs_first_seen_at", jobs.c.first_seen_at)
_dated = jobs.c.posted_at.is_not(None)
Index(
    "ix_jobs_posted_at",
    jobs.c.posted_at,
    jobs.c.id,
    postgresql_where=_dated,
    sqlite_where=_dated,
)
# Those without a day come behind the others, and where all have one, none is looked for in vain.
Index("ix_jobs_undated", jobs.c.id, postgresql_where=~_dated, sqlite_where=~_dated)
PAY_OF_YEAR = sa.func.coalesce(jobs.c.pay_year_max, jobs.c.pay_year_min)
"""What a job pays a year, the most of it."""
# Of all jobs: only so does PostgreSQL count beforehand how many are paid so much.
Index("ix_jobs_pay", PAY_OF_YEAR, jobs.c.id)
_unpaid = PAY_OF_YEAR.is_(None)
Index("ix_jobs_unpaid", jobs.c.id, postgresql_where=_unpaid, sqlite_where=_unpaid)
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
    time("last_seen_at", required=True),
    Column("last_run_id", BIG_ID),
    Column("times_seen", sa.Integer, nullable=False, server_default=sa.text("1")),
    postgresql_with={"fillfactor": 70},
)

job_changes = Table(
    "job_changes",
    metadata,
    row_id(),
    Column("job_id", BIG_ID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("run_id", BIG_ID),
    time("at", required=True),
    Column("kind", Text, nullable=False),
    Column("changes", Json, nullable=False),
    CheckConstraint(among("kind", ("list", "detail")), name="kind"),
    Index("ix_job_changes_job_id", "job_id", "id"),
    Index("ix_job_changes_run_id", "run_id", "job_id"),
    sqlite_autoincrement=True,
)

collectors = Table(
    "collectors",
    metadata,
    row_id(),
    Column("name", Text, nullable=False),
    Column("enabled", sa.Boolean, nullable=False, server_default=sa.false()),
    time("paused_until"),
    Column("pause_reason", Text),
    count("consecutive_failures"),
    time("last_run_at"),
    time("created_at", required=True),
    time("updated_at", required=True),
    Column("paused_version", Text),
    count("layout_failures"),
    Column("settings", Json, nullable=False, server_default="{}"),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

# Sealed one by one, each bound to its row; all other settings stand in the collector's own.
collector_secrets = Table(
    "collector_secrets",
    metadata,
    row_id(),
    Column("collector_id", BIG_ID, ForeignKey("collectors.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    UniqueConstraint("collector_id", "name"),
    sqlite_autoincrement=True,
)

collector_runs = Table(
    "collector_runs",
    metadata,
    row_id(),
    Column("collector_id", BIG_ID, ForeignKey("collectors.id"), nullable=False),
    Column("parent_run_id", BIG_ID, ForeignKey("collector_runs.id", ondelete="SET NULL")),
    Column("search_id", BIG_ID, ForeignKey("searches.id", ondelete="SET NULL")),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("priority", sa.SmallInteger, nullable=False, server_default=sa.text("5")),
    Column("trigger", Text, nullable=False),
    Column("requested_by", Text),
    time("scheduled_for", required=True),
    time("tick_at"),
    time("expires_at"),
    Column("dedup_key", Text),
    Column("singleton_key", Text),
    Column("concurrency_key", Text, nullable=False),
    Column("slot", sa.SmallInteger),
    count("attempt", sa.SmallInteger),
    Column("max_attempts", sa.SmallInteger, nullable=False, server_default=sa.text("3")),
    count("fence", sa.BigInteger),
    Column("worker_id", Text),
    time("started_at"),
    time("claimed_at"),
    time("heartbeat_at"),
    time("lease_expires_at"),
    time("finished_at"),
    time("cancel_requested_at"),
    Column("cancel_requested_by", Text),
    Column("params", Json, nullable=False, server_default="{}"),
    Column("query", Json, nullable=False, server_default="{}"),
    Column("query_hash", Text),
    Column("cursor", Text),
    time("cursor_at"),
    Column("end_confirmed", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("plugin_name", Text),
    Column("plugin_version", Text),
    Column("limit_runtime_s", sa.Integer),
    Column("limit_memory_mb", sa.Integer),
    Column("limit_cpu_s", sa.Integer),
    Column("limit_requests", sa.Integer),
    count("pages"),
    count("jobs_seen"),
    count("jobs_new"),
    count("jobs_changed"),
    count("jobs_unchanged"),
    count("jobs_rejected"),
    count("jobs_filtered"),
    count("details"),
    count("details_failed"),
    count("http_requests"),
    count("bytes_in", sa.BigInteger),
    Column("error_class", Text),
    Column("error_message", Text),
    Column("error_detail", Text),
    count("rescue_count", sa.SmallInteger),
    time("created_at", required=True),
    Column("filters", Json, nullable=False, server_default="[]"),
    Column("limit_pages", sa.Integer),
    Column("proxy_pool", Text),
    Column("fill", Json),
    time("believed_at"),
    CheckConstraint(among("state", ACTIVE_STATES + FINAL_STATES), name="state"),
    CheckConstraint("(state = 'running') = (lease_expires_at IS NOT NULL)", name="lease"),
    CheckConstraint("(state = 'running') = (slot IS NOT NULL)", name="slot"),
    CheckConstraint("state <> 'running' OR worker_id IS NOT NULL", name="owner"),
    CheckConstraint(f"({among('state', FINAL_STATES)}) = (finished_at IS NOT NULL)", name="done"),
    sqlite_autoincrement=True,
    # Room on each page, so that heartbeats rewrite a row in place. For the same reason there is
    # no index on lease_expires_at: `run_slot_uq` holds exactly the running rows.
    postgresql_with={"fillfactor": 70},
)
Index("run_dedup", collector_runs.c.dedup_key, unique=True)
# Spelled out, not as parameters: only so do the databases know that a partial index will do.
ACTIVE = collector_runs.c.state.in_(sa.literal_column(repr(state)) for state in ACTIVE_STATES)
RUNNING = collector_runs.c.state == sa.literal_column("'running'")
PENDING = collector_runs.c.state == sa.literal_column("'pending'")
Index(
    "run_singleton",
    collector_runs.c.singleton_key,
    unique=True,
    postgresql_where=ACTIVE,
    sqlite_where=ACTIVE,
)
Index(
    "run_slot_uq",
    collector_runs.c.concurrency_key,
    collector_runs.c.slot,
    unique=True,
    postgresql_where=RUNNING,
    sqlite_where=RUNNING,
)
Index(
    "run_ready",
    collector_runs.c.priority,
    collector_runs.c.scheduled_for,
    collector_runs.c.id,
    postgresql_where=PENDING,
    sqlite_where=PENDING,
)
Index("run_history", collector_runs.c.collector_id, collector_runs.c.id)
Index("run_query", collector_runs.c.collector_id, collector_runs.c.query_hash, collector_runs.c.id)
for _name, _column in (("run_parent", "parent_run_id"), ("run_search", "search_id")):
    # Without it, every row that is deleted or asked for is looked for in all of them.
    _given = collector_runs.c[_column].is_not(None)
    Index(
        _name,
        collector_runs.c[_column],
        collector_runs.c.id,
        postgresql_where=_given,
        sqlite_where=_given,
    )

rate_limits = Table(
    "rate_limits",
    metadata,
    Column("key", Text, primary_key=True),
    time("tat", required=True),
    time("blocked_until"),
    count("strikes", sa.SmallInteger),
    Column("pace", sa.Double, nullable=False, server_default=sa.text("1")),
    time("pace_at", required=True),
    Column("cause", Text),
    CheckConstraint("pace > 0 AND pace <= 1", name="pace"),
    # Every request to a site rewrites its row in place.
    postgresql_with={"fillfactor": 50},
)

proxy_pools = Table(
    "proxy_pools",
    metadata,
    row_id(),
    Column("name", Text, nullable=False),
    time("created_at", required=True),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

proxies = Table(
    "proxies",
    metadata,
    row_id(),
    Column("pool_id", BIG_ID, ForeignKey("proxy_pools.id", ondelete="CASCADE"), nullable=False),
    Column("label", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    count("failures"),
    time("quarantined_until"),
    time("last_used_at"),
    time("last_ok_at"),
    Column("last_error", Text),
    time("created_at", required=True),
    # What of the address is no secret, so that lists need no key.
    Column("address", Text, nullable=False, server_default=sa.text("''")),
    Column("has_credentials", sa.Boolean, nullable=False, server_default=sa.false()),
    UniqueConstraint("pool_id", "label"),
    sqlite_autoincrement=True,
)

secret_checks = Table(
    "secret_checks",
    metadata,
    Column("id", BIG_ID, primary_key=True, autoincrement=False),
    Column("sealed", Text, nullable=False),
)
