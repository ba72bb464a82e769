"""`jobtracker config`: what is set, and by whom."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import Any

import click
import msgspec
from msgspec import Struct

from jobtracker_core.cli.errors import FAILED
from jobtracker_core.cli.output import open_tracker, print_json, print_table
from jobtracker_core.cli.setup import config_option
from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.settings import Source
from jobtracker_core.settings.file import choose
from jobtracker_core.settings.hidden import showable
from jobtracker_core.settings.table import OUR_VARIABLES, PREFIX, SETTINGS
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.tracker import JobTracker, collector_settings


class Held(Struct, frozen=True, kw_only=True):
    """A setting, its value as it may be shown, and where that came from."""

    name: str
    value: Any
    source: Source


class Shown(Struct, frozen=True, kw_only=True):
    """All settings.

    Attributes:
        config: The configuration file that was read.
        problems: What keeps a collector from running.
        warnings: Names that nobody reads.
    """

    config: str | None
    settings: tuple[Held, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


@click.group()
def config() -> None:
    """See how this program is set up."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> int:  # noqa: FBT001
    """Show every setting, its value and where it came from; secrets are hidden."""
    with open_tracker() as tracker:
        shown = _look(tracker)
    if as_json:
        print_json(shown)
    else:
        print_table(
            ("SETTING", "VALUE", "SET BY"), ((s.name, s.value, s.source) for s in shown.settings)
        )
        for problem in shown.problems:
            click.echo(f"Error: {problem}", err=True)
        for warning in shown.warnings:
            click.echo(f"Warning: {warning}", err=True)
    return FAILED if shown.problems else 0


@config.command()
def path() -> None:
    """Print the path of the configuration file, whether it is there or not."""
    choice = choose(os.environ, config_option())
    if choice.path is None:
        click.echo(f"No file is read: {choice.source} is empty.", err=True)
        return
    click.echo(choice.path)
    if not choice.path.exists():
        click.echo("There is no such file yet.", err=True)


def _look(tracker: JobTracker) -> Shown:
    settings = tracker.settings
    values = {name: getattr(settings, name) for name in SETTINGS}
    values["database_url"] = settings.database
    held = [
        Held(name=name, value=_plain(showable(name, value)), source=settings.source(name))
        for name, value in values.items()
    ]
    problems = []
    warnings = [*_warnings(tracker)]
    for name, source in sorted(tracker.registry.sources.items()):
        try:
            mine = tracker.held(name)
        except StorageError as error:
            told = f"settings that are kept in the database are not among these: {error}"
            warnings += [told] * (told not in warnings)
            known = tracker.registry.sources
            mine = collector_settings.Held(name=name, stored={}, settings=settings, known=known)
        held += _of_collector(mine, source)
        try:
            collector_settings.read(mine, source)
        except ConfigError as error:
            problems.append(str(error))
    return Shown(
        config=None if settings.config is None else str(settings.config),
        settings=tuple(held),
        problems=tuple(problems),
        warnings=tuple(warnings),
    )


def _of_collector(held: collector_settings.Held, source: discovery.Source) -> Iterator[Held]:
    fields = {field.name: field.default for field in forms.fields(source.info.settings)}
    for key, value in {**fields, **held.values}.items():
        yield Held(
            name=f"collectors.{held.name}.{key}",
            value=_plain(showable(key, value)),
            source=held.source(key),
        )


def _plain(value: Any) -> Any:
    """Return what JSON knows; paths and what TOML has beyond JSON become text."""
    return msgspec.to_builtins(value, enc_hook=str)


def _warnings(tracker: JobTracker) -> Iterator[str]:
    known = tracker.registry.sources
    there = {plugin.name for plugin in tracker.registry.plugins}
    for name in tracker.settings.plugins or ():
        if name not in there:
            yield f"plugins: {name} is not installed; there: {', '.join(sorted(there)) or 'none'}"
    prefixes = [f"{PREFIX}{name.upper()}_" for name in known]
    for name in tracker.settings.unused(known):
        if name.startswith("collectors."):
            yield f"--set {name} is of no collector that is installed"
        elif name.startswith("["):
            yield f"{tracker.settings.config}: {name} is of no collector that is installed"
        else:
            (near,) = difflib.get_close_matches(name, [*OUR_VARIABLES, *prefixes], n=1, cutoff=0.0)
            yield f"{name} is of no setting and no collector; the nearest is {near}"
