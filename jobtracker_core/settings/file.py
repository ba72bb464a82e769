"""The configuration file: which one it is, and what stands in it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from jobtracker_core.settings.source import DEFAULT, SettingError, Source
from jobtracker_core.settings.table import CONFIG_VARIABLE, SETTINGS

COLLECTORS = "collectors"
"""The table that holds one table for each collector."""


class Choice(Struct, frozen=True, kw_only=True):
    """Which file is to be read, and who says so. `path` is None where somebody wants none."""

    path: Path | None
    source: Source


class ConfigFile(Struct, frozen=True, kw_only=True):
    """What a file holds, not yet looked at value by value."""

    path: Path
    values: Mapping[str, Any]
    collectors: Mapping[str, Mapping[str, Any]]

    def source(self, key: str) -> Source:
        """Name the place of a key."""
        return Source(kind="file", where=f"{self.path}: {key}")


def choose(env: Mapping[str, str], given: Path | None = None) -> Choice:
    """Return the file that is to be read, whether it is there or not.

    `given` goes before the variable, which goes before the user's configuration directory. An empty
    variable means: none.
    """
    if given is not None:
        return Choice(path=given, source=Source(kind="flag", where="--config"))
    named = env.get(CONFIG_VARIABLE)
    if named is not None:
        source = Source(kind="environment", where=CONFIG_VARIABLE)
        try:
            path = Path(named).expanduser() if named else None
        except RuntimeError as error:  # ~somebody who is not there
            raise SettingError("config", f"{named!r} is no file: {error}", source) from error
        return Choice(path=path, source=source)
    return Choice(path=default_config_dir() / "config.toml", source=DEFAULT)


def default_config_dir() -> Path:
    """Return the platform's place for what this user sets."""
    import platformdirs  # noqa: PLC0415  (only the default needs it)

    return Path(platformdirs.user_config_dir("jobtracker", appauthor=False))


def read(choice: Choice) -> ConfigFile | None:
    """Read the chosen file; None if there is none and nobody asked for it.

    Raises SettingError for a file that is missing, unreadable, no TOML, or has an unknown key.
    """
    path = choice.path
    if path is None:
        return None
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if choice.source.kind == "default":
            return None
        raise SettingError("config", f"there is no file {path}", choice.source) from None
    except OSError as error:
        raise SettingError(
            "config", f"cannot read {path}: {error.strerror}", choice.source
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError("config", f"{path} is no TOML file: {error}", choice.source) from None
    tables = values.pop(COLLECTORS, {})
    file = ConfigFile(path=path, values=values, collectors=tables)
    for key in values:
        if key not in SETTINGS:
            raise SettingError(key, unknown(key), file.source(key))
    _check_tables(file)
    return file


def unknown(key: str) -> str:
    """Say that there is no such setting, and which comes nearest."""
    import difflib  # noqa: PLC0415  (only errors need it)

    (near,) = difflib.get_close_matches(key, [*SETTINGS, COLLECTORS], n=1, cutoff=0.0)
    return f"there is no such setting; the nearest is {near!r}"


def _check_tables(file: ConfigFile) -> None:
    if not isinstance(file.collectors, dict):
        raise SettingError(
            COLLECTORS,
            "it takes one table for each collector, such as [collectors.hiringcafe]",
            file.source(COLLECTORS),
        )
    for name, table in file.collectors.items():
        if not isinstance(table, dict):
            key = f"{COLLECTORS}.{name}"
            raise SettingError(
                key, f"it takes a table of that collector's settings: [{key}]", file.source(key)
            )
