"""The queue: searches with their schedules, attempts, events, sites and workers."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

from jobtracker_core.storage.types import BIG_ID, Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RUNS = "collector_runs"


def upgrade() -> None:
    """Make the tables, and tie the runs to them."""
    _sites()
    _searches()
    _attempts()
    _events()
    _workers()
    _collectors()
    _runs()


def _texts(*names: str, required: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=not required) for name in names]


def _times(*names: str, required: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, UtcDateTime, nullable=not required) for name in names]


def _number(name: str, default: int | None = None, kind: Any = sa.Integer) -> sa.Column[Any]:
    if default is None:
        return sa.Column(name, kind)
    return sa.Column(name, kind, nullable=False, server_default=sa.text(str(default)))


def _checks(table: str, **checks: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(text, name=op.f(f"ck_{table}_{name}")) for name, text in checks.items()
    ]


def _row_id() -> sa.Column[int]:
    return sa.Column("id", BIG_ID, sa.Identity(always=False), nullable=False)


def _of_run(table: str) -> list[Any]:
    return [
        sa.Column("run_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["collector_runs.id"],
            name=op.f(f"fk_{table}_run_id_collector_runs"),
            ondelete="CASCADE",
        ),
    ]


def _sites() -> None:
    op.create_table(
        "sites",
        sa.Column("key", sa.Text, nullable=False),
        _number("max_parallel", 1, sa.SmallInteger),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sites")),
        *_checks("sites", max_parallel="max_parallel BETWEEN 1 AND 64"),
    )


def _searches() -> None:
    op.create_table(
        "searches",
        _row_id(),
        *_texts("name", required=True),
        sa.Column("collector_id", BIG_ID, nullable=False),
        *_texts("site", required=True),
        sa.Column("query", Json, nullable=False),
        *_texts("query_hash"),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        *_texts("kind", required=True),
        *_texts("cron"),
        _number("every_s"),
        *_times("anchor_at"),
        sa.Column("timezone", sa.Text, nullable=False, server_default="UTC"),
        _number("stagger_s", 0),
        _number("misfire_window_s", 3600),
        sa.Column("overlap", sa.Text, nullable=False, server_default="skip"),
        _number("priority", 5, sa.SmallInteger),
        _number("max_attempts", 3, sa.SmallInteger),
        *(_number(f"limit_{name}") for name in ("runtime_s", "memory_mb", "cpu_s")),
        *(_number(f"limit_{name}") for name in ("requests", "pages")),
        *_texts("proxy_pool"),
        *_times("last_tick_at", "next_tick_at"),
        _number("missed_ticks", 0),
        _number("skipped_ticks", 0),
        *_times("created_at", "updated_at", required=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searches")),
        sa.UniqueConstraint("name", name=op.f("uq_searches_name")),
        sa.ForeignKeyConstraint(
            ["collector_id"], ["collectors.id"], name=op.f("fk_searches_collector_id_collectors")
        ),
        *_checks(
            "searches",
            kind="kind IN ('cron', 'interval', 'manual')",
            cron="(kind = 'cron') = (cron IS NOT NULL)",
            interval="(kind = 'interval') = (every_s IS NOT NULL AND anchor_at IS NOT NULL)",
            next_tick="kind <> 'manual' OR next_tick_at IS NULL",
            window="stagger_s >= 0 AND misfire_window_s > 0 AND stagger_s < misfire_window_s",
            overlap="overlap IN ('skip', 'queue')",
            max_attempts="max_attempts BETWEEN 1 AND 20",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_searches_collector_id", "searches", ["collector_id"])


def _attempts() -> None:
    table = "collector_run_attempts"
    op.create_table(
        table,
        *_of_run(table),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.SmallInteger, nullable=False),
        *_texts("worker_id", required=True),
        *_times("started_at", required=True),
        *_times("ended_at"),
        *_texts("outcome", "error_class", "error_message"),
        sa.Column("counts", Json),
        _number("peak_rss_mb"),
        _number("cpu_s", kind=sa.Double),
        sa.PrimaryKeyConstraint("run_id", "fence", name=op.f(f"pk_{table}")),
        *_checks(
            table,
            outcome="outcome IN ('succeeded', 'partial', 'suspect', 'failed', 'cancelled', "
            "'drained', 'snoozed', 'lost')",
            ended="(ended_at IS NULL) = (outcome IS NULL)",
        ),
    )


def _events() -> None:
    op.create_table(
        "run_events",
        _row_id(),
        *_of_run("run_events"),
        *_times("at", required=True),
        *_texts("kind", required=True),
        sa.Column("level", sa.Text, nullable=False, server_default="info"),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_events")),
        *_checks("run_events", level="level IN ('info', 'warning', 'error')"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_events_run_id", "run_events", ["run_id", "id"])


def _workers() -> None:
    op.create_table(
        "workers",
        *_texts("worker_id", "host", required=True),
        sa.Column("pid", sa.Integer, nullable=False),
        *_texts("version", required=True),
        sa.Column("slots", sa.SmallInteger, nullable=False),
        sa.Column("collectors", Json),
        *_texts("state", required=True),
        *_times("started_at", "last_seen_at", required=True),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_workers")),
        *_checks("workers", state="state IN ('working', 'draining', 'gone')"),
    )


def _collectors() -> None:
    # The limit is the site's, which several collectors may share; nothing ever set it here.
    op.add_column("collectors", sa.Column("paused_version", sa.Text))
    op.add_column("collectors", _number("layout_failures", 0))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_collectors_max_parallel"), "collectors")
        op.drop_column("collectors", "max_parallel")


def _runs() -> None:
    op.add_column(_RUNS, _number("limit_pages"))
    op.add_column(_RUNS, sa.Column("proxy_pool", sa.Text))
    op.add_column(_RUNS, sa.Column("fill", Json))
    # Workers choose by collector.
    op.drop_column(_RUNS, "queue")
    # Nothing wrote it before; a number in it would belong to no search.
    op.execute(f"UPDATE {_RUNS} SET search_id = NULL WHERE search_id IS NOT NULL")  # noqa: S608
    for name, column in (("run_parent", "parent_run_id"), ("run_search", "search_id")):
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, _RUNS, [column, "id"], sqlite_where=given, postgresql_where=given)
    if op.get_bind().dialect.name == "sqlite":
        _rebuild()
    else:
        op.create_foreign_key(
            op.f("fk_collector_runs_search_id_searches"),
            _RUNS,
            "searches",
            ["search_id"],
            ["id"],
            ondelete="SET NULL",
        )


def _rebuild() -> None:
    """Add a foreign key to one table and take a column with a check from the other, on SQLite.

    Alembic's own way would empty `parent_run_id`: its copy refers to the old table, and dropping
    that deletes its rows. So the copies refer to each other, and get their names afterwards.
    """
    key = (
        ", CONSTRAINT fk_collector_runs_search_id_searches FOREIGN KEY(search_id)"
        " REFERENCES searches (id) ON DELETE SET NULL)"
    )
    runs = _made_of(_RUNS).replace("REFERENCES collectors ", "REFERENCES new_collectors ")
    runs = runs.replace(f"REFERENCES {_RUNS} ", f"REFERENCES new_{_RUNS} ")
    limit = r"max_parallel SMALLINT[^,]*,|CONSTRAINT ck_collectors_max_parallel CHECK \([^)]*\),?"
    collectors = re.sub(limit, "", _made_of("collectors"))
    collectors = re.sub(r",\s*\)$", ")", collectors)
    kept = [
        column.name
        for column in op.get_bind().execute(
            sa.text("SELECT name FROM pragma_table_info('collectors') WHERE name <> 'max_parallel'")
        )
    ]
    indexes = _indexes()
    _copy("collectors", collectors, ", ".join(kept))
    _copy(_RUNS, runs[: runs.rindex(")")] + key, "*")
    for table in (_RUNS, "collectors"):
        op.execute(f"DROP TABLE {table}")
        op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for index in indexes:
        op.execute(index)


def _made_of(table: str) -> str:
    found = op.get_bind().execute(
        sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}
    )
    made: str = found.scalar_one()
    return made


def _indexes() -> list[str]:
    found = op.get_bind().execute(
        sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = :name AND type = 'index'"),
        {"name": _RUNS},
    )
    return list(found.scalars())


def _copy(table: str, made_of: str, columns: str) -> None:
    op.execute(made_of.replace(f"CREATE TABLE {table}", f"CREATE TABLE new_{table}", 1))
    names = "" if columns == "*" else f"({columns})"
    op.execute(f"INSERT INTO new_{table} {names} SELECT {columns} FROM {table}")  # noqa: S608
    # Numbers are given once, those of deleted rows too.
    op.execute(f"DELETE FROM sqlite_sequence WHERE name = 'new_{table}'")  # noqa: S608
    op.execute(
        f"INSERT INTO sqlite_sequence (name, seq) SELECT 'new_{table}', seq"  # noqa: S608
        f" FROM sqlite_sequence WHERE name = '{table}'"
    )
