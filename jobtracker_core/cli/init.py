"""`jobtracker init`: the set-up at a terminal."""

from __future__ import annotations

import sys

import click

from jobtracker_core.cli.output import clean, open_tracker, print_json
from jobtracker_core.cli.users import ask_password, password_stdin
from jobtracker_core.storage.users import AlreadySetUp


@click.command()
@click.option("--name", metavar="NAME", help="The first user's name; asked for if not given.")
@password_stdin
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def init(name: str | None, password_stdin: bool, as_json: bool) -> None:  # noqa: FBT001
    """Set up: make the first user, who may log in to the portal.

    The other way is the address with a one-time code that `jobtracker serve` prints as long as
    there is no user.
    """
    with open_tracker() as tracker:
        if tracker.accounts.any():
            raise AlreadySetUp(
                "this installation has been set up", "Add a user with: jobtracker users add NAME"
            )
        if name is None and (password_stdin or not sys.stdin.isatty()):
            raise click.UsageError("there is no terminal to ask at; give --name")
        user = name if name is not None else click.prompt("Name", err=True)
        made = tracker.accounts.create_first(user, ask_password(password_stdin))
    if as_json:
        print_json(made)
    else:
        click.echo(clean(f"User {made.name} may log in now: jobtracker serve"))
