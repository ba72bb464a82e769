"""`jobtracker events`: interviews, deadlines, notes, and the moves of applications."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast, get_args

import click
from msgspec import structs

from jobtracker_core.cli.entry_options import changes_of, entered, entry_options, moment
from jobtracker_core.cli.output import (
    by_clock,
    clean,
    clean_lines,
    print_fields,
    print_json,
    print_table,
)
from jobtracker_core.cli.place import Family, curl_option, open_place
from jobtracker_core.storage.timeline import (
    Event,
    EventChanges,
    EventDraft,
    EventFilters,
    EventKind,
    OwnKind,
)

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_id = click.argument("event_id", type=click.IntRange(min=1), metavar="ID")
_HELPS = {
    "kind": "What it is.",
    "application_id": "The application that it is of.",
    "job_id": "The job that it is of.",
    "title": "What it is called.",
    "text": "Anything.",
    "place": "Where.",
    "starts_at": "By the clock of --timezone, unless it has an offset.",
    "ends_at": "The same of its end.",
    "all_day": "It takes whole days.",
    "reminder_min": "Minutes before the start at which calendars remind of it.",
    "done": "It is over and done.",
}


@click.group(cls=Family, invoke_without_command=True)
@_json
@click.pass_context
def events(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Keep interviews, deadlines and notes. What happens in a run is at `jobtracker runs show`."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@events.command("list")
@click.option(
    "--application-id", type=click.IntRange(min=1), metavar="ID", help="Only of an application."
)
@click.option(
    "--job-id", type=click.IntRange(min=1), metavar="ID", help="Only of a job and its applications."
)
@click.option("--kind", type=click.Choice(get_args(EventKind)), help="Only of this kind.")
@click.option("--from", "since", metavar="TIME", callback=moment, help="Only what goes on then.")
@click.option("--to", "until", metavar="TIME", callback=moment, help="Only what begins before.")
@click.option("--done/--not-done", default=None, help="Only those that are done, or not.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--after", metavar="MARK", help="Go on after an earlier page's mark.")
@curl_option
@_json
def list_(limit: int, after: str | None, as_json: bool, curl: bool, **given: Any) -> None:  # noqa: FBT001
    """List events, the latest start first; times are by the clock of each event's time zone."""
    filters: EventFilters = {
        "application_id": given["application_id"],
        "job_id": given["job_id"],
        "kind": given["kind"],
        "since": _aware(given["since"]),
        "until": _aware(given["until"]),
        "done": given["done"],
    }
    with open_place(curl=curl) as tracker:
        found = tracker.timeline.list(limit=limit, after=after, **filters)
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "KIND", "STARTS", "ENDS", "TITLE", "PLACE", "DONE", "APPLICATION", "JOB"),
        (
            (
                *(e.id, e.kind, by_clock(e.starts_at, e.timezone), by_clock(e.ends_at, e.timezone)),
                *(e.title, e.place),
                *(e.done_at is not None, e.application_id, e.job_id),
            )
            for e in found.items
        ),
        prose=("TITLE", "PLACE"),
    )
    if found.after:
        click.echo(f"More: --after {clean(found.after)}", err=True)


@events.command()
@_id
@_json
def show(event_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Show one event; its start and end are by the clock of its time zone, the rest is in UTC."""
    with open_place() as tracker:
        found = tracker.timeline.get(event_id)
    if as_json:
        print_json(found)
        return
    left_out = {"text", "version", "uid"}
    starts, ends = (by_clock(at, found.timezone) for at in (found.starts_at, found.ends_at))
    fields = (structs.asdict(found) | {"starts_at": starts, "ends_at": ends}).items()
    print_fields((name.replace("_", " "), value) for name, value in fields if name not in left_out)
    if found.text:
        click.echo(f"\n{clean_lines(found.text)}")


@events.command()
@click.argument("kind", type=click.Choice(get_args(OwnKind)), metavar="KIND")
@entry_options(EventDraft, _HELPS, without=("kind",))
@_json
def add(kind: str, as_json: bool, **options: Any) -> None:  # noqa: FBT001
    """Enter an event: of an application, of a job, or of neither.

    KIND is interview, follow_up, deadline, note, call, offer or other.
    """
    draft = EventDraft(kind=cast("OwnKind", kind), **entered(options))
    with open_place() as tracker:
        made = tracker.timeline.create(draft)
    _tell(made, as_json=as_json)


@events.command()
@_id
@entry_options(EventChanges, _HELPS)
@_json
def edit(event_id: int, as_json: bool, **options: Any) -> None:  # noqa: FBT001
    """Change what is given of an event; an empty value empties."""
    given = changes_of(options, "events edit")
    with open_place() as tracker:
        changed = tracker.timeline.update(event_id, EventChanges(**given))
    _tell(changed, as_json=as_json)


@events.command()
@_id
def delete(event_id: int) -> None:
    """Delete an event. The moves of applications are history, and stay."""
    with open_place() as tracker:
        tracker.timeline.delete(event_id)
    click.echo(f"Event {event_id} is gone.")


def _aware(given: datetime | None) -> datetime | None:
    """Return a time as an instant; one without an offset is in UTC."""
    if not given:
        return None
    return given if given.tzinfo is not None else given.replace(tzinfo=UTC)


def _tell(event: Event, *, as_json: bool) -> None:
    if as_json:
        print_json(event)
    else:
        click.echo(
            clean(
                f"Event {event.id}, {event.title}, at {by_clock(event.starts_at, event.timezone)}."
            )
        )
