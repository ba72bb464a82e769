"""`jobtracker searches`: saved queries with their times and limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from jobtracker_core.cli.output import by_clock, clean, print_fields, print_json, print_table
from jobtracker_core.cli.place import Family, Tracker, curl_option, open_place, program
from jobtracker_core.cli.search_options import (
    given,
    named_as_options,
    query_words,
    search_options,
)
from jobtracker_core.runner import schedule as schedules
from jobtracker_core.storage.baselines import Baseline
from jobtracker_core.storage.searches import Search
from jobtracker_core.tracker.searches import SearchReport

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_search = click.argument("search", metavar="SEARCH")


@click.group(cls=Family, invoke_without_command=True)
@_json
@click.pass_context
def searches(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Keep searches that run by themselves. SEARCH is a number or a name."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, collector=None, as_json=as_json)


@searches.command("list")
@click.option("--collector", metavar="NAME", help="Only those of this collector.")
@curl_option
@_json
def list_(collector: str | None, as_json: bool, curl: bool) -> None:  # noqa: FBT001
    """List searches by name; the next time is by the clock of each search's time zone."""
    with open_place(curl=curl) as tracker:
        found = tracker.searches.list(collector=collector)
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "NAME", "COLLECTOR", "ON", "NEXT", "MISSED", "SKIPPED", "SCHEDULE"),
        (
            (
                s.id,
                s.name,
                s.collector,
                s.enabled,
                by_clock(s.next_tick_at, s.schedule.timezone),
                s.missed_ticks,
                s.skipped_ticks,
                schedules.describe(s.schedule),
            )
            for s in found
        ),
        prose=("NAME", "SCHEDULE"),
    )


@searches.command()
@_search
@_json
def show(search: str, as_json: bool) -> None:  # noqa: FBT001
    """Show one search, and how it does."""
    with open_place() as tracker:
        report = tracker.searches.report(search)
    if as_json:
        print_json(report)
        return
    found, limits = report.search, report.search.limits
    print_fields(
        [
            ("search", found.id),
            ("name", found.name),
            ("collector", found.collector),
            ("query", ", ".join(f"{k}={clean(v)}" for k, v in found.query.items())),
            ("on", found.enabled),
            ("runs", report.words),
            ("next", by_clock(found.next_tick_at, found.schedule.timezone)),
            ("stagger", _seconds(found.schedule.stagger_s)),
            ("misfire window", _seconds(found.schedule.misfire_window_s)),
            ("overlap", found.overlap),
            ("priority", found.priority),
            ("attempts", found.max_attempts),
            ("memory", None if limits.memory_mb is None else f"{limits.memory_mb} MB"),
            ("runtime", _seconds(limits.runtime_s)),
            ("processor time", _seconds(limits.cpu_s)),
            ("pages", limits.pages),
            ("requests", limits.requests),
            ("proxy pool", found.proxy_pool),
            ("missed", found.missed_ticks),
            ("skipped", found.skipped_ticks),
            ("last delay", _seconds(report.last_delay_s)),
            ("usually finds", _usual(report.usual)),
        ]
    )
    _tell_if_off(report)


@searches.command()
@click.argument("name")
@click.argument("collector")
@search_options
@_json
def add(
    name: str,
    collector: str,
    words: tuple[str, ...],
    manual: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
    **options: Any,
) -> None:
    """Keep a search of a collector; without --cron or --every it runs when it is started.

    `jobtracker collect COLLECTOR --help` lists the words of its query. A DURATION is in seconds,
    or a number with s, m, h or d.
    """
    chosen = given(options, manual=manual)
    with open_place() as tracker, named_as_options():
        query = query_words(tracker, collector, words, {})
        made = tracker.searches.add(name, collector, query, **chosen)
        _print_kept(tracker, made, as_json=as_json)


@searches.command()
@_search
@click.option("--name", metavar="TEXT", help="Another name.")
@search_options
@_json
def edit(
    search: str,
    name: str | None,
    words: tuple[str, ...],
    manual: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
    **options: Any,
) -> None:
    """Change what is given of a search; an empty value puts back what is usual.

    `--query WORD=` takes a word out of the query; the others stay.
    """
    chosen = given(options, manual=manual)
    if name is None and not words and not chosen:
        raise click.UsageError("say what to change; see: jobtracker searches edit --help")
    with open_place() as tracker, named_as_options():
        query = None
        if words:
            before = tracker.searches.get(search)
            query = query_words(tracker, before.collector, words, before.query)
        changed = tracker.searches.edit(search, name=name, query=query, **chosen)
        _print_kept(tracker, changed, as_json=as_json)


