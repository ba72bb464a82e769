"""Where a command does its work: on this machine's database, or on a server."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

import click

from jobtracker_core.cli import logins
from jobtracker_core.cli.output import Listing, open_tracker
from jobtracker_core.cli.setup import read_settings
from jobtracker_core.client import RemoteTracker, connect
from jobtracker_core.client.address import read_server
from jobtracker_core.client.plan import Planned, planning
from jobtracker_core.settings.table import SERVER_VARIABLE, TOKEN_VARIABLE
from jobtracker_core.tracker import JobTracker

Tracker: TypeAlias = JobTracker | RemoteTracker
"""Either facade: what is done with it is the same."""

F = TypeVar("F", bound=Callable[..., Any])


def _choose(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.find_root().obj["server"] = value


def _allow(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value:
        ctx.find_root().obj["allow_http"] = True


def place_options() -> list[click.Option]:
    """Return the options that say where, for those who write them after the command."""
    server = click.Option(
        ["--server"], metavar="URL", expose_value=False, callback=_choose, hidden=True
    )
    allow = click.Option(
        ["--allow-http"], is_flag=True, expose_value=False, callback=_allow, hidden=True
    )
    return [server, allow]


class Family(Listing):
    """Commands that work on this machine's database or on a server alike."""

    def __init__(self, *args: Any, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.params += place_options()

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, which takes `--server` as well."""
        cmd.params += place_options()
        super().add_command(cmd, name)


def chosen_server() -> str | None:
    """Return the server that the command line or the environment names, None if neither does."""
    given: str | None = click.get_current_context().find_root().obj["server"]
    return given if given is not None else os.environ.get(SERVER_VARIABLE) or None


def program() -> str:
    """Return how to call this program for the same place, for lines that are to be copied."""
    given: str | None = click.get_current_context().find_root().obj["server"]
    return "jobtracker" if given is None else f"jobtracker --server {shlex.quote(given)}"


def open_remote(url: str) -> RemoteTracker:
    """Open a server with the token that is kept or set for it; raises RemoteError."""
    allowed: bool = click.get_current_context().find_root().obj["allow_http"]
    server = read_server(url, plain_http=True)
    login = logins.token_for(server.url, os.environ.get(TOKEN_VARIABLE))
    return connect(url, token=login.token, plain_http=allowed or login.plain_http)


@contextmanager
def open_place(*, curl: bool = False) -> Iterator[Tracker]:
    """Open the server if one is named, else this machine's installation.

    With `curl`, the first thing that is asked for is printed as a curl line in place of being
    done, and the command ends there.
    """
    url = chosen_server()
    if curl:
        base = _own_address() if url is None else read_server(url, plain_http=True).url
        try:
            with planning() as tracker:
                yield tracker
        except Planned as planned:
            click.echo(_curl(base, planned))
            raise click.exceptions.Exit(0) from None
        return
    if url is None:
        with open_tracker() as local:
            yield local
        return
    with open_remote(url) as remote:
        yield remote


curl_option = click.option(
    "--curl",
    is_flag=True,
    help="Print the request that a server is sent as a line for curl, and do nothing; of more "
    "than 200 rows it is the one for the first 200.",
)


def _own_address() -> str:
    host, port = read_settings().address
    host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  (compares)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _curl(base: str, planned: Planned) -> str:
    # The token stays a variable: a shell's history and its process list are read by others.
    words = ["curl", shlex.quote(base + planned.path)]
    return " ".join([*words, "-H", '"Authorization: Bearer $JOBTRACKER_TOKEN"'])
