"""The database looked after from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobtracker_core.cli.upkeep import size


def test_sizes_of_all_tables_are_shown(collected, dialect: str) -> None:
    found = json.loads(collected("db", "stats", "--json").out)
    jobs = next(table for table in found["tables"] if table["name"] == "jobs")
    assert (found["engine"], jobs["rows"], jobs["estimated"]) == (dialect, 45, False)
    said = collected("db", "stats", "--exact").out
    assert ["schema", found["schema"]] in [line.split() for line in said.splitlines()]
    assert "\njobs\t45\t" in said
    assert ("DEAD ROWS" in said) == (dialect == "postgresql")


def test_what_is_to_go_is_told_first_and_then_goes(collected) -> None:
    said = collected("db", "prune", "--jobs-closed-before", "30", "--dry-run")
    assert (said.code, said.out) == (0, "Nothing to delete.\n")
    assert collected("db", "prune", "--jobs-closed-before", "0").code == 2
    gone = json.loads(collected("db", "prune", "--json").out)
    assert gone["finished"]
    assert {count for name, count in gone.items() if name != "finished"} == {0}


def test_room_is_given_back_and_what_it_needs_is_told(collected, dialect: str) -> None:
    plan = json.loads(collected("db", "vacuum", "--dry-run", "--json").out)
    assert (plan["running"], len(plan["room"]) > 0) == (0, dialect == "sqlite")
    said = collected("db", "vacuum")
    assert said.code == 0
    assert "gained in" in said.out
    assert ("for the time that it takes" in said.out) == (dialect == "sqlite")
    assert ("dead rows" in said.out) == (dialect == "postgresql")
    assert "database.vacuum" not in said.out
    assert json.loads(collected("db", "vacuum", "--json").out)["seconds"] > 0


def test_the_index_is_made_anew(collected) -> None:
    assert "45 descriptions, the first for " in collected("db", "stats").out
    said = collected("db", "reindex")
    assert (said.code, said.out) == (0, "45 jobs indexed\n")
    lines = collected("db", "stats").out.splitlines()
    assert ["not", "indexed", "nothing"] in [line.split() for line in lines]
    said = collected("db", "reindex", "--queue-only")
    assert (said.code, said.out) == (0, "45 jobs wait for a worker\n")


def test_a_file_is_copied_and_looked_at(collected, dialect: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    said = collected("db", "backup", str(copy))
    if dialect == "postgresql":
        assert said.code == 1
        assert "pg_dump" in said.err
        assert collected("db", "check", "--pages").code == 0
        return
    assert (said.code, copy.is_file()) == (0, True)
    found = collected("--database", f"sqlite:///{copy}", "db", "check", "--pages")
    assert (found.code, "is current" in found.out) == (0, True)
    assert json.loads(collected("--database", f"sqlite:///{copy}", "jobs", "list", "--json").out)
    assert "there already" in collected("db", "backup", str(copy)).err


@pytest.mark.usefixtures("unmade")
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_is_not_there_is_not_made_to_be_copied(
    jobtracker, database_url: str, tmp_path: Path
) -> None:
    said = jobtracker("db", "backup", str(tmp_path / "copy.db"))
    assert (said.code, "nothing to copy" in said.err) == (1, True)
    assert not (tmp_path / "copy.db").exists()
    assert not Path(database_url.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_copy_before_an_upgrade_upgrades_nothing(jobtracker, db, tmp_path: Path) -> None:
    with db.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0011'")
    copy = tmp_path / "copy.db"
    assert jobtracker("db", "backup", str(copy)).code == 0
    for url in (db.display_url, f"sqlite:///{copy}"):
        found = jobtracker("--database", url, "db", "check")
        assert (found.code, "0011 is older than" in found.out) == (1, True)


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, None), (0, "0 B"), (999, "999 B"), (4_096, "4.1 kB"), (5_120_000_000, "5.1 GB")],
)
def test_sizes_in_words(count: int | None, words: str | None) -> None:
    assert size(count) == words
