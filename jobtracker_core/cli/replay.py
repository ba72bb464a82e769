"""`jobtracker replay`: today's plugin on yesterday's answers."""

from __future__ import annotations

from pathlib import Path

import click

from jobtracker_core.cli.errors import FAILED, PARTIAL
from jobtracker_core.cli.output import clean, open_tracker, print_json, print_table
from jobtracker_core.contract.run import RunState


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the records as JSON.")
def replay(directory: Path, as_json: bool) -> int:  # noqa: FBT001
    """Run a collector on the exchanges in DIRECTORY; nothing is sent and nothing is stored.

    DIRECTORY is what `jobtracker collect … --record DIRECTORY` wrote.
    """
    with open_tracker() as tracker:
        replayed = tracker.replay(directory)
    outcome = replayed.now.outcome
    if as_json:
        print_json(replayed)
    else:
        print_table(
            ("SOURCE ID", "TITLE", "COMPANY", "DETAILS"),
            (
                (
                    r.source_id,
                    r.title,
                    r.company,
                    any(d.source_id == r.source_id for d in replayed.detailed),
                )
                for r in replayed.listed
            ),
            prose=("SOURCE ID", "TITLE", "COMPANY"),
        )
        then = replayed.then
        was = f"{then.state}, {then.counts.seen} postings" if then else "killed before its end"
        click.echo(
            f"recorded: {was} ({replayed.manifest.distribution} {replayed.manifest.version})"
        )
        click.echo(f"now: {outcome.state}, {replayed.now.counts.seen} postings")
        if outcome.message:
            click.echo(f"  {outcome.error_class or 'note'}: {clean(outcome.message)}")
        for request in replayed.unused:
            click.echo(f"  recorded but not asked for: {clean(request)}")
    if outcome.state is RunState.SUCCEEDED:
        return 0
    return PARTIAL if outcome.state is RunState.PARTIAL else FAILED
