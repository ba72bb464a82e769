"""`jobtracker users`: who may log in to the portal."""

from __future__ import annotations

import sys

import click

from jobtracker_core.cli.output import Listing, clean, open_tracker, print_json, print_table

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


def ask_password(from_stdin: bool) -> str:  # noqa: FBT001
    """Return a new password, asked for twice at the terminal or read from standard input."""
    if from_stdin:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask at; use --password-stdin")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


@click.group(cls=Listing, invoke_without_command=True)
@_json
@click.pass_context
def users(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Keep the users who may log in; all of them may see and do everything."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@users.command("list")
@_json
def list_(as_json: bool) -> None:  # noqa: FBT001
    """List users."""
    with open_tracker() as tracker:
        found = tracker.accounts.list()
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "NAME", "MADE", "LAST LOGIN"),
        ((u.id, u.name, u.created_at, u.last_login_at) for u in found),
        prose=("NAME",),
    )


@users.command()
@click.argument("name")
@password_stdin
@_json
def add(name: str, password_stdin: bool, as_json: bool) -> None:  # noqa: FBT001
    """Add a user."""
    password = ask_password(password_stdin)
    with open_tracker() as tracker:
        made = tracker.accounts.add(name, password)
    if as_json:
        print_json(made)
    else:
        click.echo(clean(f"User {made.name} may log in now."))


@users.command()
@click.argument("name")
@password_stdin
@_json
def password(name: str, password_stdin: bool, as_json: bool) -> None:  # noqa: FBT001
    """Give a user another password, and end all their sessions."""
    given = ask_password(password_stdin)
    with open_tracker() as tracker:
        user = tracker.accounts.set_password(name, given)
    if as_json:
        print_json(user)
    else:
        click.echo(clean(f"User {user.name} has a new password; all their sessions have ended."))


@users.command()
@click.argument("name")
@_json
def remove(name: str, as_json: bool) -> None:  # noqa: FBT001
    """Delete a user and end their sessions; jobs and applications stay."""
    with open_tracker() as tracker:
        gone = tracker.accounts.remove(name)
    if as_json:
        print_json(gone)
    else:
        click.echo(clean(f"User {gone.name} is gone."))
