"""The settings of one program, and reading them from all their sources."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct

from jobtracker_core.settings import file as config_file
from jobtracker_core.settings.hidden import HIDDEN, showable
from jobtracker_core.settings.source import CODE, DEFAULT, SettingError, Source
from jobtracker_core.settings.table import OUR_VARIABLES, PREFIX, SETTINGS, Setting, split_listen

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "human", "json"]

Found = dict[str, tuple[Any, Source]]


def default_data_dir() -> Path:
    """Return the platform's place for this user's data."""
    import platformdirs  # noqa: PLC0415  (only the default needs it)

    return Path(platformdirs.user_data_dir("jobtracker", appauthor=False))


class Flag(Struct, frozen=True, kw_only=True):
    """A setting given on the command line.

    Attributes:
        setting: Its name, or `collectors.NAME.SETTING`.
        option: The option that gave it, for errors.
    """

    setting: str
    value: Any
    option: str


class Settings(Struct, frozen=True, kw_only=True):
    """What a program needs to know before it starts.

    Make one in code with the values that differ from the defaults, or with `load()` from
    everything that an operator may have set. Values given in code are taken as they are.

    Attributes:
        data_dir: Where this program keeps its own files.
        database_url: `sqlite:///PATH`, `postgresql://…` or `postgres://…`. None: a SQLite file in
            `data_dir`.
        secret_key: Keys of stored secrets; the first one encrypts, all decrypt.
        secret_key_file: A file with such keys, one a line, if `secret_key` is None. None: the file
            `secret.key` in `data_dir`, which is made at first need where the database is SQLite.
        allow_private_addresses: Hosts, addresses and networks of one's own that users may have
            asked, each with `:PORT` for a port other than 80, 443, 8080 and 8443.
        trusted_proxies: Addresses and networks of proxies in front of the server, whose word on
            where a request came from is taken.
        api_requests_per_minute: Requests of one token in a minute, over all processes; 0 is no
            limit.
        plugins: Names of the only entry points to load; None loads all, an empty tuple none.
        listen: Where the server accepts connections, `HOST:PORT`; see `address`.
        run_migrations: Bring the database's schema up to date at first use. Without it, an older
            schema is refused.
        poll_interval: Seconds after which a worker that nothing has woken looks for work again.
            Read by workers alone; collecting from the command line does not wait for anything.
        slots: Runs that a worker takes at once.
        drain_timeout: Seconds that the runs of a worker have to come to their end when it is to.
        keep_runs_days: Days after which runs that ended are forgotten; the newest of each search
            stay.
        keep_run_events_days: Days after which is forgotten what runs told, also those that stay.
        keep_audit_days: Days after which rows of the audit log are forgotten; 0 is never.
        api_threads: Threads that answer requests.
        api_kept_mb: Megabytes of answers that a server keeps as long as nothing is written; 0
            keeps none.
        local_metrics: Programs of this machine may read `/metrics` without a token. Not for where
            a proxy on this machine passes on what comes from elsewhere.
        log_level: The least severe lines that are written.
        log_format: `auto` writes for people at a terminal, and JSON elsewhere.
        collectors: Settings per collector, given in code or by flags; they go before all others.
        environment: What the environment holds beside that, under `JOBTRACKER_…`: settings of
            collectors, whose names are not known here.
        tables: The configuration file's tables of collectors.
        config: The configuration file that was read.
        sources: Where each value came from, by name; see `source()`.
    """

    data_dir: Path = msgspec.field(default_factory=default_data_dir)
    database_url: str | None = None
    secret_key: tuple[str, ...] | None = None
    secret_key_file: Path | None = None
    allow_private_addresses: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    api_requests_per_minute: int = 1200
    plugins: tuple[str, ...] | None = None
    listen: str = "127.0.0.1:8080"
    run_migrations: bool = True
    poll_interval: float = 10.0
    slots: int = 4
    drain_timeout: float = 60.0
    keep_runs_days: int = 90
    keep_run_events_days: int = 90
    keep_audit_days: int = 0
    api_threads: int = 16
    api_kept_mb: int = 16
    local_metrics: bool = False
    log_level: LogLevel = "info"
    log_format: LogFormat = "auto"
    collectors: Mapping[str, Mapping[str, Any]] = {}
    environment: Mapping[str, str] = {}
    tables: Mapping[str, Mapping[str, Any]] = {}
    config: Path | None = None
    sources: Mapping[str, Source] = {}

    @property
    def database(self) -> str:
        """The database's URL, the default filled in."""
        # In a URL these would begin a query or an escape.
        path = quote(str(self.data_dir / "jobtracker.db"), safe="/:\\ ")
        return self.database_url or f"sqlite:///{path}"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`; an IPv6 address without its brackets. Raises SettingError."""
        try:
            return split_listen(self.listen)
        except ValueError:
            raise _refused(SETTINGS["listen"], self.listen, self.source("listen")) from None

    def source(self, name: str) -> Source:
        """Return where a setting's value came from."""
        return self.sources.get(name, CODE)

    @classmethod
    def load(
        cls,
        flags: Iterable[Flag] = (),
        *,
        env: Mapping[str, str] | None = None,
        config: Path | None = None,
    ) -> Settings:
        """Read defaults, the configuration file, the environment and flags; the later ones win.

        Args:
            flags: What the command line says; where one setting is named twice, the last counts.
            env: The environment; None reads this process's.
            config: The file to read, in place of `$JOBTRACKER_CONFIG` and of `config.toml` in the
                user's configuration directory.

        Raises SettingError for the first value that does not fit, and for unknown names in the file
        and in flags. A value that a later source overrides is not looked at.
        """
        env = os.environ if env is None else env
        file = config_file.read(config_file.choose(env, config))
        found: Found = {**_of_file(file), **_of_environment(env)}
        collectors: dict[str, dict[str, Any]] = {}
        sources: dict[str, Source] = {}
        for flag in flags:
            source = Source(kind="flag", where=flag.option)
            if flag.setting in SETTINGS:
                found[flag.setting] = (flag.value, source)
                continue
            table, name, key = _collector_setting(flag, source)
            collectors.setdefault(name, {})[key] = flag.value
            sources[f"{table}.{name}.{key}"] = source
        values = {name: _read(SETTINGS[name], *found[name]) for name in found}
        for name in ("data_dir", "secret_key_file"):
            if file is not None and found.get(name, (None, DEFAULT))[1].kind == "file":
                values[name] = file.path.absolute().parent / values[name]
        return cls(
            **values,
            collectors=collectors,
            environment={
                name: value
                for name, value in env.items()
                if name.startswith(PREFIX) and name not in OUR_VARIABLES and value
            },
            tables={} if file is None else file.collectors,
            config=None if file is None else file.path,
            sources={name: found.get(name, (None, DEFAULT))[1] for name in SETTINGS} | sources,
        )

    @classmethod
    def from_env(
        cls, env: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> Settings:
        """Read the environment alone, without a configuration file. Raises SettingError.

        `database_url` goes before the environment.
        """
        env = os.environ if env is None else env
        flags = (
            []
            if database_url is None
            else [Flag(setting="database_url", value=database_url, option="database_url")]
        )
        return cls.load(flags, env={**env, "JOBTRACKER_CONFIG": ""})

    def for_collector(self, name: str, *, known: Iterable[str]) -> dict[str, Any]:
        """Return what is set for a collector: in code or by flags, else by variables, else by file.

        `known` are the names of all collectors: where one name begins with another, a variable
        belongs to the longer one.
        """
        return {key: value for key, (value, _) in self._found_for(name, known).items()}

    def collector_source(self, name: str, key: str, *, known: Iterable[str]) -> Source:
        """Return where the value of a collector's setting came from."""
        return self._found_for(name, known).get(key, (None, DEFAULT))[1]

    def unused(self, known: Iterable[str]) -> tuple[str, ...]:
        """Return the variables and tables that belong to none of these collectors."""
        known = tuple(known)
        return (
            *sorted(v for v in self.environment if _owner(v, known) is None),
            *(f"[{config_file.COLLECTORS}.{name}]" for name in self.tables if name not in known),
            *(f"{config_file.COLLECTORS}.{name}" for name in self.collectors if name not in known),
        )

    def _found_for(self, name: str, known: Iterable[str]) -> Found:
        known = tuple(known)
        path = f"{config_file.COLLECTORS}.{name}"
        found: Found = {
            key: (value, Source(kind="file", where=f"{self.config}: {path}.{key}"))
            for key, value in self.tables.get(name, {}).items()
        }
        for variable, text in self.environment.items():
            if _owner(variable, known) == name:
                key = variable.removeprefix(f"{PREFIX}{name.upper()}_").lower()
                found[key] = (text, Source(kind="environment", where=variable))
        for key, value in self.collectors.get(name, {}).items():
            found[key] = (value, self.source(f"{path}.{key}"))
        return found

    def __repr__(self) -> str:
        shown = (f"{name}={showable(name, getattr(self, name))!r}" for name in SETTINGS)
        return f"Settings({', '.join(shown)}, …)"


def _owner(variable: str, known: Iterable[str]) -> str | None:
    owners = [name for name in known if variable.startswith(f"{PREFIX}{name.upper()}_")]
    return max(owners, key=len, default=None)


def _of_file(file: config_file.ConfigFile | None) -> Found:
    if file is None:
        return {}
    return {name: (value, file.source(name)) for name, value in file.values.items()}


def _of_environment(env: Mapping[str, str]) -> Found:
    found: Found = {}
    for setting in SETTINGS.values():
        for variable in setting.variables:
            if env.get(variable) or (setting.empty and variable in env):
                source = Source(kind="environment", where=variable)
                found[setting.name] = (env[variable], source)
                break
    return found


def _collector_setting(flag: Flag, source: Source) -> tuple[str, str, str]:
    table, _, rest = flag.setting.partition(".")
    name, _, key = rest.partition(".")
    if table != config_file.COLLECTORS or not name or not key:
        raise SettingError(flag.setting, config_file.unknown(flag.setting), source)
    return table, name, key


def _read(setting: Setting, value: object, source: Source) -> Any:
    try:
        return setting.read(value)
    except ValueError:
        # Neither the cause nor the chain is kept: both may hold a password.
        raise _refused(setting, value, source) from None


def _refused(setting: Setting, value: object, source: Source) -> SettingError:
    if setting.name == "database_url":
        scheme, separator, _ = str(value).partition("://")
        value = f"{scheme}://…" if separator else "…"
    shown = HIDDEN if setting.name == "secret_key" else repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "…"  # noqa: PLR2004  (a line's worth)
    return SettingError(setting.name, f"{shown} is not allowed; it takes {setting.allowed}", source)
