"""`jobtracker secrets`: the key that stored secrets are encrypted with."""

from __future__ import annotations

import click

from jobtracker_core.cli.output import Group, open_tracker, print_json


@click.group(cls=Group)
def secrets() -> None:
    """Look after the key that stored secrets are encrypted with."""


@secrets.command("new-key")
def new_key() -> None:
    """Print a new random key; nothing is changed."""
    from jobtracker_core.security.sealing import make_key

    click.echo(make_key())


@secrets.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rotate(as_json: bool) -> None:  # noqa: FBT001
    """Encrypt everything anew that an older key encrypted.

    Put the new key before the old one in JOBTRACKER_SECRET_KEY or in the key file, run this, and
    take the old one out afterwards. It may be stopped and started again at any time.
    """
    with open_tracker() as tracker:
        done = tracker.secrets.rotate()
    if as_json:
        print_json(done)
    else:
        click.echo(f"{done.renewed} of {done.secrets} secrets were encrypted anew.")
        click.echo("Only the first key is needed from now on.")
