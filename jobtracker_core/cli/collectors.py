"""`jobtracker collectors`: which sites are collected."""

from __future__ import annotations

import click

from jobtracker_core.cli.output import Listing, clean, open_tracker, print_json, print_table

_WHOLE = 10
"""From this rate on, parts of a request say nothing."""


@click.group(cls=Listing, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def collectors(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Turn collectors on and off. All are off until you turn them on."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@collectors.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:  # noqa: FBT001
    """List the collectors that are installed."""
    with open_tracker() as tracker:
        found = tracker.collectors.list()
    if as_json:
        print_json(found)
        return
    print_table(
        ("COLLECTOR", "ON", "SITE", "REQUESTS A MINUTE", "LEFT ALONE UNTIL", "PLUGIN"),
        (
            (
                c.info.name,
                "unavailable" if c.unavailable else c.enabled,
                c.info.homepage,
                _rate(c.rate),
                c.cooling_until,
                f"{c.distribution} {c.version}",
            )
            for c in found
        ),
        prose=("SITE", "PLUGIN"),
    )
    for c in found:
        if c.unavailable:
            click.echo(clean(f"{c.info.name} cannot be used here: {c.unavailable}"))
        if c.paused:
            again = "" if c.probed_at is None else f" It is tried again at {c.probed_at:%F %R} UTC."
            click.echo(clean(f"{c.info.name} is paused: {c.paused}.{again}"))


@collectors.command()
@click.argument("name")
def enable(name: str) -> None:
    """Turn a collector on, and show what its site says about programs."""
    with open_tracker() as tracker:
        info = tracker.collectors.set_enabled(name, True)
        unavailable = tracker.registry.sources[name].unavailable
    click.echo(f"{info.title}: {clean(info.policy.summary)}")
    for label, url in (("robots file", info.policy.robots_url), ("terms", info.policy.terms_url)):
        if url:
            click.echo(f"  {label}: {url}")
    click.echo(f"{name} is on. Turn it off with: jobtracker collectors disable {name}")
    if unavailable:
        click.echo(clean(f"It cannot be used here yet: {unavailable}"))


def _rate(rate: float | None) -> str:
    if rate is None:
        return "wrong settings"
    return f"{rate:,.0f}" if rate >= _WHOLE else f"{rate:.3g}"


@collectors.command()
@click.argument("name")
def disable(name: str) -> None:
    """Turn a collector off; what it has collected stays."""
    with open_tracker() as tracker:
        tracker.collectors.set_enabled(name, False)
    click.echo(f"{name} is off.")
