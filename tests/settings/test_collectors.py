"""Settings of collectors, whose names the core learns from plugins."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.settings import Flag, Source

NO_FILE = {"JOBTRACKER_CONFIG": ""}
VARIABLE = "JOBTRACKER_HIRINGCAFE_PER_MINUTE"
KEY = "collectors.hiringcafe.per_minute"


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
    assert settings.collector_source("board", "per_minute", known=["board"]).kind == "code"


@pytest.fixture
def tracker(tmp_path: Path):
    """Make an installation whose settings come from a file, the environment and flags."""

    def make(file: str | None = None, env: str | None = None, flag: str | None = None):
        config = tmp_path / "config.toml"
        config.write_text(f"[collectors.hiringcafe]\nper_minute = {file}\n" if file else "")
        flags = [Flag(setting=KEY, value=flag, option=f"--set {KEY}")] if flag else []
        environment = {VARIABLE: env or "", "JOBTRACKER_DATA_DIR": str(tmp_path / "data")}
        return JobTracker(Settings.load(flags, env=environment, config=config))

    return make


@pytest.mark.parametrize(
    ("given", "value", "source"),
    [
        ({}, None, Source(kind="default")),
        ({"file": "5"}, 5.0, Source(kind="file", where=f"config.toml: {KEY}")),
        ({"file": "5", "env": "6"}, 6.0, Source(kind="environment", where=VARIABLE)),
        (
            {"file": "5", "env": "6", "flag": "7"},
            7.0,
            Source(kind="flag", where=f"--set {KEY}"),
        ),
    ],
    ids=["default", "file", "environment", "flag"],
)
def test_each_source_and_their_order(tracker, given, value, source) -> None:
    opened = tracker(**given)
    assert opened.collector_settings("hiringcafe").per_minute == value
    known = opened.registry.sources
    found = opened.settings.collector_source("hiringcafe", "per_minute", known=known)
    assert found.kind == source.kind
    assert found.where.endswith(source.where)


@pytest.mark.parametrize(
    ("given", "value", "where"),
    [
        ({"file": "'often'"}, "'often'", f"config.toml: {KEY})"),
        ({"file": "-1"}, "-1", f"config.toml: {KEY})"),
        ({"file": "5", "env": "often"}, "'often'", f"(set by {VARIABLE})"),
        ({"flag": "often"}, "'often'", f"(set by --set {KEY})"),
    ],
)
def test_a_wrong_value_names_source_field_and_what_is_allowed(tracker, given, value, where) -> None:
    with pytest.raises(ConfigError) as error:
        tracker(**given).collector_settings("hiringcafe")
    assert error.value.field == "hiringcafe.per_minute"
    assert f"{value} is not allowed; it takes a number from 0.01 to 1,000,000" in str(error.value)
    assert str(error.value).endswith(where)


def test_an_unknown_setting_of_a_collector_names_its_source() -> None:
    settings = Settings.load(env=NO_FILE | {"JOBTRACKER_HIRINGCAFE_COLOUR": "red"})
    with pytest.raises(ConfigError, match=r"hiringcafe\.colour: there is no such field") as error:
        JobTracker(settings).collector_settings("hiringcafe")
    assert str(error.value).endswith("(set by JOBTRACKER_HIRINGCAFE_COLOUR)")


def test_what_belongs_to_nobody_is_known(tmp_path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[collectors.board]\nx = 1\n[collectors.nobody]\nx = 1\n")
    env = {"JOBTRACKER_BOARD_X": "1", "JOBTRACKER_COLOUR": "red", "JOBTRACKER_LISTEN": "h:1"}
    settings = Settings.load(env=env, config=config)
    assert settings.unused(["board"]) == ("JOBTRACKER_COLOUR", "[collectors.nobody]")


def test_without_migrations_an_older_schema_is_refused(database_url, tmp_path) -> None:
    from jobtracker_core.storage.errors import SchemaTooOld

    settings = Settings(data_dir=tmp_path, database_url=database_url, run_migrations=False)
    with pytest.raises(SchemaTooOld, match="has no tables yet"), JobTracker(settings) as tracker:
        _ = tracker.database
    with JobTracker(Settings(data_dir=tmp_path, database_url=database_url)) as tracker:
        assert tracker.jobs.count() == 0
    with JobTracker(settings) as tracker:
        assert tracker.jobs.count() == 0
