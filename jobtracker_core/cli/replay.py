"""`jobtracker replay`: today's plugin on yesterday's answers."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any

import click

from jobtracker_core.cli import results
from jobtracker_core.cli.errors import FAILED, PARTIAL
from jobtracker_core.cli.output import clean, open_tracker, print_json, print_table
from jobtracker_core.cli.progress import stop_on_signals, watch
from jobtracker_core.cli.runs import exit_code_of
from jobtracker_core.cli.setup import open_log
from jobtracker_core.contract.run import RunState
from jobtracker_core.runner.captures import Replayed
from jobtracker_core.runner.comparison import Comparison, FieldTally
from jobtracker_core.runner.outcome import Outcome
from jobtracker_core.storage.rehearse import FieldDifference
from jobtracker_core.tracker import JobTracker

_SHOWN = 60
"""Characters shown of a value."""

_BEFORE = 15
"""Characters shown before the place where two values begin to differ."""


class _Capture(click.ParamType[Path | int]):
    """Digits are a run; everything else is a directory (`./7` for one of such a name)."""

    name = "capture"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | int:
        del param, ctx
        text = str(value)
        return int(text) if text.isascii() and text.isdecimal() else Path(text)


@click.command()
@click.argument("capture", type=_Capture(), metavar="DIR|RUN")
@click.option("--diff", is_flag=True, help="Show what would differ from what is stored.")
@click.option("--apply", is_flag=True, help="Store it, as a run of its own.")
@click.option("--exit-code", is_flag=True, help="With --diff: exit with 1 if anything differs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(
    capture: Path | int,
    diff: bool,  # noqa: FBT001
    apply: bool,  # noqa: FBT001
    exit_code: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> int:
    """Run a collector on recorded answers; its site is not asked for anything.

    DIR is what `jobtracker collect … --record DIR` wrote, RUN the number of a run that did so.
    Without --apply nothing is stored.
    """
    if diff and apply:
        raise click.UsageError("--diff shows and --apply stores: choose one of them")
    if exit_code and not diff:
        raise click.UsageError("--exit-code belongs to --diff")
    with open_tracker() as tracker:
        replayed = tracker.replay(capture)
        if apply:
            return _apply(tracker, replayed, as_json=as_json)
        if diff:
            comparison = tracker.compare(replayed)
            _show_diff(comparison, as_json=as_json)
            differs = exit_code and not comparison.empty
            return _code(replayed.now.outcome) or (FAILED if differs else 0)
    _show(replayed, as_json=as_json)
    return _code(replayed.now.outcome)


def _code(outcome: Outcome) -> int:
    if outcome.state is RunState.SUCCEEDED:
        return 0
    return PARTIAL if outcome.state is RunState.PARTIAL else FAILED


def _show(replayed: Replayed, *, as_json: bool) -> None:
    if as_json:
        names = ("manifest", "then", "now", "listed", "detailed", "unused")
        print_json({name: getattr(replayed, name) for name in names})
        return
    detailed = {record.source_id for record in replayed.detailed}
    print_table(
        ("SOURCE ID", "TITLE", "COMPANY", "DETAILS"),
        ((r.source_id, r.title, r.company, r.source_id in detailed) for r in replayed.listed),
    )
    then = replayed.then
    was = f"{then.state}, {then.counts.seen} postings" if then else "killed before its end"
    click.echo(f"recorded: {was} ({replayed.manifest.distribution} {replayed.manifest.version})")
    click.echo(f"now: {replayed.now.outcome.state}, {replayed.now.counts.seen} postings")
    _print_cause(replayed.now.outcome)
    for request in replayed.unused:
        click.echo(f"  recorded but not asked for: {clean(request)}")


def _print_cause(outcome: Outcome) -> None:
    if outcome.message:
        click.echo(f"  {outcome.error_class or 'note'}: {clean(outcome.message)}")


def _apply(tracker: JobTracker, replayed: Replayed, *, as_json: bool) -> int:
    name = replayed.manifest.collector
    with stop_on_signals() as stop, watch(name, open_log()) as sinks:
        collected = tracker.apply(replayed, stop=stop, on_progress=sinks.progress, on_log=sinks.log)
    if as_json:
        print_json(collected)
    else:
        results.print_result(collected)
    return exit_code_of(collected.run)


def _show_diff(comparison: Comparison, *, as_json: bool) -> None:
    if as_json:
        print_json(comparison)
        return
    for job in comparison.differing:
        click.echo(f"~ job {job.job_id}  {clean(job.source_id)}  {clean(job.title)}")
        for one in job.fields:
            click.echo(f"    {in_words(one)}")
    for ref in comparison.new:
        click.echo(f"+ {clean(ref.source_id)}  {clean(ref.title)}  (not stored)")
    for source_id in comparison.unread:
        click.echo(f"- {clean(source_id)}  (read then, not read now)")
    if comparison.fields:
        click.echo("fields that differ:")
    for tally in comparison.fields:
        click.echo(f"  {tally.field}: {_counted(tally)}")
    click.echo(
        f"{len(comparison.differing)} differ, {len(comparison.new)} not stored, "
        f"{len(comparison.unread)} not read any more, {comparison.unchanged} as stored"
    )
    if comparison.outcome.state is not RunState.SUCCEEDED:
        click.echo(f"the replay ended {comparison.outcome.state}")
        _print_cause(comparison.outcome)


def _counted(tally: FieldTally) -> str:
    parts = ((tally.changed, "changed"), (tally.added, "added"), (tally.lost, "not read any more"))
    return ", ".join(f"{n} {word}" for n, word in parts if n)


def in_words(one: FieldDifference) -> str:
    """Return what differs in one line, long values from shortly before where they differ."""
    old, new = _plain(one.old), _plain(one.new)
    if one.kind == "lost":
        return f"{one.field}: {_cut(old, 0)} -> (not read any more)"
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    start = max(sum(1 for _ in alike) - _BEFORE, 0) if old and new else 0
    return f"{one.field}: {_cut(old, start)} -> {_cut(new, start)}"


def _plain(value: Any) -> str:
    """Return a stored value as text; places and pay by what is known of them."""
    if isinstance(value, list):
        return "; ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{k} {clean(v)}" for k, v in value.items() if v is not None)
    return clean(value)


def _cut(text: str, start: int) -> str:
    """Show a value from shortly before the place where it differs."""
    shown = text[start : start + _SHOWN]
    if not shown:
        return "(nothing)"
    return f"{'…' if start else ''}{shown}{'…' if start + _SHOWN < len(text) else ''}"
