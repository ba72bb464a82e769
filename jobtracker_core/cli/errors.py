"""From exceptions to one line, a next step and an exit code."""

from __future__ import annotations

import click

from jobtracker_core.contract.errors import BadQuery, ConfigError
from jobtracker_core.http.record import RecordError
from jobtracker_core.plugins.discovery import UnknownCollector
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.settings import SettingError
from jobtracker_core.storage.errors import NotFound, StorageError
from jobtracker_core.tracker import CollectorOff

FAILED, WRONG_USE, PARTIAL = 1, 2, 3


def explain(error: Exception) -> int:
    """Print what is wrong and what to do; raise what is no known error of ours."""
    if isinstance(error, StorageError):
        _say(str(error), error.hint)
        return WRONG_USE if isinstance(error, NotFound) else FAILED
    if isinstance(error, FormError):
        for field, problem in error.problems.items():
            _say(f"{option(field)}: {problem}")
        return WRONG_USE
    if isinstance(error, CollectorOff):
        name = error.info.name
        _say(
            f"collector {name!r} is off, as all are at first",
            f"read its site's rules and turn it on with: jobtracker collectors enable {name}",
        )
        return WRONG_USE
    if isinstance(error, BadQuery | ConfigError | SettingError):
        _say(str(error), error.hint)
        return WRONG_USE
    if isinstance(error, UnknownCollector):
        _say(str(error), "see `jobtracker plugins`")
        return WRONG_USE
    if isinstance(error, RecordError):
        _say(str(error))
        return WRONG_USE
    raise error


def option(field: str) -> str:
    """Return a query's field as the option that sets it."""
    return "--" + field.replace("_", "-")


def _say(what: str, then: str = "") -> None:
    click.echo(f"Error: {what}", err=True)
    if then:
        click.echo(f"Next: {then}", err=True)
