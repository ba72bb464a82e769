"""`jobtracker config`: what is set, and by whom; writing it down and reading it back."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec
from msgspec import Struct

from jobtracker_core.cli.errors import FAILED
from jobtracker_core.cli.output import Group, open_tracker, print_json, print_table
from jobtracker_core.cli.setup import config_option
from jobtracker_core.contract.errors import ConfigError
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.settings import Source
from jobtracker_core.settings.file import choose
from jobtracker_core.settings.hidden import showable
from jobtracker_core.settings.table import OUR_VARIABLES, PREFIX, SETTINGS
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.tracker import JobTracker, collector_settings
from jobtracker_core.tracker.configuration import Document, Imported


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


@click.group(cls=Group)
def config() -> None:
    """See how this program is set up, and carry it to another place."""


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


@config.command("export")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; without it, it is printed.",
)
def export_(output: Path | None) -> None:
    """Write down searches, collectors and proxies, without secrets, for `config import`."""
    with open_tracker() as tracker:
        document = tracker.configuration.export()
    text = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    if output is None:
        click.echo(text.decode(), nl=False)
    else:
        output.write_bytes(text)


@config.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(file: BinaryIO, dry_run: bool, as_json: bool) -> int:  # noqa: FBT001
    """Set this installation up as FILE says, which `config export` wrote; - reads it from a pipe.

    What FILE does not name stays as it is. Done twice, the second time changes nothing.
    """
    try:
        document = msgspec.json.decode(file.read(), type=Document)
    except msgspec.DecodeError as error:
        raise click.UsageError(f"{file.name} is no configuration: {error}") from error
    with open_tracker() as tracker:
        report = tracker.configuration.load(document, dry_run=dry_run)
    if as_json:
        print_json(report)
    else:
        print_table(
            ("WHAT", "NAME", "OUTCOME", "DIFFERENCES"),
            ((e.kind, e.name, e.outcome, _differences(e)) for e in report.entries),
            prose=("DIFFERENCES",),
        )
        if dry_run:
            click.echo("Nothing was changed.", err=True)
    return FAILED if report.count("impossible") else 0


def _differences(entry: Imported) -> str:
    if entry.reason is not None:
        return entry.reason
    return "; ".join(f"{d.field}: {d.was!r} -> {d.is_!r}" for d in entry.differences)


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
