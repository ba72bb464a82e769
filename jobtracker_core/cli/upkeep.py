"""`jobtracker db stats`, `prune`, `backup` and `vacuum`: keeping the database in shape."""

from __future__ import annotations

from pathlib import Path

import click

from jobtracker_core.cli.output import open_tracker, print_fields, print_json, print_table
from jobtracker_core.storage.indexing import Lag
from jobtracker_core.storage.retention import Pruned
from jobtracker_core.storage.sizes import DatabaseSizes, TableSize
from jobtracker_core.storage.vacuum import VacuumPlan

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000

_WORDS = {
    "runs": "runs with all that belongs to them",
    "run_events": "lines that runs told",
    "ingest_batches": "answers to batches of runs that ended",
    "workers": "workers that are gone",
    "audit_entries": "rows of the audit log",
    "request_keys": "keys of requests",
    "request_paces": "senders of requests",
    "login_attempts": "tries to log in",
    "sessions": "sessions that are over",
    "setup_codes": "set-up codes that are over",
    "jobs": "jobs that ended and that nobody touched",
}


@click.command()
@click.option("--exact", is_flag=True, help="Count each row and read all of a large file.")
@_json
def stats(exact: bool, as_json: bool) -> None:  # noqa: FBT001
    """Say how much room the database and each table take.

    Numbers with ~ are estimates; sizes of tables in a large SQLite file need --exact.
    """
    with open_tracker() as tracker:
        found = tracker.maintenance.stats(exact=exact)
    if as_json:
        print_json(found)
        return
    print_fields(_summary(found))
    click.echo()
    print_table(
        ("TABLE", "ROWS", "SIZE", "INDEXES", *_dead_heading(found)),
        [_row(table) for table in found.tables],
    )


def _summary(found: DatabaseSizes) -> list[tuple[str, object]]:
    return [
        ("database", found.database),
        ("schema", found.schema),
        ("size", size(found.bytes)),
        ("log (WAL)", size(found.wal_bytes)),
        ("free within", size(found.free_bytes)),
        ("free on disk", size(found.disk_free_bytes)),
        ("not indexed", _behind(found.index)),
    ]


def _behind(lag: Lag) -> str:
    if not lag.waiting:
        return "nothing"
    return f"{lag.waiting:,} descriptions, the first for {lag.oldest_s:,.0f} seconds"


def _dead_heading(found: DatabaseSizes) -> tuple[str, ...]:
    return ("DEAD ROWS",) if found.engine == "postgresql" else ()


def _row(table: TableSize) -> tuple[str, ...]:
    rows = f"{'~' if table.estimated else ''}{table.rows:,}"
    dead = () if table.dead_rows is None else (f"~{table.dead_rows:,}",)
    return (table.name, rows, size(table.bytes) or "-", size(table.index_bytes) or "-", *dead)


def size(count: int | None) -> str | None:
    """Return a number of bytes in words."""
    if count is None:
        return None
    number, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if abs(number) < _STEP or unit == _UNITS[-1]:
            break
        number /= _STEP
    return f"{number:,.0f} {unit}" if unit == _UNITS[0] else f"{number:,.1f} {unit}"


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--jobs-closed-before",
    type=click.IntRange(1, 36_500),
    metavar="DAYS",
    help="Delete jobs too that were closed so many days ago and that nobody ever touched.",
)
@_json
def prune(dry_run: bool, jobs_closed_before: int | None, as_json: bool) -> None:  # noqa: FBT001
    """Delete what the settings say is to be forgotten, as workers do each hour.

    Nothing that a person made or touched ever goes, and without --jobs-closed-before no job does.
    """
    with open_tracker() as tracker:
        gone = tracker.maintenance.prune(
            dry_run=dry_run, jobs_closed_before_days=jobs_closed_before
        )
    if as_json:
        print_json(gone)
        return
    for line in _account(gone):
        click.echo(line)
    if not gone.counts:
        click.echo("Nothing to delete.")
    elif dry_run:
        click.echo("Nothing was deleted: leave --dry-run out to do it.")
    else:
        click.echo("The room is used again; `jobtracker db vacuum` gives it back to the disk.")


def _account(gone: Pruned) -> list[str]:
    return [f"{count:>12,}  {_WORDS[name]}" for name, count in gone.counts.items()]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write a copy of a SQLite database to a new FILE, while others go on.

    It is whole without a log beside it. Keep the key of stored secrets too, in another place.
    """
    with open_tracker() as tracker:
        written = tracker.maintenance.backup(file)
    click.echo(f"{file}: {size(written)}")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what it would need.")
@click.option(
    "--while-running",
    is_flag=True,
    help="Do it although runs go on, which on SQLite cannot store anything meanwhile.",
)
@_json
def vacuum(dry_run: bool, while_running: bool, as_json: bool) -> None:  # noqa: FBT001
    """Give the room of deleted rows back.

    A SQLite file is written anew, which needs room for two copies of what is kept; nobody else can
    write meanwhile. On PostgreSQL everything goes on, and the room is free for new rows.
    """
    with open_tracker() as tracker:
        plan = tracker.maintenance.plan_vacuum()
        if dry_run or not as_json:
            _tell(plan, as_json=as_json)
        if dry_run:
            return
        done = tracker.maintenance.vacuum(while_running=while_running)
    if as_json:
        print_json(done)
        return
    click.echo(
        f"{size(done.before)} before, {size(done.after)} now: {size(done.gained)} gained "
        f"in {done.seconds:.1f} s"
    )
    if done.dead_rows is not None:
        click.echo(f"The room of about {done.dead_rows:,} dead rows is free for new ones.")


def _tell(plan: VacuumPlan, *, as_json: bool) -> None:
    if as_json:
        print_json(plan)
        return
    free = "" if plan.free_bytes is None else f", {size(plan.free_bytes)} of it free"
    click.echo(f"The database takes {size(plan.bytes)}{free}.")
    for folder, needed in plan.room.items():
        click.echo(f"Needs {size(needed)} in {folder} for the time that it takes.")
    if plan.running:
        click.echo(f"{plan.running} runs go on.")
