"""`jobtracker db reindex`: making the index of words anew."""

from __future__ import annotations

import sys
import time
from typing import Final

import click

from jobtracker_core.cli.output import open_tracker

_LINE_EVERY_S: Final = 5.0
_LIVE_EVERY_S: Final = 0.2


@click.command()
@click.option("--queue-only", is_flag=True, help="Leave the work to the workers.")
def reindex(queue_only: bool) -> None:  # noqa: FBT001
    """Make the index that searches look in anew, while everything goes on.

    Nothing that is found now is lost meanwhile. If it is broken off, workers go on with it.
    """
    with open_tracker() as tracker:
        if queue_only:
            waiting = tracker.maintenance.reindex(queue_only=True).waiting
            click.echo(f"{waiting:,} jobs wait for a worker")
            return
        shown = _Shown()
        done = tracker.maintenance.reindex(on_progress=shown.tell)
        shown.end()
    click.echo(f"{done.indexed:,} jobs indexed")
    if done.waiting:
        click.echo(f"{done.waiting:,} more came or changed meanwhile, and wait for a worker")


class _Shown:
    """Progress on standard error: one live line at a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty()
        self._since = self._last = time.monotonic()

    def tell(self, done: int, total: int) -> None:
        moment = time.monotonic()
        if moment - self._last < (_LIVE_EVERY_S if self._is_live else _LINE_EVERY_S):
            return
        self._last = moment
        line = f"{done:,} of {total:,} jobs, {done / (moment - self._since):,.0f} per second"
        click.echo(f"\r{line:<60}" if self._is_live else line, err=True, nl=not self._is_live)

    def end(self) -> None:
        if self._is_live:
            click.echo(f"\r{'':<60}\r", err=True, nl=False)
