"""`jobtracker plugins`: what is installed, and whether it works."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from msgspec import Struct

from jobtracker_core.cli import conformance
from jobtracker_core.cli.errors import FAILED
from jobtracker_core.cli.output import (
    Listing,
    clean,
    open_tracker,
    print_fields,
    print_json,
    print_table,
)
from jobtracker_core.cli.practice import practice
from jobtracker_core.contract.info import CollectorInfo
from jobtracker_core.plugins import forms, skeleton
from jobtracker_core.plugins.discovery import Plugin, Registry
from jobtracker_core.testing.verdict import Verdict


class CollectorCard(Struct, frozen=True, kw_only=True):
    """A collector as `plugins show --json` tells of it."""

    info: CollectorInfo
    distribution: str
    version: str
    unavailable: str | None
    query: tuple[forms.FormField, ...]
    settings: tuple[forms.FormField, ...]


class Checked(Struct, frozen=True, kw_only=True):
    """What `plugins check NAME --json` tells: what was found, and each collector's checks."""

    plugins: tuple[Plugin, ...]
    collectors: dict[str, list[Verdict]]


@click.group(cls=Listing, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """See which plugins are installed and whether they work."""
    if ctx.invoked_subcommand is None:
        _list(open_tracker().registry, as_json=as_json)


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:  # noqa: FBT001
    """List plugins, the broken ones with their reason."""
    _list(open_tracker().registry, as_json=as_json)


@plugins.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(name: str | None, as_json: bool) -> int:  # noqa: FBT001
    """Exit with 1 if a plugin has a problem; say which.

    With the NAME of a plugin or a collector, make the checks of the conformance kit too, on the
    plugin's practice site if it brings one.
    """
    registry = open_tracker().registry
    chosen = _chosen(registry, name)
    wrong = any(plugin.problems for plugin in chosen)
    if not as_json:
        _print_problems(chosen)
    checked: dict[str, list[Verdict]] = {}
    if name is not None:
        checked = conformance.check(
            registry, _collectors(chosen, name), tell=_ignore if as_json else _print_verdict
        )
        wrong |= any(v.state == "failed" for verdicts in checked.values() for v in verdicts)
    if as_json:
        print_json(chosen if name is None else Checked(plugins=chosen, collectors=checked))
    elif name is None:
        click.echo(f"{len(chosen)} checked, {sum(bool(p.problems) for p in chosen)} with problems")
    else:
        _print_totals(checked)
    return FAILED if wrong else 0


@plugins.command()
@click.argument("name")
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    help="Where to write it.  [default: ./jobtracker-NAME]",
)
def new(name: str, directory: Path | None) -> None:
    """Write a new plugin: a small collector that works, its practice site and its tests.

    NAME is the collector's: small letters, digits and underscores.
    """
    taken = open_tracker().registry.sources.get(name)
    if taken is not None:
        raise click.BadParameter(
            f"{taken.distribution} has a collector {name!r} already; two of one name are both "
            "refused",
            param_hint="NAME",
        )
    directory = directory or Path(skeleton.distribution(name))
    for path in skeleton.write(name, directory):
        click.echo(clean(str(path)))
    click.echo(f"\nNext: pip install -e '{clean(str(directory))}[test]'")
    click.echo(f"      jobtracker plugins check {name}")


@plugins.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> int:  # noqa: FBT001
    """Show a plugin or a collector: its query, filters, limits and its site's rules."""
    registry = open_tracker().registry
    if name in registry.sources:
        source = registry.sources[name]
        card = CollectorCard(
            info=source.info,
            distribution=source.distribution,
            version=source.version,
            unavailable=source.unavailable,
            query=forms.fields(source.info.query),
            settings=forms.fields(source.info.settings),
        )
        if as_json:
            print_json(card)
        else:
            _print_card(card)
        return 0
    chosen = _chosen(registry, name)
    if as_json:
        print_json(chosen)
    else:
        _print_table(chosen)
        _print_problems(chosen)
    return 0


