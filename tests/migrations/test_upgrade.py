"""Tables are made in one piece, by whoever comes first, and nobody else's are touched."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from jobtracker_core.storage import index_tables, migrations, rates, runs, schema
from jobtracker_core.storage.engine import Database, open_database
from jobtracker_core.storage.errors import (
    NotADatabase,
    SchemaTooNew,
    SchemaTooOld,
    StorageError,
)
from jobtracker_core.storage.tables import metadata

# Indexes over expressions are compared by their own words, see `_own_words`.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression"),
    pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression"),
]


def _tables(db: Database) -> set[str]:
    with db.read() as conn:
        return set(sa.inspect(conn).get_table_names())


def _execute(db: Database, *statements: str) -> None:
    with db.write() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)


def _shape(db: Database) -> dict[str, Any]:
    """Describe all tables as the database itself does."""
    with db.read() as conn:
        inspector = sa.inspect(conn)
        shape: dict[str, Any] = {}
        for table in _own(inspector):
            columns = [
                {**column, "type": repr(column["type"])} for column in inspector.get_columns(table)
            ]
            shape[table] = {
                "columns": columns,
                "pk": inspector.get_pk_constraint(table),
                "fks": sorted(inspector.get_foreign_keys(table), key=str),
                "uniques": sorted(inspector.get_unique_constraints(table), key=str),
                "checks": sorted(inspector.get_check_constraints(table), key=str),
                "indexes": sorted(map(_index, inspector.get_indexes(table))),
                "ddl": _own_words(conn, table),
            }
        return shape


def _own(inspector: sa.Inspector) -> list[str]:
    # FTS5 makes tables of its own beside the one that was asked for.
    return sorted(
        name
        for name in inspector.get_table_names()
        if name != "alembic_version" and not name.startswith("job_index_")
    )


def _index(index: Any) -> list[str]:
    # A predicate is an object that equals nothing but itself; its text is what counts.
    options = {key: str(value) for key, value in index.get("dialect_options", {}).items()}
    return [
        f"{key}={value}" for key, value in sorted({**index, "dialect_options": options}.items())
    ]


def _own_words(conn: sa.Connection, table: str) -> Any:
    """Return what the inspector leaves out: partial predicates, triggers, options, numbering."""
    if conn.dialect.name == "sqlite":
        return sorted(
            conn.execute(
                sa.text(
                    "SELECT sql FROM sqlite_master"
                    " WHERE tbl_name = :t AND (type IN ('index', 'trigger') OR sql LIKE '%VIRTUAL%')"
                ),
                {"t": table},
            ).scalars(),
            key=str,
        ), "AUTOINCREMENT" in conn.execute(
            sa.text("SELECT sql FROM sqlite_master WHERE name = :t"), {"t": table}
        ).scalar_one()
    return (
        sorted(
            conn.execute(
                sa.text("SELECT indexdef FROM pg_indexes WHERE tablename = :t"), {"t": table}
            ).scalars()
        ),
        sorted(
            conn.execute(
                sa.text(
                    "SELECT pg_get_triggerdef(oid) || pg_get_functiondef(tgfoid) FROM pg_trigger"
                    " WHERE tgrelid = CAST(:t AS regclass) AND NOT tgisinternal"
                ),
                {"t": table},
            ).scalars()
        ),
        conn.execute(
            sa.text("SELECT reloptions FROM pg_class WHERE relname = :t"), {"t": table}
        ).scalar(),
        list(
            conn.execute(
                sa.text(
                    "SELECT attname, attidentity, attcompression FROM pg_attribute"
                    " WHERE attrelid = CAST(:t AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
                ),
                {"t": table},
            )
        ),
    )


@pytest.fixture
def fresh(database_url: str) -> Any:
    database = open_database(database_url)
    yield database
    database.close()


def test_migrated_is_what_the_tables_say(db: Database, fresh: Database) -> None:
    with fresh.write() as conn:
        metadata.create_all(conn)
    made, migrated = _shape(fresh), _shape(db)
    assert (
        sorted(made) == sorted(migrated) == sorted([*metadata.tables, index_tables.job_index.name])
    )
    for table in made:
        assert migrated[table] == made[table]


def test_the_shape_shows_differences(db: Database) -> None:
    before = _shape(db)
    _execute(db, "DROP INDEX run_ready", "CREATE INDEX run_ready ON collector_runs (priority)")
    after = _shape(db)
    assert before.pop("collector_runs") != after.pop("collector_runs")
    assert before == after


def test_autogenerate_finds_nothing_to_do(db: Database) -> None:
    with db.read() as conn:
        context = MigrationContext.configure(
            conn,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                # Another table on each of the two, and not among these.
                "include_name": lambda name, _kind, _parents: (
                    name is None or not name.startswith("job_index")
                ),
            },
        )
        found = compare_metadata(context, metadata)
    if db.dialect == "sqlite":
        # SQLite numbers rows by AUTOINCREMENT, which autogenerate does not know as an identity.
        numbering = [diff for diff in found if isinstance(diff, list) and _is_numbering(diff)]
        found = [diff for diff in found if diff not in numbering]
    assert found == []


def _is_numbering(diff: list[Any]) -> bool:
    return [(step[0], step[3], type(step[6])) for step in diff] == [
        ("modify_default", "id", sa.Identity)
    ]


def test_the_list_of_revisions_is_complete() -> None:
    folder = Path(migrations.__file__).parent
    config = Config(attributes={})
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    known = [entry.revision for entry in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(known)) == migrations.REVISIONS


def test_an_upgrade_keeps_what_is_there(fresh: Database) -> None:
    """From the first tables, with a run in them, to the last ones."""
    with fresh.write() as conn:
        config = Config(attributes={"connection": conn})
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, "0001")
    _execute(
        fresh,
        "INSERT INTO collectors (name, created_at, updated_at)"
        " VALUES ('board', '2026-03-01T12:00:00.000000Z', '2026-03-01T12:00:00.000000Z')",
        "INSERT INTO collector_runs (collector_id, state, trigger, concurrency_key, scheduled_for,"
        " created_at, finished_at) VALUES (1, 'succeeded', 'manual', 'board.example',"
        " '2026-03-01T12:00:00.000000Z', '2026-03-01T12:00:00.000000Z',"
        " '2026-03-01T12:01:00.000000Z')",
        "INSERT INTO jobs (id, source, source_id, url, title, first_seen_at, changed_at) VALUES"
        " (7, 'board', 'a', 'https://board.example/a', 'Welder', '2026-03-01T12:00:00.000000Z',"
        " '2026-03-01T12:00:00.000000Z')",
    )
    assert schema.upgrade(fresh).state == "behind"
    assert schema.check(fresh).state == "current"
    [run] = runs.list_runs(fresh)
    assert (run.collector, run.state.value, run.filters) == ("board", "succeeded", ())
    assert rates.acquire(fresh, "site:board.example", per_minute=60, burst=1).wait == 0
    with fresh.read() as conn:
        waiting = conn.exec_driver_sql("SELECT job_id FROM index_queue").scalars().all()
    assert waiting == [7], "what is there becomes searchable"


def test_states(fresh: Database) -> None:
    head = migrations.REVISIONS[-1]
    assert schema.check(fresh) == schema.SchemaStatus(current=None, head=head, state="empty")
    with pytest.raises(SchemaTooOld, match="has no tables yet"):
        schema.require_current(fresh)
    assert schema.upgrade(fresh).state == "empty"
    assert schema.check(fresh) == schema.SchemaStatus(current=head, head=head, state="current")
    schema.require_current(fresh)
    assert schema.upgrade(fresh).state == "current"


def test_behind(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "REVISIONS", (*migrations.REVISIONS, "9000"))
    assert schema.check(db).state == "behind"
    with pytest.raises(
        SchemaTooOld, match=f"is at {migrations.REVISIONS[-1]}, this program needs 9000"
    ):
        schema.require_current(db)


@pytest.mark.fault(
    "F36",
    done="The program was older than the database.",
    holds="It refused to use or migrate it and changed nothing.",
)
def test_a_newer_database_is_left_alone(db: Database) -> None:
    _execute(db, "UPDATE alembic_version SET version_num = '9999'", "DROP TABLE job_changes")
    before = _shape(db)
    assert schema.check(db).state == "newer"
    for use in (schema.upgrade, schema.require_current):
        with pytest.raises(SchemaTooNew, match="9999") as caught:
            use(db)
        assert "Update the program" in caught.value.hint
    assert _shape(db) == before


def test_tables_of_another_program_are_left_alone(fresh: Database) -> None:
    if fresh.path is not None:
        fresh.path.parent.mkdir(exist_ok=True)
    _execute(fresh, "CREATE TABLE jobs (id integer, salary text)")
    before = _shape(fresh)
    assert schema.check(fresh).state == "foreign"
    for use in (schema.upgrade, schema.require_current):
        with pytest.raises(NotADatabase, match="another program"):
            use(fresh)
    assert _shape(fresh) == before


def test_a_foreign_file_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sa.create_engine(f"sqlite:///{path}")
    with other.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE jobs (id integer)")
    other.dispose()
    content = path.read_bytes()
    db = open_database(f"sqlite:///{path}")
    with pytest.raises(NotADatabase):
        schema.upgrade(db)
    db.close()
    assert path.read_bytes() == content


@pytest.mark.fault(
    "F36",
    done="A migration failed in the middle.",
    holds="Nothing of it was left, and the next one went through.",
)
def test_a_failed_migration_leaves_nothing(fresh: Database) -> None:
    def fail(*args: Any) -> None:
        if "CREATE TABLE collector_runs" in args[2]:
            raise StorageError("the plug was pulled")

    sa.event.listen(fresh._writer, "before_cursor_execute", fail)
    with pytest.raises(StorageError, match="the plug was pulled"):
        schema.upgrade(fresh)
    assert _tables(fresh) == set()
    sa.event.remove(fresh._writer, "before_cursor_execute", fail)
    schema.upgrade(fresh)
    assert schema.check(fresh).state == "current"


@pytest.mark.fault(
    "F36",
    done="A migrating process was killed (kill -9) in the middle.",
    holds="Nothing of it was left, and the next one went through.",
)
def test_a_killed_migration_leaves_nothing(
    fresh: Database, database_url: str, processes: Callable[..., list[str]]
) -> None:
    script = """
