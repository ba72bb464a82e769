"""What is set for a collector: by whom, and what of it can be changed here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.http.address import read_address
from jobtracker_core.http.exchange import BadAddress
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.settings import Settings
from jobtracker_core.settings.hidden import hide_secrets, is_secret, showable
from jobtracker_core.settings.source import DATABASE, DEFAULT, Source


class SettingStatus(Struct, frozen=True, kw_only=True):
    """One setting of a collector.

    Attributes:
        value: What holds; of a secret only `{"set": true}` or `{"set": false}`.
        source: Who set it: `default`, `database`, `file`, `environment`, `flag` or `code`.
        where: The variable, the option, or the file and its key.
        stored: What was set here, which holds unless it is overridden.
        overridden: Something stronger says something else than what was set here.
        description: What it is for.
        allowed: What it takes, in words.
    """

    name: str
    value: Any
    source: str
    where: str
    stored: Any
    overridden: bool
    description: str
    allowed: str


class Held(Struct, frozen=True, kw_only=True):
    """All that anybody has set for one collector; the later ones win: database, file, variables."""

    name: str
    stored: Mapping[str, Any]
    settings: Settings
    known: Collection[str]

    @property
    def values(self) -> dict[str, Any]:
        """What holds, as it was given."""
        return {**self.stored, **self.settings.for_collector(self.name, known=self.known)}

    def source(self, field: str) -> Source:
        """Return who set a field."""
        given = self.settings.collector_source(self.name, field, known=self.known)
        return DATABASE if given is DEFAULT and field in self.stored else given


def read(held: Held, source: discovery.Source) -> CollectorSettings:
    """Return what was set; raises ConfigError, naming who set it."""
    name, values = held.name, held.values
    try:
        settings = forms.fill(source.info.settings, values)
        if settings.base_url is not None:
            read_address(settings.base_url)
    except FormError as error:
        field, problem = next(iter(error.problems.items()))
        if field not in values:
            raise ConfigError(f"{name}.{field}", problem) from None
        told = _hidden(source.info.settings, field, problem)
        raise ConfigError(
            f"{name}.{field}", f"{hide_secrets(told)} (set by {held.source(field)})"
        ) from None
    except BadAddress as error:
        told = f"{error} (set by {held.source('base_url')})"
        raise ConfigError(f"{name}.base_url", told) from error
    return settings


def check(struct: type[CollectorSettings], given: Mapping[str, Any]) -> None:
    """Raise FormError naming each of these settings that cannot be, as `settings.NAME`."""
    problems: dict[str, str] = {}
    try:
        forms.fill(struct, given)
    except FormError as error:
        # What is missing here may stand in a file.
        problems = {field: text for field, text in error.problems.items() if field in given}
    address = given.get("base_url")
    if isinstance(address, str) and "base_url" not in problems:
        try:
            read_address(address)
        except BadAddress as error:
            problems["base_url"] = str(error)
    if problems:
        raise FormError(
            {f"settings.{field}": _hidden(struct, field, text) for field, text in problems.items()}
        )


def describe(held: Held, source: discovery.Source) -> tuple[SettingStatus, ...]:
    """Tell of every setting of a collector who set it and to what."""
    values = held.values
    found = []
    for field in forms.fields(source.info.settings):
        name, set_by = field.name, held.source(field.name)
        value = values.get(name, field.default)
        stored = held.stored.get(name)
        found.append(
            SettingStatus(
                name=name,
                value=_shown(name, value),
                source=set_by.kind,
                where=set_by.where,
                stored=None if stored is None else _shown(name, stored),
                overridden=stored is not None and set_by != DATABASE,
                description=field.description,
                allowed=field.allowed,
            )
        )
    return tuple(found)


def _shown(name: str, value: Any) -> Any:
    if is_secret(name):
        return {"set": value is not None}
    # Paths, and what TOML has beyond JSON, become text.
    return msgspec.to_builtins(showable(name, value), enc_hook=str)


def _hidden(struct: type[CollectorSettings], field: str, problem: str) -> str:
    """Return what is wrong with a field without the value that it quotes, if that is a secret."""
    allowed = {f.name: f.allowed for f in forms.fields(struct)}
    if is_secret(field) and field in allowed:
        return f"the value is not allowed; it takes {allowed[field]}"
    return problem
