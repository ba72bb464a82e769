"""`jobtracker jobs export`: stored jobs for spreadsheets and programs."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast, get_args

import click

from jobtracker_core.cli.place import open_place
from jobtracker_core.export import Format, encode


@click.command()
@click.option(
    "--format",
    "kind",
    type=click.Choice(get_args(Format)),
    default="csv",
    show_default=True,
    help="json is one array, jsonl one object a line.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write FILE, whole or not at all. [default: standard output]",
)
@click.option("--source", metavar="NAME", help="Only jobs of this collector.")
@click.option("--search", metavar="QUERY", help="Only jobs that QUERY finds.")
@click.option("--changed-by", type=click.IntRange(min=1), metavar="RUN", help="Changed by a run.")
@click.option(
    "--with-text", is_flag=True, help="Descriptions too: plain text in CSV, HTML in JSON."
)
def export(
    kind: str,
    output: Path | None,
    source: str | None,
    search: str | None,
    changed_by: int | None,
    with_text: bool,  # noqa: FBT001
) -> None:
    """Write all jobs that match, newest first, as CSV, JSON or JSON lines.

    No cell of the CSV is executed by a spreadsheet: text that looks like a formula gets an
    apostrophe in front.
    """
    with open_place() as tracker, _opened(output) as file:
        jobs = tracker.jobs.export(
            source=source, text=search, changed_by_run=changed_by, with_text=with_text
        )
        for piece in encode(jobs, cast("Format", kind), with_text=with_text):
            file.write(piece)


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Open what is written to; a file takes its name only when it is complete."""
    if output is None or str(output) == "-":
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # The reader (`head`, a pager) has what it wanted. Python flushes once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    target = output.resolve()
    try:
        if target.exists() and not target.is_file():
            # A pipe or a device has no older content to lose, and its name must not be taken.
            with target.open("wb") as file:
                yield file
            return
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.draft")
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                if target.exists():
                    os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise click.FileError(str(output), hint=error.strerror or str(error)) from error
