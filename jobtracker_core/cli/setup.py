"""What a command works with: the settings and the log, each made once for a command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobtracker_core.settings import Flag, Settings

if TYPE_CHECKING:
    from jobtracker_core.logs import Log  # structlog is for commands that run something

_OPTIONS = {
    "database_url": "--database",
    "log_level": "--log-level",
    "log_format": "--log-format",
}
"""Settings that have an option of their own before the command, and that option."""


def config_option() -> Path | None:
    """Return the configuration file that the command line names."""
    given: Path | None = _root().obj["config"]
    return given


def read_settings(*flags: Flag) -> Settings:
    """Read the settings; `flags` are of the command's own options and go before all others.

    Raises SettingError.
    """
    return Settings.load([*_root_flags(_root().obj), *flags], config=config_option())


def open_log() -> Log:
    """Return this command line's log; until it ends, libraries write to it as well."""
    from jobtracker_core import logs

    root = _root()
    if root.obj.get("log") is None:
        settings = read_settings()
        log = logs.open_log(level=settings.log_level, style=settings.log_format)
        root.with_resource(logs.routed(log))
        root.obj["log"] = log
    opened: Log = root.obj["log"]
    return opened


def _root() -> click.Context:
    return click.get_current_context().find_root()


def _root_flags(given: Mapping[str, Any]) -> list[Flag]:
    flags = []
    for text in given["set"]:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"--set takes NAME=VALUE, not {text!r}")
        flags.append(Flag(setting=name.strip(), value=value, option=f"--set {name.strip()}"))
    if given["verbose"]:
        flags.append(Flag(setting="log_level", value="debug", option="--verbose"))
    flags += [
        Flag(setting=name, value=given[name], option=option)
        for name, option in _OPTIONS.items()
        if given[name] is not None
    ]
    return flags
