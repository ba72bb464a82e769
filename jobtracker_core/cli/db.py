"""`jobtracker db`: the database and its schema."""

from __future__ import annotations

import click

from jobtracker_core.cli import reindex, upkeep
from jobtracker_core.cli.errors import FAILED
from jobtracker_core.cli.output import Group, open_tracker
from jobtracker_core.settings import Flag
from jobtracker_core.storage import schema
from jobtracker_core.storage.backup import check_pages
from jobtracker_core.storage.engine import open_database


@click.group(cls=Group)
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date, and encrypt secrets that an older program did not.

    Safe to run at any time, also from several machines.
    """
    always = Flag(setting="run_migrations", value=True, option="db upgrade")
    with open_tracker(always) as tracker:
        database = tracker.database
        status = tracker.check_database()
    click.echo(f"{database.display_url}: schema {status.current} is current")


@db.command()
@click.option("--pages", is_flag=True, help="Read all of a SQLite file, to see that it is whole.")
def check(pages: bool) -> int:  # noqa: FBT001
    """Say whether this program and the database fit each other; change nothing."""
    database = open_database(open_tracker().settings.database)
    try:
        status = schema.check(database)
        if pages and status.state != "empty":
            check_pages(database)
    finally:
        database.close()
    words = {
        "current": f"schema {status.current} is current",
        "behind": f"schema {status.current} is older than {status.head}: "
        "run `jobtracker db upgrade`",
        "empty": "no schema yet: run `jobtracker db upgrade`",
        "newer": f"schema {status.current} is of a newer JobTracker: update this program",
        "foreign": "this database holds other tables: give JobTracker a database of its own",
    }
    click.echo(f"{database.display_url}: {words[status.state]}")
    return 0 if status.state == "current" else FAILED


for command in (upkeep.stats, upkeep.prune, upkeep.vacuum, upkeep.backup, reindex.reindex):
    db.add_command(command)
