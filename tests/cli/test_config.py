"""`jobtracker config`, and the options before the command."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated

import msgspec
import pluggy
import pytest
from msgspec import Meta

from jobtracker_core import CollectorSettings
from jobtracker_core.plugins import discovery
from jobtracker_core.settings.table import SETTINGS
from jobtracker_hiringcafe.collector import HiringCafe

CANARY = "c4n4ry"


class VaultSettings(CollectorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings with secrets."""

    api_key: Annotated[str, Meta(max_length=20)] | None = None
    login_password: str | None = None


class Vault(HiringCafe):
    """A collector that needs a login."""

    info = msgspec.structs.replace(HiringCafe.info, name="vault", settings=VaultSettings)


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have that collector installed, and no other."""
    source = discovery.Source(cls=Vault, plugin="vault", distribution="vault", version="1")
    registry = discovery.Registry(
        plugins=(), sources={"vault": source}, hooks=pluggy.PluginManager("jobtracker")
    )
    monkeypatch.setattr(discovery, "load", lambda _allowed: registry)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file, named by the environment."""
    path = tmp_path / "config.toml"
    path.write_text("")
    monkeypatch.setenv("JOBTRACKER_CONFIG", str(path))
    return path


def settings_of(said) -> dict[str, tuple[object, str, str]]:
    return {
        line["name"]: (line["value"], line["source"]["kind"], line["source"].get("where", ""))
        for line in json.loads(said.out)["settings"]
    }


def test_show_names_every_setting_its_value_and_its_source(jobtracker, config, tmp_path) -> None:
    config.write_text('listen = "0.0.0.0:9000"\nplugins = ["x"]\n')
    said = jobtracker("--set", "api_threads=3", "-v", "config", "show", "--json")
    assert said.code == 0, said.err
    held = settings_of(said)
    assert set(SETTINGS) <= set(held)
    assert held["listen"] == ("0.0.0.0:9000", "file", f"{config}: listen")
    assert held["plugins"] == (["hiringcafe"], "environment", "JOBTRACKER_PLUGINS")
    assert held["data_dir"] == (str(tmp_path / "data"), "environment", "JOBTRACKER_DATA_DIR")
    assert held["api_threads"] == (3, "flag", "--set api_threads")
    assert held["log_level"] == ("debug", "flag", "--verbose")
    assert held["run_migrations"] == (True, "default", "")
    rate = ("60000", "environment", "JOBTRACKER_HIRINGCAFE_PER_MINUTE")
    assert held["collectors.hiringcafe.per_minute"] == rate
    assert json.loads(said.out)["config"] == str(config)


def test_show_as_a_table(jobtracker, config) -> None:
    config.write_text("run_migrations = false\n")
    rows = [line.split("\t") for line in jobtracker("config", "show").out.splitlines()]
    assert rows[0] == ["SETTING", "VALUE", "SET BY"]
    assert ["run_migrations", "no", f"{config}: run_migrations"] in rows
    assert ["poll_interval", "10.0", "default"] in rows


@pytest.mark.parametrize(
    ("options", "name", "value", "option"),
    [
        (["--database", "sqlite:///x.db"], "database_url", "sqlite:///x.db", "--database"),
        (["--log-level", "error"], "log_level", "error", "--log-level"),
        (["-v", "--log-level", "error"], "log_level", "error", "--log-level"),
        (["--log-format", "json"], "log_format", "json", "--log-format"),
        (["--verbose"], "log_level", "debug", "--verbose"),
        *(
            (["--set", f"{name}={text}"], name, value, f"--set {name}")
            for name, text, value in [
                ("database_url", "sqlite:///a=b.db", "sqlite:///a=b.db"),
                ("data_dir", "/d", "/d"),
                ("plugins", "hiringcafe,other", ["hiringcafe", "other"]),
                ("listen", "h:1", "h:1"),
                ("run_migrations", "no", False),
                ("poll_interval", "5", 5.0),
                ("api_threads", "5", 5),
                ("log_level", "error", "error"),
                ("log_format", "json", "json"),
                ("collectors.hiringcafe.per_minute", "7", "7"),
            ]
        ),
    ],
)
def test_options_before_the_command(jobtracker, config, options, name, value, option) -> None:
    said = jobtracker(*options, "config", "show", "--json")
    assert settings_of(said)[name] == (value, "flag", option)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "listen"], ["--set takes NAME=VALUE", "'listen'"]),
        (["--set", "lisen=x"], ["lisen", "nearest is 'listen'", "--set lisen"]),
        (["--set", "listen=x"], ["listen: 'x'", "HOST:PORT", "(set by --set listen)"]),
        (["--log-level", "loud"], ["log_level: 'loud'", "debug, info", "(set by --log-level)"]),
        (["--log-format", "xml"], ["log_format", "auto, human, json", "(set by --log-format)"]),
        (["--database", "mysql://u:c4n4ry@h/d"], ["database_url", "sqlite:///PATH", "--database"]),
        (["--config", "/nonexistent"], ["config: there is no file /nonexistent", "--config"]),
    ],
)
@pytest.mark.parametrize("command", [["config", "show"], ["jobs", "list"], ["collect", "x"]])
def test_a_wrong_option_exits_with_2_and_says_what_is_allowed(
    jobtracker, options, words, command
) -> None:
    said = jobtracker(*options, *command)
    assert said.code == 2
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert CANARY not in said.err