import os, signal
import sqlalchemy as sa
from jobtracker_core.storage import engine, schema
db = engine.open_database(url)
@sa.event.listens_for(db._writer, "before_cursor_execute")
def die(*args):
    if "CREATE TABLE collector_runs" in args[2]:
        os.kill(os.getpid(), signal.SIGKILL)
go()
schema.upgrade(db)
"""
    processes(script, database_url, 1, codes=(-9,))
    assert _tables(fresh) == set()
    schema.upgrade(fresh)
    assert schema.check(fresh).state == "current"


@pytest.mark.fault(
    "F36",
    done="Three processes migrated the same empty database at once.",
    holds="One did it, and all found it current.",
)
def test_three_processes_at_once(
    fresh: Database, database_url: str, processes: Callable[..., list[str]]
) -> None:
    script = """
from jobtracker_core.storage import engine, schema
db = engine.open_database(url)
go()
schema.upgrade(db)
print(schema.check(db).state)
"""
    assert processes(script, database_url, 3) == ["current"] * 3
    assert schema.check(fresh).state == "current"


def test_says_when_the_server_has_no_lz4(fresh: Database, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        schema.upgrade(fresh)
    offered = False
    if fresh.dialect == "postgresql":
        with fresh.read() as conn:
            offered = (
                "lz4"
                in conn.exec_driver_sql(
                    "SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'"
                ).scalar_one()
            )
    said = any("has no lz4" in record.message for record in caplog.records)
    assert said == (fresh.dialect == "postgresql" and not offered)
