"""`jobtracker companies`: employers."""

from __future__ import annotations

from typing import Any

import click
from msgspec import structs

from jobtracker_core.cli.entry_options import changes_of, entered, entry_options
from jobtracker_core.cli.output import clean, print_fields, print_json, print_table
from jobtracker_core.cli.place import Family, curl_option, open_place
from jobtracker_core.storage.companies import Company, CompanyChanges, CompanyDraft

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_id = click.argument("company_id", type=click.IntRange(min=1), metavar="ID")
_HELPS = {
    "homepage": "Its own site.",
    "profile_url": "Its page at a site of jobs.",
    "logo_url": "A picture.",
    "industry": "What it does.",
    "size": "How many work there, in words.",
    "founded": "The year.",
    "headquarters": "Where it sits.",
    "description": "What it says of itself.",
    "ats": "The system that it takes applications with.",
}


@click.group(cls=Family, invoke_without_command=True)
@_json
@click.pass_context
def companies(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Keep employers. All spellings of one are one company."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@companies.command("list")
@click.option("--search", metavar="TEXT", help="Only with TEXT in the name.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--after", metavar="MARK", help="Go on after an earlier page's mark.")
@curl_option
@_json
def list_(
    search: str | None,
    limit: int,
    after: str | None,
    as_json: bool,  # noqa: FBT001
    curl: bool,  # noqa: FBT001
) -> None:
    """List companies by name."""
    with open_place(curl=curl) as tracker:
        found = tracker.companies.list(text=search, limit=limit, after=after)
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "NAME", "INDUSTRY", "HEADQUARTERS", "SIZE", "HOMEPAGE"),
        ((c.id, c.name, c.industry, c.headquarters, c.size, c.homepage) for c in found.items),
        prose=("NAME", "INDUSTRY", "HEADQUARTERS", "HOMEPAGE"),
    )
    if found.after:
        click.echo(f"More: --after {clean(found.after)}", err=True)


@companies.command()
@_id
@_json
def show(company_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Show one company."""
    with open_place() as tracker:
        found = tracker.companies.get(company_id)
    _print(found, as_json=as_json)


@companies.command()
@click.argument("name")
@entry_options(CompanyDraft, _HELPS, without=("name",))
@_json
def add(name: str, as_json: bool, **options: Any) -> None:  # noqa: FBT001
    """Enter a company."""
    with open_place() as tracker:
        made = tracker.companies.create(CompanyDraft(name=name, **entered(options)))
    _tell(made, "is kept", as_json=as_json)


@companies.command()
@click.argument("name")
@_json
def find(name: str, as_json: bool) -> None:  # noqa: FBT001
    """Find the company of a name in whatever spelling, or make it."""
    with open_place() as tracker:
        found = tracker.companies.find_or_create(name)
    if as_json:
        print_json(found)
    else:
        _tell(found.company, "is new" if found.created else "is known", as_json=False)


@companies.command()
@_id
@click.option("--name", metavar="TEXT", help="How it is shown.")
@entry_options(CompanyChanges, _HELPS, without=("name",))
@_json
def edit(company_id: int, as_json: bool, **options: Any) -> None:  # noqa: FBT001
    """Change what is given of a company; an empty value empties."""
    given = changes_of(options, "companies edit")
    with open_place() as tracker:
        changed = tracker.companies.update(company_id, CompanyChanges(**given))
    _tell(changed, "is changed", as_json=as_json)


def _tell(company: Company, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(company)
    else:
        click.echo(clean(f"Company {company.id}, {company.name}, {what}."))


def _print(company: Company, *, as_json: bool) -> None:
    if as_json:
        print_json(company)
        return
    left_out = {"key", "version"}
    fields = structs.asdict(company).items()
    print_fields((name.replace("_", " "), value) for name, value in fields if name not in left_out)
