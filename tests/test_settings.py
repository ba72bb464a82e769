"""Settings and where they come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobtracker_core import Settings
from jobtracker_core.settings import default_data_dir


def test_nothing_set_gives_a_sqlite_file_of_the_user() -> None:
    settings = Settings.from_env({})
    assert settings.data_dir == default_data_dir()
    assert settings.database == f"sqlite:///{default_data_dir() / 'jobtracker.db'}"
    assert settings.plugins is None


@pytest.mark.parametrize(
    ("env", "argument", "database"),
    [
        ({"DATABASE_URL": "sqlite:///a"}, None, "sqlite:///a"),
        (
            {"DATABASE_URL": "sqlite:///a", "JOBTRACKER_DATABASE_URL": "sqlite:///b"},
            None,
            "sqlite:///b",
        ),
        ({"JOBTRACKER_DATABASE_URL": "sqlite:///b"}, "sqlite:///c", "sqlite:///c"),
        ({"JOBTRACKER_DATA_DIR": "/data"}, None, "sqlite:////data/jobtracker.db"),
    ],
)
def test_the_database_by_precedence(env, argument, database) -> None:
    assert Settings.from_env(env, database_url=argument).database == database


@pytest.mark.parametrize(("value", "names"), [("", ()), ("a", ("a",)), (" a, b ,,", ("a", "b"))])
def test_the_allow_list(value, names) -> None:
    assert Settings.from_env({"JOBTRACKER_PLUGINS": value}).plugins == names


def test_a_variable_belongs_to_the_collector_with_the_longest_name() -> None:
    settings = Settings.from_env(
        {
            "JOBTRACKER_BOARD_PER_MINUTE": "5",
            "JOBTRACKER_BOARD_PRO_PER_MINUTE": "7",
            "JOBTRACKER_DATA_DIR": "/data",
            "HOME": "/root",
        }
    )
    known = ("board", "board_pro", "data")
    assert settings.for_collector("board", known=known) == {"per_minute": "5"}
    assert settings.for_collector("board_pro", known=known) == {"per_minute": "7"}
    assert settings.for_collector("data", known=known) == {}


def test_what_is_given_in_code_goes_before_the_environment() -> None:
    settings = Settings(
        data_dir=Path("/data"),
        collectors={"board": {"per_minute": 9}},
        environment={"JOBTRACKER_BOARD_PER_MINUTE": "5", "JOBTRACKER_BOARD_BASE_URL": "http://x"},
    )
    assert settings.for_collector("board", known=["board"]) == {
        "per_minute": 9,
        "base_url": "http://x",
    }
