"""Every setting from every source, their order, and what is said of a value that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from jobtracker_core import Settings
from jobtracker_core.settings import Flag, SettingError, Source, default_data_dir
from jobtracker_core.settings.table import SETTINGS
from keys import KEY, OTHER_KEY

NO_FILE = {"JOBTRACKER_CONFIG": ""}


class Row(Struct, frozen=True):
    """A setting: its default, its old names, and three values as written and as read."""

    name: str
    default: Any
    toml: tuple[str, Any]
    text: tuple[str, Any]
    flag: tuple[str, Any]
    wrong: tuple[str, str]
    """One wrong value as TOML, one as text."""
    allowed: str
    old: tuple[str, ...] = ()


PLACE = "HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"
ROWS = [
    Row(
        "database_url",
        None,
        ('"sqlite:///file.db"', "sqlite:///file.db"),
        ("postgres://u:p@h/env", "postgres://u:p@h/env"),
        ("postgresql://h/flag", "postgresql://h/flag"),
        ('"mysql://u:canary@h/db"', "mysql://u:canary@h/db"),
        "sqlite:///PATH, postgresql://… or postgres://…",
        old=("DATABASE_URL", "POSTGRES_URL"),
    ),
    Row(
        "data_dir",
        default_data_dir(),
        ('"/file"', Path("/file")),
        ("/env", Path("/env")),
        ("/flag", Path("/flag")),
        ("3", " "),
        "a directory",
    ),
    Row(
        "secret_key",
        None,
        (f'["{KEY}", "{OTHER_KEY}"]', (KEY, OTHER_KEY)),
        (f"{OTHER_KEY}, {KEY}", (OTHER_KEY, KEY)),
        (KEY, (KEY,)),
        ('"changeme-canary"', "canary"),
        "keys that `jobtracker secrets new-key` prints, with commas between them",
    ),
    Row(
        "secret_key_file",
        None,
        ('"/file"', Path("/file")),
        ("/env", Path("/env")),
        ("/flag", Path("/flag")),
        ("3", " "),
        "a file with such keys, one a line",
    ),
    Row(
        "allow_private_addresses",
        (),
        ('["nas.home:5000", "192.168.1.0/24"]', ("nas.home:5000", "192.168.1.0/24")),
        ("10.0.0.5, [::1]:80, fd00::/8", ("10.0.0.5", "[::1]:80", "fd00::/8")),
        ("10.0.0.0/8:81", ("10.0.0.0/8:81",)),
        ("3", "http://nas.home"),
        "hosts, addresses and networks, each with :PORT for an unusual port",
    ),
    Row(
        "trusted_proxies",
        (),
        ('["10.0.0.0/24"]', ("10.0.0.0/24",)),
        ("10.0.0.5, fd00::/8", ("10.0.0.5", "fd00::/8")),
        ("192.0.2.1", ("192.0.2.1",)),
        ("3", "proxy.lan"),
        "addresses and networks",
    ),
    Row(
        "api_requests_per_minute",
        1200,
        ("0", 0),
        ("60", 60),
        ("1000000", 1_000_000),
        ("-1", "1.5"),
        "a whole number from 0 to 1,000,000; 0 is no limit",
    ),
    Row(
        "plugins",
        None,
        ('["a", "b"]', ("a", "b")),
        (" a, c ,,", ("a", "c")),
        ("d", ("d",)),
        ("[1]", ""),
        "names of entry points: a list of texts, or one text with commas",
    ),
    Row(
        "listen",
        "127.0.0.1:8080",
        ('"0.0.0.0:1"', "0.0.0.0:1"),
        ("[::1]:2", "[::1]:2"),
        ("localhost:3", "localhost:3"),
        ("8080", "127.0.0.1:99999"),
        PLACE,
        old=("LISTEN_ADDR",),
    ),
    Row(
        "run_migrations",
        True,
        ("false", False),
        ("0", False),
        ("False", False),
        ('"perhaps"', "perhaps"),
        "true or false",
        old=("RUN_MIGRATIONS",),
    ),
    Row(
        "poll_interval",
        10.0,
        ("2.5", 2.5),
        ("30", 30.0),
        ("1e2", 100.0),
        ("0", "inf"),
        "seconds above 0 and up to 86,400",
        old=("POLL_INTERVAL",),
    ),
    Row(
        "slots",
        4,
        ("1", 1),
        ("8", 8),
        ("256", 256),
        ("0", "1.5"),
        "a whole number from 1 to 256",
    ),
    Row(
        "drain_timeout",
        60.0,
        ("2.5", 2.5),
        ("30", 30.0),
        ("1e2", 100.0),
        ("0", "inf"),
        "seconds above 0 and up to 86,400",
    ),
    Row(
        "keep_runs_days",
        90,
        ("30", 30),
        ("365", 365),
        ("1", 1),
        ("0", "1.5"),
        "a whole number of days from 1 to 36,500",
    ),
    Row(
        "api_kept_mb",
        16,
        ("0", 0),
        ("64", 64),
        ("1024", 1024),
        ("2.5", "1025"),
        "a whole number from 0 to 1,024; 0 keeps none",
    ),
    Row(
        "keep_run_events_days",
        90,
        ("30", 30),
        ("365", 365),
        ("1", 1),
        ("0", "1.5"),
        "a whole number of days from 1 to 36,500",
    ),
    Row(
        "keep_audit_days",
        0,
        ("30", 30),
        ("365", 365),
        ("1", 1),
        ("-1", "1.5"),
        "a whole number of days from 1 to 36,500; 0 is for good",
    ),
    Row(
        "api_threads",
        16,
        ("1", 1),
        ("32", 32),
        ("256", 256),
        ("2.5", "257"),
        "a whole number from 1 to 256",
    ),
    Row(
        "local_metrics",
        False,
        ("true", True),
        ("yes", True),
        ("on", True),
        ('"perhaps"', "perhaps"),
        "true or false",
    ),
    Row(
        "log_level",
        "info",
        ('"debug"', "debug"),
        ("WARNING", "warning"),
        ("error", "error"),
        ("1", "loud"),
        "one of debug, info, warning, error",
    ),
    Row(
        "log_format",
        "auto",
        ('"json"', "json"),
        ("human", "human"),
        ("JSON", "json"),
        ("[]", "xml"),
        "one of auto, human, json",
    ),
]
VARIABLES = [
    (row, variable) for row in ROWS for variable in (f"JOBTRACKER_{row.name.upper()}", *row.old)
]
EMPTY_IS_A_VALUE = {"plugins"}
by_name = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
by_variable = pytest.mark.parametrize(
    ("row", "variable"), VARIABLES, ids=[variable for _, variable in VARIABLES]
)


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration file."""

    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def flag(row: Row, value: str) -> Flag:
    return Flag(setting=row.name, value=value, option=f"--{row.name}")


