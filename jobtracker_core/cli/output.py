"""Printing: JSON for programs, tables for people at a terminal, plain columns for everything else.

Whatever comes from a site loses its control characters here: a title must not steer a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec

from jobtracker_core.cli.setup import read_settings
from jobtracker_core.settings import Flag
from jobtracker_core.tracker import JobTracker


def open_tracker(*flags: Flag) -> JobTracker:
    """Open the installation that the settings name; `flags` are the command's own. SettingError."""
    return JobTracker(read_settings(*flags))


def print_json(value: Any) -> None:
    """Print a struct, or a sequence of them, as indented JSON."""
    encoded = msgspec.json.encode(value, enc_hook=_plain)
    click.echo(msgspec.json.format(encoded, indent=2).decode())


def _plain(value: Any) -> Any:
    if isinstance(value, type):
        return value.__name__
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows: a fitted table at a terminal, tab-separated values elsewhere."""
    texts = [[clean(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [list(headings), *texts]:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="ellipsis", no_wrap=True)
    for row in texts:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line; what is None or empty is left out."""
    shown = [(name, clean(value)) for name, value in fields if value not in (None, "", (), {})]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {value}")


def clean(value: object) -> str:
    """Return a value as one line of harmless text; times are in UTC."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(clean(item) for item in value)
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())


def clean_lines(text: str) -> str:
    """Return text with its line breaks and nothing else that steers a terminal."""
    return "\n".join(
        "".join(c for c in line if c.isprintable() or c == "\t") for line in text.splitlines()
    )
