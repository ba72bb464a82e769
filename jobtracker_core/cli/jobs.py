"""`jobtracker jobs`: what is stored."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import Any, TypeVar

import click

from jobtracker_core.cli.export import export
from jobtracker_core.cli.facets import facets
from jobtracker_core.cli.output import (
    clean,
    clean_lines,
    print_fields,
    print_json,
    print_table,
)
from jobtracker_core.cli.place import Family, curl_option, open_place, program
from jobtracker_core.contract.posting import Employment, PayKind, Remote, Seniority
from jobtracker_core.ingest import html
from jobtracker_core.storage.job_filters import Filters
from jobtracker_core.storage.jobs import Job, JobDetail
from jobtracker_core.storage.tallies import TALLY_LIMIT, Tally

E = TypeVar("E", bound=StrEnum)


class OneOf(click.ParamType[E]):
    """A word of an enumeration. Click's own choice would take the names in Python."""

    def __init__(self, kind: type[E]) -> None:
        self._kind = kind
        self.name = kind.__name__

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """Return what stands for it in the help."""
        return "|".join(self._kind)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> E:
        """Turn the word into its member."""
        try:
            return self._kind(str(value))
        except ValueError:
            self.fail(f"{value!r} is none of {', '.join(self._kind)}", param, ctx)


@click.group(cls=Family, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def jobs(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """List, show and export stored jobs."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


jobs.add_command(export)
jobs.add_command(facets)


@jobs.command("list")
@click.option("--source", metavar="NAME", help="Only jobs of this collector.")
@click.option("--search", metavar="QUERY", help="Only jobs that QUERY finds: words, fields, -not.")
@click.option("--remote", type=OneOf(Remote), help="Only where the work is done so.")
@click.option("--employment", type=OneOf(Employment), help="Only of this kind.")
@click.option("--seniority", type=OneOf(Seniority), help="Only of this level.")
@click.option("--open/--closed", "is_open", default=None, help="Only open, or only ended jobs.")
@click.option("--changed-by", type=click.IntRange(min=1), metavar="RUN", help="Changed by a run.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--after", metavar="MARK", help="Go on after an earlier page's mark.")
@curl_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(
    source: str | None,
    search: str | None,
    remote: Remote | None,
    employment: Employment | None,
    seniority: Seniority | None,
    is_open: bool | None,  # noqa: FBT001
    changed_by: int | None,
    limit: int,
    after: str | None,
    as_json: bool,  # noqa: FBT001
    curl: bool,  # noqa: FBT001
) -> None:
    """List jobs, newest first."""
    filters: Filters = {
        "source": source,
        "text": search,
        "remote": remote,
        "employment": employment,
        "seniority": seniority,
        "closed": None if is_open is None else not is_open,
        "changed_by_run": changed_by,
    }
    with open_place(curl=curl) as tracker:
        tally: Tally | None = None
        if as_json:
            found = tracker.jobs.search(limit=limit, after=after, **filters)
        elif after is None:
            found, tally = tracker.jobs.first_page(limit=limit, **filters)
        else:
            found = tracker.jobs.search(limit=limit, after=after, **filters)
            tally = tracker.jobs.tally(**filters).covering(len(found.items))
        nothing_yet = not (as_json or found.items) and tracker.jobs.count() == 0
    if as_json:
        print_json(found)
        return
    print_jobs(found.items)
    click.echo(f"{len(found.items)} shown{_of_all(tally)}", err=True)
    if nothing_yet:
        first = f"{program()} collectors enable NAME; {program()} collect NAME --text WORDS"
        click.echo(f"Next: Choose a site with {program()} collectors, then: {first}", err=True)
    if found.after:
        given: list[tuple[str, object]] = [
            ("--source", source),
            ("--search", search),
            ("--remote", remote),
        ]
        given += [("--employment", employment), ("--seniority", seniority)]
        given += [("--changed-by", changed_by), ("--limit", limit), ("--after", found.after)]
        words = [text for option, value in given if value for text in (option, str(value))]
        words += [] if is_open is None else ["--open" if is_open else "--closed"]
        click.echo(f"More: {program()} jobs list {shlex.join(words)}", err=True)


def _of_all(tally: Tally | None) -> str:
    if tally is None:
        return ""
    if tally.estimate is not None and tally.total < TALLY_LIMIT:
        return f" of about {tally.estimate:,}"
    return f" of {'more than ' if tally.more else ''}{tally.total:,}"


@jobs.command()
@click.argument("job_id", type=click.IntRange(min=1), metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(job_id: int, as_json: bool) -> None:  # noqa: FBT001
    """Show one job: what it says, when it was seen, and what has changed."""
    with open_place() as tracker:
        detail = tracker.jobs.get(job_id)
    if as_json:
        print_json(detail)
        return
    _print_detail(detail)


def print_jobs(items: tuple[Job, ...]) -> None:
    """Print jobs as a table."""
    print_table(
        ("ID", "TITLE", "COMPANY", "PLACE", "REMOTE", "PAY", "POSTED", "SOURCE"),
        (
            (j.id, j.title, j.company, j.place, j.remote, pay(j), _day(j.posted_at), j.source)
            for j in items
        ),
        prose=("TITLE", "COMPANY", "PLACE", "PAY"),
    )


def pay(job: Job) -> str:
    """Return a job's pay in words, with whose figure it is unless the employer states it."""
    amounts = [f"{a:,.10g}" for a in (job.pay_min, job.pay_max) if a is not None]
    if not amounts:
        return job.pay_text or ""
    parts = ["–".join(dict.fromkeys(amounts)), job.pay_currency or ""]
    if job.pay_interval:
        parts.append(f"per {job.pay_interval.replace('_', ' ')}")
    if job.pay_kind is not PayKind.STATED:
        parts.append(f"({job.pay_kind})")
    return " ".join(part for part in parts if part)


def _day(moment: Any) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"


def _print_detail(detail: JobDetail) -> None:
    job = detail.job
    print_fields(
        [
            ("job", job.id),
            ("title", job.title),
            ("company", job.company),
            ("place", job.place),
            ("remote", job.remote),
            ("employment", job.employment),
            ("seniority", job.seniority),
            ("pay", pay(job)),
            ("skills", job.skills),
            (
                "posted",
                f"{_day(job.posted_at)} ({job.posted_precision})" if job.posted_at else None,
            ),
            ("closed", job.closed_at),
            ("link", job.url),
            ("apply", job.apply_url),
            ("source", f"{job.source} {job.source_id}"),
            ("first seen", job.first_seen_at),
            ("last seen", f"{clean(detail.last_seen_at)} ({detail.times_seen} times)"),
        ]
    )
    for change in detail.changes:
        click.echo(f"\n{clean(change.at)} changed:")
        for field, (old, new) in change.changes.items():
            click.echo(f"  {field}: {_short(old)} -> {_short(new)}")
    if detail.description:
        click.echo(f"\n{clean_lines(html.to_text(detail.description))}")


def _short(value: object) -> str:
    text = clean(value) or "(nothing)"
    return text if len(text) <= 100 else text[:99] + "…"  # noqa: PLR2004  (a line's worth)
