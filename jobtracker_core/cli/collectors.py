"""`jobtracker collectors`: which sites are collected."""

from __future__ import annotations

import click

from jobtracker_core.cli.output import clean, print_json, print_table
from jobtracker_core.cli.place import Family, curl_option, open_place, program
from jobtracker_core.contract.info import Policy
from jobtracker_core.tracker.collector_reports import CollectorReport

_WHOLE = 10
"""From this rate on, parts of a request say nothing."""


@click.group(cls=Family, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def collectors(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Turn collectors on and off. All are off until you turn them on."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@collectors.command("list")
@curl_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool, curl: bool) -> None:  # noqa: FBT001
    """List collectors, those too whose plugin is gone."""
    with open_place(curl=curl) as tracker:
        found = tracker.collectors.reports()
    if as_json:
        print_json(found)
        return
    print_table(
        ("COLLECTOR", "ON", "SITE", "REQUESTS A MINUTE", "LEFT ALONE UNTIL", "PLUGIN"),
        (
            (
                c.name,
                _state(c),
                c.homepage,
                _rate(c),
                c.cooling_until,
                f"{c.distribution} {c.plugin_version}" if c.installed else None,
            )
            for c in found
        ),
        prose=("SITE", "PLUGIN"),
    )
    for c in found:
        if c.unavailable:
            click.echo(clean(f"{c.name} cannot be used here: {c.unavailable}"))
        if c.installed and (c.paused_until or c.paused_version == c.plugin_version):
            until = c.paused_until
            again = "" if until is None else f" It is tried again at {until:%F %R} UTC."
            click.echo(clean(f"{c.name} is paused: {c.pause_reason}.{again}"))


def _state(report: CollectorReport) -> str | bool:
    if not report.installed:
        return "not installed"
    return "unavailable" if report.unavailable else report.enabled


@collectors.command()
@click.argument("name")
def enable(name: str) -> None:
    """Turn a collector on, and show what its site says about programs."""
    with open_place() as tracker:
        report = tracker.collectors.update(name, enabled=True)
    policy = report.policy or Policy(summary="its plugin says nothing of its site's rules")
    click.echo(clean(f"{report.title}: {policy.summary}"))
    for label, url in (("robots file", policy.robots_url), ("terms", policy.terms_url)):
        if url:
            click.echo(f"  {label}: {url}")
    click.echo(f"{name} is on. Turn it off with: {program()} collectors disable {name}")
    if report.unavailable:
        click.echo(clean(f"It cannot be used here yet: {report.unavailable}"))


def _rate(report: CollectorReport) -> str:
    rate = report.rate
    if rate is None:
        return "wrong settings" if report.installed else ""
    return f"{rate:,.0f}" if rate >= _WHOLE else f"{rate:.3g}"


@collectors.command()
@click.argument("name")
def disable(name: str) -> None:
    """Turn a collector off; what it has collected stays."""
    with open_place() as tracker:
        tracker.collectors.update(name, enabled=False)
    click.echo(f"{name} is off.")