def test_a_wrong_variable_exits_with_2_and_is_named(jobtracker, monkeypatch) -> None:
    monkeypatch.setenv("LISTEN_ADDR", "8080")
    said = jobtracker("jobs", "list")
    assert said.code == 2
    assert "(set by LISTEN_ADDR)" in said.err
    assert "Next: Change that variable" in said.err


def test_names_that_nobody_reads_are_warned_of(jobtracker, config, monkeypatch) -> None:
    config.write_text("[collectors.nobody]\nper_minute = 1\n")
    monkeypatch.delenv("JOBTRACKER_RECORDINGS", raising=False)
    monkeypatch.setenv("JOBTRACKER_LISTENN", CANARY)
    said = jobtracker("config", "show")
    assert said.code == 0
    assert "Warning: JOBTRACKER_LISTENN" in said.err
    assert "the nearest is JOBTRACKER_LISTEN" in said.err
    assert "[collectors.nobody] is of no collector" in said.err
    assert CANARY not in said.out + said.err
    assert len(json.loads(jobtracker("config", "show", "--json").out)["warnings"]) == 2


def test_a_collectors_wrong_setting_is_shown_with_its_source(jobtracker, config) -> None:
    said = jobtracker("--set", "collectors.hiringcafe.per_minute=often", "config", "show")
    assert said.code == 1
    assert "collectors.hiringcafe.per_minute\toften\t--set" in said.out
    assert "hiringcafe.per_minute: 'often' is not allowed" in said.err


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("source", ["file", "environment", "flag"])
@pytest.mark.parametrize("secret", [f"{CANARY}", f"{CANARY}/{CANARY}?#@x"])
def test_secrets_are_shown_nowhere(
    jobtracker, vault, config, monkeypatch, source, form, secret
) -> None:
    url = f"postgresql://user:{secret}@host/db?sslpassword={CANARY}"
    options = []
    monkeypatch.delenv("JOBTRACKER_DATABASE_URL")
    if source == "file":
        config.write_text(
            f'database_url = "{url}"\n[collectors.vault]\napi_key = "{CANARY}"\n'
            f'login_password = "{secret}"\n'
        )
    elif source == "environment":
        monkeypatch.setenv("POSTGRES_URL", url)
        monkeypatch.setenv("JOBTRACKER_VAULT_API_KEY", CANARY)
        monkeypatch.setenv("JOBTRACKER_VAULT_LOGIN_PASSWORD", secret)
    else:
        options = ["--database", url, "--set", f"collectors.vault.api_key={CANARY}"]
        options += ["--set", f"collectors.vault.login_password={secret}"]
    said = jobtracker(*options, "config", "show", *form)
    assert said.code == 0, said.err
    assert CANARY not in said.out + said.err
    shown = said.out if form else said.out.replace("\t", " ")
    assert "postgresql://user:***@host/db?sslpassword=***" in shown
    held = settings_of(jobtracker(*options, "config", "show", "--json"))
    for key in ("api_key", "login_password"):
        assert held[f"collectors.vault.{key}"][:2] == ("***", source)


def test_a_wrong_secret_is_not_quoted(jobtracker, vault, config, monkeypatch) -> None:
    monkeypatch.setenv("JOBTRACKER_VAULT_API_KEY", CANARY * 9)
    said = jobtracker("config", "show")
    assert said.code == 1
    assert CANARY not in said.out + said.err
    assert "vault.api_key: the value is not allowed; it takes text of up to 20" in said.err
    assert "(set by JOBTRACKER_VAULT_API_KEY)" in said.err


def test_path_names_the_file_that_is_read(jobtracker, config, tmp_path, monkeypatch) -> None:
    assert jobtracker("config", "path").out == f"{config}\n"
    config.write_text("not toml")
    assert jobtracker("config", "path").code == 0
    other = tmp_path / "other.toml"
    said = jobtracker("--config", str(other), "config", "path")
    assert said.out == f"{other}\n"
    assert "no such file" in said.err
    monkeypatch.setenv("JOBTRACKER_CONFIG", "")
    said = jobtracker("config", "path")
    assert said.out == ""
    assert "JOBTRACKER_CONFIG is empty" in said.err


