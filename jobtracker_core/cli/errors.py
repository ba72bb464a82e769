"""From exceptions to one line, a next step and an exit code."""

from __future__ import annotations

import click

from jobtracker_core.cli.output import clean, clean_lines
from jobtracker_core.client.errors import RemoteError
from jobtracker_core.contract.errors import BadQuery, ConfigError
from jobtracker_core.http.proxies import BadProxy
from jobtracker_core.http.record import RecordError
from jobtracker_core.plugins.discovery import Unavailable, UnknownCollector
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.plugins.skeleton import SkeletonError
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.search.nodes import SearchError
from jobtracker_core.settings import SettingError
from jobtracker_core.storage.errors import Duplicate, NotFound, StorageError, WrongAddress
from jobtracker_core.tracker import CollectorOff
from jobtracker_core.tracker.ingest import NotYours, RunOver
from jobtracker_core.tracker.runs import NoRetry, NotSuspect

FAILED, WRONG_USE, PARTIAL = 1, 2, 3


def explain(error: Exception) -> int:
    """Print what is wrong and what to do; raise what is no known error of ours."""
    if isinstance(error, FormError):
        for field, problem in error.problems.items():
            _say(f"{option(field)}: {problem}")
        return WRONG_USE
    if isinstance(error, SearchError):
        _say(f"--search: {error.message}")
        for note in getattr(error, "__notes__", ()):
            click.echo(clean_lines(note), err=True)
        click.echo(f"Next: {clean(error.hint)}", err=True)
        return WRONG_USE
    if isinstance(error, ScheduleError):
        _say(f"{option(error.field.removesuffix('_s'))}: {error.message}", error.hint)
        return WRONG_USE
    what, then, code = _account(error)
    _say(what, then)
    return code


def _account(error: Exception) -> tuple[str, str, int]:
    """Return what is wrong, the next step and the exit code."""
    match error:
        case StorageError() | RemoteError() | NotYours() | RunOver():
            mistaken = isinstance(error, NotFound | WrongAddress | Duplicate) or (
                isinstance(error, RemoteError) and error.is_mistake
            )
            return str(error), error.hint, WRONG_USE if mistaken else FAILED
        case CollectorOff():
            then = "read its site's rules and turn it on with: jobtracker collectors enable "
            return f"{error}, as all are at first", then + error.name, WRONG_USE
        case Unavailable():
            return str(error), "see `jobtracker collectors` for those that can be used", FAILED
        case (
            BadQuery()
            | ConfigError()
            | SettingError()
            | RecordError()
            | SkeletonError()
            | BadProxy()
            | NoRetry()
            | NotSuspect()
        ):
            return str(error), error.hint, WRONG_USE
        case UnknownCollector():
            return str(error), "see `jobtracker plugins`", WRONG_USE
        case OSError():
            return f"{error.filename or 'output'}: {error.strerror or error}", "", FAILED
        case _:
            raise error


def option(field: str) -> str:
    """Return a query's field as the option that sets it."""
    return "--" + field.replace("_", "-")


def _say(what: str, then: str = "") -> None:
    click.echo(f"Error: {clean(what)}", err=True)
    if then:
        click.echo(f"Next: {clean(then)}", err=True)
