"""`jobtracker workers`: who executes runs."""

from __future__ import annotations

import click

from jobtracker_core.cli.output import print_json, print_table
from jobtracker_core.cli.place import Family, curl_option, open_place


@click.group(cls=Family, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def workers(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """See which processes execute runs."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@workers.command("list")
@curl_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool, curl: bool) -> None:  # noqa: FBT001
    """List workers, those last seen first; one that is gone for a week is forgotten."""
    with open_place(curl=curl) as tracker:
        found = tracker.workers.list()
    if as_json:
        print_json(found)
        return
    print_table(
        ("WORKER", "HOST", "PID", "STATE", "RUNNING", "SLOTS", "COLLECTORS", "SEEN", "VERSION"),
        (
            (
                w.worker_id,
                w.host,
                w.pid,
                "silent" if w.silent else w.state,
                w.running,
                w.slots,
                "all" if w.collectors is None else w.collectors,
                w.last_seen_at,
                w.version,
            )
            for w in found
        ),
        prose=("WORKER", "COLLECTORS"),
    )
