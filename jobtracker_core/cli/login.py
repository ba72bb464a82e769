"""`jobtracker login` and `logout`: tokens of servers that are used from here."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from jobtracker_core.cli import logins
from jobtracker_core.cli.output import clean
from jobtracker_core.client import connect
from jobtracker_core.client.address import read_server
from jobtracker_core.client.tracker import check_token

_BIGGEST = 4_096


@click.command()
@click.argument("url")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Read the token from FILE, or from standard input with `-`.",
)
@click.option(
    "--allow-http",
    is_flag=True,
    help="Send the token over http:// to another machine, where others on the way can read it.",
)
@click.pass_context
def login(ctx: click.Context, url: str, token_file: Path | None, allow_http: bool) -> None:  # noqa: FBT001
    """Keep a token, so that `--server URL` and JOBTRACKER_SERVER work without naming it.

    The token is asked for, or read from a file or from standard input: on a command line, other
    users of this machine could read it. Make one where the server is with `jobtracker tokens
    create`, or in its portal.
    """
    allowed = allow_http or ctx.find_root().obj["allow_http"]
    server = read_server(url, plain_http=allowed)
    token = check_token(_read(token_file, server.url))
    with connect(url, token=token, plain_http=allowed) as remote:
        said = remote.whoami()
    path = logins.write(logins.Login(url=server.url, token=token, plain_http=allowed))
    shown = said.token
    until = "" if shown.expires_at is None else f", until {clean(shown.expires_at)} UTC"
    click.echo(
        clean(
            f"Logged in at {server.url} with token {shown.id}, {shown.name}, which allows "
            f"{', '.join(shown.scopes)}{until}."
        )
    )
    click.echo(clean(f"It is kept in {path}, for your eyes alone."))
    click.echo(f"Use it: jobtracker --server {server.url} jobs")


def _read(file: Path | None, url: str) -> str:
    if file is not None and str(file) != "-":
        try:
            with file.open(encoding="utf-8", errors="replace") as opened:
                return opened.read(_BIGGEST)
        except OSError as error:
            raise click.FileError(str(file), hint=error.strerror or str(error)) from error
    if file is None and sys.stdin.isatty():
        text: str = click.prompt(f"Token for {url}", hide_input=True, err=True)
        return text
    return sys.stdin.read(_BIGGEST)


@click.command()
@click.argument("url")
def logout(url: str) -> int:
    """Forget a server's token. It stays good: revoke it at the server, or in its portal."""
    server = read_server(url, plain_http=True)
    if not logins.forget(server.url):
        click.echo(f"There was no token for {server.url}.", err=True)
        return 1
    click.echo(f"The token for {server.url} is forgotten here. To have it open nothing any more,")
    click.echo("revoke it there: jobtracker tokens revoke ID")
    return 0
