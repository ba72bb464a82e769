"""The root command, and errors as one line and a next step."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from jobtracker_core import __version__

# Where a command is not named below, it is for the database of this machine alone.
_REMOTE = frozenset(
    {
        *("applications", "collect", "collectors", "companies", "events", "jobs", "proxies"),
        *("runs", "searches", "sites", "tokens", "workers"),
    }
)
"""Commands that do the same on a server."""

_NEITHER = frozenset({"demo", "login", "logout", "openapi", "plugins"})
"""Commands that touch neither a server's data nor this machine's."""

# name: (module, object, help). The help stands here so that `--help` imports no command.
_COMMANDS = {
    "applications": ("applications", "applications", "Keep what you apply to."),
    "collect": ("collect", "collect", "Run a collector now and store what it finds."),
    "collectors": ("collectors", "collectors", "Turn collectors on and off."),
    "companies": ("companies", "companies", "Keep employers."),
    "config": ("config", "config", "See how this program is set up."),
    "db": ("db", "db", "Look after the database."),
    "demo": ("demo", "demo", "See it work, on practice sites of this machine."),
    "events": ("events", "events", "Keep interviews, deadlines and notes."),
    "init": ("init", "init", "Set up: make the first user."),
    "jobs": ("jobs", "jobs", "List, show and export stored jobs."),
    "login": ("login", "login", "Keep a token, to use a server from here."),
    "logout": ("login", "logout", "Forget a server's token."),
    "openapi": ("openapi", "openapi", "Print the document that describes the API."),
    "plugins": ("plugins", "plugins", "See which plugins are installed and whether they work."),
    "proxies": ("proxies", "proxies", "Keep proxies that runs go through."),
    "replay": ("replay", "replay", "Run a collector on recorded answers of its site."),
    "runs": ("runs", "runs", "List, show, follow, stop and retry runs."),
    "searches": ("searches", "searches", "Keep searches that run by themselves."),
    "secrets": ("secrets", "secrets", "Look after the key that stored secrets are encrypted with."),
    "serve": ("serve", "serve", "Open the portal and the API in a browser or for programs."),
    "sites": ("sites", "sites", "Set how many runs a site bears at once."),
    "tokens": ("tokens", "tokens", "Keep the tokens with which programs use the API."),
    "users": ("users", "users", "Keep the users who may log in."),
    "worker": ("worker", "worker", "Execute the runs in the queue."),
    "workers": ("workers", "workers", "See which processes execute runs."),
}


class _Lazy(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"jobtracker_core.cli.{module}"), name)
        assert isinstance(command, click.Command)  # noqa: S101  (the table above is ours)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, which must fit the place that is named."""
        if args and not {"-h", "--help"} & {*args}:
            _check_place(args[0], ctx.params.get("server"))
            _refuse_unknown(ctx, args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 failed, 2 wrong use, 3 partial.",
)
@click.version_option(__version__, prog_name="jobtracker")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings as TOML.  [default: $JOBTRACKER_CONFIG, or config.toml in your own "
    "configuration directory]",
)
@click.option(
    "--database",
    "database_url",
    metavar="URL",
    help="sqlite:///PATH or postgresql://…  [default: $JOBTRACKER_DATABASE_URL, $DATABASE_URL, "
    "or a SQLite file of your own]",
)
@click.option(
    "--set", multiple=True, metavar="NAME=VALUE", help="Set any setting (may be repeated)."
)
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.")
@click.option("--log-format", metavar="FORMAT", help="auto, human or json.")
@click.option(
    "--server",
    metavar="URL",
    help="Do it on that JobTracker, with the token of `jobtracker login` or $JOBTRACKER_TOKEN.  "
    "[default: $JOBTRACKER_SERVER, or the database of this machine]",
)
@click.option(
    "--allow-http",
    is_flag=True,
    help="Send the token over http:// to another machine, where others on the way can read it.",
)
@click.option("-v", "--verbose", is_flag=True, help="The same as --log-level debug.")
@click.pass_context
def root(ctx: click.Context, /, **options: Any) -> None:
    """Collect job postings from many sites into one clean, searchable history."""
    if options["database_url"] == "":
        raise click.BadParameter("must not be empty", param_hint="--database")
    ctx.obj = options


def _refuse_unknown(ctx: click.Context, command: str) -> None:
    """Name the commands that a wrong one is nearest to; click itself knows only imported ones."""
    if command in _COMMANDS or command.startswith("-"):
        return
    from difflib import get_close_matches

    near = get_close_matches(command, _COMMANDS)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise click.UsageError(f"No such command {command!r}.{hint}", ctx)


def _check_place(command: str, server: str | None) -> None:
    """Refuse a server for a command that would not go there: it would change something else."""
    if command in _REMOTE or command not in _COMMANDS:
        return
    if server is not None:
        raise click.UsageError(
            f"`jobtracker {command}` is for this machine alone; leave --server out, or run it there"
        )
    if command not in _NEITHER and os.environ.get("JOBTRACKER_SERVER"):
        raise click.UsageError(
            f"`jobtracker {command}` is for this machine alone, and JOBTRACKER_SERVER names a "
            "server; unset it, or run the command there"
        )


def _refuse_broken_text(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if not argument.isascii() and argument != argument.encode(errors="replace").decode():
            raise click.UsageError(f"{argument!r} is no text in this locale's encoding")


def _give_up_output() -> None:
    """Write to nowhere from now on: Python flushes at exit, and would fail again there."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  (to the end of the process)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; return the exit code."""
    if sys.stdout is None:  # closed by whoever started us
        _give_up_output()
    try:
        _refuse_broken_text(arguments)
        code = root.main(list(arguments), prog_name="jobtracker", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 1
    except SystemExit as end:
        # A reader that went away (`head`, a pager) has what it wanted.
        gone = type(sys.stdout) is click.utils.PacifyFlushWrapper
        return 0 if gone or not isinstance(end.code, int) else end.code
    except Exception as error:  # noqa: BLE001  (told apart there; what is unknown is raised again)
        from jobtracker_core.cli.errors import explain

        if isinstance(error, OSError):
            _give_up_output()
        return explain(error)
    return code if isinstance(code, int) else 0
