"""Settings from the environment alone."""

from __future__ import annotations

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
