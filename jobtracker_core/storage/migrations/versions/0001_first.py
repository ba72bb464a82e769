"""The first tables: companies, jobs and what belongs to them, collectors and their runs."""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from alembic import op

from jobtracker_core.storage.types import BIG_ID, Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

log = logging.getLogger(__name__)

_FINAL = "'succeeded', 'partial', 'suspect', 'failed', 'cancelled', 'missed'"
_RECHECK = "closed_at IS NULL AND details_at IS NOT NULL"
_RUNNING = "state = 'running'"
_PENDING = "state = 'pending'"
_ACTIVE = "state IN ('pending', 'running')"
_LARGE_TEXTS = {
    "companies": ("description",),
    "job_texts": ("description", "raw"),
    "job_changes": ("changes",),
    "collector_runs": ("error_detail",),
}


def upgrade() -> None:
    """Make the tables."""
    _companies()
    _jobs()
    _jobs_parts()
    _collectors()
    _runs()
    _runs_indexes()
    if op.get_bind().dialect.name == "postgresql":
        _compress()


def _row_id() -> sa.Column[int]:
    return sa.Column("id", BIG_ID, sa.Identity(always=False), nullable=False)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text) for name in names]


def _times(*names: str, required: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, UtcDateTime, nullable=not required) for name in names]


def _counts(*names: str, kind: Any = sa.Integer) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False, server_default=sa.text("0")) for name in names]


