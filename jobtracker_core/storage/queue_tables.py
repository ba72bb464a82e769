"""The tables around a run: sites, searches, attempts, events, workers."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from jobtracker_core.storage.columns import among, count, metadata, row_id, time
from jobtracker_core.storage.types import BIG_ID, Json

SCHEDULES = ("cron", "interval", "manual")
OVERLAPS = ("skip", "queue")
OUTCOMES = (
    *("succeeded", "partial", "suspect", "failed", "cancelled"),
    *("drained", "snoozed", "lost"),
)
LEVELS = ("info", "warning", "error")
WORKER_STATES = ("working", "draining", "gone")

# One row per site, so that two collectors of one site cannot disagree about its limit.
sites = Table(
    "sites",
    metadata,
    Column("key", Text, primary_key=True),
    Column("max_parallel", sa.SmallInteger, nullable=False, server_default=sa.text("1")),
    Column("set_by_operator", sa.Boolean, nullable=False, server_default=sa.false()),
    CheckConstraint("max_parallel BETWEEN 1 AND 64", name="max_parallel"),
)

searches = Table(
    "searches",
    metadata,
    row_id(),
    Column("name", Text, nullable=False),
    Column("collector_id", BIG_ID, ForeignKey("collectors.id"), nullable=False),
    Column("site", Text, nullable=False),
    Column("query", Json, nullable=False),
    Column("query_hash", Text),
    Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    Column("kind", Text, nullable=False),
    Column("cron", Text),
    Column("every_s", sa.Integer),
    time("anchor_at"),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    count("stagger_s"),
    Column("misfire_window_s", sa.Integer, nullable=False, server_default=sa.text("3600")),
    Column("overlap", Text, nullable=False, server_default="skip"),
    Column("priority", sa.SmallInteger, nullable=False, server_default=sa.text("5")),
    Column("max_attempts", sa.SmallInteger, nullable=False, server_default=sa.text("3")),
    Column("limit_runtime_s", sa.Integer),
    Column("limit_memory_mb", sa.Integer),
    Column("limit_cpu_s", sa.Integer),
    Column("limit_requests", sa.Integer),
    Column("limit_pages", sa.Integer),
    Column("proxy_pool", Text),
    time("last_tick_at"),
    time("next_tick_at"),
    count("missed_ticks"),
    count("skipped_ticks"),
    time("created_at", required=True),
    time("updated_at", required=True),
    UniqueConstraint("name"),
    CheckConstraint(among("kind", SCHEDULES), name="kind"),
    CheckConstraint("(kind = 'cron') = (cron IS NOT NULL)", name="cron"),
    CheckConstraint(
        "(kind = 'interval') = (every_s IS NOT NULL AND anchor_at IS NOT NULL)", name="interval"
    ),
    CheckConstraint("kind <> 'manual' OR next_tick_at IS NULL", name="next_tick"),
    CheckConstraint(
        "stagger_s >= 0 AND misfire_window_s > 0 AND stagger_s < misfire_window_s", name="window"
    ),
    CheckConstraint(among("overlap", OVERLAPS), name="overlap"),
    CheckConstraint("max_attempts BETWEEN 1 AND 20", name="max_attempts"),
    Index("ix_searches_collector_id", "collector_id"),
    sqlite_autoincrement=True,
)

# Keyed by the fence: an attempt that is given back leaves its number to the next one.
collector_run_attempts = Table(
    "collector_run_attempts",
    metadata,
    Column("run_id", BIG_ID, ForeignKey("collector_runs.id", ondelete="CASCADE"), nullable=False),
    Column("fence", sa.BigInteger, nullable=False),
    Column("attempt", sa.SmallInteger, nullable=False),
    Column("worker_id", Text, nullable=False),
    time("started_at", required=True),
    time("ended_at"),
    Column("outcome", Text),
    Column("error_class", Text),
    Column("error_message", Text),
    Column("counts", Json),
    Column("peak_rss_mb", sa.Integer),
    Column("cpu_s", sa.Double),
    sa.PrimaryKeyConstraint("run_id", "fence"),
    CheckConstraint(among("outcome", OUTCOMES), name="outcome"),
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended"),
)

run_events = Table(
    "run_events",
    metadata,
    row_id(),
    Column("run_id", BIG_ID, ForeignKey("collector_runs.id", ondelete="CASCADE"), nullable=False),
    time("at", required=True),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False, server_default="info"),
    Column("data", Json, nullable=False),
    CheckConstraint(among("level", LEVELS), name="level"),
    Index("ix_run_events_run_id", "run_id", "id"),
    sqlite_autoincrement=True,
)

# What was answered to whoever sent a batch, for when the answer got lost.
ingest_batches = Table(
    "ingest_batches",
    metadata,
    Column("run_id", BIG_ID, ForeignKey("collector_runs.id", ondelete="CASCADE"), nullable=False),
    Column("number", sa.Integer, nullable=False),
    Column("digest", sa.LargeBinary, nullable=False),
    Column("answer", Text, nullable=False),
    time("created_at", required=True),
    sa.PrimaryKeyConstraint("run_id", "number"),
)

# For people to look at; whether a run is orphaned is decided by its lease alone.
workers = Table(
    "workers",
    metadata,
    Column("worker_id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", sa.Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("slots", sa.SmallInteger, nullable=False),
    Column("collectors", Json),
    Column("state", Text, nullable=False),
    time("started_at", required=True),
    time("last_seen_at", required=True),
    CheckConstraint(among("state", WORKER_STATES), name="state"),
)

# Jobs of which the description is not in the index of words, and since when. No foreign key: a
# page would pay for it with every row. What has lost its job, the indexer drops.
index_queue = Table(
    "index_queue",
    metadata,
    Column("job_id", BIG_ID, primary_key=True, autoincrement=False),
    time("at", required=True),
)