def test_the_log_of_a_run_is_json_where_there_is_no_terminal(collected) -> None:
    before = list(logging.getLogger().handlers)
    said = collected("-v", "collect", "hiringcafe", "--location", "Berlin", "--limit", "3")
    lines = [json.loads(line) for line in said.err.splitlines()]
    assert {line["event"] for line in lines} >= {"run started", "place chosen", "request"}
    for line in lines:
        assert line["collector"] == "hiringcafe"
        assert isinstance(line["run"], int)
        assert isinstance(line["page"], int)
    quiet = collected("collect", "hiringcafe", "--limit", "3")
    assert "request" not in {json.loads(line)["event"] for line in quiet.err.splitlines()}
    none = collected("--log-level", "error", "collect", "hiringcafe", "--limit", "3")
    assert none.err == ""
    assert logging.getLogger().handlers == before


def test_the_log_for_people_on_request(collected) -> None:
    said = collected("--log-format", "human", "collect", "hiringcafe", "--limit", "3")
    assert " info: run started run=2 collector=hiringcafe page=0" in said.err


@pytest.mark.usefixtures("unmade")
def test_without_migrations_a_command_refuses_an_empty_database(jobtracker, monkeypatch) -> None:
    monkeypatch.setenv("RUN_MIGRATIONS", "false")
    said = jobtracker("jobs", "list")
    assert said.code == 1
    assert "has no tables yet" in said.err
    assert "jobtracker db upgrade" in said.err
    assert jobtracker("db", "upgrade").code == 0
    assert jobtracker("jobs", "list").code == 0


def test_a_password_within_a_collectors_setting_is_hidden(jobtracker, monkeypatch) -> None:
    monkeypatch.setenv("JOBTRACKER_HIRINGCAFE_BASE_URL", f"http://bob:{CANARY}@127.0.0.1:1/")
    for arguments in (["config", "show"], ["config", "show", "--json"], ["collect", "hiringcafe"]):
        said = jobtracker(*arguments)
        assert "base_url" in said.out + said.err
        assert CANARY not in said.out + said.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "postgres://u:p@h:abc/d"),
        ("JOBTRACKER_DATABASE_URL", "sqlite:////tmp/a?b.db"),
        ("JOBTRACKER_DATA_DIR", "~nobody-of-that-name/x"),
        ("JOBTRACKER_CONFIG", "~nobody-of-that-name/x"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_source(
    jobtracker, monkeypatch, variable, value
) -> None:
    monkeypatch.delenv("JOBTRACKER_DATABASE_URL")
    monkeypatch.setenv(variable, value)
    said = jobtracker("config", "show")
    assert said.code == 2
    assert variable in said.err


def test_nul_is_in_no_setting(jobtracker, config, monkeypatch) -> None:
    monkeypatch.delenv("JOBTRACKER_DATABASE_URL")
    config.write_text('database_url = "sqlite:///a\\u0000b"\n')
    said = jobtracker("config", "show")
    assert said.code == 2
    assert "database_url" in said.err


def test_names_of_options_that_match_nothing_are_warned_of(jobtracker, monkeypatch) -> None:
    monkeypatch.setenv("JOBTRACKER_PLUGINS", "nope,hiringcafe")
    said = jobtracker("--set", "collectors.nobody.per_minute=1", "config", "show")
    assert "plugins: nope is not installed" in said.err
    assert "--set collectors.nobody is of no collector" in said.err


def test_what_was_exported_is_imported_elsewhere(jobtracker, tmp_path) -> None:
    assert jobtracker("collectors", "enable", "hiringcafe").code == 0
    made = ("searches", "add", "python", "hiringcafe", "--query", "text=python", "--every", "2h")
    assert jobtracker(*made).code == 0, jobtracker(*made).err
    file = tmp_path / "config.json"
    assert jobtracker("config", "export", "--output", str(file)).code == 0
    assert jobtracker("config", "export").out == file.read_text()
    again = jobtracker("config", "import", str(file), "--json")
    assert {one["outcome"] for one in json.loads(again.out)["entries"]} == {"unchanged"}
    document = json.loads(file.read_text())
    document["searches"][0]["every_s"] = 3600
    document["searches"].append({"name": "x", "collector": "nobody"})
    file.write_text(json.dumps(document))
    dry = jobtracker("config", "import", str(file), "--dry-run")
    assert dry.code == 1
    assert "every_s: 7200 -> 3600" in dry.out
    assert "Nothing was changed" in dry.err
    done = jobtracker("config", "import", str(file), "--json")
    outcomes = {one["name"]: one["outcome"] for one in json.loads(done.out)["entries"]}
    assert outcomes == {"hiringcafe": "unchanged", "python": "changed", "x": "impossible"}


def test_a_file_that_is_no_configuration(jobtracker, tmp_path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"searches": 1}')
    said = jobtracker("config", "import", str(file))
    assert said.code == 2
    assert "$.searches" in said.err
