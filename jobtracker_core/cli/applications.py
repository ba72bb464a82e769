"""`jobtracker applications`: what a person applies to, from draft to an end."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast, get_args

import click
from msgspec import structs

from jobtracker_core.cli.entry_options import changes_of, entered, entry_options, moment
from jobtracker_core.cli.output import clean, clean_lines, print_fields, print_json, print_table
from jobtracker_core.cli.place import Family, curl_option, open_place
from jobtracker_core.storage.application_list import ApplicationFilters, ApplicationSort
from jobtracker_core.storage.applications import (
    Application,
    ApplicationChanges,
    ApplicationDetail,
    ApplicationDraft,
    Status,
)

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_id = click.argument("application_id", type=click.IntRange(min=1), metavar="ID")
_STATUSES = click.Choice(get_args(Status))
_HELPS = {
    "job_id": "The stored job that it is for.",
    "company_id": "A stored company, where it is for no stored job.",
    "title": "Of the position.",
    "company": "The employer's name.",
    "status": "How far it has come.",
    "applied_at": "When it was sent.",
    "next_action": "What to do next.",
    "next_action_on": "The day for that.",
    "found_through": "Where the position was found.",
    "pay_wish": "What you want to earn.",
    "notes": "Anything.",
}


@click.group(cls=Family, invoke_without_command=True)
@_json
@click.pass_context
def applications(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Keep what you apply to, from draft to an end."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@applications.command("list")
@click.option("--status", type=_STATUSES, help="Only in this status.")
@click.option("--open/--ended", "is_open", default=None, help="Only those that go on, or ended.")
@click.option("--company", metavar="TEXT", help="Only with TEXT in the company's name.")
@click.option("--company-id", type=click.IntRange(min=1), metavar="ID", help="Only at a company.")
@click.option("--job-id", type=click.IntRange(min=1), metavar="ID", help="Only for a job.")
@click.option("--search", metavar="TEXT", help="Only with TEXT in title, company or notes.")
@click.option("--tag", metavar="TAG", help="Only with this tag.")
@click.option(
    "--due",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Only with a next action due by that day.",
)
@click.option(
    "--sort",
    type=click.Choice(get_args(ApplicationSort)),
    default="latest",
    show_default=True,
    help="Those made last first, those moved last, or those whose next action is due first.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--after", metavar="MARK", help="Go on after an earlier page's mark.")
@curl_option
@_json
def list_(limit: int, after: str | None, as_json: bool, curl: bool, **given: Any) -> None:  # noqa: FBT001
    """List applications."""
    due: datetime | None = given["due"]
    filters: ApplicationFilters = {
        "status": given["status"],
        "open": given["is_open"],
        "company": given["company"],
        "company_id": given["company_id"],
        "job_id": given["job_id"],
        "text": given["search"],
        "tag": given["tag"],
        "next_action_until": None if due is None else due.date(),
    }
    with open_place(curl=curl) as tracker:
        found = tracker.applications.list(limit=limit, after=after, sort=given["sort"], **filters)
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "TITLE", "COMPANY", "STATUS", "SINCE", "NEXT", "BY", "JOB"),
        (
            (
                *(a.id, a.title, a.company, a.status, _day(a.moved_at)),
                *(a.next_action, a.next_action_on, a.job_id),
            )
            for a in found.items
        ),
        prose=("TITLE", "COMPANY", "NEXT"),
    )
    if found.after:
        click.echo(f"More: --after {clean(found.after)}", err=True)


@applications.command()
@_id
@_json
def show(application_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Show one application, its story, and what its posting said."""
    with open_place() as tracker:
        detail = tracker.applications.get(application_id)
        story = tracker.timeline.list(application_id=application_id, limit=200).items
    if as_json:
        print_json(detail)
        return
    _print(detail)
    for event in reversed(story):
        click.echo(clean(f"{clean(event.starts_at)} {event.title}"))


@applications.command()
@entry_options(ApplicationDraft, _HELPS)
@_json
def add(as_json: bool, **options: Any) -> None:  # noqa: FBT001
    """Enter an application: for a stored job (--job-id), or by hand with a --title."""
    with open_place() as tracker:
        made = tracker.applications.create(ApplicationDraft(**entered(options)))
    _tell(made, as_json=as_json)


@applications.command()
@_id
@entry_options(ApplicationChanges, _HELPS, without=("status",))
@_json
def edit(application_id: int, as_json: bool, **options: Any) -> None:  # noqa: FBT001
    """Change what is given of an application; an empty value empties."""
    given = changes_of(options, "applications edit")
    with open_place() as tracker:
        changed = tracker.applications.update(application_id, ApplicationChanges(**given))
    _tell(changed, as_json=as_json)


@applications.command()
@_id
@click.argument("status", type=_STATUSES, metavar="STATUS")
@click.option("--applied-at", metavar="TIME", callback=moment, help="When it was sent, if not now.")
@_json
def move(application_id: int, status: str, applied_at: datetime | None, as_json: bool) -> None:  # noqa: FBT001
    """Move an application to a STATUS, forward, or back to correct a mistake.

    STATUS is draft, applied, interviewing, offer, accepted, rejected or withdrawn.
    """
    with open_place() as tracker:
        moved = tracker.applications.move(
            application_id, cast("Status", status), applied_at=applied_at or None
        )
    _tell(moved, as_json=as_json)


@applications.command()
@_id
@click.argument("names", metavar="TAG...", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take them off.")
@_json
def tag(application_id: int, names: tuple[str, ...], remove: bool, as_json: bool) -> None:  # noqa: FBT001
    """Put tags on an application, or take them off."""
    with open_place() as tracker:
        change = tracker.tags.remove if remove else tracker.tags.add
        has = change("application", application_id, names)
    if as_json:
        print_json(has)
    else:
        click.echo(clean(f"Application {application_id} has the tags: {', '.join(has) or 'none'}"))


@applications.command()
@_id
def delete(application_id: int) -> None:
    """Delete an application with its events, contacts and snapshots."""
    with open_place() as tracker:
        tracker.applications.delete(application_id)
    click.echo(f"Application {application_id} is gone.")


def _tell(application: Application, *, as_json: bool) -> None:
    if as_json:
        print_json(application)
        return
    at = f" at {application.company}" if application.company else ""
    text = f"Application {application.id}, {application.title}{at}, is in {application.status}."
    click.echo(clean(text))


def _day(moment: datetime) -> date:
    return moment.date()


def _print(detail: ApplicationDetail) -> None:
    left_out = {"notes", "version", "uid"}
    fields = structs.asdict(detail.application).items()
    shown = [(name.replace("_", " "), value) for name, value in fields if name not in left_out]
    print_fields([*shown, ("tags", detail.tags), ("postings kept", len(detail.snapshots))])
    if detail.application.notes:
        click.echo(f"\n{clean_lines(detail.application.notes)}\n")