def test_the_table_holds_every_setting_and_every_variable() -> None:
    assert {row.name for row in ROWS} == set(SETTINGS)
    read = {variable for setting in SETTINGS.values() for variable in setting.variables}
    assert {variable for _, variable in VARIABLES} == read
    for row in ROWS:
        values = [row.toml[1], row.text[1], row.flag[1]]
        assert row.default not in values
        assert SETTINGS[row.name].allowed == row.allowed


@by_name
def test_a_default(row: Row) -> None:
    settings = Settings.load(env=NO_FILE)
    assert getattr(settings, row.name) == getattr(Settings(), row.name) == row.default
    assert settings.source(row.name) == Source(kind="default")


@by_name
def test_a_line_of_the_file(row: Row, config) -> None:
    path = config(f"{row.name} = {row.toml[0]}")
    settings = Settings.load(env={}, config=path)
    assert getattr(settings, row.name) == row.toml[1]
    assert type(getattr(settings, row.name)) is type(row.toml[1])
    assert settings.source(row.name) == Source(kind="file", where=f"{path}: {row.name}")


@by_variable
def test_a_variable(row: Row, variable: str, config) -> None:
    path = config(f"{row.name} = {row.toml[0]}")
    settings = Settings.load(env={variable: row.text[0]}, config=path)
    assert getattr(settings, row.name) == row.text[1]
    assert settings.source(row.name) == Source(kind="environment", where=variable)


@by_name
def test_a_flag(row: Row, config) -> None:
    path = config(f"{row.name} = {row.toml[0]}")
    env = {f"JOBTRACKER_{row.name.upper()}": row.text[0]}
    settings = Settings.load([flag(row, row.flag[0])], env=env, config=path)
    assert getattr(settings, row.name) == row.flag[1]
    assert settings.source(row.name) == Source(kind="flag", where=f"--{row.name}")


