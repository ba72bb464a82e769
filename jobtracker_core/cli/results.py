"""How a run ended, in words."""

from __future__ import annotations

import click

from jobtracker_core.cli.output import clean
from jobtracker_core.cli.runs import account
from jobtracker_core.runner.ending import Collected


def print_result(collected: Collected) -> None:
    """Print how a run ended."""
    run, counts = collected.run, collected.run.counts
    seconds = (run.finished_at - run.started_at).total_seconds()
    click.echo(f"{run.collector}: {run.state} in {seconds:.1f} s (run {run.id})")
    parts = [f"{counts.new} new", f"{counts.changed} changed", f"{counts.unchanged} known"]
    parts += [f"{n} {word}" for n, word in ((counts.rejected, "unreadable"),) if n]
    pages = "1 page" if counts.pages == 1 else f"{counts.pages} pages"
    click.echo(f"  {counts.seen} postings on {pages}: {', '.join(parts)}")
    if counts.details or counts.details_failed:
        failed = f", {counts.details_failed} failed" if counts.details_failed else ""
        click.echo(f"  {counts.details} details read{failed}")
    for use in run.filters:
        click.echo(f"  {use.word}: {clean(account(use))}")
    if run.error_message:
        cause = f"{run.error_class}: " if run.error_class else ""
        click.echo(f"  {cause}{clean(run.error_message)}")
    if collected.hint:
        click.echo(f"  Next: {clean(collected.hint)}")
