"""`jobtracker jobs facets`: how the jobs of a list are spread."""

from __future__ import annotations

import click

from jobtracker_core.cli.output import print_json, print_table
from jobtracker_core.cli.place import open_place


@click.command()
@click.option("--source", metavar="NAME", help="Only jobs of this collector.")
@click.option("--search", metavar="QUERY", help="Only jobs that QUERY finds.")
@click.option("--open/--closed", "is_open", default=None, help="Only open, or only ended jobs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def facets(
    source: str | None,
    search: str | None,
    is_open: bool | None,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Count jobs by source, company, remote, employment, seniority, pay a year and age.

    Of many jobs the counts are estimates, with a ~ in front.
    """
    closed = None if is_open is None else not is_open
    with open_place() as tracker:
        found = tracker.jobs.facets(source=source, text=search, closed=closed)
    if as_json:
        print_json(found)
        return
    print_table(
        ("FACET", "VALUE", "JOBS"),
        (
            (facet.name, each.value, f"{'~' if facet.estimated else ''}{each.count:,}")
            for facet in found
            for each in facet.values
        ),
        prose=("VALUE",),
    )
