"""Printing: JSON for programs, tables for people at a terminal, plain columns for everything else.

Whatever comes from a site loses its control characters here: a title must not steer a terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from jobtracker_core.cli.setup import read_settings
from jobtracker_core.settings import Flag
from jobtracker_core.tracker import JobTracker

_LEAST = 8
"""Prose is not cut below this width: then rather a column less."""

_GAP = 2

_WHOLE = 1_000
"""More letters than any sentence of a help has."""

# DEL, the controls of eight bits, and what turns the direction of a text around.
_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Group(click.Group):
    """A group whose help tells what its commands do in whole sentences."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands; click itself cuts off what goes beyond a line."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, each.get_short_help_str(_WHOLE)) for name, each in found if each]
            )


class Listing(Group):
    """A group that lists what it is about; its --json is that of the command that follows it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Pass --json on, or refuse it where the command has none."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is None or not ctx.params.get("as_json"):
            return name, command, rest
        if not any(option.name == "as_json" for option in command.params):
            ctx.fail(f"`{name}` prints no JSON")
        return name, command, ["--json", *rest]


def open_tracker(*flags: Flag) -> JobTracker:
    """Open the installation that the settings name; `flags` are the command's own. SettingError."""
    return JobTracker(read_settings(*flags))


def print_json(value: Any) -> None:
    """Print a struct, or a sequence of them, as indented JSON."""
    encoded = msgspec.json.encode(value, enc_hook=_plain)
    click.echo(_harmless(msgspec.json.format(encoded, indent=2).decode()))


def print_json_line(value: Any) -> None:
    """Print a struct as JSON on one line: for output that comes bit by bit."""
    click.echo(_harmless(msgspec.json.encode(value, enc_hook=_plain).decode()))


def _harmless(encoded: str) -> str:
    # JSON itself leaves those characters as they are that steer a terminal with their eighth bit.
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded)


def _plain(value: Any) -> Any:
    if isinstance(value, type):
        return value.__name__
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, prose: Collection[str] = ()
) -> None:
    """Print rows: a fitted table at a terminal, tab-separated values elsewhere.

    The columns headed `prose` may be cut to fit; numbers, states and dates are of no use cut. If
    that is not enough, columns are left out from the right.
    """
    texts = [[clean(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [list(headings), *texts]:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    columns = list(zip(headings, *texts, strict=True))
    widths = _fit(columns, console.width, prose)
    for heading, width in zip(headings, widths, strict=False):
        table.add_column(heading, overflow="ellipsis", no_wrap=True, width=width)
    for row in texts:
        table.add_row(*(Text(cell) for cell in row[: len(widths)]))
    console.print(table)


def _fit(columns: Sequence[Sequence[str]], available: int, prose: Collection[str]) -> list[int]:
    """Return the widths of as many columns as fit; the widest prose gives way first."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, cells)) for cells in columns]
    cuttable = [number for number, cells in enumerate(columns) if cells[0] in prose]
    while sum(widths) + _GAP * len(widths) > available:
        widest = max(cuttable, key=lambda number: widths[number], default=None)
        if widest is not None and widths[widest] > _LEAST:
            widths[widest] -= 1
        elif len(widths) > 1:
            widths.pop()
            cuttable = [number for number in cuttable if number < len(widths)]
        else:
            break
    return widths


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line; what is None or empty is left out."""
    shown = [(name, clean(value)) for name, value in fields if value not in (None, "", (), {})]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {value}")


def by_clock(at: datetime | None, timezone: str) -> str | None:
    """Return an instant as the clocks of a place show it, and by which time that is."""
    return None if at is None else f"{at.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M %Z}"


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