@searches.command()
@_search
@_json
def pause(search: str, as_json: bool) -> None:  # noqa: FBT001
    """Stop a search from running by itself; it can still be started."""
    with open_place() as tracker:
        paused = tracker.searches.pause(search)
    if as_json:
        print_json(paused)
    else:
        click.echo(clean(f"Search {paused.id}, {paused.name}, is paused."))


@searches.command()
@_search
@_json
def resume(search: str, as_json: bool) -> None:  # noqa: FBT001
    """Let a search run by itself again; what it missed meanwhile is let go."""
    with open_place() as tracker:
        _print_kept(tracker, tracker.searches.resume(search), as_json=as_json)


@searches.command()
@_search
@_json
def remove(search: str, as_json: bool) -> None:  # noqa: FBT001
    """Delete a search; its runs stay, those that wait included."""
    with open_place() as tracker:
        gone = tracker.searches.remove(search)
    if as_json:
        print_json(gone)
    else:
        click.echo(clean(f"Search {gone.id}, {gone.name}, is gone; its runs stay."))


@searches.command()
@_search
@_json
def run(search: str, as_json: bool) -> None:  # noqa: FBT001
    """Put a run of a search into the queue now."""
    with open_place() as tracker:
        made = tracker.searches.run(search)
    if as_json:
        print_json(made)
        return
    if made.outcome == "overlap":
        click.echo(f"Run {made.run_id} of this search is pending or running already.")
    else:
        click.echo(f"Run {made.run_id} waits for a worker.")
    click.echo(f"Follow it with: {program()} runs watch {made.run_id}")


@searches.command()
@_search
@click.option(
    "--from",
    "after",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]),
    metavar="DATE",
    help="Begin after this time in UTC.  [default: now]",
)
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True)
@_json
def preview(search: str, after: datetime | None, count: int, as_json: bool) -> None:  # noqa: FBT001
    """Show when a search runs next, by the clock of its place and in UTC."""
    since = None if after is None else after.replace(tzinfo=UTC)
    with open_place() as tracker:
        ahead = tracker.searches.preview(search, after=since, count=count)
    if as_json:
        print_json(ahead)
        return
    click.echo(clean(f"It runs {ahead.words}."))
    if ahead.upcoming:
        print_table(("LOCAL", "UTC"), ((tick.local, tick.at) for tick in ahead.upcoming))
    if ahead.delay_s:
        click.echo(f"Each run begins {ahead.delay_s} s later: the stagger of this search.")


@searches.command()
@_search
@click.argument("name")
@_json
def clone(search: str, name: str, as_json: bool) -> None:  # noqa: FBT001
    """Keep the same search under another name, paused until you resume it."""
    with open_place() as tracker, named_as_options():
        _print_kept(tracker, tracker.searches.clone(search, name), as_json=as_json)


def _print_kept(tracker: Tracker, search: Search, *, as_json: bool) -> None:
    """Print a search that was written, and what keeps it from running."""
    if as_json:
        print_json(search)
        return
    report = tracker.searches.report(search.id)
    state = "runs" if search.enabled else "is paused; it would run"
    click.echo(clean(f"Search {search.id}, {search.name}, {state} {report.words}."))
    if search.next_tick_at is not None:
        [first] = tracker.searches.preview(search.id, count=1).upcoming
        click.echo(clean(f"Next: {first.local}"))
    _tell_if_off(report)


def _tell_if_off(report: SearchReport) -> None:
    name = report.search.collector
    if report.collector_on is None:
        click.echo(clean(f"Its collector {name} is not installed here."), err=True)
    elif not report.collector_on:
        then = f"{program()} collectors enable {name}"
        click.echo(
            clean(f"Its collector is off, so its runs wait. Turn it on with: {then}"), err=True
        )


def _seconds(number: float | None) -> str | None:
    return None if number is None else f"{number:.3g} s" if number < 1 else f"{number:.0f} s"


def _usual(usual: Baseline | None) -> str | None:
    return None if usual is None else f"{usual.found:.0f} postings ({usual.runs} good runs)"
