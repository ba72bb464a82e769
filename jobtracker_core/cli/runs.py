"""`jobtracker runs`: the history of runs."""

from __future__ import annotations

from collections.abc import Iterable

import click

from jobtracker_core.cli.output import (
    clean_lines,
    open_tracker,
    print_fields,
    print_json,
    print_table,
)
from jobtracker_core.contract.run import FilterUse, RunState
from jobtracker_core.storage.jobs import Change


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def runs(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """List and show past runs."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@runs.command("list")
@click.option("--collector", metavar="NAME", help="Only runs of this collector.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--before", type=click.IntRange(min=1), metavar="ID", help="Only older runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(collector: str | None, limit: int, before: int | None, as_json: bool) -> None:  # noqa: FBT001
    """List runs, newest first."""
    with open_tracker() as tracker:
        found = tracker.runs.list(collector=collector, limit=limit, before=before)
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "COLLECTOR", "STATE", "STARTED", "PAGES", "SEEN", "NEW", "CHANGED", "WHY"),
        (
            (
                r.id,
                r.collector,
                r.state,
                r.started_at,
                r.counts.pages,
                r.counts.seen,
                r.counts.new,
                r.counts.changed,
                r.error_message,
            )
            for r in found
        ),
        prose=("WHY",),
    )


@runs.command()
@click.argument("run_id", type=click.IntRange(min=1), metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(run_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Show one run, and the jobs that it changed."""
    with open_tracker() as tracker:
        run = tracker.runs.get(run_id)
        changes = tracker.jobs.changes(run_id=run_id)
    if as_json:
        print_json({"run": run, "changes": changes})
        return
    print_fields(
        [
            ("run", run.id),
            ("collector", run.collector),
            ("state", run.state),
            ("trigger", run.trigger),
            ("recorded in", run.params.get("record")),
            ("replay of", run.params.get("replay")),
            ("parent run", run.parent_run_id),
            ("started", run.started_at),
            ("finished", run.finished_at),
            ("query", ", ".join(f"{k}={v}" for k, v in run.query.items())),
            ("plugin", f"{run.plugin_name} {run.plugin_version}"),
            *((f"filter {use.word}", account(use)) for use in run.filters),
            *((name, getattr(run.counts, name)) for name in run.counts.__struct_fields__),
            ("end confirmed", run.end_confirmed),
            ("goes on at", run.cursor),
            ("cause", run.error_class),
            ("message", run.error_message),
        ]
    )
    for job_id, fields in changed_fields(changes).items():
        click.echo(f"job {job_id} changed: {', '.join(fields)}")
    if run.error_detail:
        click.echo(f"\n{clean_lines(run.error_detail)}")


@runs.command()
@click.argument("run_id", type=click.IntRange(min=1), metavar="ID")
def cancel(run_id: int) -> None:
    """Ask for a run to be stopped, on whatever machine it is."""
    with open_tracker() as tracker:
        state = tracker.runs.cancel(run_id)
    words = {
        RunState.RUNNING: "is told to stop, and hears of it within a quarter of a minute",
        RunState.CANCELLED: "is cancelled",
    }
    click.echo(f"Run {run_id} {words.get(state, f'has ended already: {state}')}")


def account(use: FilterUse) -> str:
    """Say what became of a word of a query."""
    said = [f"{use.removed} removed"] if use.removed else []
    said += [f"{use.unknown} kept that do not say"] if use.unknown else []
    said += [use.note] if use.note else []
    return ", ".join([use.support, *said])


def changed_fields(changes: Iterable[Change]) -> dict[int, list[str]]:
    """Return which fields changed of which job, however many pages said so."""
    fields: dict[int, dict[str, None]] = {}
    for change in changes:
        fields.setdefault(change.job_id, {}).update(dict.fromkeys(change.changes))
    return {job_id: list(names) for job_id, names in fields.items()}