def _partial(where: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


def _companies() -> None:
    op.create_table(
        "companies",
        _row_id(),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        *_texts("homepage", "profile_url", "logo_url", "industry", "size"),
        sa.Column("founded", sa.Integer),
        *_texts("headquarters", "description", "ats"),
        *_times("created_at", "updated_at", required=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("key", name=op.f("uq_companies_key")),
        sqlite_autoincrement=True,
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        _row_id(),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("company", sa.Text),
        sa.Column("company_id", BIG_ID),
        *_texts("place", "city", "region", "country"),
        sa.Column("latitude", sa.Double),
        sa.Column("longitude", sa.Double),
        sa.Column("places", Json),
        sa.Column("remote", sa.Text),
        sa.Column("employment", Json),
        sa.Column("seniority", sa.Text),
        sa.Column("skills", Json),
        *_texts("language", "pay_text"),
        sa.Column("pay_min", sa.Double),
        sa.Column("pay_max", sa.Double),
        *_texts("pay_currency", "pay_interval", "pay_kind"),
        sa.Column("pay_year_min", sa.Double),
        sa.Column("pay_year_max", sa.Double),
        sa.Column("pay_year_factor", sa.Double),
        *_times("posted_at"),
        *_texts("posted_precision", "apply_url"),
        *_times("closed_at"),
        sa.Column("list_hash", sa.LargeBinary),
        sa.Column("detail_hash", sa.LargeBinary),
        sa.Column("detail_fields", Json),
        *_times("details_at", "details_tried_at"),
        sa.Column("details_due", sa.Boolean, nullable=False, server_default=sa.false()),
        *_times("first_seen_at", required=True),
        sa.Column("first_run_id", BIG_ID),
        *_times("changed_at", required=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_jobs_source_source_id")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_jobs_company_id_companies")
        ),
        sa.CheckConstraint(
            "length(list_hash) = 16 AND length(detail_hash) = 16", name=op.f("ck_jobs_hashes")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_source_id_walk", "jobs", ["source", "id"])
    op.create_index("ix_jobs_company_id", "jobs", ["company_id"])
    due = sa.column("details_due", sa.Boolean)
    op.create_index(
        "ix_jobs_details_due",
        "jobs",
        ["source", "details_at"],
        sqlite_where=due,
        postgresql_where=due,
    )
    op.create_index("ix_jobs_recheck", "jobs", ["source", "details_at"], **_partial(_RECHECK))


def _part_of_job(table: str) -> list[Any]:
    return [
        sa.Column("job_id", BIG_ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f(f"fk_{table}_job_id_jobs"), ondelete="CASCADE"
        ),
    ]


def _jobs_parts() -> None:
    op.create_table("job_texts", *_part_of_job("job_texts"), *_texts("description", "raw"))
    op.create_table(
        "job_sightings",
        *_part_of_job("job_sightings"),
        *_times("last_seen_at", required=True),
        sa.Column("last_run_id", BIG_ID),
        sa.Column("times_seen", sa.Integer, nullable=False, server_default=sa.text("1")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "job_changes",
        _row_id(),
        sa.Column("job_id", BIG_ID, nullable=False),
        sa.Column("run_id", BIG_ID),
        *_times("at", required=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_changes")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_changes_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("kind IN ('list', 'detail')", name=op.f("ck_job_changes_kind")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_changes_job_id", "job_changes", ["job_id", "id"])
    op.create_index("ix_job_changes_run_id", "job_changes", ["run_id", "job_id"])


def _collectors() -> None:
    op.create_table(
        "collectors",
        _row_id(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.false()),
        *_times("paused_until"),
        *_texts("pause_reason"),
        *_counts("consecutive_failures"),
        sa.Column("max_parallel", sa.SmallInteger, nullable=False, server_default=sa.text("1")),
        *_times("last_run_at"),
        *_times("created_at", "updated_at", required=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collectors")),
        sa.UniqueConstraint("name", name=op.f("uq_collectors_name")),
        sa.CheckConstraint(
            "max_parallel BETWEEN 1 AND 64", name=op.f("ck_collectors_max_parallel")
        ),
        sqlite_autoincrement=True,
    )


def _runs() -> None:
    op.create_table(
        "collector_runs",
        _row_id(),
        sa.Column("collector_id", BIG_ID, nullable=False),
        sa.Column("parent_run_id", BIG_ID),
        sa.Column("search_id", BIG_ID),
        sa.Column("queue", sa.Text, nullable=False, server_default="default"),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("priority", sa.SmallInteger, nullable=False, server_default=sa.text("5")),
        sa.Column("trigger", sa.Text, nullable=False),
        *_texts("requested_by"),
        *_times("scheduled_for", required=True),
        *_times("tick_at", "expires_at"),
        *_texts("dedup_key", "singleton_key"),
        sa.Column("concurrency_key", sa.Text, nullable=False),
        sa.Column("slot", sa.SmallInteger),
        *_counts("attempt", kind=sa.SmallInteger),
        sa.Column("max_attempts", sa.SmallInteger, nullable=False, server_default=sa.text("3")),
        *_counts("fence", kind=sa.BigInteger),
        *_texts("worker_id"),
        *_times("started_at", "claimed_at", "heartbeat_at", "lease_expires_at", "finished_at"),
        *_times("cancel_requested_at"),
        *_texts("cancel_requested_by"),
        sa.Column("params", Json, nullable=False, server_default="{}"),
        sa.Column("query", Json, nullable=False, server_default="{}"),
        *_texts("query_hash", "cursor"),
        *_times("cursor_at"),
        sa.Column("end_confirmed", sa.Boolean, nullable=False, server_default=sa.false()),
        *_texts("plugin_name", "plugin_version"),
        sa.Column("limit_runtime_s", sa.Integer),
        sa.Column("limit_memory_mb", sa.Integer),
        sa.Column("limit_cpu_s", sa.Integer),
        sa.Column("limit_requests", sa.Integer),
        *_counts("pages", "jobs_seen", "jobs_new", "jobs_changed", "jobs_unchanged"),
        *_counts("jobs_rejected", "jobs_filtered", "details", "details_failed", "http_requests"),
        *_counts("bytes_in", kind=sa.BigInteger),
        *_texts("error_class", "error_message", "error_detail"),
        *_counts("rescue_count", kind=sa.SmallInteger),
        *_times("created_at", required=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collector_runs")),
        sa.ForeignKeyConstraint(
            ["collector_id"],
            ["collectors.id"],
            name=op.f("fk_collector_runs_collector_id_collectors"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_run_id"],
            ["collector_runs.id"],
            name=op.f("fk_collector_runs_parent_run_id_collector_runs"),
            ondelete="SET NULL",
        ),
        *_runs_checks(),
        sqlite_autoincrement=True,
        postgresql_with={"fillfactor": 70},
    )


def _runs_checks() -> list[sa.CheckConstraint]:
    checks = {
        "state": f"state IN ('pending', 'running', {_FINAL})",
        "lease": f"({_RUNNING}) = (lease_expires_at IS NOT NULL)",
        "slot": f"({_RUNNING}) = (slot IS NOT NULL)",
        "owner": "state <> 'running' OR worker_id IS NOT NULL",
        "done": f"(state IN ({_FINAL})) = (finished_at IS NOT NULL)",
    }
    return [
        sa.CheckConstraint(text, name=op.f(f"ck_collector_runs_{name}"))
        for name, text in checks.items()
    ]


def _runs_indexes() -> None:
    table = "collector_runs"
    op.create_index("run_dedup", table, ["dedup_key"], unique=True)
    op.create_index("run_singleton", table, ["singleton_key"], unique=True, **_partial(_ACTIVE))
    op.create_index(
        "run_slot_uq", table, ["concurrency_key", "slot"], unique=True, **_partial(_RUNNING)
    )
    op.create_index("run_ready", table, ["priority", "scheduled_for", "id"], **_partial(_PENDING))
    op.create_index("run_history", table, ["collector_id", "id"])
    op.create_index("run_query", table, ["collector_id", "query_hash", "id"])


def _compress() -> None:
    offered = op.get_bind().scalar(
        sa.text(
            "SELECT 1 FROM pg_settings"
            " WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"
        )
    )
    if not offered:
        log.info("this PostgreSQL server has no lz4; large texts are compressed more slowly")
        return
    for table, columns in _LARGE_TEXTS.items():
        for column in columns:
            op.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" SET COMPRESSION lz4')
