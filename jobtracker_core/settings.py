"""How one program is set up. Built once at the entry point and passed down; there is no global."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct

_PREFIX = "JOBTRACKER_"
_OWN = frozenset({"JOBTRACKER_DATA_DIR", "JOBTRACKER_DATABASE_URL", "JOBTRACKER_PLUGINS"})


class Settings(Struct, frozen=True, kw_only=True):
    """What a program needs to know before it starts.

    Attributes:
        database_url: `sqlite:///PATH` or `postgresql://…`. None: a SQLite file in `data_dir`.
        data_dir: Where this program keeps its own files.
        plugins: Names of the only entry points to load; None loads all, an empty tuple none.
        collectors: Settings per collector.
        environment: What the environment holds beside that, under `JOBTRACKER_…`: settings of
            collectors, whose names are not known here.
    """

    data_dir: Path
    database_url: str | None = None
    plugins: tuple[str, ...] | None = None
    collectors: Mapping[str, Mapping[str, Any]] = {}
    environment: Mapping[str, str] = {}

    @property
    def database(self) -> str:
        """The database's URL, the default filled in."""
        # In a URL these would begin a query or an escape.
        path = quote(str(self.data_dir / "jobtracker.db"), safe="/:\\ ")
        return self.database_url or f"sqlite:///{path}"

    @classmethod
    def from_env(
        cls, env: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> Settings:
        """Read the environment: `JOBTRACKER_…`, and `DATABASE_URL` for the database.

        `JOBTRACKER_<COLLECTOR>_<SETTING>` sets a collector's setting. What is given as an argument
        goes before the environment.
        """
        env = os.environ if env is None else env
        data_dir = env.get("JOBTRACKER_DATA_DIR")
        plugins = env.get("JOBTRACKER_PLUGINS")
        return cls(
            data_dir=Path(data_dir) if data_dir else default_data_dir(),
            database_url=database_url
            or env.get("JOBTRACKER_DATABASE_URL")
            or env.get("DATABASE_URL"),
            plugins=None
            if plugins is None
            else tuple(name.strip() for name in plugins.split(",") if name.strip()),
            environment={
                name: value
                for name, value in env.items()
                if name.startswith(_PREFIX) and name not in _OWN
            },
        )

    def for_collector(self, name: str, *, known: Iterable[str]) -> dict[str, Any]:
        """Return what is set for a collector; what was given in code goes before the environment.

        `known` are the names of all collectors: where one name begins with another, a variable
        belongs to the longer one.
        """
        prefixes = {other: f"{_PREFIX}{other.upper()}_" for other in known}
        values: dict[str, Any] = {}
        for variable, value in self.environment.items():
            owners = [o for o, prefix in prefixes.items() if variable.startswith(prefix)]
            if owners and max(owners, key=len) == name:
                values[variable.removeprefix(prefixes[name]).lower()] = value
        return {**values, **self.collectors.get(name, {})}


def default_data_dir() -> Path:
    """Return the platform's place for this user's data."""
    import platformdirs  # noqa: PLC0415  (only the default needs it)

    return Path(platformdirs.user_data_dir("jobtracker", appauthor=False))
