"""`jobtracker tokens`: what programs use the API with."""

from __future__ import annotations

from datetime import timedelta

import click

from jobtracker_core.cli.output import clean, print_json, print_table
from jobtracker_core.cli.place import Family, curl_option, open_place
from jobtracker_core.contract.access import Scope

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=Family, invoke_without_command=True)
@_json
@click.pass_context
def tokens(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Keep the tokens with which programs use the API."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, with_revoked=False, as_json=as_json)


@tokens.command(
    epilog="\b\nThe scopes:\n"
    + "\n".join(f"  {scope:<14}{scope.meaning}" for scope in Scope)
    + "\n\n\b\njobs:write includes jobs:read, and admin includes all."
)
@click.argument("name")
@click.option(
    "--scopes",
    "scope_lists",
    metavar="LIST",
    multiple=True,
    required=True,
    help="What it may do, with commas.",
)
@click.option(
    "--expires-days",
    metavar="DAYS",
    type=click.IntRange(min=1),
    default=90,
    show_default=True,
    help="How long it is valid.",
)
@click.option("--no-expiry", is_flag=True, help="It is valid until it is revoked.")
@click.option("--collector", metavar="NAME", help="It may send pages of this collector only.")
@_json
def create(
    name: str,
    scope_lists: tuple[str, ...],
    expires_days: int,
    no_expiry: bool,  # noqa: FBT001
    collector: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Make a token and print it: this once, and never again."""
    words = [word.strip() for text in scope_lists for word in text.split(",") if word.strip()]
    expires_in = None if no_expiry else timedelta(days=expires_days)
    with open_place() as tracker:
        made = tracker.tokens.create(name, words, expires_in=expires_in, collector=collector)
    if as_json:
        print_json(made)
        return
    click.echo(made.text)
    click.echo(
        clean(f"Token {made.token.id} is shown this once: keep it where nobody else reads."),
        err=True,
    )


@tokens.command("list")
@click.option("--revoked", "with_revoked", is_flag=True, help="Those that were revoked as well.")
@curl_option
@_json
def list_(with_revoked: bool, as_json: bool, curl: bool) -> None:  # noqa: FBT001
    """List tokens, the newest first."""
    with open_place(curl=curl) as tracker:
        found = tracker.tokens.list(with_revoked=with_revoked)
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "TOKEN", "NAME", "SCOPES", "COLLECTOR", "EXPIRES", "LAST USED", "REVOKED"),
        (
            (
                t.id,
                f"jt_{t.key}_…",
                t.name,
                t.scopes,
                t.collector,
                "never" if t.expires_at is None else t.expires_at,
                t.last_used_at,
                t.revoked_at,
            )
            for t in found
        ),
        prose=("NAME",),
    )


@tokens.command()
@click.argument("token_id", type=click.IntRange(min=1), metavar="ID")
@_json
def revoke(token_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Have a token open nothing from now on."""
    with open_place() as tracker:
        gone = tracker.tokens.revoke(token_id)
    if as_json:
        print_json(gone)
    else:
        click.echo(clean(f"Token {gone.id}, {gone.name}, is revoked."))
