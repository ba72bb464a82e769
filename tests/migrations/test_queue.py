"""Runs that were there before the queue survive its coming."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from jobtracker_core.storage import collectors, migrations, runs, schema, slots
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import StorageError
from rows import NOON

MOMENT = NOON.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


@pytest.fixture
def first(database_url: str) -> Database:
    """A database of the first revision with a run, its re-run, and one that was deleted."""
    db = open_database(database_url)
    with db.write() as conn:
        config = Config(attributes={"connection": conn})
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, "0001")
        conn.exec_driver_sql(
            "INSERT INTO collectors (name, max_parallel, created_at, updated_at)"
            f" VALUES ('a', 3, '{MOMENT}', '{MOMENT}')"
        )
        for parent in ("NULL", "1", "2"):
            conn.exec_driver_sql(
                "INSERT INTO collector_runs (collector_id, parent_run_id, state, trigger,"
                " scheduled_for, concurrency_key, finished_at, created_at, pages)"
                f" VALUES (1, {parent}, 'succeeded', 'manual', '{MOMENT}', 's', '{MOMENT}',"
                f" '{MOMENT}', 7)"
            )
        conn.exec_driver_sql("DELETE FROM collector_runs WHERE id = 3")
    return db


def test_runs_keep_their_parents_and_their_numbers(first: Database) -> None:
    schema.upgrade(first)
    again, one = runs.list_runs(first)
    assert (one.id, one.parent_run_id, one.counts.pages) == (1, None, 7)
    assert (again.id, again.parent_run_id, again.finished_at) == (2, 1, NOON)
    assert (again.search_id, again.limit_pages, again.proxy_pool) == (None, None, None)
    with first.write() as conn:
        number = conn.exec_driver_sql(
            "INSERT INTO collector_runs (collector_id, trigger, scheduled_for, concurrency_key,"
            f" created_at) VALUES (1, 'manual', '{MOMENT}', 's', '{MOMENT}') RETURNING id"
        ).scalar_one()
    assert number == 4, "the number of a deleted run is not given again"
    first.close()


def test_who_comes_first_says_what_a_site_bears(first: Database) -> None:
    schema.upgrade(first)
    with first.write() as conn:
        slots.ensure_site(conn, "s", 2)
        assert slots.limit_of(conn, "s") == 2
    (collector,) = collectors.list_all(first)
    assert (collector.name, collector.layout_failures) == ("a", 0)
    first.close()


def test_a_deleted_parent_is_forgotten_and_an_unknown_search_refused(first: Database) -> None:
    schema.upgrade(first)
    with first.write() as conn:
        conn.exec_driver_sql("DELETE FROM collector_runs WHERE id = 1")
    assert runs.get(first, 2).parent_run_id is None
    with pytest.raises(StorageError), first.write() as conn:
        conn.execute(sa.text("UPDATE collector_runs SET search_id = 99"))
    first.close()