plugins.add_command(practice)


def _collectors(chosen: tuple[Plugin, ...], name: str) -> list[str]:
    """Return the collector of that name, or all of the plugin's."""
    brought = [each for plugin in chosen for each in plugin.collectors]
    own = {name for plugin in chosen if name in (plugin.name, plugin.distribution)}
    return brought if own else [each for each in brought if each == name]


def _print_verdict(verdict: Verdict) -> None:
    match verdict.state:
        case "ok":
            click.echo(f"ok           {verdict.check}: {verdict.proves}")
        case "failed":
            click.echo(f"FAILED       {verdict.check}: {clean(verdict.reason or '')}")
            click.echo(f"  Next: {clean(verdict.next_step or '')}")
        case _:
            click.echo(f"not checked  {verdict.check}: {clean(verdict.reason or '')}")


def _ignore(verdict: Verdict) -> None:
    """Say nothing yet."""


def _print_totals(checked: dict[str, list[Verdict]]) -> None:
    for collector, verdicts in checked.items():
        count = Counter(verdict.state for verdict in verdicts)
        click.echo(
            f"{collector}: {count['ok']} ok, {count['failed']} failed, "
            f"{count['not checked']} not checked"
        )


def _chosen(registry: Registry, name: str | None) -> tuple[Plugin, ...]:
    chosen = tuple(
        plugin
        for plugin in registry.plugins
        if name is None or name in (plugin.name, plugin.distribution, *plugin.collectors)
    )
    if name is not None and not chosen:
        there = ", ".join(p.name for p in registry.plugins) or "none"
        raise click.UsageError(f"there is no plugin {name!r}; installed: {there}")
    return chosen


def _list(registry: Registry, *, as_json: bool) -> None:
    if as_json:
        print_json(registry.plugins)
        return
    if not registry.plugins:
        click.echo("No plugins. Install one, for example: pip install jobtracker-hiringcafe")
        return
    _print_table(registry.plugins)
    _print_problems(registry.plugins)


def _print_table(chosen: tuple[Plugin, ...]) -> None:
    print_table(
        ("PLUGIN", "STATUS", "COLLECTORS", "DISTRIBUTION", "VERSION"),
        ((p.name, p.status, p.collectors, p.distribution, p.version) for p in chosen),
        prose=("COLLECTORS",),
    )


def _print_problems(chosen: tuple[Plugin, ...]) -> None:
    for plugin in chosen:
        for name, why in plugin.unavailable.items():
            click.echo(clean(f"{plugin.name}: {name} cannot be used here: {why}"))
        for problem in plugin.problems:
            click.echo(clean(f"{plugin.name}: {problem.stage}: {problem.message}"))
            click.echo(f"  Next: {clean(problem.hint)}")


def _print_card(card: CollectorCard) -> None:
    info = card.info
    print_fields(
        [
            ("collector", info.name),
            ("title", info.title),
            ("homepage", info.homepage),
            ("plugin", f"{card.distribution} {card.version}"),
            ("features", sorted(info.features)),
            ("hosts", info.hosts),
            ("rate", f"{info.limits.per_minute:g} requests a minute"),
            ("limits", f"{info.limits.max_pages} pages, {info.limits.max_minutes:g} minutes a run"),
            ("unavailable", card.unavailable),
            ("policy", info.policy.summary),
            ("robots", info.policy.robots_url),
            ("terms", info.policy.terms_url),
            ("checked", info.policy.checked),
        ]
    )
    click.echo()
    print_table(
        ("QUERY", "APPLIED", "TAKES"),
        ((f.name, info.filters.get(f.name, ""), f.allowed) for f in card.query),
        prose=("TAKES",),
    )
    click.echo()
    print_table(
        ("SETTING", "TAKES"), ((f.name, f.allowed) for f in card.settings), prose=("TAKES",)
    )
