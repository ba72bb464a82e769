"""`jobtracker collect NAME`: options made of the collector's query, and a line of progress."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import click

from jobtracker_core.cli.collect_for import collect_for, read_interval
from jobtracker_core.cli.errors import option
from jobtracker_core.cli.output import open_tracker, print_json
from jobtracker_core.cli.place import chosen_server, place_options
from jobtracker_core.cli.progress import stop_on_signals, watch
from jobtracker_core.cli.results import print_result
from jobtracker_core.cli.runs import exit_code_of
from jobtracker_core.cli.setup import open_log
from jobtracker_core.cli.worker import flags, work
from jobtracker_core.plugins import discovery, forms

_UNITS = ("_days", "_km")
"""A field's unit may be left out of its option: `--posted-within 7`, `--distance 20`."""


class _Collectors(click.Group):
    """One command per installed collector."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(open_tracker().registry.sources)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return _command(discovery.find(open_tracker().registry, cmd_name))


@click.group(cls=_Collectors, subcommand_metavar="NAME [OPTIONS]", invoke_without_command=True)
@click.option(
    "--collector",
    metavar="NAME",
    help="In place of NAME: execute the runs of that collector, as `jobtracker worker` does; "
    "with --server, collect again and again.",
)
@click.option(
    "--poll-interval",
    metavar="SECONDS",
    help="For --collector: look for work at least so often; with --server, collect so often.",
)
@click.pass_context
def collect(ctx: click.Context, collector: str | None, poll_interval: str | None) -> int:
    """Run a collector now and store what it finds.

    `jobtracker collect NAME --help` lists what can be asked of that site.
    """
    if ctx.invoked_subcommand is not None:
        if collector is not None or poll_interval is not None:
            raise click.UsageError(
                f"--collector and --poll-interval do not go with {ctx.invoked_subcommand!r}"
            )
        return 0
    if collector is None:
        raise click.exceptions.NoArgsIsHelpError(ctx)
    if chosen_server() is not None:
        return collect_for(collector, {}, every=read_interval(poll_interval or "1h"))
    return work([collector], flags({"poll_interval": poll_interval}))


collect.params += place_options()


def _command(source: discovery.Source) -> click.Command:
    info = source.info
    described = forms.fields(info.query)
    options: list[click.Parameter] = [_option(field) for field in described]
    options += [
        click.Option(
            ["--record"],
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Write all exchanges with the site to DIR, without cookies, tokens and e-mails.",
        ),
        click.Option(
            ["--proxy-pool"],
            metavar="NAME",
            help="Go through the proxies of that pool, and never around them.",
        ),
        click.Option(
            ["--poll-interval"],
            metavar="DURATION",
            help="With --server: again and again, with so much time from one start to the next.",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the result as JSON."),
        *place_options(),
    ]

    def run(
        record: Path | None,
        proxy_pool: str | None,
        poll_interval: str | None,
        as_json: bool,  # noqa: FBT001
        **words: Any,
    ) -> int:
        given = {name: value for name, value in words.items() if value not in (None, ())}
        if chosen_server() is not None:
            for option_name, value in (("--record", record), ("--proxy-pool", proxy_pool)):
                if value is not None:
                    raise click.UsageError(f"{option_name} does not go with --server")
            every = None if poll_interval is None else read_interval(poll_interval)
            return collect_for(info.name, given, every=every, as_json=as_json)
        if poll_interval is not None:
            raise click.UsageError(
                "--poll-interval goes with --server; here, keep a search that runs by itself: "
                "jobtracker searches add"
            )
        return _run(info.name, given, record=record, proxy_pool=proxy_pool, as_json=as_json)

    return click.Command(
        info.name,
        params=options,
        callback=run,
        help=f"Collect from {info.title} ({info.homepage}).",
    )


def _option(field: forms.FormField) -> click.Option:
    names = [option(field.name), field.name]
    for unit in _UNITS:
        if field.name.endswith(unit):
            names.insert(1, option(field.name.removesuffix(unit)))
    if field.kind == "boolean" and not field.multiple:
        switch = f"{option(field.name)}/--no-{option(field.name).removeprefix('--')}"
        return click.Option([switch, field.name], default=None, help=field.description)
    # Values stay text: the form converts and refuses them, in the same words everywhere.
    return click.Option(
        names,
        multiple=field.multiple,
        required=field.required,
        metavar="|".join(field.choices) if field.choices else field.kind.upper(),
        help=field.description,
    )


def _run(
    name: str,
    words: dict[str, Any],
    *,
    record: Path | None,
    proxy_pool: str | None,
    as_json: bool,
) -> int:
    with (
        open_tracker() as tracker,
        stop_on_signals() as stop,
        watch(name, open_log()) as sinks,
        # What a plugin prints must not spoil what we print.
        contextlib.redirect_stdout(sys.stderr),
    ):
        collected = tracker.collect(
            name,
            words,
            record=record,
            proxy_pool=proxy_pool,
            stop=stop,
            on_progress=sinks.progress,
            on_log=sinks.log,
        )
    if as_json:
        print_json(collected)
    else:
        print_result(collected)
    return exit_code_of(collected.run)
