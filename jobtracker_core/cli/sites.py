"""`jobtracker sites`: how many runs a site bears at once."""

from __future__ import annotations

import click

from jobtracker_core.cli.output import clean, print_json, print_table
from jobtracker_core.cli.place import Family, curl_option, open_place
from jobtracker_core.tracker.sites import MOST, SiteStatus

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=Family, invoke_without_command=True)
@_json
@click.pass_context
def sites(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Set how many runs of a site may go on at once, over all machines."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@sites.command("list")
@curl_option
@_json
def list_(as_json: bool, curl: bool) -> None:  # noqa: FBT001
    """List sites by name. A limit follows the plugins unless you set one."""
    with open_place(curl=curl) as tracker:
        found = tracker.sites.list()
    if as_json:
        print_json(found)
        return
    print_table(
        ("SITE", "LIMIT", "SET BY", "RUNNING", "COLLECTORS"),
        (
            (
                s.site,
                s.limit,
                "you" if s.set_by_operator else "plugin",
                s.running,
                ", ".join(s.collectors),
            )
            for s in found
        ),
        prose=("COLLECTORS",),
    )


@sites.command()
@click.argument("site")
@click.argument("runs", type=click.IntRange(1, MOST))
@_json
def limit(site: str, runs: int, as_json: bool) -> None:  # noqa: FBT001
    """Let so many RUNS of a site go on at once, whatever its plugin says."""
    with open_place() as tracker:
        _print(tracker.sites.set_limit(site, runs), as_json=as_json)


@sites.command()
@click.argument("site")
@_json
def follow(site: str, as_json: bool) -> None:  # noqa: FBT001
    """Let the limit of a site follow its plugin again."""
    with open_place() as tracker:
        _print(tracker.sites.follow_plugins(site), as_json=as_json)


def _print(site: SiteStatus, *, as_json: bool) -> None:
    if as_json:
        print_json(site)
        return
    whose = "as you set it" if site.set_by_operator else "as its plugin says"
    runs = "run" if site.limit == 1 else "runs"
    click.echo(clean(f"{site.site} bears {site.limit} {runs} at once, {whose}."))
