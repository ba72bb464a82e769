"""`jobtracker runs`: the queue and the history of runs."""

from __future__ import annotations

from collections.abc import Iterable

import click

from jobtracker_core.cli.errors import FAILED, PARTIAL, WRONG_USE
from jobtracker_core.cli.output import (
    clean,
    clean_lines,
    print_fields,
    print_json,
    print_json_line,
    print_table,
)
from jobtracker_core.cli.place import Family, Tracker, curl_option, open_place, program
from jobtracker_core.contract.run import FilterUse, RunState, RunSummary
from jobtracker_core.storage.events import Event
from jobtracker_core.storage.jobs import Change
from jobtracker_core.storage.runs import Run


@click.group(cls=Family, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def runs(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """List, show, follow, stop and retry runs."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@runs.command("list")
@click.option("--collector", metavar="NAME", help="Only runs of this collector.")
@click.option("--search", metavar="SEARCH", help="Only runs of this search: its number or name.")
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in RunState]),
    multiple=True,
    help="Only runs in this state (may be repeated).",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--before", type=click.IntRange(min=1), metavar="ID", help="Only older runs.")
@curl_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(
    collector: str | None,
    search: str | None,
    states: tuple[str, ...],
    limit: int,
    before: int | None,
    as_json: bool,  # noqa: FBT001
    curl: bool,  # noqa: FBT001
) -> None:
    """List runs, newest first."""
    search_id = None if search is None else _number_of(search)
    with open_place(curl=curl) as tracker:
        found = tracker.runs.list(
            collector=collector,
            search_id=search_id,
            states=[RunState(state) for state in states],
            limit=limit,
            before=before,
        )
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


def _number_of(search: str) -> int:
    with open_place() as tracker:
        return tracker.searches.get(search).id


@runs.command()
@click.argument("run_id", type=click.IntRange(min=1), metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(run_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Show one run, its attempts, and the jobs that it changed."""
    with open_place() as tracker:
        run = tracker.runs.get(run_id)
        changes = tracker.jobs.changes(run_id=run_id)
        attempts = tracker.runs.attempts(run_id)
        events = tracker.runs.events(run_id)
    if as_json:
        print_json({"run": run, "changes": changes, "attempts": attempts, "events": events})
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
            ("search", run.search_id),
            ("not before", run.scheduled_for if run.started_at is None else None),
            ("attempt", f"{run.attempt} of {run.max_attempts}"),
            ("worker", run.worker_id),
            ("started", run.started_at),
            ("finished", run.finished_at),
            ("query", ", ".join(f"{k}={clean(v)}" for k, v in run.query.items())),
            ("plugin", run.plugin_name and f"{run.plugin_name} {run.plugin_version}"),
            *((f"filter {use.word}", account(use)) for use in run.filters),
            *((name, getattr(run.counts, name)) for name in run.counts.__struct_fields__),
            ("end confirmed", run.end_confirmed),
            ("goes on at", run.cursor),
            ("cause", run.error_class),
            ("message", run.error_message),
        ]
    )
    for done in attempts if len(attempts) > 1 else ():
        said = ": ".join(filter(None, (done.outcome or "goes on", done.error_message)))
        click.echo(clean(f"attempt {done.attempt} by {done.worker_id}: {said}"))
    for event in events:
        click.echo(_line(event))
    for job_id, fields in changed_fields(changes).items():
        click.echo(f"job {job_id} changed: {', '.join(fields)}")
    if run.error_detail:
        click.echo(f"\n{clean_lines(run.error_detail)}")


@runs.command()
@click.argument("run_id", type=click.IntRange(min=1), metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
def cancel(run_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Ask for a run to be stopped, on whatever machine it is."""
    with open_place() as tracker:
        state = tracker.runs.cancel(run_id)
        run = tracker.runs.get(run_id)
    if as_json:
        print_json(run)
        return
    words = {
        RunState.RUNNING: "is told to stop, and hears of it within a quarter of a minute",
        RunState.CANCELLED: "is cancelled",
    }
    click.echo(f"Run {run_id} {words.get(state, f'has ended already: {state}')}")


@runs.command()
@click.argument("run_id", type=click.IntRange(min=1), metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def retry(run_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Put a run that has ended into the queue once more, as a new run."""
    with open_place() as tracker:
        made = tracker.runs.retry(run_id)
    if as_json:
        print_json(made)
        return
    if made.outcome == "overlap":
        click.echo(f"Run {made.run_id} of the same search is pending or running already.")
    else:
        click.echo(f"Run {made.run_id} waits for a worker.")
    click.echo(f"Follow it with: {program()} runs watch {made.run_id}")


@runs.command()
@click.argument("run_id", type=click.IntRange(min=1), metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
def believe(run_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Say that a suspect run is right: later ones are compared with it."""
    with open_place() as tracker:
        run = tracker.runs.believe(run_id)
    if as_json:
        print_json(run)
        return
    click.echo(
        f"Run {run_id} counts as {run.state}. What later runs are compared with begins here."
    )


@runs.command()
@click.argument("run_id", type=click.IntRange(min=1), metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def watch(run_id: int, as_json: bool) -> int:  # noqa: FBT001
    """Follow a run until it ends; exits as `collect` does. Ctrl-C leaves the run alone."""
    with open_place() as tracker:
        told_of_workers = False
        for watched in tracker.runs.watch(run_id):
            run = watched.run
            for event in watched.events:
                if as_json:
                    print_json_line({"event": event})
                else:
                    click.echo(_line(event))
            if as_json:
                print_json_line({"run": run})
            else:
                click.echo(_progress(run))
            if run.state is RunState.PENDING and not told_of_workers:
                told_of_workers = True
                _tell_without_workers(tracker)
    return exit_code_of(run)


def _tell_without_workers(tracker: Tracker) -> None:
    if all(worker.silent or worker.state == "gone" for worker in tracker.workers.list()):
        click.echo("No worker is there to take it. Start one with: jobtracker worker", err=True)


def _line(event: Event) -> str:
    told = ", ".join(f"{name} {clean(value)}" for name, value in sorted(event.data.items()))
    level = "" if event.level == "info" else f"{event.level}: "
    words = event.kind.replace("_", " ")
    return clean(f"{event.at:%H:%M:%S} {level}{words}" + (f": {told}" if told else ""))


def _progress(run: Run) -> str:
    counts = run.counts
    parts = [f"run {run.id} {run.state}: {counts.pages} pages, {counts.seen} postings"]
    parts.append(f"{counts.new} new, {counts.changed} changed, {counts.unchanged} known")
    if counts.details:
        parts.append(f"{counts.details} details")
    if run.attempt > 1:
        parts.append(f"attempt {run.attempt} of {run.max_attempts}")
    if run.error_message:
        parts.append(run.error_message)
    return clean("; ".join(parts))


def exit_code_of(run: Run | RunSummary) -> int:
    """Return what a run's end means to a shell."""
    if run.state is RunState.SUCCEEDED:
        return 0
    if run.state in {RunState.PARTIAL, RunState.SUSPECT}:
        return PARTIAL
    return WRONG_USE if run.error_class in {"validation", "config"} else FAILED


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