@by_name
def test_code(row: Row) -> None:
    settings = Settings(**{row.name: row.flag[1]})
    assert getattr(settings, row.name) == row.flag[1]
    assert settings.source(row.name) == Source(kind="code")


@pytest.mark.parametrize("row", [row for row in ROWS if row.old], ids=lambda row: row.name)
def test_our_name_goes_before_the_old_ones_in_their_order(row: Row) -> None:
    names = (f"JOBTRACKER_{row.name.upper()}", *row.old)
    for first in range(len(names)):
        env = dict.fromkeys(names[first + 1 :], row.wrong[1]) | {names[first]: row.text[0]}
        settings = Settings.load(env=NO_FILE | env)
        assert getattr(settings, row.name) == row.text[1]
        assert settings.source(row.name).where == names[first]


def refusal(error: pytest.ExceptionInfo[SettingError], row: Row, source: Source) -> None:
    assert error.value.field == row.name
    assert error.value.source == source
    assert str(error.value).startswith(f"{row.name}: ")
    assert f"it takes {row.allowed}" in str(error.value)
    assert str(error.value).endswith(f"(set by {source.where})")
    assert error.value.hint
    assert "canary" not in str(error.value)


@by_name
def test_a_wrong_line_names_the_file_the_key_and_what_is_allowed(row: Row, config) -> None:
    path = config(f"{row.name} = {row.wrong[0]}")
    with pytest.raises(SettingError) as error:
        Settings.load(env={}, config=path)
    refusal(error, row, Source(kind="file", where=f"{path}: {row.name}"))


@by_variable
def test_a_wrong_variable_names_itself_and_what_is_allowed(row: Row, variable: str) -> None:
    if row.name in EMPTY_IS_A_VALUE:
        assert Settings.load(env=NO_FILE | {variable: ""}).plugins == ()  # any text is a list
        return
    with pytest.raises(SettingError) as error:
        Settings.load(env=NO_FILE | {variable: row.wrong[1]})
    refusal(error, row, Source(kind="environment", where=variable))


@pytest.mark.parametrize(
    "value",
    [
        *("admin", "changeme", "your-secret-key-here", "a" * 43 + "=", "A" * 43 + "=", KEY[:-1]),
        *("canary" * 8, f"{KEY},changeme", ",", "ü" * 44, KEY.replace("=", "!")),
    ],
)
def test_a_key_that_is_no_random_one_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(SettingError) as error:
        Settings.load(env=NO_FILE | {"JOBTRACKER_SECRET_KEY": value})
    assert str(error.value).startswith("secret_key: *** is not allowed")
    assert error.value.__cause__ is None


def test_keys_are_not_shown() -> None:
    settings = Settings.load(
        env=NO_FILE | {"JOBTRACKER_SECRET_KEY": KEY, "JOBTRACKER_SECRET_KEY_FILE": "/a/file"}
    )
    assert KEY not in repr(settings)
    assert "/a/file" in repr(settings)


@by_name
def test_a_wrong_flag_names_itself_and_what_is_allowed(row: Row) -> None:
    wrong = 7 if row.name in EMPTY_IS_A_VALUE else row.wrong[1]
    with pytest.raises(SettingError) as error:
        Settings.load([Flag(setting=row.name, value=wrong, option="--it")], env=NO_FILE)
    refusal(error, row, Source(kind="flag", where="--it"))


@by_variable
def test_an_empty_variable_is_not_set(row: Row, variable: str, config) -> None:
    settings = Settings.load(env={variable: ""}, config=config(f"{row.name} = {row.toml[0]}"))
    expected = () if row.name in EMPTY_IS_A_VALUE else row.toml[1]
    assert getattr(settings, row.name) == expected


@by_name
def test_a_wrong_value_that_is_overridden_is_not_looked_at(row: Row, config) -> None:
    path = config(f"{row.name} = {row.wrong[0]}")
    settings = Settings.load([flag(row, row.flag[0])], env={}, config=path)
    assert getattr(settings, row.name) == row.flag[1]


def test_of_two_equal_flags_the_last_counts() -> None:
    flags = [Flag(setting="listen", value=f"h:{port}", option="--set") for port in (1, 2)]
    assert Settings.load(flags, env=NO_FILE).listen == "h:2"


def test_an_unknown_key_of_the_file_is_refused_with_the_nearest(config) -> None:
    path = config('lissten = "127.0.0.1:1"')
    with pytest.raises(SettingError, match="nearest is 'listen'") as error:
        Settings.load(env={}, config=path)
    assert error.value.source.where == f"{path}: lissten"


@pytest.mark.parametrize("name", ["lissten", "collectors", "collectors.board", "collectors..x"])
def test_an_unknown_flag_is_refused(name) -> None:
    with pytest.raises(SettingError, match="there is no such setting"):
        Settings.load([Flag(setting=name, value="1", option=f"--set {name}")], env=NO_FILE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("listen = ", "is no TOML file"),
        ("collectors = 3", "one table for each collector"),
        ("[collectors]\nboard = 3", r"\[collectors.board\]"),
    ],
)
def test_a_file_of_another_form_is_refused_by_name(config, text, words) -> None:
    path = config(text)
    with pytest.raises(SettingError, match=words) as error:
        Settings.load(env={}, config=path)
    assert str(path) in str(error.value)


def test_a_file_of_another_encoding_is_refused(tmp_path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes('listen = "ö:1"'.encode("latin-1"))
    with pytest.raises(SettingError, match="is no TOML file"):
        Settings.load(env={}, config=path)


def test_a_file_that_was_asked_for_must_be_there(tmp_path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(SettingError, match=r"none.toml \(set by --config\)"):
        Settings.load(env={}, config=missing)
    with pytest.raises(SettingError, match=r"\(set by JOBTRACKER_CONFIG\)"):
        Settings.load(env={"JOBTRACKER_CONFIG": str(missing)})
    with pytest.raises(SettingError, match="cannot read"):
        Settings.load(env={}, config=tmp_path)


def test_which_file_is_read(tmp_path, monkeypatch) -> None:
    import platformdirs

    folder = tmp_path / "user"
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda *_, **__: str(folder))
    assert Settings.load(env={}).config is None
    named = {}
    for place in (folder / "config.toml", tmp_path / "variable.toml", tmp_path / "flag.toml"):
        place.parent.mkdir(exist_ok=True)
        place.write_text(f'listen = "{place.stem}:1"')
        named[place.stem] = place
    assert Settings.load(env={}).listen == "config:1"
    env = {"JOBTRACKER_CONFIG": str(named["variable"])}
    assert Settings.load(env=env).listen == "variable:1"
    settings = Settings.load(env=env, config=named["flag"])
    assert (settings.listen, settings.config) == ("flag:1", named["flag"])
    assert Settings.load(env=NO_FILE).config is None
    assert Settings.from_env({}).listen == "127.0.0.1:8080"


def test_a_relative_directory_of_the_file_begins_at_the_file(config) -> None:
    path = config('data_dir = "data"')
    assert Settings.load(env={}, config=path).data_dir == path.parent / "data"
    env = {"JOBTRACKER_DATA_DIR": "~/data"}
    assert Settings.load(env=env, config=path).data_dir == Path.home() / "data"


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("jobs.home:80", ("jobs.home", 80)),
    ],
)
def test_listen_as_host_and_port(listen, address) -> None:
    assert Settings(listen=listen).address == address


@pytest.mark.parametrize(
    "listen", ["8080", ":8080", "host", "host:", "::1:80", "[::1]", "h:65536", "http://h:1", "h:1/"]
)
def test_listen_of_another_form(listen) -> None:
    with pytest.raises(SettingError, match="set by code"):
        _ = Settings(listen=listen).address


def test_the_environment_of_the_process_is_read_when_it_is_asked_for(monkeypatch) -> None:
    monkeypatch.setenv("JOBTRACKER_CONFIG", "")
    monkeypatch.setenv("JOBTRACKER_LISTEN", "h:7")
    assert Settings.load().listen == Settings.from_env().listen == "h:7"
    assert Settings().listen == "127.0.0.1:8080"


def test_settings_in_a_message_hide_the_password() -> None:
    settings = Settings(
        database_url="postgresql://u:canary@h/db", environment={"JOBTRACKER_X": "canary"}
    )
    assert "canary" not in repr(settings)
    assert "canary" not in f"{settings}"
    assert "postgresql://u:***@h/db" in repr(settings)


def test_settings_stay_as_they_are() -> None:
    settings = Settings()
    with pytest.raises(AttributeError):
        settings.listen = "x:1"  # type: ignore[misc]
    assert msgspec.structs.replace(settings, listen="x:1").listen == "x:1"
